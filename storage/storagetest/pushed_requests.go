package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// pushedRequest stores a pushed request of a client, good for a minute and a half.
func (s *suite) pushedRequest(t *testing.T, clientID string) storage.PushedRequest {
	t.Helper()
	p := storage.PushedRequest{
		ID: storage.Hash(s.store.NewID()), ClientID: clientID, Parameters: "client_id=" + clientID + "&scope=openid",
		CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(90 * time.Second),
	}
	require.NoError(t, s.store.CreatePushedRequest(t.Context(), p))
	return p
}

func pushedRequests(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	use := func(p storage.PushedRequest) error {
		batch := s.store.NewBatch()
		batch.UsePushedRequest(p.ID)
		return batch.Flush(ctx)
	}
	t.Run("A pushed request is read as it was stored", func(t *testing.T) {
		want := s.pushedRequest(t, client.ID)
		got, err := s.store.FindPushedRequest(ctx, want.ID)
		require.NoError(t, err)
		require.Equal(t, want, *got)
		require.NoError(t, s.store.CreatePushedRequest(ctx, want), "and may be sent again")
		_, err = s.store.FindPushedRequest(ctx, storage.Hash("another"))
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("A pushed request is used once, and a batch that is sent twice uses it once", func(t *testing.T) {
		p := s.pushedRequest(t, client.ID)
		batch := s.store.NewBatch()
		batch.UsePushedRequest(p.ID)
		require.NoError(t, batch.Flush(ctx))
		require.NoError(t, batch.Flush(ctx))
		require.ErrorIs(t, use(p), storage.ErrUsed)
		got, err := s.store.FindPushedRequest(ctx, p.ID)
		require.NoError(t, err)
		require.Equal(t, s.store.Now(), got.UsedAt)
	})
	t.Run("One that is used, or of which there is no row, lets nothing be written", func(t *testing.T) {
		u, p := User(t, s.store), s.pushedRequest(t, client.ID)
		require.NoError(t, use(p))
		for _, id := range [][]byte{p.ID, storage.Hash("no row")} {
			e := newExchange(s.store, client)
			grantID := s.store.NewID()
			e.queueCode(grantID, &storage.Session{UserID: u.ID, Subject: u.ID, RedirectURI: RedirectURI})
			e.batch.UsePushedRequest(id)
			require.ErrorIs(t, e.batch.Flush(ctx), storage.ErrUsed)
			require.Zero(t, s.count(t, "codes", "grant_id = $1", grantID))
		}
	})
	t.Run("Beside a live session both are asked for", func(t *testing.T) {
		_, login := LoginSession(t, s.store, User(t, s.store))
		p, later := s.pushedRequest(t, client.ID), s.pushedRequest(t, client.ID)
		issue := func(p storage.PushedRequest) (*frontChannel, error) {
			f := newFrontChannel(s.store, client, login)
			f.pushed = p.ID
			return f, f.issue(ctx)
		}
		f, err := issue(p)
		require.NoError(t, err)
		_, err = s.store.FindGrant(ctx, f.grantID)
		require.NoError(t, err)
		_, err = issue(p)
		require.ErrorIs(t, err, storage.ErrUsed)
		_, err = s.store.EndLoginSession(ctx, login.ID)
		require.NoError(t, err)
		_, err = issue(later)
		require.ErrorIs(t, err, storage.ErrUsed)
		got, err := s.store.FindPushedRequest(ctx, later.ID)
		require.NoError(t, err)
		require.Zero(t, got.UsedAt)
	})
	t.Run("It stays past its expiry for as long as a sign-in may take", func(t *testing.T) {
		p := s.pushedRequest(t, client.ID)
		s.clock.Advance(30*time.Minute + 90*time.Second)
		require.Equal(t, 1, s.sweptTo(t, p))
		s.clock.Advance(31 * time.Minute)
		require.Zero(t, s.sweptTo(t, p))
	})
}

// sweptTo says how many rows the janitor leaves of a pushed request.
func (s *suite) sweptTo(t *testing.T, p storage.PushedRequest) int {
	t.Helper()
	_, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
	require.NoError(t, err)
	return s.count(t, "pushed_requests", "id = $1", p.ID)
}
