package login

import (
	"errors"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// PathPasskey takes the answer of an authenticator. It shows the sign-in form, as PathSignIn does.
const PathPasskey = "/login/passkey"

var (
	refusedPasskeyOver    = &formError{http.StatusOK, messagePasskeyOver, ""}
	refusedPasskeyWrong   = &formError{http.StatusOK, messagePasskeyWrong, ""}
	refusedPasskeyUnknown = &formError{http.StatusOK, messagePasskeyUnknown, ""}
	refusedPasskeyCloned  = &formError{http.StatusForbidden, messagePasskeyCloned, ""}
	refusedPasskeyTaken   = &formError{http.StatusOK, messagePasskeyTaken, ""}
)

// refusedPasskey says why an answer of an authenticator is not taken; any other error is returned.
func refusedPasskey(err error) (*formError, error) {
	for known, refused := range map[error]*formError{
		identity.ErrPasskeyOver: refusedPasskeyOver, identity.ErrPasskeyWrong: refusedPasskeyWrong,
		identity.ErrPasskeyUnknown: refusedPasskeyUnknown, identity.ErrPasskeyCloned: refusedPasskeyCloned,
		identity.ErrPasskeyTaken: refusedPasskeyTaken, identity.ErrSignInLimited: refusedLimited,
		identity.ErrUserBlocked: refusedBlocked,
	} {
		if errors.Is(err, known) {
			return refused, nil
		}
	}
	return nil, err
}

// signInByPasskey makes the part of the sign-in form for those who have a passkey; nil where there are none. After a
// refusal the browser offers none by itself: one that answers at once would be refused again and again.
func (s *signInPages) signInByPasskey(
	w http.ResponseWriter, r *http.Request, v *view, p Interaction, problem *formError,
) (*passkeyPart, error) {
	if !(identity.Passkeys{Service: s.identity}).AreOn() {
		return nil, nil
	}
	options, ceremony, err := identity.Passkeys{Service: s.identity}.BeginSignIn()
	if err != nil {
		return nil, err
	}
	p.Passkey = ceremony
	part, err := s.passkeyPart(w, r, v, p, options)
	if err != nil {
		return nil, err
	}
	part.Offer = problem == nil
	return part, nil
}

// submitPasskey signs in the owner of the passkey that has answered.
func (s *signInPages) submitPasskey(w http.ResponseWriter, r *http.Request) error {
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	if p.Passkey == nil || p.Required.Form == storage.LoginFormSignature {
		return ErrPendingForeign
	}
	user, proof, err := identity.Passkeys{Service: s.identity}.SignIn(r, identity.PasskeyAttempt{
		ClientID: p.ClientID, Ceremony: p.Passkey, Answer: r.PostForm.Get("credential"),
	})
	problem, err := refusedPasskey(err)
	if err != nil {
		return err
	}
	if problem == nil && p.Required.Form == storage.LoginFormPatient && user.TaxID == "" {
		problem = refusedNotRegistered
	}
	if problem != nil {
		return s.writeSignIn(w, r, p, keepable(p.LoginHint), problem)
	}
	return s.proceed(w, r, p, user, proof)
}
