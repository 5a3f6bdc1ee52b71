package login

import (
	"errors"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

var (
	refusedPasswordShort = &refusal{http.StatusOK, messagePasswordShort, ""}
	refusedPasswordLong  = &refusal{http.StatusOK, messagePasswordLong, ""}
	refusedPasswordKnown = &refusal{http.StatusOK, messagePasswordKnown, ""}
	refusedPasswordUsed  = &refusal{http.StatusOK, messagePasswordUsed, ""}
)

func (s *Service) showNewPassword(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	return s.writeNewPassword(w, r, p, user, nil)
}

func (s *Service) writeNewPassword(
	w http.ResponseWriter, r *http.Request, p Pending, user *storage.User, why *refusal,
) error {
	return s.writeStep(w, r, p, func(t *text) string { return t.NewPasswordTitle }, func(t *text) stepPage {
		lead := t.NewPasswordLead
		if user.MustChangePassword {
			lead = t.NewPasswordAsked
		}
		return stepPage{
			Action: PathNewPassword, Lead: lead, Hint: t.NewPasswordHint, Label: t.NewPasswordLabel, Name: "password",
			Type: "password", Autocomplete: "new-password", MaxLength: identity.MaximumPassword, Button: t.NewPasswordButton,
			ButtonID: "new-password-submit",
		}
	}, why)
}

// submitNewPassword takes a password in the place of one that must be changed. Everything else was proved before.
func (s *Service) submitNewPassword(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if p.Passed.ACR == "" || !s.PasswordExpired(user) {
		return ErrPendingForeign // not proved, or changed since
	}
	var why *refusal
	err = s.ChangePassword(r.Context(), user.ID, r.PostForm.Get("password"), identity.CheckNewPassword)
	switch {
	case errors.Is(err, identity.ErrPasswordShort), errors.Is(err, identity.ErrPasswordForm):
		why = refusedPasswordShort
	case errors.Is(err, identity.ErrPasswordLong):
		why = refusedPasswordLong
	case errors.Is(err, identity.ErrPasswordKnown):
		why = refusedPasswordKnown
	case errors.Is(err, identity.ErrPasswordUsed):
		why = refusedPasswordUsed
	case err != nil:
		return err
	}
	if why != nil {
		return s.writeNewPassword(w, r, p, user, why)
	}
	if err := s.record(r, storage.Event{Kind: eventPasswordSet, ClientID: p.ClientID, UserID: user.ID}); err != nil {
		return err
	}
	user.PasswordSetAt, user.MustChangePassword = s.now().Unix(), false
	return s.complete(w, r, p, user, p.Passed.AMR, p.Passed.ACR)
}
