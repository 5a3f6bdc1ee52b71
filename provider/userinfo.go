package provider

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// userinfo is the UserInfo endpoint (OIDC Core 5.3). The token comes in the header or, by POST, in the body; never in
// the query (RFC 6750 2.3 is not offered).
func (e *tokenEndpoints) userinfo(w http.ResponseWriter, r *http.Request) error {
	token, err := bearer(w, r)
	if err != nil {
		return err
	}
	info, err := e.tokens.inspectAccess(r.Context(), token)
	if errors.Is(err, ErrInactive) {
		return oauth.NewError(http.StatusUnauthorized, oauth.CodeInvalidToken,
			"The access token is unknown, expired or revoked.").Because(err)
	}
	if err != nil {
		return err
	}
	scope := storage.SplitScope(info.Scope)
	if info.UserID == "" || !oauth.ContainsAll(scope, []string{"openid"}) {
		return oauth.NewError(http.StatusForbidden, oauth.CodeInsufficientScope,
			"The access token was not granted the scope openid.")
	}
	client, err := e.store.Client(r.Context(), info.ClientID)
	if err != nil {
		return err
	}
	names := slices.Concat(claimsOf(scope), allowedClaims(client, info.Session.ClaimsInUserinfo))
	claims, err := selectClaims(info.UserClaims, names)
	if err != nil {
		return err
	}
	claims["sub"] = info.Subject
	e.cors.AllowOrigin(w, r, info.ClientID)
	if algorithm := client.Metadata.UserinfoSignedResponseAlg; algorithm != "" {
		return e.writeSignedUserinfo(w, client, algorithm, claims)
	}
	return oauth.WriteJSON(w, http.StatusOK, claims)
}

// writeSignedUserinfo answers with a JWT for the client that registered for one (OIDC Core 5.3.2). It has no exp, for
// it is read at once, and no typ, which many libraries would not know: what takes an ID token here asks for the typ of
// one.
func (e *tokenEndpoints) writeSignedUserinfo(
	w http.ResponseWriter,
	client *storage.Client,
	algorithm string,
	claims map[string]any,
) error {
	claims["iss"], claims["aud"] = e.issuer, client.ID
	signed, err := e.keys.Sign(algorithm, "", claims)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/jwt")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(signed)) // a client that is gone has nobody to tell
	return nil
}

// bearer reads the access token of a request (RFC 6750 2.1 and 2.2), from one place only.
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.URL.Query().Has("access_token") {
		return "", oauth.InvalidRequest(
			"The access token must be in the Authorization header or in the body, never in the URL.",
		)
	}
	token, inHeader := oauth.BearerToken(r)
	if r.Method == http.MethodPost &&
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, malformed := oauth.ReadForm(w, r)
		if malformed != nil {
			return "", malformed
		}
		if inBody := form.Get("access_token"); inBody != "" {
			if inHeader {
				return "", oauth.InvalidRequest("The access token is given twice.")
			}
			return inBody, nil
		}
	}
	if !inHeader {
		return "", oauth.NewError(http.StatusUnauthorized, "", "The request carries no access token.")
	}
	return token, nil
}
