package provider

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-jose/go-jose/v4/json"

	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// requestObjectClaims are the members of a request object that are about the JWT itself (RFC 9101 4); nil: not given.
type requestObjectClaims struct {
	Issuer    *string         `json:"iss"`
	ClientID  *string         `json:"client_id"`
	Subject   string          `json:"sub"`
	Audience  *oauth.Audience `json:"aud"`
	ExpiresAt *float64        `json:"exp"`
	IssuedAt  *float64        `json:"iat"`
	NotBefore *float64        `json:"nbf"`
}

// notParameters are the members that are about the JWT itself.
var notParameters = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// parameters checks a verified payload and returns the parameters in it.
func (o *requestObjects) parameters(client *storage.Client, payload []byte) (url.Values, error) {
	var claims requestObjectClaims
	members := map[string]json.RawMessage{}
	if err := errors.Join(oauth.DecodeStrictJSON(payload, &claims), oauth.DecodeStrictJSON(payload,
		&members)); err != nil {
		return nil, invalidRequestObject("The claims of the request object can't be read, or one of them is given twice.").
			Because(err)
	}
	if err := o.check(client, claims); err != nil {
		return nil, err
	}
	if client.Profile().StrictRequestObjects {
		if err := o.checkStrictly(claims); err != nil {
			return nil, err
		}
	}
	parameters := url.Values{}
	for name, raw := range members {
		if slices.Contains(notParameters, name) {
			continue
		}
		if name == "request" || name == "request_uri" {
			return nil, invalidRequestObject("A request object must not have another in it (RFC 9101 4).")
		}
		values, ok := parameterValues(name, raw)
		if !ok {
			return nil, invalidRequestObject(
				fmt.Sprintf("The claim %.40q of the request object is %.40s: want a string.", name, raw),
			)
		}
		parameters[name] = values
	}
	return parameters, nil
}

func (o *requestObjects) check(client *storage.Client, c requestObjectClaims) error {
	now := float64(o.store.Now().Unix())
	switch {
	case c.Issuer != nil && *c.Issuer != client.ID:
		return invalidRequestObject(fmt.Sprintf("The iss of the request object is %.60q: want the client_id.", *c.Issuer))
	case c.ClientID != nil && *c.ClientID != client.ID:
		return invalidRequestObject(fmt.Sprintf("The client_id is %.60q in the request object and %.60q outside.",
			*c.ClientID, client.ID))
	case c.Subject == client.ID:
		// Whoever sees the address bar could authenticate with it.
		return invalidRequestObject("The sub of a request object must not be the client_id (RFC 9101 10.8).")
	case c.Audience != nil && !slices.Contains(*c.Audience, o.issuer):
		return invalidRequestObject(fmt.Sprintf("The aud of the request object is %.200q: want %q.", *c.Audience, o.issuer))
	case c.ExpiresAt != nil && *c.ExpiresAt <= now-clientauth.AssertionLeeway:
		return invalidRequestObject("The request object has expired.")
	case c.IssuedAt != nil && *c.IssuedAt > now+clientauth.AssertionLeeway,
		c.NotBefore != nil && *c.NotBefore > now+clientauth.AssertionLeeway:
		return invalidRequestObject("The iat or nbf of the request object is in the future.")
	}
	return nil
}

// longestRequestObject is how long a request object may be good by a strict profile, in seconds: from nbf to exp, and
// since nbf (FAPI 2.0 Message Signing 5.3.1, FAPI 1.0 Advanced 5.2.2).
const longestRequestObject = 3600

// checkStrictly asks for what FAPI demands of a request object beside what RFC 9101 does.
func (o *requestObjects) checkStrictly(c requestObjectClaims) error {
	now := float64(o.store.Now().Unix())
	switch {
	case c.Audience == nil:
		return invalidRequestObject(fmt.Sprintf("The request object has no aud: want %q.", o.issuer))
	case c.ExpiresAt == nil || c.NotBefore == nil:
		return invalidRequestObject("The request object must have nbf and exp.")
	case *c.ExpiresAt-*c.NotBefore > longestRequestObject || now-*c.NotBefore > longestRequestObject:
		return invalidRequestObject(fmt.Sprintf("The nbf of the request object must be within %d seconds before its exp "+
			"and before now.", longestRequestObject))
	}
	return nil
}

// parameterValues makes of a member what the same parameter is in a query: of max_age its number, of claims and
// authorization_details their JSON, and of a repeatable parameter each string in a list. Of any other only a string can
// be meant.
func parameterValues(name string, raw json.RawMessage) (values []string, ok bool) {
	var content string
	switch {
	case name != parameterDetails && json.Unmarshal(raw, &content) == nil && raw[0] == '"':
		return []string{content}, true
	case name == "max_age":
		age, err := strconv.ParseUint(string(raw), 10, 63)
		return []string{strconv.FormatUint(age, 10)}, err == nil
	case name == "claims":
		var object map[string]any // whose parts are read here only to find a member that is given twice
		var compact bytes.Buffer
		if json.Unmarshal(raw, &object) != nil || object == nil || json.Compact(&compact, raw) != nil {
			return nil, false
		}
		return []string{compact.String()}, true
	case name == parameterDetails:
		var list []any
		var compact bytes.Buffer
		if json.Unmarshal(raw, &list) != nil || list == nil || json.Compact(&compact, raw) != nil {
			return nil, false
		}
		return []string{compact.String()}, true
	case oauth.Repeatable[name]:
		return values, json.Unmarshal(raw, &values) == nil && len(values) > 0
	}
	return nil, false
}
