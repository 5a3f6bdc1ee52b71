package login

import (
	"errors"
	"net/http"

	"ithildin/provider/identity"
)

var refusedPhone = &formError{http.StatusOK, messagePhone, ""}

func (s *signInPages) showPhone(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.passed(r)
	if err != nil {
		return err
	}
	return s.writePhone(w, r, p, "", nil)
}

// writePhone shows the form, after a refusal with its words and what was typed.
func (s *signInPages) writePhone(w http.ResponseWriter, r *http.Request, p Interaction, typed string,
	problem *formError) error {
	return s.writeStep(w, r, p, func(t *messageSet) string { return t.PhoneTitle }, func(t *messageSet) stepPage {
		return stepPage{
			Action: PathPhone, Lead: t.PhoneLead, Hint: t.PhoneHint, Label: t.PhoneLabel, Name: "phone", Type: "tel",
			InputMode:    "tel",
			Autocomplete: "tel", MaxLength: identity.LongestPhone, Value: typed,
			Button: t.PhoneButton, ButtonID: "phone-submit",
		}
	}, problem)
}

// submitPhone sends a code to a phone that is to become the second factor. Only a factor without a phone takes one:
// whoever knows the password must not replace it.
func (s *signInPages) submitPhone(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	factor, err := s.identity.SecondFactor(r.Context(), user.ID)
	switch {
	case errors.Is(err, identity.ErrNoFactor):
		return ErrPendingForeign // it was switched off meanwhile
	case err != nil:
		return err
	case factor.Factor != "" || p.Progress.CodeID != "" && !p.Progress.Register:
		return ErrPendingForeign
	}
	if err := s.mayRegister(r, user.ID); err != nil {
		return err
	}
	typed := r.PostForm.Get("phone")
	number, isNumber := identity.NormalizePhone(typed)
	if !isNumber {
		return s.writePhone(w, r, p, typed, refusedPhone)
	}
	p.Progress.Phone, p.Progress.Register, p.Progress.Resent = number, true, false
	problem, err := s.sendSignInCode(r.Context(), &p)
	if err != nil {
		return err
	}
	if problem != nil {
		return s.writePhone(w, r, p, typed, problem)
	}
	return s.RedirectToPage(w, r, PathCode, p)
}

// mayRegister refuses a phone from a person who has another second factor: that is asked for, and the password alone
// sets nothing beside it.
func (s *signInPages) mayRegister(r *http.Request, userID string) error {
	has, err := s.factors().SecondFactors(r.Context(), userID)
	if err == nil && len(has.List) > 0 {
		return ErrPendingForeign
	}
	return err
}
