package provider

import (
	"slices"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// checkProfile refuses an authorization request that lacks what the security profile of the client demands of it, once
// its response type is known. The scopes and the state are those of its request object, where it has one.
func (a *authorization) checkProfile() error {
	profile := a.client.Profile()
	scope := storage.SplitScope(a.form.Get("scope"))
	isOpenID := slices.Contains(scope, "openid")
	_, signed, _ := oauth.ResponseMode(a.form)
	switch {
	case !signed && slices.Contains(profile.SignedResponse, a.responseType):
		return oauth.InvalidRequest("The profile " + profile.Name + " demands a signed response to the response_type " +
			a.responseType + ": want the response_mode jwt.")
	case profile.Scope && len(scope) == 0:
		return oauth.InvalidRequest("The profile " + profile.Name + " demands a scope.")
	case profile.Nonce && isOpenID && a.form.Get("nonce") == "":
		return oauth.InvalidRequest("The profile " + profile.Name + " demands a nonce with the scope openid.")
	case profile.State && !isOpenID && a.form.Get("state") == "":
		return oauth.InvalidRequest("The profile " + profile.Name + " demands a state without the scope openid.")
	}
	return nil
}
