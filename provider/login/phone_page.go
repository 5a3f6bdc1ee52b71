package login

import (
	"errors"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

var refusedPhone = &refusal{http.StatusOK, messagePhone, ""}

func (s *Service) showPhone(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.passed(r)
	if err != nil {
		return err
	}
	return s.writePhone(w, r, p, "", nil)
}

// writePhone shows the form, after a refusal with its words and what was typed.
func (s *Service) writePhone(w http.ResponseWriter, r *http.Request, p Pending, typed string, why *refusal) error {
	return s.writeStep(w, r, p, func(t *text) string { return t.PhoneTitle }, func(t *text) stepPage {
		return stepPage{
			Action: PathPhone, Lead: t.PhoneLead, Hint: t.PhoneHint, Label: t.PhoneLabel, Name: "phone", Type: "tel",
			InputMode:    "tel",
			Autocomplete: "tel", MaxLength: identity.LongestPhone, Value: typed,
			Button: t.PhoneButton, ButtonID: "phone-submit",
		}
	}, why)
}

// submitPhone sends a code to a phone that is to become the second factor. Only a factor without a phone takes one:
// whoever knows the password must not replace it.
func (s *Service) submitPhone(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	factor, err := s.store.FindAuthenticationFactor(r.Context(), user.ID, factorSMS)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errNoFactor
	case err != nil:
		return err
	case factor.Factor != "" || p.Passed.CodeID != "" && !p.Passed.Register:
		return ErrPendingForeign
	}
	typed := r.PostForm.Get("phone")
	number, isNumber := identity.NormalizePhone(typed)
	if !isNumber {
		return s.writePhone(w, r, p, typed, refusedPhone)
	}
	p.Passed.Phone, p.Passed.Register, p.Passed.Resent = number, true, false
	why, err := s.sendCode(r.Context(), &p)
	if err != nil {
		return err
	}
	if why != nil {
		return s.writePhone(w, r, p, typed, why)
	}
	return s.Suspend(w, r, PathCode, p)
}
