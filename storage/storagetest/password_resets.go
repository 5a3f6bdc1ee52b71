package storagetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

const mostRefusals = 5

// passwordReset stores a link for a user that lives for 25 minutes; its secret is its id.
func (s *suite) passwordReset(t *testing.T, u storage.User) *storage.PasswordReset {
	t.Helper()
	id := s.store.NewID()
	r := storage.PasswordReset{
		ID: id, Hash: storage.Hash(id), UserID: u.ID, Email: u.Email, PasswordSetAt: u.PasswordSetAt,
		Request: []byte(`{"client_id":"portal"}`), CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(25 * time.Minute),
	}
	require.NoError(t, s.store.CreatePasswordReset(t.Context(), r))
	return &r
}

// findPasswordReset looks for a link in both ways.
func (s *suite) findPasswordReset(t *testing.T, r *storage.PasswordReset) error {
	t.Helper()
	_, byID := s.store.FindPasswordReset(t.Context(), r.ID, mostRefusals)
	found, byHash := s.store.FindPasswordResetByHash(t.Context(), r.Hash, mostRefusals)
	require.Equal(t, byID, byHash)
	if byHash == nil {
		require.Equal(t, r.Request, found.Request)
		require.Equal(t, r.UserID, found.UserID)
	}
	return byHash
}

func passwordResets(t *testing.T, s *suite) {
	find := func(r *storage.PasswordReset) error { return s.findPasswordReset(t, r) }
	use := func(r *storage.PasswordReset) error {
		_, err := s.store.UsePasswordReset(t.Context(), r, "phc", false)
		return err
	}
	t.Run("A link sets the password once, ends sessions, and stores its request sealed", func(t *testing.T) {
		u := User(t, s.store)
		_, session := LoginSession(t, s.store, u)
		r := s.passwordReset(t, u)
		require.Zero(t, s.count(t, "password_resets", "sealed LIKE $1", "%portal%"))
		require.NoError(t, find(r))
		require.NoError(t, find(r), "to look uses nothing up")
		ended, err := s.store.UsePasswordReset(t.Context(), r, "phc", false)
		require.NoError(t, err)
		require.Len(t, ended, 1)
		require.Equal(t, session.SessionID, ended[0].SessionID)
		after, err := s.store.FindUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, "phc", after.Password)
		require.ErrorIs(t, find(r), storage.ErrNotFound)
		require.ErrorIs(t, use(r), storage.ErrUsed)
	})
	t.Run("A newer link ends the one before", func(t *testing.T) {
		u := User(t, s.store)
		older, newer := s.passwordReset(t, u), s.passwordReset(t, u)
		require.ErrorIs(t, find(older), storage.ErrNotFound)
		require.ErrorIs(t, use(older), storage.ErrUsed)
		require.NoError(t, find(newer))
	})
	t.Run("A link is over after its time", func(t *testing.T) {
		r := s.passwordReset(t, User(t, s.store))
		s.clock.Advance(25 * time.Minute)
		require.ErrorIs(t, find(r), storage.ErrNotFound)
		require.ErrorIs(t, use(r), storage.ErrUsed)
	})
	t.Run("A link is over after five refusals", func(t *testing.T) {
		r := s.passwordReset(t, User(t, s.store))
		for range mostRefusals {
			require.NoError(t, find(r))
			require.NoError(t, s.store.CountPasswordResetRefusal(t.Context(), r.ID))
		}
		require.ErrorIs(t, find(r), storage.ErrNotFound)
	})
	for name, change := range map[string]func(t *testing.T, u storage.User){
		"the password": func(t *testing.T, u storage.User) {
			require.NoError(t, s.store.SetPassword(t.Context(), u.ID, "another"))
		},
		"the e-mail address": func(t *testing.T, u storage.User) {
			u.Email = s.store.NewID() + "@example.com"
			require.NoError(t, s.store.UpdateUser(t.Context(), u))
		},
		"a block": func(t *testing.T, u storage.User) { require.NoError(t, s.store.BlockUser(t.Context(), u.ID, "")) },
		"a block that was lifted again": func(t *testing.T, u storage.User) {
			require.NoError(t, s.store.BlockUser(t.Context(), u.ID, ""))
			require.NoError(t, s.store.UnblockUser(t.Context(), u.ID))
		},
	} {
		t.Run("A change ends a link: "+name, func(t *testing.T) {
			u := User(t, s.store)
			r := s.passwordReset(t, u)
			change(t, u)
			require.ErrorIs(t, find(r), storage.ErrNotFound)
			require.ErrorIs(t, use(r), storage.ErrUsed)
		})
	}
}

func passwordResetsOfUsers(t *testing.T, s *suite) {
	t.Run("What clients hold stays, or ends where the operator says so", func(t *testing.T) {
		for _, ends := range []bool{false, true} {
			u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
			grant := Grant(t, s.store, client, u)
			_, err := s.store.UsePasswordReset(t.Context(), s.passwordReset(t, u), "phc", ends)
			require.NoError(t, err)
			require.Equal(t, ends, s.count(t, "grants", "id = $1 AND revoked_at > 0", grant.ID) == 1)
		}
	})
	t.Run("Of many who use a link at once one sets the password", func(t *testing.T) {
		r := s.passwordReset(t, User(t, s.store))
		var together sync.WaitGroup
		results := make(chan error, 8)
		for range cap(results) {
			together.Go(func() {
				_, err := s.store.UsePasswordReset(t.Context(), r, "phc", false)
				results <- err
			})
		}
		together.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, storage.ErrUsed) {
				t.Errorf("a loser gets %v", err)
			}
		}
		require.Equal(t, 1, won)
	})
	t.Run("A link of nobody is refused", func(t *testing.T) {
		u := User(t, s.store)
		u.ID = s.store.NewID()
		err := s.store.CreatePasswordReset(t.Context(), storage.PasswordReset{
			ID: s.store.NewID(), Hash: storage.Hash(u.ID), UserID: u.ID, Email: u.Email, ExpiresAt: s.store.Now(),
		})
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
