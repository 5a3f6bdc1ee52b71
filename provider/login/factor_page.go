package login

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// The pages of a second factor in a sign-in.
const (
	// PathFactor is where a person chooses another second factor than the one that is asked for.
	PathFactor        = "/login/factor"
	PathAuthenticator = "/login/authenticator"
	PathRecoveryCode  = "/login/recovery-code"
)

// factorPaths are the pages that take a second factor, by its kind. That of a phone is not among them: a code is sent
// before.
var factorPaths = map[string]string{
	storage.FactorPasskey: PathPasskeyFactor, storage.FactorTOTP: PathAuthenticator,
	storage.FactorRecoveryCode: PathRecoveryCode,
}

var (
	refusedFactorCode    = &formError{http.StatusOK, messageFactorCode, ""}
	refusedFactorLastTry = &formError{http.StatusOK, messageFactorLastTry, ""}
	refusedFactorTwo     = &formError{http.StatusOK, messageFactorWrongTwo, ""}
)

// factorPages are the pages of second factors in a sign-in.
type factorPages struct{ *signInPages }

// factors is what is known of second factors.
func (s *signInPages) factors() identity.Factors { return identity.Factors{Service: s.identity} }

// mount adds them.
func (s factorPages) mount(pages chi.Router) {
	authenticator, recoveryCode := s.authenticatorFactor(), s.recoveryCodeFactor()
	for path, page := range map[string][2]func(http.ResponseWriter, *http.Request) error{
		PathFactor:           {s.showFactors, s.submitFactors},
		PathPasskeyFactor:    {s.showPasskeyFactor, s.submitPasskeyFactor},
		PathAuthenticator:    {s.showTyped(authenticator), s.submitTyped(authenticator)},
		PathRecoveryCode:     {s.showTyped(recoveryCode), s.submitTyped(recoveryCode)},
		PathEnrolment:        {s.showEnrolment, s.submitEnrolment},
		PathPasskeyEnrolment: {s.showPasskeyEnrolment, s.submitPasskeyEnrolment},
	} {
		inbound.Route(pages, path, s.handle(page[0]), http.MethodGet, http.MethodHead)
		inbound.Route(pages, path, s.handle(page[1]), http.MethodPost)
	}
	inbound.Route(pages, PathEnrolled, s.handle(s.submitEnrolled), http.MethodPost)
}

// factorChoicePage is where a person chooses among the kinds of their second factors.
type factorChoicePage struct {
	Text    *factorText
	Request string
	Message string
	Choices []factorChoice
}

type factorChoice struct{ Kind, Words string }

// askFactor leads to the page that takes a second factor of a kind, which the person has; to a phone it sends a code
// before. The refusal says why that did not go out.
func (s factorPages) askFactor(
	w http.ResponseWriter, r *http.Request, p Interaction, kind, phone string,
) (*formError, error) {
	if kind != identity.FactorSMS {
		p.Progress.CodeID, p.Progress.Phone, p.Progress.Resent = "", "", false
		return nil, s.RedirectToPage(w, r, factorPaths[kind], p)
	}
	p.Progress.Phone, p.Progress.Resent = phone, false
	problem, err := s.sendSignInCode(r.Context(), &p)
	if err != nil || problem != nil {
		return problem, err
	}
	return nil, s.RedirectToPage(w, r, PathCode, p)
}

// awaited is passed for a page that takes a second factor: all that is proved so far is the password.
func (s factorPages) awaited(
	r *http.Request,
) (Interaction, *storage.User, identity.SecondFactors, error) {
	p, user, err := s.passed(r)
	if err != nil {
		return p, nil, identity.SecondFactors{}, err
	}
	if p.Progress.ACR != "" {
		return p, nil, identity.SecondFactors{}, ErrPendingForeign
	}
	has, err := s.factors().SecondFactors(r.Context(), user.ID)
	return p, user, has, err
}

func (s factorPages) showFactors(w http.ResponseWriter, r *http.Request) error {
	p, _, has, err := s.awaited(r)
	if err != nil {
		return err
	}
	return s.writeFactors(w, r, p, has, nil)
}

func (s factorPages) writeFactors(
	w http.ResponseWriter, r *http.Request, p Interaction, has identity.SecondFactors, problem *formError,
) error {
	request, err := s.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := s.newView(w, r, p.UILocales)
	page := factorChoicePage{Text: v.Messages.Factors, Request: request}
	for _, kind := range has.Kinds() {
		words := page.Text.Kinds[kind]
		if kind == identity.FactorSMS {
			words += " " + identity.MaskPhone(has.Phone)
		}
		page.Choices = append(page.Choices, factorChoice{kind, words})
	}
	v.showContact()
	return s.writeForm(w, v, "factors.html", page.Text.ChooseTitle, problem, func(message string) any {
		page.Message = message
		return page
	})
}

func (s factorPages) submitFactors(w http.ResponseWriter, r *http.Request) error {
	p, _, has, err := s.awaited(r)
	if err != nil {
		return err
	}
	kind := r.PostForm.Get("kind")
	if !slices.Contains(has.Kinds(), kind) {
		return ErrPendingForeign // removed meanwhile, or never theirs
	}
	problem, err := s.askFactor(w, r, p, kind, has.Phone)
	if err != nil || problem == nil {
		return err
	}
	return s.writeFactors(w, r, p, has, problem)
}

// otherFactors is the link to the other second factors of a person, none where there is one alone.
func (s factorPages) otherFactors(
	w http.ResponseWriter, r *http.Request, p Interaction, t *messageSet, has identity.SecondFactors,
) ([]pageLink, error) {
	if len(has.Kinds()) < 2 {
		return nil, nil
	}
	request, err := s.Seal(w, r, p)
	if err != nil {
		return nil, err
	}
	return []pageLink{{
		"other-factor", s.layout.path + PathFactor + "?" + url.Values{"request": {request}}.Encode(),
		t.Factors.ChooseOther,
	}}, nil
}

// typedFactor is a page that takes what a person reads from a second factor: a code of an authenticator, or a recovery
// code.
type typedFactor struct {
	kind      string
	text      func(*factorText) *typedFactorText
	inputMode string
	maxLength int
	verify    func(r *http.Request, p Interaction, userID, typed string) error
	method    string // one of identity.SignInMethods, and the reason in the audit
}

func (s factorPages) authenticatorFactor() typedFactor {
	return typedFactor{
		kind: storage.FactorTOTP, text: func(t *factorText) *typedFactorText { return &t.Authenticator },
		inputMode: "numeric", maxLength: 12, method: identity.MethodAuthenticator,
		verify: func(r *http.Request, _ Interaction, userID, typed string) error {
			return s.factors().VerifyAuthenticator(r.Context(), userID, strings.Join(strings.Fields(typed), ""))
		},
	}
}

func (s factorPages) recoveryCodeFactor() typedFactor {
	return typedFactor{
		kind: storage.FactorRecoveryCode, text: func(t *factorText) *typedFactorText { return &t.RecoveryCode },
		maxLength: identity.LongestRecoveryCode, method: identity.MethodRecoveryCode,
		verify: func(r *http.Request, p Interaction, userID, typed string) error {
			return s.factors().VerifyRecoveryCode(r, p.ClientID, userID, typed)
		},
	}
}

// showTyped makes the handler that shows the page of a factor.
func (s factorPages) showTyped(factor typedFactor) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, user, has, err := s.awaited(r)
		if err != nil {
			return err
		}
		if !slices.Contains(has.Kinds(), factor.kind) {
			return ErrPendingForeign
		}
		if s.identity.OneTimeCodeHasLastTry(user) {
			return s.writeTyped(w, r, p, factor, has, refusedFactorLastTry)
		}
		return s.writeTyped(w, r, p, factor, has, nil)
	}
}

func (s factorPages) writeTyped(
	w http.ResponseWriter, r *http.Request, p Interaction, factor typedFactor, has identity.SecondFactors,
	problem *formError,
) error {
	links, err := s.otherFactors(w, r, p, s.newView(w, r, p.UILocales).Messages, has)
	if err != nil {
		return err
	}
	text := func(t *messageSet) *typedFactorText { return factor.text(t.Factors) }
	return s.writeStep(w, r, p, func(t *messageSet) string { return text(t).Title }, func(t *messageSet) stepPage {
		remember := s.rememberLabel(t)
		if factor.kind == storage.FactorRecoveryCode {
			remember = "" // it stands in for what the person does not have at hand
		}
		return stepPage{
			Remember: remember,
			Action:   factorPaths[factor.kind], Lead: text(t).Lead, Label: text(t).Label, Name: "code", Type: "text",
			InputMode: factor.inputMode, Autocomplete: "one-time-code", MaxLength: factor.maxLength,
			Button: t.CodeButton, ButtonID: "code-submit", Links: links, Contact: true,
		}
	}, problem)
}

// submitTyped makes the handler that takes what was typed, and completes the sign-in.
func (s factorPages) submitTyped(factor typedFactor) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, user, has, err := s.awaited(r)
		if err != nil {
			return err
		}
		if !slices.Contains(has.Kinds(), factor.kind) {
			return ErrPendingForeign
		}
		err = factor.verify(r, p, user.ID, r.PostForm.Get("code"))
		if err == nil {
			p.Progress.Remember = factor.kind != storage.FactorRecoveryCode && wantsRemembering(r)
			return s.proceed(w, r, p, user, identity.ByAuthenticator)
		}
		problem, err := refusedFactor(err)
		if err != nil && !errors.Is(err, errCodeBlocked) {
			return err
		}
		if problem != refusedLimited {
			err = errors.Join(err, s.identity.RecordFailure(r, factor.method, p.ClientID, user.ID, factor.method))
		}
		if err != nil {
			return err
		}
		return s.writeTyped(w, r, p, factor, has, problem)
	}
}

// refusedFactor says why what was typed for a second factor is not taken; any other error is returned.
func refusedFactor(err error) (*formError, error) {
	switch {
	case errors.Is(err, identity.ErrSignInLimited):
		return refusedLimited, nil
	case errors.Is(err, identity.ErrOneTimeCodeBlocked):
		return nil, errCodeBlocked
	case errors.Is(err, identity.ErrOneTimeCodeLastTry):
		return refusedFactorTwo, nil
	case errors.Is(err, identity.ErrOneTimeCodeInvalid):
		return refusedFactorCode, nil
	}
	return nil, err
}
