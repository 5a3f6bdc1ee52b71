package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// gatewayExample is the example of nginx as a gateway.
const gatewayExample = "../../deploy/proxies/nginx/gateway.conf"

// startNginx runs nginx in front of an upstream that answers with the headers it got, with the configuration that the
// guide shows, and returns its address.
func (s *stack) startNginx() string { return s.startNginxBefore(s.admin.Listener.Addr().String()) }

// startNginxBefore runs nginx so that it asks an admin listener at an address.
func (s *stack) startNginxBefore(admin string) string {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(r.Header)
	}))
	s.t.Cleanup(upstream.Close)
	server, err := os.ReadFile(gatewayExample)
	require.NoError(s.t, err)
	return storagetest.StartNginx(s.t, func(listen string) string {
		return strings.NewReplacer("127.0.0.1:8000", listen, "127.0.0.1:8081", admin,
			"127.0.0.1:9000", upstream.Listener.Addr().String()).Replace(string(server))
	})
}

func TestNginxForwardsAllowedRequestsAndTheErrorOfOthers(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		nginx := s.startNginx()
		token := bearer(s.token(hospitalID, "legal_entity:read episode:read employee:read employee:write",
			storage.KindAccessToken))
		upstream := func(a reply) (header http.Header) {
			require.Equal(t, http.StatusOK, a.status, a.body)
			require.NoError(t, json.Unmarshal([]byte(a.body), &header))
			return header
		}
		smuggled := []string{
			"X-Consumer-Id", "00000000-0000-4000-8000-000000000001", "X-Person-Id", "somebody else", "X-Consumer-Scope",
			"everything",
			"X-Consumer-Metadata", "{}", "X-Mis-Client-Id", "another", "X-Client-Id", "another",
		}
		got := upstream(s.send("GET", nginx+"/api/entities/1?x=1", append(smuggled, token...)...))
		require.Equal(t, []string{doctorID}, got["X-Consumer-Id"])
		require.Equal(t, []string{personID}, got["X-Person-Id"])
		require.Equal(t, []string{hospitalID}, got["X-Client-Id"])
		require.Equal(t, []string{misID}, got["X-Mis-Client-Id"])
		require.NotContains(t, got.Get("X-Consumer-Scope"), "everything")
		require.Contains(t, got.Get("X-Consumer-Metadata"), `"broker_scope":"legal_entity:read episode:read"`)
		open := upstream(s.send("GET", nginx+"/public", smuggled...))
		for i := 0; i < len(smuggled); i += 2 {
			require.Empty(t, open[http.CanonicalHeaderKey(smuggled[i])], "nobody is signed in there")
		}

		rejected := func(a reply, status int, message string) {
			t.Helper()
			require.Equal(t, status, a.status, a.body)
			require.Equal(t, message, a.message(), a.body)
			require.Equal(t, "application/json", a.header.Get("Content-Type"))
		}
		rejected(s.send("GET", nginx+"/api/entities"), 401, "Authorization header is not set or doesn't contain Bearer token")
		rejected(s.send("GET", nginx+"/api/entities", bearer("bad")...), 401, "Invalid access token")
		allowances := "Your scope does not allow to access this resource. Missing allowances: "
		weak := bearer(s.token(hospitalID, "employee:read", storage.KindAccessToken))
		rejected(s.send("GET", nginx+"/api/entities", weak...), 403, allowances+"legal_entity:read")
		rejected(s.send("GET", nginx+"/api/employees", token...), 403, allowances+"employee:read, employee:write")
		rejected(s.send("GET", nginx+"/api/patients/42/episodes/7", token...), 403, "Access denied")
		s.allows = func(w http.ResponseWriter, _ map[string]any) { _, _ = io.WriteString(w, `{"data":{"result":true}}`) }
		require.Equal(t, http.StatusOK, s.send("GET", nginx+"/api/patients/42/episodes/7", token...).status)
		rejected(s.send("GET", nginx+"/api/patients/42/..%2f..%2fentities", token...), 403,
			"ACL: No matching rule was found for path /api/patients/42/..%2f..%2fentities")
		require.Equal(t, http.StatusOK,
			s.send("GET", nginx+"/public", "X-Forwarded-Uri", "/x", "X-Forwarded-Method", "PUT").status)

		s.admin.Close()
		rejected(s.send("GET", nginx+"/api/entities", token...), 503, "Service is temporarily unavailable. Try later")
	})
}

// Whoever forges what a proxy says chooses neither the address that is audited nor the trace that is recorded, and is
// nobody else at the API.
func TestAttackForgedHeadersPassNoGatewayOfNginx(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		questions := make(chan http.Header, 1)
		admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			questions <- r.Header.Clone()
			s.admin.Config.Handler.ServeHTTP(w, r)
		}))
		t.Cleanup(admin.Close)
		nginx := s.startNginxBefore(admin.Listener.Addr().String())
		forged := []string{
			"X-Forwarded-For", "203.0.113.9", "X-Real-IP", "203.0.113.9", "X-Forwarded-Host", "evil.example",
			"X-Forwarded-Proto", "https", "Forwarded", "for=203.0.113.9;host=evil.example", "Client-Cert", ":AAAA:",
			"Client-Cert-Chain", ":AAAA:", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			"Tracestate", "forged=1",
		}
		token := bearer(s.token(hospitalID, "legal_entity:read", storage.KindAccessToken))
		for path, credentials := range map[string][]string{"/api/entities": token, "/public": nil} {
			got := s.send("GET", nginx+path, slices.Concat(forged, credentials)...)
			require.Equal(t, http.StatusOK, got.status, got.body)
			var upstream http.Header
			require.NoError(t, json.Unmarshal([]byte(got.body), &upstream))
			for _, header := range []http.Header{<-questions, upstream} {
				require.Equal(t, []string{"127.0.0.1"}, header["X-Forwarded-For"], path)
				for i := 0; i < len(forged); i += 2 {
					require.NotContains(t, header.Values(forged[i]), forged[i+1], "%s at %s", forged[i], path)
				}
			}
		}
	})
}

// docs/resource-servers.md promises this of the gateway.
func TestNginxForwardsTokensOfEitherTypeUntilTheyAreRevoked(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		nginx := s.startNginx()
		for _, tokenType := range []string{"at+jwt", "JWT"} {
			token, grantID := s.newJWT(tokenType, s.issuer)
			require.Equal(t, http.StatusOK, s.send("GET", nginx+"/api/entities", bearer(token)...).status, tokenType)
			revoked, err := s.store.RevokeGrant(t.Context(), grantID)
			require.NoError(t, err)
			require.True(t, revoked)
			refused := s.send("GET", nginx+"/api/entities", bearer(token)...)
			require.Equal(t, http.StatusUnauthorized, refused.status, tokenType)
		}
		other, _ := s.newJWT("other+jwt", s.issuer)
		require.Equal(t, http.StatusUnauthorized, s.send("GET", nginx+"/api/entities", bearer(other)...).status)
	})
}

func TestNginxRefusesRequestsWhileTheDatabaseIsUnavailable(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		token := bearer(s.token(hospitalID, "legal_entity:read", storage.KindAccessToken))
		require.NoError(t, s.store.Close())
		got := s.ask("GET", "/api/entities", token...)
		require.Equal(t, http.StatusServiceUnavailable, got.status, got.body)
		require.NotContains(t, got.body, "sql")
	})
}

// What the guide shows is what these tests ran.
func TestGatewayGuideShowsTheTestedNginxConfiguration(t *testing.T) {
	configuration, err := os.ReadFile(gatewayExample)
	require.NoError(t, err)
	guide, err := os.ReadFile("../../docs/gateway.md")
	require.NoError(t, err)
	require.Contains(t, string(guide), "```nginx\n"+string(configuration)+"```")
}
