package registration_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// demands are the rows of the table in docs/profiles.md.
var demands = []struct {
	name string
	of   func(storage.Profile) any
}{
	{"algorithms of signatures, of the client and for it", func(p storage.Profile) any { return p.SigningAlgorithms }},
	{"client authentication", func(p storage.Profile) any { return p.AuthMethods }},
	{"`aud` of client assertions (`assertion_audience`)", func(p storage.Profile) any { return p.AssertionAudience }},
	{"response types", func(p storage.Profile) any { return p.ResponseTypes }},
	{"grant types", func(p storage.Profile) any { return p.GrantTypes }},
	{"signed response (JARM) to", func(p storage.Profile) any { return p.SignedResponse }},
	{"a scope in each request", func(p storage.Profile) any { return p.Scope }},
	{"`redirect_uri` in each request", func(p storage.Profile) any { return p.RedirectURI }},
	{"`nonce` with the scope `openid`", func(p storage.Profile) any { return p.Nonce }},
	{"`state` without the scope `openid`", func(p storage.Profile) any { return p.State }},
	{"`s_hash` in the ID token of an authorization response", func(p storage.Profile) any { return p.StateHash }},
	{"PKCE of each request for a code (`require_pkce`)", func(p storage.Profile) any { return p.PKCE }},
	{"PKCE of each pushed request", func(p storage.Profile) any { return p.PushedPKCE }},
	{"pushed requests (`require_pushed_authorization_requests`)", func(p storage.Profile) any { return p.PushedRequests }},
	{"signed requests (`require_signed_request_object`)", func(p storage.Profile) any { return p.SignedRequests }},
	{"request objects with `aud`, `nbf` and `exp`, within an hour, and nothing beside them",
		func(p storage.Profile) any { return p.StrictRequestObjects }},
	{"access tokens bound to what the client holds", func(p storage.Profile) any { return p.SenderConstraint }},
	{"redirect URIs compared exactly", func(p storage.Profile) any { return p.ExactRedirect }},
	{"redirect URIs of https only", func(p storage.Profile) any { return p.HTTPSRedirect }},
	{"lifetime of a code, in seconds (`code_lifetime`)",
		func(p storage.Profile) any { return int(p.LongestCodeLifetime.Seconds()) }},
	{"a code that comes back (`code_replay`)", func(p storage.Profile) any { return p.CodeReplay }},
	{"refresh tokens (`refresh`)", func(p storage.Profile) any { return p.Refresh }},
	{"refresh tokens of clients without credentials", func(p storage.Profile) any { return p.PublicRefresh }},
}

func cell(demand any) string {
	switch demand := demand.(type) {
	case bool:
		if demand {
			return "yes"
		}
	case []string:
		if demand != nil {
			return strings.Join(demand, ", ")
		}
	default:
		if text := fmt.Sprint(demand); text != "" && text != "0" {
			return text
		}
	}
	return "—"
}

func TestTheTableOfProfilesIsDocumented(t *testing.T) {
	table := "| demand |"
	rule := "|---|"
	for _, p := range storage.Profiles {
		table, rule = table+" `"+p.Name+"` |", rule+"---|"
	}
	table += "\n" + rule + "\n"
	for _, demand := range demands {
		table += "| " + demand.name + " |"
		for _, p := range storage.Profiles {
			table += " " + cell(demand.of(p)) + " |"
		}
		table += "\n"
	}
	document, err := os.ReadFile("../../docs/profiles.md")
	require.NoError(t, err)
	require.Contains(t, string(document), "\n"+table+"\n")
}

// profiled is a client that a profile was applied to, and that needs nothing more.
func profiled(t *testing.T, profile string, changes ...func(*storage.Client)) *storage.Client {
	t.Helper()
	client, err := storage.NewClient("bank", storage.PresetStandard, time.Now())
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	client.Name, client.Scope = "Bank", []string{"openid"}
	client.Connections = []*storage.Connection{storage.NewConnection("c", "bank", storage.PresetStandard,
		[]string{"https://bank.example/callback"}, time.Now())}
	client.Metadata.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Use: "sig"}}}
	require.NoError(t, client.ApplyProfile(profile))
	for _, change := range changes {
		change(&client)
	}
	return &client
}

func TestAClientThatAProfileIsAppliedToKeepsToIt(t *testing.T) {
	for _, name := range storage.ProfileNames() {
		client := profiled(t, name)
		require.NoError(t, registration.ValidateClient(client, registration.Rules{}), name)
		require.NoError(t, client.Policy.Validate(), name)
		require.Equal(t, name, client.Profile().Name)
	}
	var client storage.Client
	require.ErrorContains(t, client.ApplyProfile("fapi3"),
		`unknown profile "fapi3": want one of baseline, oauth21, fapi2, fapi2-message-signing, fapi1-advanced`)
	client.Policy.Profile = "of a release to come"
	require.Equal(t, storage.ProfileFAPI2MessageSigning, client.Profile().Name, "the strictest")
}

func TestWhatBreaksAProfileIsRefusedWithWhatIsDemanded(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	const all = "oauth21 fapi2 fapi2-message-signing fapi1-advanced"
	const fapi2 = "fapi2 fapi2-message-signing"
	const fapi = fapi2 + " fapi1-advanced"
	for name, c := range map[string]struct {
		profiles string
		change   func(*storage.Client)
		problem  string
	}{
		"a secret": {fapi, func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodBasic },
			"token_endpoint_auth_method: the profile %s demands one of private_key_jwt, tls_client_auth, self_signed"},
		"RS256 of assertions": {fapi, func(c *storage.Client) { c.Metadata.TokenEndpointAuthSigningAlg = "RS256" },
			"token_endpoint_auth_signing_alg: the profile %s demands one of ES256, PS256"},
		"RS256 of request objects": {fapi, func(c *storage.Client) { c.Metadata.RequestObjectSigningAlg = "RS256" },
			"request_object_signing_alg: the profile %s demands one of ES256, PS256"},
		"ID tokens of the default algorithm": {fapi, func(c *storage.Client) { c.Metadata.IDTokenSignedResponseAlg = "" },
			"id_token_signed_response_alg: the profile %s demands one of ES256, PS256"},
		"access tokens of RS256": {fapi, func(c *storage.Client) { c.Metadata.AccessTokenSigningAlg = "RS256" },
			"access_token_signing_alg: the profile %s demands one of ES256, PS256"},
		"a key for secrecy only": {fapi, func(c *storage.Client) {
			c.Metadata.JWKS.Keys = []jose.JSONWebKey{{Key: weak.Public(), KeyID: "1", Use: "enc"}}
		}, "jwks: has no key that can verify a signature of one of ES256, PS256"},
		"any audience": {fapi2, func(c *storage.Client) { c.Policy.AssertionAudience = storage.AssertionAudienceEndpoint },
			"policy.assertion_audience: the profile %s demands issuer"},
		"no PKCE": {"oauth21 " + fapi2, func(c *storage.Client) { c.Policy.RequirePKCE = false },
			"policy.require_pkce: the profile %s demands true"},
		"plain requests": {fapi2, func(c *storage.Client) { c.Metadata.RequirePushedAuthorizationRequests = false },
			"require_pushed_authorization_requests: the profile %s demands true"},
		"unsigned requests": {"fapi2-message-signing fapi1-advanced",
			func(c *storage.Client) { c.Metadata.RequireSignedRequestObject = false },
			"require_signed_request_object: the profile %s demands true"},
		"bearer tokens": {fapi2, func(c *storage.Client) { c.Metadata.DPoPBoundAccessTokens = false },
			"dpop_bound_access_tokens: the profile %s demands that one of dpop_bound_access_tokens, " +
				"tls_client_certificate_bound_access_tokens is true"},
		"tokens bound to a key alone": {"fapi1-advanced", func(c *storage.Client) {
			c.Metadata.DPoPBoundAccessTokens, c.Metadata.CertificateBoundAccessTokens = true, false
		}, "the profile %s demands that tls_client_certificate_bound_access_tokens is true"},
		"a public client": {fapi, func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone },
			"token_endpoint_auth_method: the profile %s demands one of private_key_jwt, tls_client_auth"},
		"a long code": {all, func(c *storage.Client) { c.Policy.CodeLifetime = time.Hour },
			"policy.code_lifetime: the profile %s demands"},
		"a code that may come back": {all, func(c *storage.Client) { c.Policy.CodeReplay = storage.CodeReplayRefuse },
			"policy.code_replay: the profile %s demands revoke"},
		"rotation": {fapi2, func(c *storage.Client) { c.Policy.Refresh = storage.RefreshRotate },
			"policy.refresh: the profile %s demands reuse"},
		"a public client without rotation": {"oauth21", func(c *storage.Client) {
			c.Metadata.TokenEndpointAuthMethod, c.Policy.Refresh = storage.AuthMethodNone, storage.RefreshReuse
		}, "policy.refresh: the profile %s demands rotate"},
		"tokens in the browser": {"oauth21 " + fapi2, func(c *storage.Client) {
			c.Metadata.ResponseTypes = []string{"code id_token"}
			c.Metadata.GrantTypes = append(c.Metadata.GrantTypes, "implicit")
		}, "response_types: the profile %s demands code"},
		"devices": {fapi, func(c *storage.Client) {
			c.Metadata.GrantTypes = append(c.Metadata.GrantTypes, storage.GrantTypeDeviceCode)
		}, "grant_types: the profile %s demands one of authorization_code, implicit, refresh_token, client_credentials"},
		"an app's redirect URI": {fapi, func(c *storage.Client) {
			c.Metadata.ApplicationType = "native"
			c.Connections[0].RedirectURIs = []string{"http://127.0.0.1/callback"}
		}, `redirect_uris: "http://127.0.0.1/callback": the profile %s demands https`},
		"prefixes": {all, func(c *storage.Client) { c.Connections[0].RedirectMatch = storage.RedirectMatchPrefix },
			"redirect_uris: the profile %s demands that they are compared exactly"},
	} {
		for _, profile := range strings.Fields(c.profiles) {
			err := registration.ValidateClient(profiled(t, profile, c.change), registration.Rules{})
			require.ErrorContains(t, err, strings.ReplaceAll(c.problem, "%s", profile), "%s: %s", profile, name)
		}
		if !strings.Contains(name, "key for secrecy") && name != "RS256 of request objects" { // which no key verifies
			baseline := profiled(t, storage.ProfileBaseline, c.change)
			require.NoError(t, registration.ValidateClient(baseline, registration.Rules{}), "baseline: %s", name)
		}
	}
}

func TestAClientWithoutCodesNeedNotBeHeldToWhatIsAboutCodes(t *testing.T) {
	require.NoError(t, registration.ValidateClient(profiled(t, storage.ProfileFAPI2, func(c *storage.Client) {
		c.Metadata.GrantTypes, c.Metadata.ResponseTypes = []string{"client_credentials"}, nil
		c.Metadata.RequirePushedAuthorizationRequests = false
		c.Connections[0].RedirectURIs = nil
	}), registration.Rules{}))
}
