package admin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestInitialAccessTokensAreShownOnceListedAndEnded(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		body := map[string]any{"name": "Partner", "registrations": 3}
		made := s.do(http.StatusCreated, http.MethodPost, "/initial-access-tokens", body, "Idempotency-Key", "k")
		value := made.text("initial_access_token")
		require.Len(t, value, 43)
		found, err := s.store.FindInitialAccessToken(t.Context(), storage.Hash(value))
		require.NoError(t, err)
		require.EqualValues(t, 3, found.Remaining)
		again := s.do(http.StatusCreated, http.MethodPost, "/initial-access-tokens", body, "Idempotency-Key", "k")
		require.Equal(t, made.text("id"), again.text("id"))
		require.NotContains(t, again.body, "initial_access_token")
		listed := s.do(http.StatusOK, http.MethodGet, "/initial-access-tokens", nil)
		require.Len(t, listed.items(), 1)
		require.NotContains(t, listed.raw, value)
		path := "/initial-access-tokens/" + made.text("id")
		s.do(http.StatusNoContent, http.MethodDelete, path, nil)
		s.ask(staticToken, http.MethodDelete, path, nil).isProblem(http.StatusNotFound)
		s.ask(staticToken, http.MethodPost, "/initial-access-tokens", body, "Idempotency-Key", "k").
			isProblem(http.StatusGone)
		require.Equal(t, staticName, s.events(storage.EventInitialAccessTokenCreated)[0].Details["operator"])
	})
}

func TestQueuesAreListedWithoutContents(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		now := s.store.Now()
		for range 3 {
			require.NoError(t, s.store.EnqueueMail(t.Context(), storage.QueuedMail{
				ID: s.store.NewID(), Purpose: "notice", Content: []byte("to olena@example.com"), NextAt: now, CreatedAt: now,
				ExpiresAt: now.Add(time.Hour),
			}))
		}
		first := s.do(http.StatusOK, http.MethodGet, "/mails?limit=2", nil)
		require.Len(t, first.items(), 2)
		require.Equal(t, "notice", first.items()[0]["purpose"])
		require.NotContains(t, first.raw, "olena")
		rest := s.do(http.StatusOK, http.MethodGet, "/mails?limit=2&cursor="+first.text("next_cursor"), nil)
		require.Len(t, rest.items(), 1)

		user := storagetest.User(t, s.store)
		client := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
			c.Metadata.BackchannelLogoutURI = "https://client.example/logout"
		})
		session := s.session(user)
		storagetest.Grant(t, s.store, client, user, func(g *storage.Grant) { g.SessionID = session })
		s.do(http.StatusNoContent, http.MethodDelete, "/users/"+user.ID+"/sessions", nil)
		deliveries := s.do(http.StatusOK, http.MethodGet, "/logout-deliveries", nil).items()
		require.Len(t, deliveries, 1)
		require.Equal(t, client.ID, deliveries[0]["client_id"])
		require.Equal(t, session, deliveries[0]["session_id"])
	})
}

func TestSettingsAndHealthOfTheProcessAreShown(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	settings := s.do(http.StatusOK, http.MethodGet, "/settings", nil).items()
	require.Equal(t, []map[string]any{{"name": "ITHILDIN_SECRET", "value": "1 secret"}}, settings)
	health := s.do(http.StatusOK, http.MethodGet, "/health", nil)
	require.Equal(t, "unavailable", health.text("status"))
	require.Equal(t, "v1.2.3", health.text("version"))
	require.Equal(t, "3s from the database's", health.body["checks"].(map[string]any)["clock"])
}
