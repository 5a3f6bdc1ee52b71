package login

import (
	"errors"
	"net/http"
	"strings"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// The refusals of one-time codes.
var (
	refusedCode         = &formError{http.StatusOK, messageCodeWrong, ""}
	refusedCodeLastTry  = &formError{http.StatusOK, messageCodeLastTry, ""}
	refusedCodeWrongTwo = &formError{http.StatusOK, messageCodeWrongTwo, ""}
	refusedCodeExpired  = &formError{http.StatusOK, messageCodeExpired, ""}
	refusedCodeAttempts = &formError{http.StatusOK, messageCodeAttempts, ""}
	refusedCodeLimited  = &formError{http.StatusTooManyRequests, messageCodeLimited, ""}
	refusedCodeNotSent  = &formError{http.StatusServiceUnavailable, messageCodeNotSent, ""}
)

// What else than a code the form sends: that another code or another number is wanted.
const (
	decisionResend      = "resend"
	decisionOtherNumber = "other_number"
)

func (s *signInPages) showCode(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if s.identity.OneTimeCodeHasLastTry(user) {
		return s.writeCode(w, r, p, refusedCodeLastTry)
	}
	return s.writeCode(w, r, p, nil)
}

func (s *signInPages) writeCode(w http.ResponseWriter, r *http.Request, p Interaction, problem *formError) error {
	has, err := s.factors().SecondFactors(r.Context(), p.Progress.UserID)
	if err != nil {
		return err
	}
	links, err := factorPages{s}.otherFactors(w, r, p, s.newView(w, r, p.UILocales).Messages, has)
	if err != nil {
		return err
	}
	return s.writeStep(w, r, p, func(t *messageSet) string { return t.CodeTitle }, func(t *messageSet) stepPage {
		page := codePage(t, PathCode, p.Progress.Phone, p.Progress.Resent)
		page.Links, page.Remember = links, s.rememberLabel(t)
		if p.Progress.Register {
			page.OtherNumber = t.CodeOtherNumber
		}
		return page
	}, problem)
}

// codePage takes the code that went to a phone.
func codePage(t *messageSet, action, phone string, isResent bool) stepPage {
	page := stepPage{
		Action: action, Lead: t.CodeLead + " " + identity.MaskPhone(phone), Label: t.CodeLabel, Name: "code", Type: "text",
		InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 12, Button: t.CodeButton, ButtonID: "code-submit",
		Resend: t.CodeResend,
	}
	if isResent {
		page.Notice = t.ByKey[messageCodeSent]
	}
	return page
}

// submitCode completes a sign-in, or the registration of a phone.
func (s *signInPages) submitCode(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if p.Progress.CodeID == "" {
		return ErrPendingForeign
	}
	factor, err := s.identity.SecondFactor(r.Context(), user.ID)
	if errors.Is(err, identity.ErrNoFactor) {
		return ErrPendingForeign // it was switched off meanwhile
	}
	if err != nil {
		return err
	}
	expected := p.Progress.Phone
	if p.Progress.Register {
		expected = ""
	}
	if factor.Factor != expected {
		return ErrPendingForeign // it was changed meanwhile
	}
	switch r.PostForm.Get("decision") {
	case decisionOtherNumber:
		if !p.Progress.Register {
			return ErrPendingForeign // the number of a factor that is set is nobody's to change here
		}
		p.Progress.CodeID, p.Progress.Phone, p.Progress.Register, p.Progress.Resent = "", "", false, false
		return s.RedirectToPage(w, r, PathPhone, p)
	case decisionResend:
		problem, err := s.sendSignInCode(r.Context(), &p)
		if err != nil {
			return err
		}
		if problem != nil {
			return s.writeCode(w, r, p, problem)
		}
		p.Progress.Resent = true
		return s.RedirectToPage(w, r, PathCode, p)
	}
	if problem, err := s.tryCode(r, sentCode{
		clientID: p.ClientID, userID: user.ID, id: p.Progress.CodeID, phone: p.Progress.Phone,
	}); err != nil || problem != nil {
		if err != nil {
			return err
		}
		p.Progress.Resent = false
		return s.writeCode(w, r, p, problem)
	}
	if p.Progress.Register {
		if err := s.mayRegister(r, user.ID); err != nil {
			return err
		}
		factor.Factor = p.Progress.Phone
		err := s.store.ReplaceAuthenticationFactor(r.Context(), *factor, "")
		if errors.Is(err, storage.ErrConflict) {
			return ErrPendingForeign // another number was faster
		}
		if err != nil {
			return err
		}
		if err := s.identity.Record(r, storage.Event{
			Kind: storage.EventFactorChanged, ClientID: p.ClientID, UserID: user.ID,
		}); err != nil {
			return err
		}
	}
	p.Progress.Remember = wantsRemembering(r)
	return s.proceed(w, r, p, user, identity.ByOneTimeCode)
}

// sentCode is a code that went out to the phone of a user, or to what is to become that; clientID is that of a sign-in.
type sentCode struct{ clientID, userID, id, phone string }

// tryCode takes the code of a form once. The refusal says why it is not right.
func (s *signInPages) tryCode(r *http.Request, sent sentCode) (*formError, error) {
	code := strings.Join(strings.Fields(r.PostForm.Get("code")), "")
	err := s.identity.VerifyOneTimeCode(r.Context(), sent.userID, sent.id, sent.phone, code)
	var problem *formError
	switch {
	case err == nil:
		return nil, nil
	case errors.Is(err, identity.ErrOneTimeCodeBlocked):
		return nil, errors.Join(errCodeBlocked, s.recordWrongCode(r, sent))
	case errors.Is(err, identity.ErrOneTimeCodeExpired):
		problem = refusedCodeExpired
	case errors.Is(err, identity.ErrOneTimeCodeAttempts):
		problem = refusedCodeAttempts
	case errors.Is(err, identity.ErrOneTimeCodeLastTry):
		problem = refusedCodeWrongTwo
	case errors.Is(err, identity.ErrOneTimeCodeInvalid):
		problem = refusedCode
	default:
		return nil, err
	}
	return problem, s.recordWrongCode(r, sent)
}

func (s *signInPages) recordWrongCode(r *http.Request, sent sentCode) error {
	return s.identity.RecordFailure(r, identity.MethodOneTimeCode, sent.clientID, sent.userID, "one_time_code")
}
