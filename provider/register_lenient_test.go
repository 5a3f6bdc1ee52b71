package provider_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/registration"
)

func TestEmptyMembersOfARegistrationCountAsAbsent(t *testing.T) {
	s := registering(t, generous)
	for _, empty := range []any{nil, "", "  ", []string{}} {
		members := []any{}
		for _, member := range []string{
			"scope", "grant_types", "response_types", "client_name", "contacts", "jwks", "jwks_uri", "logo_uri",
			"default_max_age",
			"subject_type", "token_endpoint_auth_method", "application_type", "id_token_signed_response_alg",
			"sector_identifier_uri",
			"post_logout_redirect_uris", "id_token_encrypted_response_alg", "require_signed_request_object", "request_uris",
		} {
			members = append(members, member, empty)
		}
		a := s.registered(metadata(members...))
		stored, err := s.store.LoadClient(t.Context(), a.member("client_id"))
		require.NoError(t, err)
		require.Contains(t, stored.Scope, "openid", "%q", empty)
		require.Equal(t, "client.example", a.member("client_name"))
		require.Equal(t, []any{"authorization_code"}, a.body["grant_types"])
		require.NotEmpty(t, s.browser().code(request(a.member("client_id"), "openid")))
		changed := s.update(a, metadata(append(members, "client_id", a.member("client_id"))...))
		require.Equal(t, http.StatusOK, changed.status, changed.raw)
		s.requireRefused(s.register(metadata("redirect_uris", empty)), http.StatusBadRequest, "invalid_redirect_uri",
			"missing")
	}
}

func TestRegistrationKeepsTheGrantAndResponseTypesThatAreOffered(t *testing.T) {
	s := registering(t, generous)
	a := s.registered(metadata(
		"grant_types",
		[]string{
			"authorization_code",
			"implicit",
			"refresh_token",
			"urn:ietf:params:oauth:grant-type:device_code",
			"password",
		},
		"response_types",
		[]string{"code", "id_token", "code id_token", "none"},
	))
	require.Equal(t, []any{"authorization_code", "refresh_token"}, a.body["grant_types"])
	require.Equal(t, []any{"code"}, a.body["response_types"])
	stored, err := s.store.LoadClient(t.Context(), a.member("client_id"))
	require.NoError(t, err)
	require.Equal(t, []string{"authorization_code", "refresh_token"}, stored.Metadata.GrantTypes)
	require.NotEmpty(t, s.browser().code(request(a.member("client_id"), "openid")))
	a = s.registered(metadata("grant_types", []string{"authorization_code", "client_credentials"}))
	require.Equal(t, []any{"authorization_code"}, a.body["grant_types"], "nobody vouches for the client")
	for _, nothing := range [][]any{
		{"grant_types", []string{"password"}}, {"grant_types", []string{"implicit"}}, {"response_types",
			[]string{"id_token"}},
		{"response_types", []string{"token"}},
	} {
		s.requireRefused(s.register(metadata(nothing...)), http.StatusBadRequest, "invalid_client_metadata",
			nothing[0].(string))
	}
	hybrid := registering(t, func(o *provider.Options) { o.ResponseTypes = []string{"code", "id_token"} })
	a = hybrid.registered(metadata("response_types", []string{"id_token", "id_token token", "code"}))
	require.Equal(t, []any{"id_token", "code"}, a.body["response_types"])
	require.Equal(t, []any{"implicit", "authorization_code"}, a.body["grant_types"])
}

func TestRegistrationResponseNamesScopesOnlyIfTheyWereRequested(t *testing.T) {
	s := registering(t, generous)
	a := s.registered(metadata())
	read := s.call(http.MethodGet, a.member("registration_client_uri"), a.member("registration_access_token"), nil)
	require.NotContains(t, read.body, "scope", "the default, which it did not ask for")
	a = s.registered(metadata("scope", registration.DefaultScope))
	require.Equal(t, registration.DefaultScope, a.member("scope"))
	a = s.registered(metadata("scope", "openid email"))
	require.Equal(t, "openid email", a.member("scope"))
	read = s.call(http.MethodGet, a.member("registration_client_uri"), a.member("registration_access_token"), nil)
	require.Equal(t, "openid email", read.member("scope"))
}

func TestRegistrationRefusesAKeySetWithoutAVerificationKey(t *testing.T) {
	s := registering(t, generous)
	signing := []any{"token_endpoint_auth_method", "private_key_jwt"}
	for _, wrong := range [][]any{
		append(signing, "jwks", keys(key("use", "enc"))),
		append(signing, "jwks", keys(key("use", "enc"), key("use", "enc", "kid", "2"))),
		append(signing, "jwks", keys(key("alg", "ECDH-ES"))),
		append(signing, "jwks", keys(key()), "token_endpoint_auth_signing_alg", "RS256"),
		{"request_object_signing_alg", "ES384", "jwks", keys(key())},
		{"require_signed_request_object", true, "jwks", keys(key("use", "enc"))},
	} {
		s.requireRefused(s.register(metadata(wrong...)), http.StatusBadRequest, "invalid_client_metadata", "jwks")
	}
	s.registered(metadata(append(signing, "jwks", keys(key("use", "enc"), key("kid", "2", "use", "sig")))...))
	s.registered(metadata("jwks", keys(key("use", "enc"))))
}
