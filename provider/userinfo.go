package provider

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// userinfo is the UserInfo endpoint (OIDC Core 5.3). The token comes in the header or, by POST, in the body; never in
// the query (RFC 6750 2.3 is not offered).
func (e *tokenEndpoints) userinfo(w http.ResponseWriter, r *http.Request) error {
	// By this id a client of FAPI finds its request in the logs of both (FAPI 1.0 Baseline 6.2.1).
	if id := r.Header.Get("X-Fapi-Interaction-Id"); uuid.Validate(id) == nil {
		w.Header().Set("X-Fapi-Interaction-Id", id)
	}
	token, proof, err := e.presented(w, r)
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
	if err := e.proofs.Require(r.Context(), info.Confirmation, token, proof); err != nil {
		return oauth.NewError(http.StatusUnauthorized, oauth.CodeInvalidToken,
			"The access token is not its sender's: one that is bound to a key wants the scheme DPoP and a proof of that key "+
				"about this token, one that is bound to a certificate wants that certificate; any other wants the scheme "+
				"Bearer.").Because(err)
	}
	if err := e.proofs.Use(r.Context(), proof); err != nil {
		return unauthorized(err)
	}
	scope := storage.SplitScope(info.Scope)
	if info.UserID == "" || !oauth.ContainsAll(scope, []string{"openid"}) {
		return oauth.NewError(http.StatusForbidden, oauth.CodeInsufficientScope,
			"The access token was not granted the scope openid.")
	}
	client, err := e.tokens.documented.Stored(r.Context(), info.ClientID)
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

// presented reads the access token of a request, from one place only (RFC 6750 2.1 and 2.2), and with the scheme DPoP
// its proof (RFC 9449 7.1). Beside a bearer token a proof does not count.
func (e *tokenEndpoints) presented(w http.ResponseWriter, r *http.Request) (string, *dpop.Proof, error) {
	scheme, token, err := accessTokenOf(w, r)
	if err != nil || scheme != dpop.Header {
		return token, nil, err
	}
	proof, err := e.proofs.ofRequest(w, r, oauth.PathUserinfo)
	if err != nil {
		return "", nil, unauthorized(err)
	}
	if proof == nil {
		return "", nil, oauth.NewError(http.StatusUnauthorized, oauth.CodeInvalidDPoPProof,
			"The request has the scheme DPoP and no DPoP proof.")
	}
	return token, proof, nil
}

// unauthorized is the error of a proof at a protected resource (RFC 9449 7.1).
func unauthorized(err error) error {
	known := *oauth.AsError(err)
	if known.Status == http.StatusBadRequest {
		known.Status = http.StatusUnauthorized
	}
	return &known
}

// ChallengeDPoP is the challenge for tokens that are bound to a key (RFC 9449 7.1).
var ChallengeDPoP = dpop.Header + ` algs="` + strings.Join(clientauth.NamesOf(dpop.Algorithms), " ") + `"`

func accessTokenOf(w http.ResponseWriter, r *http.Request) (scheme, token string, err error) {
	if r.URL.Query().Has("access_token") {
		return "", "", oauth.InvalidRequest(
			"The access token must be in the Authorization header or in the body, never in the URL.",
		)
	}
	scheme, token, inHeader := oauth.TokenOf(r)
	if r.Method == http.MethodPost &&
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, malformed := oauth.ReadForm(w, r)
		if malformed != nil {
			return "", "", malformed
		}
		if inBody := form.Get("access_token"); inBody != "" {
			if inHeader {
				return "", "", oauth.InvalidRequest("The access token is given twice.")
			}
			return "", inBody, nil
		}
	}
	if !inHeader {
		return "", "", oauth.NewError(http.StatusUnauthorized, "", "The request carries no access token.")
	}
	return scheme, token, nil
}
