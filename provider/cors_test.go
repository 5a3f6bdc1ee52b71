package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// fromPage sends a request as the script of a page does.
func (s *stack) fromPage(method, path, origin, contentType, body string, header ...string) reply {
	r, err := http.NewRequestWithContext(s.t.(*testing.T).Context(), method, s.server.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Origin", origin)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return s.send(r)
}

func TestCORSAllowsPagesToReadEveryError(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, func(o *provider.Options) {
			o.Registration = registration.Options{Mode: registration.ByToken}
		})
		s.client("app", func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone })
		const form, origin = "application/x-www-form-urlencoded", "https://client.example"
		for _, failing := range []struct {
			method, path, contentType, body string
			status                          int
		}{
			{http.MethodPost, oauth.PathToken, form, "grant_type=authorization_code&client_id=app&code=wrong", 400},
			{http.MethodPost, oauth.PathToken, form, "grant_type=refresh_token&client_id=app&refresh_token=wrong", 400},
			{http.MethodPost, oauth.PathToken, form, "grant_type=password&client_id=app", 400},
			{http.MethodPost, oauth.PathToken, form, "grant_type=authorization_code&client_id=nobody&code=x", 401},
			{http.MethodPost, oauth.PathToken, form, "a=%zz", 400},
			{http.MethodPost, oauth.PathToken, "application/json", "{}", 400},
			{http.MethodPost, oauth.PathToken, form, "a=" + strings.Repeat("x", 70<<10), 413},
			{http.MethodGet, oauth.PathToken, "", "", 405},
			{http.MethodPut, oauth.PathUserinfo, "", "", 405},
			{http.MethodGet, oauth.PathUserinfo, "", "", 401},
			{http.MethodPost, oauth.PathUserinfo, form, "access_token=wrong", 401},
			{http.MethodPost, oauth.PathRevoke, form, "client_id=app", 400},
			{http.MethodPatch, oauth.PathRevoke, form, "", 405},
			{http.MethodDelete, oauth.PathDiscovery, "", "", 405},
			{http.MethodPost, oauth.PathJWKS, form, "", 405},
			{http.MethodPost, oauth.PathRegister, "application/json", "{}", 401},
			{http.MethodGet, oauth.PathRegister, "", "", 405},
			{http.MethodGet, oauth.PathRegister + "/nobody", "", "", 401},
		} {
			a := s.fromPage(failing.method, failing.path, origin, failing.contentType, failing.body)
			require.Equal(t, failing.status, a.status, "%v: %s", failing, a.raw)
			require.Contains(t, []string{origin, "*"}, a.header.Get("Access-Control-Allow-Origin"), "%v", failing)
			require.Contains(t, a.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate")
			require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
		}
		require.NoError(t, s.store.Close())
		a := s.fromPage(http.MethodPost, oauth.PathToken, origin, form,
			"grant_type=refresh_token&client_id=unread&refresh_token=x")
		require.GreaterOrEqual(t, a.status, 500, a.raw)
		require.Equal(t, origin, a.header.Get("Access-Control-Allow-Origin"), "the database is away")
	})
}

func TestCORSRefusesOtherOriginsOnSuccessAndOnOtherEndpoints(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	for _, path := range []string{
		oauth.PathAuthorize, oauth.PathLogout, oauth.PathIntrospect, oauth.PathSession, "/login/account", "/oauth/tokens",
		"/nothing", oauth.PathRegister,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			a := s.fromPage(method, path, "https://client.example", "", "", "Access-Control-Request-Method", http.MethodPost)
			require.Empty(t, a.header.Get("Access-Control-Allow-Origin"), "%s %s", method, path)
		}
	}
}

func TestCORSPreflightIsAllowedTheRequestedHeaders(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], func(o *provider.Options) {
		o.Registration = registration.Options{Mode: registration.ByToken}
	})
	asked := "authorization, content-type, traceparent, x-requested-with, sentry-trace"
	for _, path := range []string{
		oauth.PathToken, oauth.PathRevoke, oauth.PathUserinfo, oauth.PathDiscovery, oauth.PathServerMetadata,
		oauth.PathJWKS, oauth.PathRegister, oauth.PathRegister + "/some-client",
	} {
		a := s.fromPage(http.MethodOptions, path, "https://client.example", "", "", "Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", asked)
		require.Equal(t, http.StatusNoContent, a.status, path)
		require.Equal(t, asked, a.header.Get("Access-Control-Allow-Headers"), path)
		require.Contains(t, []string{"https://client.example", "*"}, a.header.Get("Access-Control-Allow-Origin"), path)
		require.Contains(t, a.header.Get("Access-Control-Allow-Methods"), "POST", path)
		require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	}
}

// What a preflight asks for comes back as a header of the answer, so it must be a short list of names.
func TestAttackCORSPreflightInjectsThroughHeaderNames(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	for _, asked := range []string{
		"x-a: 1", "x-a;x-b", "<script>", "x-\u0430", `"x"`, "x a", strings.Repeat("x", 5000), strings.Repeat("x,", 65),
	} {
		a := s.fromPage(http.MethodOptions, oauth.PathToken, "https://client.example", "", "",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", asked)
		require.Equal(t, http.StatusNoContent, a.status)
		require.NotContains(t, a.header, "Access-Control-Allow-Headers", "%.60s", asked)
	}
}
