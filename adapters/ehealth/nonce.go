package ehealth

import (
	"encoding/json"
	"errors"
	"net/http"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// trustedInformationSystem is the type of a client that must authenticate to get a nonce.
const trustedInformationSystem = "TRUSTED_PIS"

var errNonceClientBlocked = unauthorized("access_denied", "Client is blocked")

// nonce is POST /oauth/nonce: what a person signs to sign in (contract section 2.4). The client_id may be in the query;
// a secret may not, for an address is logged.
func (a *loginAPI) nonce(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return failed
	}
	if _, given := fields["client_id"]; !given {
		encoded, err := json.Marshal(r.URL.Query().Get("client_id"))
		if err != nil {
			return err
		}
		fields["client_id"] = encoded
	}
	c := newCheck(fields)
	id, secret := c.clientID(), c.optionalText("client_secret")
	if failed := c.failed(); failed != nil {
		return failed
	}
	client, err := a.provider.Store().Client(r.Context(), id)
	switch {
	case err != nil:
		return err
	case client.IsBlocked:
		return errNonceClientBlocked
	}
	audience := provider.NonceForLogin
	if client.TypeName == trustedInformationSystem {
		if audience = provider.NonceForTrustedClient; secret == "" {
			return invalidFields(map[string]rule{"client_secret": {
				Rule: "required", Description: "required property client_secret was not present", Params: []string{},
			}})
		}
		_, err := a.provider.Clients().AuthenticateSecret(r.Context(), id, secret)
		if err != nil {
			known := oauth.AsError(err)
			if known.Status >= http.StatusInternalServerError || known.Status == http.StatusTooManyRequests {
				return err
			}
			return errClient.because(err)
		}
	}
	token, err := a.provider.Nonces().Issue(r.Context(), audience, client.ID)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, map[string]string{"token": token})
}

// logout is POST /auth/logout: it ends an access token and the refresh token that it came with.
func (a *loginAPI) logout(w http.ResponseWriter, r *http.Request) error {
	value, given := bearerToken(r)
	if !given {
		return errAccessToken
	}
	info, err := a.provider.Tokens().Inspect(r.Context(), value)
	switch {
	case errors.Is(err, provider.ErrInactive), err == nil && (info.Kind != storage.KindAccessToken || info.UserID == ""):
		return errAccessToken.because(err)
	case err != nil:
		return err
	}
	if err := a.provider.Tokens().End(r.Context(), value, info); err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, map[string]string{"id": info.ID})
}
