package login

import (
	"net/http"
	"slices"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// PathPasskeyFactor takes a passkey as second factor.
const PathPasskeyFactor = "/login/passkey/factor"

type passkeyFactorPage struct {
	Text    *passkeyText
	Message string
	Passkey *passkeyPart
	// Remember is the label of the box that has the browser remembered, "" for none.
	Remember string
}

// awaitedPasskey is awaited for the page of a passkey, which the person has.
func (s factorPages) awaitedPasskey(
	r *http.Request,
) (Interaction, *storage.User, identity.SecondFactors, error) {
	p, user, has, err := s.awaited(r)
	if err == nil && !slices.Contains(has.Kinds(), storage.FactorPasskey) {
		err = ErrPendingForeign // removed meanwhile
	}
	return p, user, has, err
}

func (s factorPages) showPasskeyFactor(w http.ResponseWriter, r *http.Request) error {
	p, user, has, err := s.awaitedPasskey(r)
	if err != nil {
		return err
	}
	return s.writePasskeyFactor(w, r, p, user, has, nil)
}

func (s factorPages) writePasskeyFactor(
	w http.ResponseWriter, r *http.Request, p Interaction, user *storage.User, has identity.SecondFactors,
	problem *formError,
) error {
	v := s.newView(w, r, p.UILocales)
	p.Passkey = nil // of a ceremony that is over
	var err error
	if v.Links, err = s.otherFactors(w, r, p, v.Messages, has); err != nil {
		return err
	}
	options, ceremony, err := identity.Passkeys{Service: s.identity}.BeginSecondFactor(r.Context(), user)
	if err != nil {
		return err
	}
	p.Passkey = ceremony
	page := passkeyFactorPage{Text: v.Messages.Passkeys, Remember: s.rememberLabel(v.Messages)}
	if page.Passkey, err = s.passkeyPart(w, r, v, p, options); err != nil {
		return err
	}
	v.showContact()
	return s.writeForm(w, v, "passkey_factor.html", page.Text.FactorTitle, problem, func(message string) any {
		page.Message = message
		return page
	})
}

// submitPasskeyFactor takes the answer of an authenticator, and completes the sign-in.
func (s factorPages) submitPasskeyFactor(w http.ResponseWriter, r *http.Request) error {
	p, user, has, err := s.awaitedPasskey(r)
	if err != nil {
		return err
	}
	if p.Passkey == nil {
		return ErrPendingForeign
	}
	proof, err := identity.Passkeys{Service: s.identity}.VerifySecondFactor(r, identity.PasskeyAttempt{
		ClientID: p.ClientID, UserID: user.ID, Ceremony: p.Passkey, Answer: r.PostForm.Get("credential"),
	})
	problem, err := refusedPasskey(err)
	if err != nil {
		return err
	}
	if problem != nil {
		return s.writePasskeyFactor(w, r, p, user, has, problem)
	}
	p.Progress.Remember = wantsRemembering(r)
	return s.proceed(w, r, p, user, proof)
}
