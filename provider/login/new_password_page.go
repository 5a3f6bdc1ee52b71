package login

import (
	"errors"
	"net/http"

	"ithildin/storage"
)

var (
	refusedPasswordShort      = &refusal{http.StatusOK, messagePasswordShort, ""}
	refusedPasswordComplexity = &refusal{http.StatusOK, messagePasswordComplexity, ""}
	refusedPasswordUsed       = &refusal{http.StatusOK, messagePasswordUsed, ""}
)

func (s *Service) showNewPassword(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.passed(r)
	if err != nil {
		return err
	}
	return s.writeNewPassword(w, r, p, nil)
}

func (s *Service) writeNewPassword(w http.ResponseWriter, r *http.Request, p Pending, why *refusal) error {
	return s.writeStep(w, r, p, func(t *text) string { return t.NewPasswordTitle }, func(t *text) stepPage {
		return stepPage{
			Action: PathNewPassword, Lead: t.NewPasswordLead, Hint: t.NewPasswordHint, Label: t.NewPasswordLabel, Name: "password",
			Type: "password", Autocomplete: "new-password", MaxLength: MaximumPassword, Button: t.NewPasswordButton,
			ButtonID: "new-password-submit",
		}
	}, why)
}

// submitNewPassword takes a password in the place of one that is too old. Everything else was proved before.
func (s *Service) submitNewPassword(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if p.Passed.ACR == "" || !s.PasswordExpired(user) {
		return ErrPendingForeign // not proved, or changed since
	}
	var why *refusal
	err = s.ChangePassword(r.Context(), user.ID, r.PostForm.Get("password"))
	switch {
	case errors.Is(err, ErrPasswordShort):
		why = refusedPasswordShort
	case errors.Is(err, ErrPasswordComplexity):
		why = refusedPasswordComplexity
	case errors.Is(err, ErrPasswordUsed):
		why = refusedPasswordUsed
	case err != nil:
		return err
	}
	if why != nil {
		return s.writeNewPassword(w, r, p, why)
	}
	if err := s.record(r, storage.Event{Kind: eventPasswordSet, ClientID: p.ClientID, UserID: user.ID}); err != nil {
		return err
	}
	user.PasswordSetAt = s.now().Unix()
	return s.complete(w, r, p, user, p.Passed.AMR, p.Passed.ACR)
}
