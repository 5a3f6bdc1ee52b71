package ehealth

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/storage"
)

var (
	errInitFactorFirst = unauthorized("access_denied", "Invalid token type. Init factor at first")
	// errFactorNotRecent is not in the contract, by which any session may replace the factor.
	errFactorNotRecent = forbidden("forbidden", "Sign in again to change the authentication factor.")
	// errFactorElsewhere is not in the contract, whose second factor is a phone: a person who has another alone is not let
	// in by the password.
	errFactorElsewhere = forbidden("forbidden", "The second factor of this user is asked for on the sign-in page only.")
)

// initFactor begins to set the phone of a user's factor (contract section 2.5): with a session token where there is one
// already, with a 2fa token where there is none yet. The code goes to the new phone.
func (a *loginAPI) initFactor(w http.ResponseWriter, r *http.Request) error {
	t, err := a.bearerSession(r)
	switch {
	case err != nil:
		return err
	case a.isOver(t):
		return errTokenExpired
	case t.UserBlocked:
		return errUserBlocked
	case !ofSignIn(t):
		return errTokenType
	}
	fields, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	kind, number := c.phone()
	if failed := c.failed(); failed != nil {
		return failed
	}
	client, err := a.clientOf(r, t)
	if err != nil {
		return err
	}
	factor, err := a.identity.SecondFactor(r.Context(), t.UserID)
	switch {
	case err != nil:
		return err // without a factor: 404
	// Whoever has passed only the password must not replace the second factor.
	case factor.Factor != "" && t.Kind != storage.KindAccessToken, factor.Factor == "" && t.Kind != storage.KindTwoFactor:
		return errTokenType
	case !a.identity.MayReplaceFactor(factor, t.Session, client.Policy):
		return errFactorNotRecent
	}
	if err := a.mayFillFactor(r, factor); err != nil {
		return err
	}
	next := factorToken(t, client)
	next.ID, next.Factor, next.FactorType, next.FactorBefore = a.provider.Store().NewID(), number, kind, factor.Factor
	if err := a.provider.SessionTokens().Check(r.Context(), next); err != nil {
		return sessionError(err)
	}
	if err := a.identity.SendOneTimeCode(r.Context(), next.UserID, next.ID, number); err != nil {
		return oneTimeCodeError(err)
	}
	issued, err := a.provider.SessionTokens().Issue(r.Context(), next)
	if err != nil {
		return sessionError(err)
	}
	data := newSessionToken(issued)
	data.Details = nil
	return a.answerUrgent(w, r, http.StatusCreated, data, map[string]string{"next_step": nextApproveFactor})
}

// mayFillFactor refuses a phone for a factor that has none where the person has another second factor, which this API
// does not ask for: the password alone sets nothing beside it.
func (a *loginAPI) mayFillFactor(r *http.Request, factor *storage.AuthenticationFactor) error {
	if factor.Factor != "" {
		return nil
	}
	has, err := identity.Factors{Service: a.identity}.SecondFactors(r.Context(), factor.UserID)
	if err == nil && len(has.List) > 0 {
		return errFactorElsewhere
	}
	return err
}

// factorToken is the 2fa token under which a phone is confirmed, in the place of the token that it was begun with. What
// it ends with has no scope that a session did not have before.
func factorToken(t *storage.AccessToken, client *storage.Client) provider.SessionToken {
	next := provider.SessionToken{
		Kind: storage.KindTwoFactor, Client: client, UserID: t.UserID, GrantType: t.Session.GrantType,
		RedirectURI: t.Session.RedirectURI, ScopeRequest: t.Session.ScopeRequest, AMR: t.Session.AMR, ACR: t.Session.ACR,
		AuthTime: t.Session.AuthTime, PasswordSetAt: t.Session.PasswordSetAt,
	}
	if t.Kind != storage.KindAccessToken {
		return next
	}
	scope := storage.SplitScope(t.Scope)
	for _, name := range storage.SplitScope(cmp.Or(next.ScopeRequest, scopeAuthorize)) {
		if !slices.Contains(scope, name) {
			next.ScopeRequest = t.Scope
		}
	}
	return next
}

// approveFactor ends what initFactor began. Whatever is no JSON integer is a wrong code.
func (a *loginAPI) approveFactor(w http.ResponseWriter, r *http.Request) error {
	t, err := a.bearerSession(r)
	switch {
	case err != nil:
		return err
	case a.isOver(t):
		return errTokenExpired
	case t.Kind != storage.KindTwoFactor || t.Session.Factor == "" || !ofSignIn(t):
		return errInitFactorFirst
	case t.UserBlocked:
		return errUserBlocked
	}
	fields, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return failed
	}
	client, err := a.clientOf(r, t)
	if err != nil {
		return err
	}
	factor, err := a.identity.SecondFactor(r.Context(), t.UserID)
	if err != nil {
		return err // without a factor: 404
	}
	err = a.identity.VerifyOneTimeCode(r.Context(), t.UserID, t.AccessTokenID, t.Session.Factor, codeOf(fields))
	if err != nil {
		return oneTimeCodeError(err)
	}
	if err := a.mayFillFactor(r, factor); err != nil {
		return err
	}
	factor.Factor = t.Session.Factor
	err = a.provider.Store().ReplaceAuthenticationFactor(a.byUser(r, client.ID, t.UserID), *factor, t.Session.FactorBefore)
	if errors.Is(err, storage.ErrConflict) {
		return errTokenInvalid.because(err)
	}
	if err != nil {
		return err
	}
	complete := completed(t, client)
	complete.ScopeRequest = t.Session.ScopeRequest
	if t.Session.FactorBefore != "" { // the sign-in was complete before
		complete.AMR, complete.ACR, complete.AuthTime = t.Session.AMR, t.Session.ACR, t.Session.AuthTime
	}
	issued, err := a.provider.SessionTokens().Issue(r.Context(), complete)
	if err != nil {
		return sessionError(err)
	}
	return a.respond(w, r, http.StatusCreated, newSessionToken(issued))
}
