package ehealth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/ehealth"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

// A body of small members costs many times its size to read, and needs no credentials.
func TestAttackABodyOfMillionsOfMembers(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		members := strings.Repeat(`"a":0,`, 1_000_000) + `"b":0}`
		for _, body := range []string{
			"{" + members, `{"token":{` + members + "}", `{"token":{"grant_type":"digital_signature",` + members + "}",
			`{"token":{"grant_type":"password","password":"` + strings.Repeat("a", 7_000_000) + `"}}`,
			`{"token":[` + strings.Repeat("[],", 2_000_000) + "0]}", `{"token":{"signed_content":"` +
				strings.Repeat("a", 8_000_000) + `"}}`,
		} {
			for _, path := range []string{"/auth/login", "/oauth/tokens", "/oauth/nonce"} {
				got := w.send(http.MethodPost, path, asJSON, body)
				require.Equal(t, http.StatusRequestEntityTooLarge, got.status, "%s %.60s: %.200s", path, body, got.raw)
				kind, _ := got.fault()
				require.Equal(t, "request_too_large", kind)
			}
			for method, path := range map[string]string{
				http.MethodPost: "/admin/users", http.MethodPut: "/admin/clients/" + hospitalID,
			} {
				require.Equal(t, http.StatusRequestEntityTooLarge, w.ask(method, path, asJSON, body).status, path)
			}
		}
		signed := `{"token":{"grant_type":"digital_signature","client_id":"` + frontID +
			`","scope":"app:authorize","signed_content_encoding":"base64",` +
			`"signed_content":"` + strings.Repeat("YWJj", 1_500_000) + `"}}`
		got := w.send(http.MethodPost, "/auth/login", asJSON, signed)
		require.NotEqual(t, http.StatusRequestEntityTooLarge, got.status, "a signed document may be large: %.200s", got.raw)
	})
}

func TestRequestBeyondTheBodyBudgetIsAnswered503(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		issuer, err := url.Parse("http://127.0.0.1")
		require.NoError(t, err)
		keys := jwks.New(provider.KeyStore{Store: w.store}, jwks.Options{})
		require.NoError(t, keys.Load(t.Context()))
		p, err := provider.New(t.Context(), provider.Options{
			Store: w.store, Keys: keys, Issuer: issuer, Now: time.Now, Bodies: inbound.Limits{Ordinary: 16},
		})
		require.NoError(t, err)
		adapter := ehealth.New(p, ehealth.Options{})
		public, admin := p.Handler(adapter.Mount), p.AdminHandler(unguarded, adapter.MountAdmin)
		for _, c := range []struct {
			handler           http.Handler
			path, kind, terms string
		}{
			{public, "/oauth/tokens", "application/json", `"type":"internal_error"`},
			{public, "/auth/login", "application/json", `"type":"internal_error"`},
			{admin, "/admin/users", "application/json", `"type":"internal_error"`},
			{public, oauth.PathToken, "application/x-www-form-urlencoded", `"error":"temporarily_unavailable"`},
			{public, "/login/sign-in", "application/x-www-form-urlencoded", "temporarily_unavailable"},
		} {
			response := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, strings.NewReader(strings.Repeat("a", 17)))
			r.Header.Set("Content-Type", c.kind)
			c.handler.ServeHTTP(response, r)
			require.Equal(t, http.StatusServiceUnavailable, response.Code, "%s: %s", c.path, response.Body)
			require.Contains(t, response.Body.String(), c.terms, c.path)
			require.NotEmpty(t, response.Header().Get("Retry-After"), c.path)
		}
	})
}
