package ehealth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider"
	"ithildin/storage"
)

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

// tokens is POST /oauth/tokens: unwrap, exchange, rewrap. Headers that claim to authenticate are ignored, as they
// always were: deployed clients send an old token there.
func (a *Adapter) tokens(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readObject(w, r, "token", errGrantTypeMissing)
	if failed != nil {
		return failed
	}
	return a.exchange(w, r, fields)
}

// exchange answers the members of a token object with tokens.
func (a *Adapter) exchange(w http.ResponseWriter, r *http.Request, fields map[string]json.RawMessage) error {
	form, failed := unwrap(fields)
	if failed != nil {
		return failed
	}
	brokenScope := checkScope(fields, form.Get("grant_type"))
	set, err := a.provider.Exchange(r.Context(), provider.TokenRequest{Form: form, LacksScope: brokenScope != nil})
	if errors.Is(err, provider.ErrScopeMissing) {
		return invalidFields(map[string]rule{"scope": *brokenScope})
	}
	if err != nil {
		return diagnose(err)
	}
	set.Allowance.WriteTo(w.Header())
	return a.respond(w, r, http.StatusCreated, token{
		ID: set.AccessTokenID, Name: "access_token", Value: set.AccessToken, UserID: set.UserID,
		ExpiresAt: storage.EpochSeconds(set.ExpiresAt),
		Details: details{
			Scope: set.Scope, RefreshToken: set.RefreshToken, RedirectURI: set.RedirectURI, GrantType: set.GrantType,
			ClientID: set.ClientID,
		},
	})
}

// required are the fields of each grant; all of them are strings.
var required = map[string][]string{
	"authorization_code": {"client_id", "client_secret", "code", "redirect_uri"},
	"refresh_token":      {"client_id", "client_secret", "refresh_token"},
}

// unwrap makes the standard form of a token object. scope is no part of it: what a code grants is settled, and a
// refresh answers with what its policy says.
func unwrap(fields map[string]json.RawMessage) (url.Values, *contractError) {
	raw, given := fields["grant_type"]
	if !given {
		return nil, &errGrantTypeMissing
	}
	grantType, _ := stringOf(raw)
	names := required[grantType]
	if names == nil {
		return nil, &errGrantType
	}
	form := url.Values{"grant_type": {grantType}}
	c := newCheck(fields)
	for _, name := range names {
		form.Set(name, c.stringOf(name))
	}
	if failed := c.failed(); failed != nil {
		return nil, failed
	}
	id, isUUID := parseUUID(form.Get("client_id"))
	if !isUUID {
		return nil, &errMalformed
	}
	form.Set("client_id", id)
	return form, nil
}

// checkScope returns the rule that the scope of a request breaks where its connection requires one: the exchange of a
// code must name a scope, though its value is not compared. nil: none.
func checkScope(fields map[string]json.RawMessage, grantType string) *rule {
	scope, isText := stringOf(fields["scope"])
	switch {
	case grantType != "authorization_code":
		return nil
	case !isText:
		return &ruleString
	case strings.TrimSpace(scope) == "":
		return &ruleRequired
	}
	return nil
}
