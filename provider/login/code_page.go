package login

import (
	"errors"
	"net/http"
	"strings"

	"ithildin/storage"
)

// The refusals of one-time codes.
var (
	refusedCode         = &refusal{http.StatusOK, messageCodeWrong, ""}
	refusedCodeLastTry  = &refusal{http.StatusOK, messageCodeLastTry, ""}
	refusedCodeWrongTwo = &refusal{http.StatusOK, messageCodeWrongTwo, ""}
	refusedCodeExpired  = &refusal{http.StatusOK, messageCodeExpired, ""}
	refusedCodeAttempts = &refusal{http.StatusOK, messageCodeAttempts, ""}
	refusedCodeLimited  = &refusal{http.StatusTooManyRequests, messageCodeLimited, ""}
	refusedCodeNotSent  = &refusal{http.StatusServiceUnavailable, messageCodeNotSent, ""}
)

// What else than a code the form sends: that another code or another number is wanted.
const (
	decisionResend      = "resend"
	decisionOtherNumber = "other_number"
)

func (s *Service) showCode(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if user.OneTimeCodeFailures == oneTimeCodeFailures-1 {
		return s.writeCode(w, r, p, refusedCodeLastTry)
	}
	return s.writeCode(w, r, p, nil)
}

func (s *Service) writeCode(w http.ResponseWriter, r *http.Request, p Pending, why *refusal) error {
	return s.writeStep(w, r, p, func(t *text) string { return t.CodeTitle }, func(t *text) stepPage {
		page := stepPage{
			Action: PathCode, Lead: t.CodeLead + " " + masked(p.Passed.Phone), Label: t.CodeLabel, Name: "code", Type: "text",
			InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 12, Button: t.CodeButton, ButtonID: "code-submit",
			Resend: t.CodeResend,
		}
		if p.Passed.Resent {
			page.Notice = t.Messages[messageCodeSent]
		}
		if p.Passed.Register {
			page.OtherNumber = t.CodeOtherNumber
		}
		return page
	}, why)
}

// masked shows the end of a number only: whoever knows the password does not learn the phone.
func masked(phone string) string {
	if len(phone) < 8 {
		return "•••"
	}
	return phone[:4] + " ••• ••• " + phone[len(phone)-2:]
}

// submitCode completes a sign-in, or the registration of a phone.
func (s *Service) submitCode(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if p.Passed.CodeID == "" {
		return ErrPendingForeign
	}
	factor, err := s.store.FindAuthenticationFactor(r.Context(), user.ID, factorSMS)
	if errors.Is(err, storage.ErrNotFound) {
		return errNoFactor
	}
	if err != nil {
		return err
	}
	expected := p.Passed.Phone
	if p.Passed.Register {
		expected = ""
	}
	if factor.Factor != expected || !factor.IsActive {
		return ErrPendingForeign // it was changed meanwhile
	}
	switch r.PostForm.Get("decision") {
	case decisionOtherNumber:
		if !p.Passed.Register {
			return ErrPendingForeign // the number of a factor that is set is nobody's to change here
		}
		p.Passed.CodeID, p.Passed.Phone, p.Passed.Register, p.Passed.Resent = "", "", false, false
		return s.Suspend(w, r, PathPhone, p)
	case decisionResend:
		why, err := s.sendCode(r.Context(), &p)
		if err != nil {
			return err
		}
		if why != nil {
			return s.writeCode(w, r, p, why)
		}
		p.Passed.Resent = true
		return s.Suspend(w, r, PathCode, p)
	}
	code := strings.Join(strings.Fields(r.PostForm.Get("code")), "")
	if why, err := s.tryCode(r, p, code); err != nil || why != nil {
		if err != nil {
			return err
		}
		p.Passed.Resent = false
		return s.writeCode(w, r, p, why)
	}
	if p.Passed.Register {
		factor.Factor = p.Passed.Phone
		err := s.ReplaceFactor(r.Context(), *factor, "")
		if errors.Is(err, storage.ErrConflict) {
			return ErrPendingForeign // another number was faster
		}
		if err != nil {
			return err
		}
		if err := s.record(r, storage.Event{Kind: eventFactorChanged, ClientID: p.ClientID, UserID: user.ID}); err != nil {
			return err
		}
	}
	return s.complete(w, r, p, user, amrOneTimeCode, storage.AssuranceOneTimeCode)
}

func (s *Service) tryCode(r *http.Request, p Pending, code string) (*refusal, error) {
	err := s.VerifyOneTimeCode(r.Context(), p.Passed.UserID, p.Passed.CodeID, p.Passed.Phone, code)
	var why *refusal
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, ErrOneTimeCodeBlocked):
		return nil, errors.Join(errCodeBlocked, s.recordWrongCode(r, p))
	case errors.Is(err, ErrOneTimeCodeLastTry):
		why = refusedCodeWrongTwo
	case errors.Is(err, ErrOneTimeCodeInvalid):
		why = refusedCode
	case errors.Is(err, ErrOneTimeCodeExpired):
		why = refusedCodeExpired
	case errors.Is(err, ErrOneTimeCodeAttempts):
		why = refusedCodeAttempts
	default:
		return nil, err
	}
	return why, s.recordWrongCode(r, p)
}

func (s *Service) recordWrongCode(r *http.Request, p Pending) error {
	return s.record(r, storage.Event{
		Kind: eventSignInFailed, ClientID: p.ClientID, UserID: p.Passed.UserID,
		Details: map[string]string{"reason": "one_time_code"},
	})
}
