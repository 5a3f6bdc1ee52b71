package server

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
)

func TestAttackDNSRebindingReachesNoAdminListenerWithoutTokens(t *testing.T) {
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) { s.AdminOpen = true })
	ask := func(method, path, host string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(context.Background(), method, path, nil)
		r.Host = host
		r.Header.Set("Origin", "http://"+host) // the page's own origin, to its browser
		s.admin.ServeHTTP(w, r)
		return w.Code
	}
	for _, host := range []string{
		"evil.example:8081", "evil.example", "localhost.evil.example:8081", "127.0.0.1.evil.example", "10.0.0.1:8081",
		"[2001:db8::1]:8081",
		"admin", "", "127.0.0.1@evil.example", "0.0.0.0:8081",
	} {
		require.Equal(t, http.StatusForbidden, ask(http.MethodPost, "/admin/users", host), host)
		require.Equal(t, http.StatusForbidden, ask(http.MethodGet, "/admin/users", host), host)
	}
	require.Equal(t, http.StatusOK, ask(http.MethodGet, "/readyz", "probe.internal"), "a probe may call it what it likes")
}

func TestAdminListenerWithoutTokensAcceptsOnlyItsOwnHostNames(t *testing.T) {
	reached := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	ask := func(s *config.Settings, host string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/admin/users", nil)
		r.Host = host
		newAdminGuard(s).protect(reached).ServeHTTP(w, r)
		return w.Code
	}
	local := &config.Settings{AdminOpen: true, AdminListen: "127.0.0.1:8081", AdminHosts: []string{"admin.internal"}}
	for _, host := range []string{"127.0.0.1:8081", "localhost:8081", "LOCALHOST", "[::1]:8081", "[::1]", "127.0.0.2",
		"Admin.Internal:8081", "admin.internal."} {
		require.Equal(t, http.StatusNoContent, ask(local, host), host)
	}
	network := &config.Settings{AdminOpen: true, AdminListen: "0.0.0.0:8081"}
	for _, host := range []string{"10.0.0.5:8081", "ithildin:8081", "localhost"} {
		require.Equal(t, http.StatusNoContent, ask(network, host), host)
	}
	require.Equal(t, http.StatusForbidden, ask(network, "evil.example:8081"))
}

func TestLogWarnsThatTheAdminAPIRequiresNoToken(t *testing.T) {
	service := newService(t, slog.New(slog.DiscardHandler))
	s := service.settings
	announced := func() string {
		var log bytes.Buffer
		service.logger = slog.New(slog.NewTextHandler(&log, nil))
		service.announce(Build{}, &bytes.Buffer{})
		return log.String()
	}
	const warning = "the admin API requires no token"
	require.NotContains(t, announced(), warning)
	s.AdminOpen = true
	require.Contains(t, announced(), "level=WARN msg=\""+warning)
	s.Dev = true
	require.Contains(t, announced(), warning)
}

func TestMetricsExistBeforeTheirFirstEvent(t *testing.T) {
	s := newService(t, slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	s.admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, series := range []string{
		`ithildin_login_events_total{event="sign_in"} 0`, `ithildin_login_events_total{event="sign_in_failed"} 0`,
		`ithildin_login_events_total{event="user_blocked"} 0`, `ithildin_tokens_issued_total{grant_type="refresh_token"} 0`,
		`ithildin_gateway_decisions_total{outcome="refused"} 0`, `ithildin_janitor_failures_total{task="sweep"} 0`,
		`ithildin_janitor_last_success_seconds{task="sweep"} 1`, `ithildin_backchannel_logouts_total{result="failed"} 0`,
		`ithildin_tokens_refused_total{error="invalid_grant",grant_type="authorization_code"} 0`,
		`ithildin_tokens_refused_total{error="other",grant_type="other"} 0`,
		`ithildin_janitor_rows_total{table="grants",task="sweep"} 0`,
		`ithildin_janitor_rows_total{table="users",task="token_expiration"} 0`,
		`ithildin_janitor_rows_total{table="clients",task="registrations"} 0`,
		`ithildin_client_authentications_total{method="private_key_jwt"} 0`,
		`ithildin_outbound_calls_total{outcome="failed",purpose="sms"} 0`, `ithildin_blocks_total{subject="client"} 0`,
		"ithildin_build_info{",
	} {
		require.Contains(t, w.Body.String(), series)
	}
}

func TestAttackGuessedAdminTokensAreLimitedAndTheRightOnePasses(t *testing.T) {
	reached := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	guard := newAdminGuard(&config.Settings{AdminListen: "0.0.0.0:8081", AdminTokens: []string{"right"}}).protect(reached)
	ask := func(address, token string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/admin/users", nil)
		r.RemoteAddr = address + ":1234"
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		guard.ServeHTTP(w, r)
		return w
	}
	for range 60 {
		ask("192.0.2.1", "wrong")
	}
	limited := ask("192.0.2.1", "wrong")
	require.Equal(t, http.StatusTooManyRequests, limited.Code)
	require.NotEmpty(t, limited.Header().Get("Retry-After"))
	require.Equal(t, http.StatusUnauthorized, ask("192.0.2.2", "wrong").Code)
	require.Equal(t, http.StatusUnauthorized, ask("192.0.2.1", "").Code, "no token is no guess")
	require.Equal(t, http.StatusNoContent, ask("192.0.2.1", "right").Code)
}
