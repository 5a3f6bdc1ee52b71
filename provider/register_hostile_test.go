package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
)

// key is a public key with changes to its members.
func key(changes ...string) map[string]any {
	k := map[string]any{
		"kty": "EC", "crv": "P-256", "kid": "1", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
		"y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
	}
	for i := 0; i < len(changes); i += 2 {
		k[changes[i]] = changes[i+1]
	}
	return k
}

func keys(list ...map[string]any) map[string]any { return map[string]any{"keys": list} }

func repeated(n int, value string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(value, i)
	}
	return list
}

// generous lets one address register as often as a test needs.
func generous(o *provider.Options) { o.Registration.Rate = 10_000 }

func TestRegistrationRefusesUnsafeRedirectURIs(t *testing.T) {
	s := registering(t, generous)
	for _, uri := range []string{
		"https://client.example/callback#fragment", "https://client.example/callback#", "javascript:alert(1)",
		"data:text/html,x", "",
		"http://client.example/callback", "//client.example/", "/callback", "https://user@client.example/",
		"com.client.app:/callback",
		"https://client.example/a/../b", "https://client.example/ b", "https://client.example/" + strings.Repeat("x", 2000),
		"https://client.example/\u202egnp", "myapp:/callback", "ftp://client.example/",
	} {
		a := s.register(metadata("redirect_uris", []string{redirectURI, uri}))
		s.requireRefused(a, http.StatusBadRequest, "invalid_redirect_uri", "redirect_uris")
		s.requireRefused(s.register(metadata("post_logout_redirect_uris", []string{uri})), http.StatusBadRequest,
			"invalid_client_metadata", "post_logout_redirect_uris")
	}
	s.requireRefused(s.register(metadata("redirect_uris", []string{})), http.StatusBadRequest, "invalid_redirect_uri",
		"missing")
	s.requireRefused(s.register(metadata("redirect_uris", repeated(101, "https://client.example/"))),
		http.StatusBadRequest, "invalid_redirect_uri", "101 entries: want 100")
}

func TestRegistrationAllowsRedirectURIsByApplicationType(t *testing.T) {
	s := registering(t, func(o *provider.Options) {
		generous(o)
		o.ResponseTypes = []string{"code", "id_token", "code id_token"}
	})
	implicit := []any{"grant_types", []string{"implicit"}, "response_types", []string{"id_token"}}
	for _, uri := range []string{"http://127.0.0.1/cb", "http://[::1]:8080/cb", "http://localhost/cb", redirectURI} {
		s.registered(metadata("redirect_uris", []string{uri}))
		s.registered(metadata("redirect_uris", []string{uri}, "application_type", "native"))
	}
	s.registered(metadata("redirect_uris", []string{"com.client.app:/cb"}, "application_type", "native"))
	for _, uri := range []string{"http://127.0.0.1/cb", "http://localhost/cb", "https://localhost/cb"} {
		a := s.register(metadata(append(implicit, "redirect_uris", []string{uri})...))
		s.requireRefused(a, http.StatusBadRequest, "invalid_redirect_uri", "implicit")
	}
	s.registered(metadata(implicit...))
}

func TestRegistrationRequiresMatchingGrantAndResponseTypes(t *testing.T) {
	s := registering(t, func(o *provider.Options) {
		generous(o)
		o.ResponseTypes = []string{"code", "id_token", "id_token token", "code id_token"}
	})
	both := []string{"authorization_code", "implicit"}
	a := s.registered(metadata("grant_types", both, "response_types", []string{"id_token code", "token id_token", "code"}))
	require.Equal(t, []any{"code id_token", "id_token token", "code"}, a.body["response_types"])
	a = s.registered(metadata("response_types", []string{"code id_token"}))
	require.Equal(t, []any{"authorization_code", "implicit"}, a.body["grant_types"], "what the response types need")
	for _, wrong := range []struct {
		grants, responses []string
		terms             string
	}{
		{[]string{"authorization_code"}, []string{"code id_token"}, "lack implicit"},
		{[]string{"implicit"}, []string{"code"}, "lack authorization_code"},
		{both, []string{"code token"}, "not supported: want some of code; id_token; id_token token; code id_token"},
		{both, []string{"code code"}, "not supported"},
		{both, []string{"none"}, "not supported"},
		{[]string{"password"}, nil, "can't be had: want some of authorization_code, implicit, refresh_token"},
		{repeated(101, "x"), nil, "101 entries"},
	} {
		a := s.register(metadata("grant_types", wrong.grants, "response_types", wrong.responses))
		s.requireRefused(a, http.StatusBadRequest, "invalid_client_metadata", wrong.terms)
	}
}

func TestRegistrationRefusesInvalidMetadataWithTheReason(t *testing.T) {
	s := registering(t, generous)
	for _, wrong := range []struct {
		member string
		value  any
		terms  string
	}{
		{"logo_uri", "javascript:alert(1)", "want an https URL"},
		{"logo_uri", "http://client.example/logo.png", "want an https URL"},
		{"logo_uri", "https://client.example;script-src/logo.png", "want an https URL"},
		{"client_uri", "https://name:word@client.example/", "without user information"},
		{"policy_uri", "https:///policy", "want an https URL"},
		{"tos_uri", "https://client.example/#terms", "fragment"},
		{"initiate_login_uri", "http://client.example/login", "want an https URL"},
		{"backchannel_logout_uri", "http://127.0.0.1/logout", "want an https URL"},
		{"backchannel_logout_uri", "https://client.example/logout#x", "fragment"},
		{"frontchannel_logout_uri", "https://other.example/logout", "one of the redirect_uris"},
		{"request_uris", []string{"http://client.example/request"}, "want an https URL"},
		{"request_uris", repeated(101, "https://client.example/"), "101 entries"},
		{"jwks_uri", "file:///etc/passwd", "want an https URL"},
		{"client_name", strings.Repeat("Клініка", 72), "504 characters: want 500 at most"},
		{"client_name", "Bank\u202eknaB", "invisible character U+202E"},
		{"client_name", "Bank\u0000", "invisible character U+0000"},
		{"client_name", "Bank\nof", "invisible character U+000A"},
		{"client_name", 7, "can't be 7: want a string"},
		{"contacts", repeated(101, "a@client.example"), "101 entries"},
		{"contacts", "a@client.example", "want an array of strings"},
		{"default_max_age", -1, "want a number of seconds, 0 or more"},
		{"default_max_age", "60", "want a whole number"},
		{"default_acr_values", []string{"1 2"}, "want one value each"},
		{"require_auth_time", "true", "want true or false"},
		{"subject_type", "secret", "want one of public, pairwise"},
		{"application_type", "desktop", "want one of web, native"},
		{"sector_identifier_uri", "http://client.example/sector", "want an https URL"},
		{"token_endpoint_auth_method", "tls_client_auth", "want one of none, client_secret_basic"},
		{"token_endpoint_auth_signing_alg", "none", "not supported"},
		{"id_token_signed_response_alg", "none", "want one of RS256, ES256, EdDSA"},
		{"id_token_signed_response_alg", "HS256", "want one of RS256, ES256, EdDSA"},
		{"userinfo_signed_response_alg", "none", "want one of RS256, ES256, EdDSA"},
		{"request_object_signing_alg", "none", "not supported"},
		{"require_signed_request_object", true, "wants jwks or jwks_uri"},
		{"id_token_encrypted_response_alg", "RSA-OAEP", "encryption is not supported"},
		{"userinfo_encrypted_response_enc", "A128GCM", "encryption is not supported"},
		{"request_object_encryption_alg", "RSA-OAEP", "encryption is not supported"},
		{"scope", []string{"openid"}, "want a string"},
		{"jwks", map[string]any{"keys": []any{}}, "has 0 keys"},
		{"jwks", keys(key("d", "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE")), "private or symmetric"},
		{"jwks", keys(map[string]any{"kty": "oct", "k": "c2VjcmV0"}), "private or symmetric"},
		{"jwks", keys(map[string]any{"kty": "RSA", "n": strings.Repeat("A", 170) + "w", "e": "AQAB"}), "bits: want 2048"},
		{"jwks", keys(key(), key()), "several keys with the kid"},
		{"jwks", keys(key("kty", "unheard of")), "has 0 keys"},
		{"jwks", keys(key("x", "AAAA")), "has 0 keys"},
		{"jwks", "https://client.example/jwks", "no JSON Web Key Set"},
	} {
		a := s.register(metadata(wrong.member, wrong.value))
		s.requireRefused(a, http.StatusBadRequest, "invalid_client_metadata", wrong.member, wrong.terms)
	}
	byKey := []any{
		"token_endpoint_auth_method",
		"private_key_jwt",
		"jwks",
		keys(key()),
		"token_endpoint_auth_signing_alg",
		"HS256",
	}
	bySecret := []any{"token_endpoint_auth_method", "client_secret_jwt", "token_endpoint_auth_signing_alg", "RS256"}
	for terms, members := range map[string][]any{
		"want one of them":       {"jwks", keys(key()), "jwks_uri", "https://client.example/jwks"},
		"wants jwks or jwks_uri": {"token_endpoint_auth_method", "private_key_jwt"},
		"wants a secret that is sig": {"token_endpoint_auth_method", "client_secret_post", "request_object_signing_alg",
			"HS256"},
		"want one of RS256, RS384": byKey,
		"want one of HS256, HS384": bySecret,
	} {
		a := s.register(metadata(members...))
		require.Contains(t, a.member("error_description"), terms)
		require.Equal(t, http.StatusBadRequest, a.status)
	}
}

func TestRegistrationRefusesABodyThatIsNoMetadata(t *testing.T) {
	s := registering(t, generous)
	uri := `"redirect_uris":["` + redirectURI + `"]`
	for _, body := range []string{
		"", "null", "[]", `"text"`, "{", `{` + uri + `}{}`, `{` + uri + `,` + uri + `}`, `{` + uri + `,"scope":"a",` +
			`"scope":"b"}`,
		"{" + uri + `,"client_name":"` + "\xff" + `"}`, strings.Repeat("[", 60_000),
	} {
		s.requireRefused(s.register(body), http.StatusBadRequest, "invalid_client_metadata", "no JSON object")
	}
	duplicate := `{` + uri + `,"jwks":{"keys":[{"kty":"RSA","kty":"EC"}]}}`
	s.requireRefused(s.register(duplicate), http.StatusBadRequest, "invalid_client_metadata", "jwks")
	s.requireRefused(s.register(strings.Repeat(" ", 64<<10)+"{}"), http.StatusRequestEntityTooLarge, "invalid_request",
		"65536 bytes")
	s.requireRefused(s.post(oauth.PathRegister, "", nil), http.StatusBadRequest, "invalid_request", "application/json")
	require.Equal(t, http.StatusMethodNotAllowed, s.call(http.MethodGet, s.server.URL+oauth.PathRegister, "", nil).status)

	empty := map[string]any{}
	for _, member := range []string{"jwks", "jwks_uri", "scope", "default_max_age", "contacts",
		"id_token_encrypted_response_alg"} {
		empty[member] = nil
	}
	empty["redirect_uris"] = []string{redirectURI}
	encoded, err := json.Marshal(empty)
	require.NoError(t, err)
	a := s.registered(string(encoded))
	require.Equal(t, "client.example", a.member("client_name"), "null is the same as nothing; a page needs some name")
	require.Equal(t, http.StatusBadRequest, s.register(`{"Redirect_URIs":["`+redirectURI+`"]}`).status,
		"names are compared by case")
}

func TestRegistrationStoresAndReturnsAKeySet(t *testing.T) {
	s := registering(t, nil)
	a := s.registered(metadata("token_endpoint_auth_method", "private_key_jwt", "jwks", keys(key(), key("kid", "2"))))
	require.NotContains(t, a.body, "client_secret")
	registered, err := json.Marshal(a.body["jwks"])
	require.NoError(t, err)
	want, err := json.Marshal(keys(key(), key("kid", "2")))
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(registered))
}
