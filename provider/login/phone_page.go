package login

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"ithildin/storage"
)

// phoneNumber is the one form in which numbers are kept.
var phoneNumber = regexp.MustCompile(`^\+380[0-9]{9}$`)

var refusedPhone = &refusal{http.StatusOK, messagePhone, ""}

func (s *Service) showPhone(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.passed(r)
	if err != nil {
		return err
	}
	return s.writePhone(w, r, p, nil)
}

func (s *Service) writePhone(w http.ResponseWriter, r *http.Request, p Pending, why *refusal) error {
	return s.writeStep(w, r, p, func(t *text) string { return t.PhoneTitle }, func(t *text) stepPage {
		return stepPage{
			Action: PathPhone, Lead: t.PhoneLead, Hint: t.PhoneHint, Label: t.PhoneLabel, Name: "phone", Type: "tel", InputMode: "tel",
			Autocomplete: "tel", MaxLength: 20, Button: t.PhoneButton, ButtonID: "phone-submit",
		}
	}, why)
}

// submitPhone sends a code to a phone that is to become the second factor. Only a factor without a phone takes one: whoever
// knows the password must not replace it.
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
	number := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(strings.TrimSpace(r.PostForm.Get("phone")))
	if !phoneNumber.MatchString(number) {
		return s.writePhone(w, r, p, refusedPhone)
	}
	p.Passed.Phone, p.Passed.Register = number, true
	why, err := s.sendCode(r.Context(), &p)
	if err != nil {
		return err
	}
	if why != nil {
		return s.writePhone(w, r, p, why)
	}
	return s.Suspend(w, r, PathCode, p)
}
