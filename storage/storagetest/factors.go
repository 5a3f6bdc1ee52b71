package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func factors(t *testing.T, s *suite) {
	t.Run("The seed of a factor is read as it was stored, and sealed in the row", func(t *testing.T) {
		u := User(t, s.store)
		want := storage.AuthenticationFactor{
			ID: s.store.NewID(), UserID: u.ID, Type: "TOTP", Secret: []byte("seed"), IsActive: true,
			CreatedAt: s.store.Now(), UpdatedAt: s.store.Now(),
		}
		require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), want))
		got, err := s.store.FindAuthenticationFactor(t.Context(), u.ID, "TOTP")
		require.NoError(t, err)
		require.Equal(t, want, *got)
		require.Zero(t, s.count(t, "authentication_factors", "sealed LIKE $1", "%seed%"))
		want.ID = s.store.NewID()
		require.ErrorIs(t, s.store.CreateAuthenticationFactor(t.Context(), want), storage.ErrConflict)
	})
	t.Run("An update changes the phone or seed of a factor, not its user", func(t *testing.T) {
		u := User(t, s.store)
		f := storage.AuthenticationFactor{ID: s.store.NewID(), UserID: u.ID, Type: "SMS", IsActive: true}
		require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), f))
		f.Factor, f.IsActive = "+380501234567", false
		require.NoError(t, s.store.UpdateAuthenticationFactor(t.Context(), f))
		list, err := s.store.ListAuthenticationFactors(t.Context(), u.ID)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, "+380501234567", list[0].Factor)
		require.False(t, list[0].IsActive)
	})
	t.Run("A factor needs its user", func(t *testing.T) {
		f := storage.AuthenticationFactor{ID: s.store.NewID(), UserID: s.store.NewID(), Type: "SMS"}
		require.ErrorIs(t, s.store.CreateAuthenticationFactor(t.Context(), f), storage.ErrNotFound)
		require.ErrorIs(t, s.store.UpdateAuthenticationFactor(t.Context(), f), storage.ErrNotFound)
	})
	t.Run("A factor is deleted with the sign-ins that wait for it", func(t *testing.T) {
		u := User(t, s.store)
		f := storage.AuthenticationFactor{ID: s.store.NewID(), UserID: u.ID, Type: "SMS", IsActive: true}
		require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), f))
		for _, kind := range []string{storage.KindTwoFactor, storage.KindAccessToken} {
			require.NoError(t, s.store.CreateAccessToken(t.Context(), storage.AccessToken{
				ID: storage.Hash(kind), AccessTokenID: s.store.NewID(), Kind: kind, ClientID: "factors", UserID: u.ID,
				Session: &storage.Session{}, ExpiresAt: s.store.Now().Add(time.Minute),
			}))
		}
		require.NoError(t, s.store.DeleteAuthenticationFactor(t.Context(), f.ID))
		_, err := s.store.FindAuthenticationFactor(t.Context(), u.ID, "SMS")
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.Equal(t, 1, s.count(t, "access_tokens", "client_id = 'factors' AND expires_at > $1", s.store.Now().Unix()))
		require.ErrorIs(t, s.store.DeleteAuthenticationFactor(t.Context(), f.ID), storage.ErrNotFound)
	})
}

func oneTimeCodes(t *testing.T, s *suite) {
	t.Run("A one-time code is verified once", func(t *testing.T) {
		code := s.oneTimeCode(t, "phone 1")
		verified, err := s.store.VerifyOneTimeCode(t.Context(), code.ID, code.CodeMAC, 3)
		require.NoError(t, err)
		require.True(t, verified)
		_, err = s.store.VerifyOneTimeCode(t.Context(), code.ID, code.CodeMAC, 3)
		require.ErrorIs(t, err, storage.ErrUsed)
		found, err := s.store.FindOneTimeCode(t.Context(), "phone 1")
		require.NoError(t, err)
		require.Equal(t, storage.OneTimeCodeVerified, found.Status)
	})
	t.Run("A one-time code allows a limited number of attempts", func(t *testing.T) {
		code := s.oneTimeCode(t, "phone 2")
		for range 3 {
			verified, err := s.store.VerifyOneTimeCode(t.Context(), code.ID, []byte("wrong"), 3)
			require.NoError(t, err)
			require.False(t, verified)
		}
		_, err := s.store.VerifyOneTimeCode(t.Context(), code.ID, code.CodeMAC, 3)
		require.ErrorIs(t, err, storage.ErrUsed)
	})
	t.Run("A one-time code ends when it expires, and when the next one is made", func(t *testing.T) {
		first := s.oneTimeCode(t, "phone 3")
		second := s.oneTimeCode(t, "phone 3")
		_, err := s.store.VerifyOneTimeCode(t.Context(), first.ID, first.CodeMAC, 3)
		require.ErrorIs(t, err, storage.ErrUsed)
		s.clock.Advance(time.Hour)
		_, err = s.store.VerifyOneTimeCode(t.Context(), second.ID, second.CodeMAC, 3)
		require.ErrorIs(t, err, storage.ErrUsed)
		found, err := s.store.FindOneTimeCode(t.Context(), "phone 3")
		require.NoError(t, err)
		require.Equal(t, second.ID, found.ID)
		require.Zero(t, found.Attempts)
	})
}

// oneTimeCode stores a code that is good for an hour.
func (s *suite) oneTimeCode(t *testing.T, key string) storage.OneTimeCode {
	t.Helper()
	c := storage.OneTimeCode{
		ID: s.store.NewID(), Key: key, CodeMAC: []byte("right"), CreatedAt: s.store.Now(),
		ExpiresAt: s.store.Now().Add(time.Hour),
	}
	require.NoError(t, s.store.CreateOneTimeCode(t.Context(), c))
	return c
}
