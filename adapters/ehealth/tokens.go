package ehealth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"ithildin/provider"
)

// maximumBody bounds a request's body, in bytes (contract section 2.0).
const maximumBody = 8_000_000

// token is the data of a successful answer (contract 2.1.1, 2.1.2).
type token struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Value     string  `json:"value"`
	UserID    string  `json:"user_id"`
	ExpiresAt int64   `json:"expires_at"` // epoch seconds
	Details   details `json:"details"`
}

type details struct {
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token"` // "" where the client's policy issues none
	RedirectURI  string `json:"redirect_uri,omitempty"`
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
}

// tokens is POST /oauth/tokens: unwrap, exchange, rewrap. Headers that claim to authenticate are ignored, as they always
// were: deployed clients send an old token there.
func (a *Adapter) tokens(w http.ResponseWriter, r *http.Request) {
	fields, failed := readToken(w, r)
	if failed != nil {
		a.writeFailure(w, r, *failed)
		return
	}
	form, failed := unwrap(fields)
	if failed == nil {
		failed = a.scopeRequired(r.Context(), fields, form)
	}
	if failed != nil {
		a.writeFailure(w, r, *failed)
		return
	}
	set, err := a.provider.Exchange(r.Context(), provider.TokenRequest{Form: form})
	if err != nil {
		a.writeFailure(w, r, a.explain(r.Context(), form, err))
		return
	}
	a.write(w, r, envelope{Meta: meta{Code: http.StatusCreated}, Data: token{
		ID: set.AccessTokenID, Name: "access_token", Value: set.AccessToken, UserID: set.UserID, ExpiresAt: set.ExpiresAt,
		Details: details{
			Scope: set.Scope, RefreshToken: set.RefreshToken, RedirectURI: set.RedirectURI, GrantType: set.GrantType,
			ClientID: set.ClientID,
		},
	}})
}

// readToken reads the members of the token object. Of a member given twice the last counts, and unknown ones are ignored.
func readToken(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, *failure) {
	body, failed := readBody(w, r)
	if failed != nil {
		return nil, failed
	}
	var request map[string]json.RawMessage
	if !utf8.Valid(body) || !json.Valid(body) || json.Unmarshal(body, &request) != nil {
		return nil, &failureMalformed
	}
	wrapped, given := request["token"]
	if !given {
		return nil, &failureMalformed
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(wrapped, &fields) != nil || fields == nil {
		return nil, &failureGrantTypeMissing
	}
	return fields, nil
}

// readBody takes a missing Content-Type for a request without parameters.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *failure) {
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		return nil, &failureMalformed
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" && !(strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")) {
		return nil, &failureContentType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &failureTooLarge
	case err != nil:
		return nil, &failureMalformed
	}
	return body, nil
}

// required are the fields of each grant; all of them are strings.
var required = map[string][]string{
	"authorization_code": {"client_id", "client_secret", "code", "redirect_uri"},
	"refresh_token":      {"client_id", "client_secret", "refresh_token"},
}

// unwrap makes the standard form of a token object. scope is no part of it: what a code grants is settled, and a refresh
// answers with what its policy says.
func unwrap(fields map[string]json.RawMessage) (url.Values, *failure) {
	raw, given := fields["grant_type"]
	if !given {
		return nil, &failureGrantTypeMissing
	}
	grantType, _ := text(raw)
	names := required[grantType]
	if names == nil {
		return nil, &failureGrantType
	}
	form := url.Values{"grant_type": {grantType}}
	broken := map[string]rule{}
	for _, name := range names {
		value, isText := text(fields[name])
		switch {
		case !isText:
			broken[name] = ruleString
		case strings.TrimSpace(value) == "":
			broken[name] = ruleRequired
		}
		form.Set(name, value)
	}
	if len(broken) > 0 {
		failed := failureValidation(broken)
		return nil, &failed
	}
	// Only the form with hyphens: the parser takes braces, a URN and bare digits too.
	id, err := uuid.Parse(form.Get("client_id"))
	if err != nil || len(form.Get("client_id")) != len(id.String()) {
		return nil, &failureMalformed
	}
	form.Set("client_id", id.String())
	return form, nil
}

// text reads a string; what is absent or null is an empty one.
func text(raw json.RawMessage) (value string, isText bool) {
	if len(raw) == 0 {
		return "", true
	}
	return value, json.Unmarshal(raw, &value) == nil
}

// scopeRequired is the policy of the connection that the secret selects: for a code a scope must be named, though its
// value is not compared. It comes after the checks of client and secret, which say whose policy it is.
func (a *Adapter) scopeRequired(ctx context.Context, fields map[string]json.RawMessage, form url.Values) *failure {
	scope, isText := text(fields["scope"])
	if form.Get("grant_type") != "authorization_code" || isText && strings.TrimSpace(scope) != "" {
		return nil
	}
	client, err := a.provider.AuthenticateSecret(ctx, form.Get("client_id"), form.Get("client_secret"))
	if err != nil || !client.Connection.RequireScope {
		return nil // whoever the client is not will be told so by the exchange
	}
	broken := ruleRequired
	if !isText {
		broken = ruleString
	}
	failed := failureValidation(map[string]rule{"scope": broken})
	return &failed
}
