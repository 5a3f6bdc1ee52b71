package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// consoleSession stores a session of a user in the console.
func consoleSession(t *testing.T, s *suite, u storage.User, cookie string) storage.ConsoleSession {
	t.Helper()
	now := s.store.Now()
	session := storage.ConsoleSession{
		ID: storage.Hash(cookie), UserID: u.ID, AuthTime: now.Add(-time.Minute), Address: "192.0.2.7", CreatedAt: now,
		LastUsedAt: now, ExpiresAt: now.Add(8 * time.Hour),
	}
	require.NoError(t, s.store.CreateConsoleSession(t.Context(), session))
	return session
}

func consoleSessions(t *testing.T, s *suite) {
	const idle = 15 * time.Minute
	t.Run("A session lasts while it is used, and no longer than it may", func(t *testing.T) {
		want := consoleSession(t, s, User(t, s.store), "used")
		for range 40 { // ten hours
			s.clock.Advance(idle - time.Second)
			got, err := s.store.UseConsoleSession(t.Context(), want.ID, idle)
			if s.store.Now().Before(want.ExpiresAt) {
				require.NoError(t, err)
				want.LastUsedAt = s.store.Now()
				require.Equal(t, want, *got)
				continue
			}
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
	})
	t.Run("A session that is not used ends", func(t *testing.T) {
		session := consoleSession(t, s, User(t, s.store), "idle")
		s.clock.Advance(idle)
		_, err := s.store.UseConsoleSession(t.Context(), session.ID, idle)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("A session is ended alone, and all of a user with one call", func(t *testing.T) {
		u := User(t, s.store)
		first, second, third := consoleSession(t, s, u, "1"), consoleSession(t, s, u, "2"), consoleSession(t, s, u, "3")
		other := consoleSession(t, s, User(t, s.store), "other")
		require.NoError(t, s.store.EndConsoleSession(t.Context(), first.ID))
		require.NoError(t, s.store.EndConsoleSession(t.Context(), first.ID), "over already")
		_, err := s.store.UseConsoleSession(t.Context(), first.ID, idle)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.store.UseConsoleSession(t.Context(), second.ID, idle)
		require.NoError(t, err)
		_, err = s.store.EndLoginSessions(t.Context(), u.ID)
		require.NoError(t, err)
		for _, session := range []storage.ConsoleSession{second, third} {
			_, err := s.store.UseConsoleSession(t.Context(), session.ID, idle)
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
		_, err = s.store.UseConsoleSession(t.Context(), other.ID, idle)
		require.NoError(t, err)
	})
	t.Run("A session goes with its user, and has one to begin with", func(t *testing.T) {
		u := User(t, s.store)
		session := consoleSession(t, s, u, "gone")
		require.NoError(t, s.store.DeleteUser(t.Context(), u.ID))
		_, err := s.store.UseConsoleSession(t.Context(), session.ID, idle)
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.ErrorIs(t, s.store.CreateConsoleSession(t.Context(), session), storage.ErrNotFound)
	})
}

func liveCounts(t *testing.T, s *suite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, Opaque)
	LoginSession(t, s.store, u)
	LoginSession(t, s.store, u, func(l *storage.LoginSession) { l.ExpiresAt = s.store.Now() })
	grant := Grant(t, s.store, client, u)
	Grant(t, s.store, client, User(t, s.store))
	ended := Grant(t, s.store, client, u)
	_, err := s.store.RevokeGrant(t.Context(), ended.ID)
	require.NoError(t, err)
	AccessToken(t, s.store, grant)
	AccessToken(t, s.store, grant, func(a *storage.AccessToken) { a.ExpiresAt = s.store.Now() })
	s.approval(t, u, client, "openid")

	t.Run("What is good now is counted for a user", func(t *testing.T) {
		count, err := s.store.CountLiveOfUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, storage.LiveCount{Sessions: 1, Grants: 1, AccessTokens: 1, Approvals: 1}, count)
	})
	t.Run("What is good now is counted for a client", func(t *testing.T) {
		count, err := s.store.CountLiveOfClient(t.Context(), client.ID)
		require.NoError(t, err)
		require.Equal(t, storage.LiveCount{Grants: 2, AccessTokens: 1, Approvals: 1}, count)
	})
}
