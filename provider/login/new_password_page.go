package login

import (
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

var (
	refusedPasswordShort = &formError{http.StatusOK, messagePasswordShort, ""}
	refusedPasswordLong  = &formError{http.StatusOK, messagePasswordLong, ""}
	refusedPasswordKnown = &formError{http.StatusOK, messagePasswordKnown, ""}
	refusedPasswordUsed  = &formError{http.StatusOK, messagePasswordUsed, ""}
)

func (s *signInPages) showNewPassword(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	return s.writeNewPassword(w, r, p, user, nil)
}

func (s *signInPages) writeNewPassword(
	w http.ResponseWriter, r *http.Request, p Interaction, user *storage.User, problem *formError,
) error {
	return s.writeStep(w, r, p, func(t *messageSet) string { return t.NewPasswordTitle }, func(t *messageSet) stepPage {
		lead := t.NewPasswordLead
		if user.MustChangePassword {
			lead = t.NewPasswordAsked
		}
		page := newPasswordPage(t, PathNewPassword, lead)
		page.Button, page.ButtonID = t.NewPasswordButton, "new-password-submit"
		return page
	}, problem)
}

// newPasswordPage takes a new password; its button is still to be named.
func newPasswordPage(t *messageSet, action, lead string) stepPage {
	return stepPage{
		Action: action, Lead: lead, Hint: t.NewPasswordHint, Label: t.NewPasswordLabel, Name: "password", Type: "password",
		Autocomplete: "new-password", MaxLength: identity.MaximumPassword,
	}
}

// submitNewPassword takes a password in the place of one that must be changed. Everything else was proved before.
func (s *signInPages) submitNewPassword(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if p.Progress.ACR == "" || !s.identity.PasswordExpired(user) {
		return ErrPendingForeign // not proved, or changed since
	}
	problem, err := refusedPassword(
		s.identity.ChangePassword(r.Context(), user.ID, r.PostForm.Get("password"), identity.CheckNewPassword))
	if err != nil {
		return err
	}
	if problem != nil {
		return s.writeNewPassword(w, r, p, user, problem)
	}
	if err := s.identity.Record(r, storage.Event{
		Kind: storage.EventPasswordSet, ClientID: p.ClientID, UserID: user.ID,
	}); err != nil {
		return err
	}
	if user, err = s.store.FindUser(r.Context(), user.ID); err != nil { // when the password was set, only storage knows
		return err
	}
	return s.proceed(w, r, p, user, identity.Proof{AMR: p.Progress.AMR, ACR: p.Progress.ACR})
}
