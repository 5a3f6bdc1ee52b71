package registration

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"

	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

const (
	maximumRegistration = 64 << 10 // bytes of a body
	maximumProblems     = 1000     // bytes of what is said about it
)

// metadataRequest is what a client says of itself (RFC 7591 section 2, OIDC Registration section 2), and what it
// repeats in an update (RFC 7592 section 2.2).
type metadataRequest struct {
	storage.Metadata
	RedirectURIs []string `json:"redirect_uris"`
	ClientName   string   `json:"client_name"`
	Scope        *string  `json:"scope"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
}

// readRegistration reads the body. The JSON is of the strict kind that go-jose reads: names are compared by case, and
// none may come twice. Members that are not known are ignored, and so is what is empty: null (RFC 7592 section 2.2), ""
// and [].
func readRegistration(w http.ResponseWriter, r *http.Request) (*metadataRequest, error) {
	body, malformed := oauth.ReadBody(w, r, "application/json", maximumRegistration)
	if malformed != nil {
		return nil, malformed
	}
	return parseMetadata(body)
}

// parseMetadata reads metadata as JSON. The error is an *oauth.Error.
func parseMetadata(body []byte) (*metadataRequest, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil || !utf8.Valid(body) {
		return nil, oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidClientMetadata,
			"The body is no JSON object in UTF-8 whose members have a name each.").Because(err)
	}
	request := &metadataRequest{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := request.read(name, members[name]); err != nil {
			return nil, asMetadataError(err)
		}
	}
	return request, nil
}

// read takes one member. Those in other languages (client_name#uk) are accepted, and the one without a language counts.
func (q *metadataRequest) read(name string, value json.RawMessage) error {
	switch {
	case isEmpty(value):
		return nil
	case strings.Contains(name, "_encrypted_response_") || strings.HasPrefix(name, "request_object_encryption_"):
		return &MetadataError{Member: name, Problem: "encryption is not supported: leave it out"}
	}
	member, err := json.Marshal(map[string]*json.RawMessage{name: &value})
	if err != nil {
		return err
	}
	if name == "jwks" { // keys of kinds that are not known do not count, and nothing remembers key_ops later
		if q.JWKS, err = clientauth.ParseKeySet(value); err != nil {
			return &MetadataError{Member: name, Problem: "is no JSON Web Key Set (RFC 7517)"}
		}
		return nil
	}
	if err := json.Unmarshal(member, q); err != nil {
		return &MetadataError{Member: name, Problem: fmt.Sprintf("can't be %.60s: want %s", value, wanted(err))}
	}
	return nil
}

// isEmpty says that a member says nothing, and so counts as one that was left out.
func isEmpty(value json.RawMessage) bool {
	var content string
	var list []json.RawMessage
	switch {
	case string(value) == "null":
		return true
	case json.Unmarshal(value, &content) == nil:
		return strings.TrimSpace(content) == ""
	}
	return json.Unmarshal(value, &list) == nil && len(list) == 0
}

func wanted(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return "something else"
	}
	kind := wrong.Type.String()
	terms := map[string]string{
		"[]string": "an array of strings", "string": "a string", "bool": "true or false", "int64": "a whole number",
	}
	if terms[kind] == "" {
		return "another type"
	}
	return terms[kind]
}

// apply makes a client's metadata, scope and redirect URIs what the request asks for, with the defaults of section 2
// of RFC 7591. Of scopes it gets what is allowed, and of grant and response types what the rules have; what only an
// operator gives stays as it is.
func (q *metadataRequest) apply(client *storage.Client, allowed []string, rules Rules) {
	before := client.Metadata
	q.setDefaults(rules)
	q.resolveScope(client, allowed)
	client.Metadata = q.Metadata
	client.Metadata.Audience, client.Metadata.AllowedCORSOrigins = before.Audience, before.AllowedCORSOrigins
	client.Metadata.AccessTokenSigningAlg = before.AccessTokenSigningAlg
	client.Metadata.AuthorizationDetailsTypes = before.AuthorizationDetailsTypes
	client.Connections[0].RedirectURIs = q.RedirectURIs
	client.Name = q.ClientName
	if client.Name == "" { // a consent page must name somebody
		client.Name = client.ID
		if len(q.RedirectURIs) > 0 {
			if u, err := url.Parse(q.RedirectURIs[0]); err == nil && u.Hostname() != "" {
				client.Name = u.Hostname()
			}
		}
	}
}

func (q *metadataRequest) setDefaults(rules Rules) {
	for i, responseType := range q.ResponseTypes {
		if known := oauth.NormalizeResponseType(responseType); known != "" {
			q.ResponseTypes[i] = known
		}
	}
	q.ResponseTypes = offered(q.ResponseTypes, rules.ResponseTypes)
	if q.GrantTypes = offered(q.GrantTypes, rules.GrantTypes); len(q.GrantTypes) == 0 {
		q.GrantTypes = q.neededGrants()
	}
	if len(q.ResponseTypes) == 0 && slices.Contains(q.GrantTypes, "authorization_code") {
		q.ResponseTypes = []string{"code"}
	}
	for value, standard := range map[*string]string{
		&q.ApplicationType: applicationWeb, &q.TokenEndpointAuthMethod: storage.AuthMethodBasic,
		&q.IDTokenSignedResponseAlg: "RS256", &q.SubjectType: storage.SubjectTypePublic,
	} {
		if *value == "" {
			*value = standard
		}
	}
}

// offered are those of the asked that there are: a client may be registered with less than it asks for, if it is told
// (RFC 7591 section 3.2.1). Where there are none of them the list stays, to be refused, and so does one that is too
// long.
func offered(asked, served []string) []string {
	if len(asked) > maximumListed {
		return asked
	}
	kept := slices.DeleteFunc(slices.Clone(asked), func(name string) bool { return !slices.Contains(served, name) })
	if len(kept) == 0 {
		return asked
	}
	return kept
}

// neededGrants are those of the response types, and authorization_code where there are none of these either.
func (q *metadataRequest) neededGrants() []string {
	var grants []string
	for _, responseType := range q.ResponseTypes {
		for _, grant := range grantsOf(responseType) {
			if !slices.Contains(grants, grant) {
				grants = append(grants, grant)
			}
		}
	}
	if grants == nil {
		grants = []string{"authorization_code"}
	}
	return grants
}

// resolveScope keeps the grant refresh_token and the scope offline_access together, since neither works alone.
func (q *metadataRequest) resolveScope(client *storage.Client, allowed []string) {
	client.Scope = allowed
	if q.Scope != nil {
		client.Scope = slices.DeleteFunc(storage.SplitScope(*q.Scope), func(name string) bool {
			return !slices.Contains(allowed, name)
		})
	}
	refreshes := slices.Contains(q.GrantTypes, "refresh_token")
	offline := slices.Contains(client.Scope, "offline_access")
	switch {
	case refreshes && !offline && slices.Contains(allowed, "offline_access"):
		client.Scope = append(client.Scope, "offline_access")
	case offline && !refreshes && q.Scope != nil:
		q.GrantTypes = append(q.GrantTypes, "refresh_token")
	}
}

// asMetadataError gives what ValidateClient found its public face. The first problem gives the code.
func asMetadataError(err error) *oauth.Error {
	code := oauth.CodeInvalidClientMetadata
	var first *MetadataError
	if errors.As(err, &first) && first.Member == "redirect_uris" {
		code = oauth.CodeInvalidRedirectURI
	}
	description := strings.ReplaceAll(err.Error(), "\n", "; ")
	return oauth.NewError(http.StatusBadRequest, code, description[:min(len(description), maximumProblems)])
}
