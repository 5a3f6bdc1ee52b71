package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAdminAPIOfTheListenerKnowsItsNamedTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newAdministration(t, engine)
		require.Equal(t, http.StatusOK, a.ask(http.MethodGet, "/api/v1/openapi.json", "", "").Code)
		none := a.ask(http.MethodGet, "/api/v1/users", "", "")
		require.Equal(t, http.StatusUnauthorized, none.Code)
		require.Equal(t, "application/problem+json", none.Header().Get("Content-Type"))

		made := a.ask(http.MethodPost, "/api/v1/users", `{"email":"olena@example.com"}`, routesToken)
		require.Equal(t, http.StatusCreated, made.Code, made.Body)
		var user struct{ ID string }
		require.NoError(t, json.Unmarshal(made.Body.Bytes(), &user))
		events, err := a.s.store.ListEvents(t.Context(), storage.EventFilter{UserID: user.ID})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, map[string]string{"by": "admin API", "operator": routesOperator}, events[0].Details)
	})
}

func TestAttackWrongTokensAtTheAdminAPIAreCountedWithThoseOfTheListener(t *testing.T) {
	a := newAdministration(t, storagetest.Engines()[0])
	limited := false
	for range 1000 {
		got := a.ask(http.MethodGet, "/api/v1/users", "", "a wrong token")
		if got.Code == http.StatusTooManyRequests {
			require.NotEmpty(t, got.Header().Get("Retry-After"))
			limited = true
			break
		}
		require.Equal(t, http.StatusUnauthorized, got.Code)
	}
	require.True(t, limited)
	require.Equal(t, http.StatusTooManyRequests, a.ask(http.MethodGet, "/admin/users", "", "a wrong token").Code)
	require.Equal(t, http.StatusOK, a.ask(http.MethodGet, "/api/v1/users", "", routesToken).Code,
		"a right token passes however many were wrong")
}

func TestAttackAdminAPIWithoutTokensIsAskedByNamesOfThisMachineOnly(t *testing.T) {
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Database.URL, s.AdminTokens, s.AdminOpen = storagetest.Engines()[0].Create(t), nil, true
	})
	a := &administered{t: t, s: s}
	ask := func(host string) int {
		return a.ask(http.MethodGet, "http://"+host+"/api/v1/users", "", "").Code
	}
	require.Equal(t, http.StatusOK, ask("localhost"))
	require.Equal(t, http.StatusForbidden, ask("rebound.example"))
}
