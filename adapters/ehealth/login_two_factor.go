package ehealth

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/storage"
)

// authorizeTwoFactor is the grant authorize_2fa_access_token (contract section 2.3): the code that a phone got
// completes a sign-in.
func (a *loginAPI) authorizeTwoFactor(w http.ResponseWriter, r *http.Request, fields map[string]json.RawMessage) error {
	code, failed := oneTimeCode(fields)
	if failed != nil {
		return failed
	}
	t, client, phone, err := a.twoFactor(r)
	if err != nil {
		return err
	}
	if err := a.identity.VerifyOneTimeCode(r.Context(), t.UserID, t.AccessTokenID, phone, code); err != nil {
		return oneTimeCodeError(err)
	}
	if err := a.identity.RecordSignIn(r, identity.SignIn{
		ClientID: client.ID, UserID: t.UserID, Proof: identity.ByOneTimeCode,
	}); err != nil {
		return err
	}
	return a.answerSession(w, r, completed(t, client), nextRequestApps)
}

// completed is the token that a sign-in with two steps ends with.
func completed(t *storage.AccessToken, client *storage.Client) provider.SessionToken {
	complete := provider.SessionToken{
		Kind: storage.KindAccessToken, Client: client, UserID: t.UserID, GrantType: t.Session.GrantType,
		RedirectURI: t.Session.RedirectURI, Scope: cmp.Or(t.Session.ScopeRequest, scopeAuthorize),
		AMR: identity.ByOneTimeCode.AMR, ACR: identity.ByOneTimeCode.ACR, PasswordSetAt: t.Session.PasswordSetAt,
	}
	if complete.GrantType == grantChangePassword {
		complete.Kind, complete.ScopeRequest = storage.KindChangePasswordToken, t.Session.ScopeRequest
		complete.Scope = cmp.Or(t.Session.ScopeRequest, scopeChangePassword)
	}
	return complete
}

// refreshTwoFactor is the grant refresh_2fa_access_token: another code, under another token with the same details.
func (a *loginAPI) refreshTwoFactor(w http.ResponseWriter, r *http.Request) error {
	t, client, phone, err := a.twoFactor(r)
	if err != nil {
		return err
	}
	return a.sendAndAnswer(w, r, provider.SessionToken{
		ID: a.provider.Store().NewID(), Kind: storage.KindTwoFactor, Client: client, UserID: t.UserID,
		GrantType: t.Session.GrantType, RedirectURI: t.Session.RedirectURI, ScopeRequest: t.Session.ScopeRequest,
		Factor: t.Session.Factor, FactorType: t.Session.FactorType, FactorBefore: t.Session.FactorBefore,
		AMR: t.Session.AMR, ACR: t.Session.ACR, AuthTime: t.Session.AuthTime, PasswordSetAt: t.Session.PasswordSetAt,
	}, phone, nextRequestOTP)
}

// twoFactor reads the 2fa token of a request, its client, and the phone that the code goes to. A user without a factor
// that is active has none that is set.
func (a *loginAPI) twoFactor(r *http.Request) (*storage.AccessToken, *storage.Client, string, error) {
	t, err := a.sessionTokenOf(r, errTwoFactorType, storage.KindTwoFactor)
	if err != nil {
		return nil, nil, "", err
	}
	client, err := a.clientOf(r, t)
	if err != nil {
		return nil, nil, "", err
	}
	factor, err := a.identity.SecondFactor(r.Context(), t.UserID)
	switch {
	case errors.Is(err, identity.ErrNoFactor), err == nil && factor.Factor == "":
		return nil, nil, "", errFactorNotSet
	case err != nil:
		return nil, nil, "", err
	}
	return t, client, factor.Factor, nil
}
