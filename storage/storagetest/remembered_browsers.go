package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func rememberedBrowsers(t *testing.T, s *suite) {
	remember := func(u storage.User, device string) storage.RememberedBrowser {
		now := s.store.Now()
		b := storage.RememberedBrowser{
			ID: s.store.NewID(), UserID: u.ID, DeviceHash: storage.Hash(device), UserAgent: "Firefox", Address: "192.0.2.7",
			CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}
		require.NoError(t, s.store.RememberBrowser(t.Context(), b))
		return b
	}
	list := func(u storage.User) []storage.RememberedBrowser {
		browsers, err := s.store.ListRememberedBrowsers(t.Context(), u.ID)
		require.NoError(t, err)
		return browsers
	}
	t.Run("A browser is remembered for one user until it expires, and once", func(t *testing.T) {
		u, other := User(t, s.store), User(t, s.store)
		remember(u, "first")
		s.clock.Advance(time.Minute)
		second := remember(u, "second")
		again := remember(u, "first")
		require.Len(t, list(u), 2)
		require.Contains(t, list(u), second)
		require.Empty(t, list(other))
		for _, b := range list(u) {
			require.Equal(t, again.CreatedAt, b.CreatedAt, "from now on")
		}
		s.clock.Advance(time.Hour)
		require.Empty(t, list(u))
	})
	t.Run("It is forgotten by its owner alone", func(t *testing.T) {
		u, other := User(t, s.store), User(t, s.store)
		b := remember(u, "own")
		require.ErrorIs(t, s.store.ForgetBrowser(t.Context(), other.ID, b.ID), storage.ErrNotFound)
		require.NoError(t, s.store.ForgetBrowser(t.Context(), u.ID, b.ID))
		require.ErrorIs(t, s.store.ForgetBrowser(t.Context(), u.ID, b.ID), storage.ErrNotFound)
		require.ErrorIs(t, s.store.ForgetBrowser(t.Context(), u.ID, "nothing"), storage.ErrNotFound)
	})
	for name, end := range map[string]func(u storage.User) error{
		"another password": func(u storage.User) error { return s.store.SetPassword(t.Context(), u.ID, "phc") },
		"a block":          func(u storage.User) error { return s.store.BlockUser(t.Context(), u.ID, "left") },
		"the end of all sign-ins": func(u storage.User) error {
			_, err := s.store.EndLoginSessions(t.Context(), u.ID)
			return err
		},
		"another phone": func(u storage.User) error {
			f := storage.AuthenticationFactor{
				ID: s.store.NewID(), UserID: u.ID, Type: storage.FactorSMS, Factor: "+380501234567", IsActive: true,
				CreatedAt: s.store.Now(), UpdatedAt: s.store.Now(),
			}
			if err := s.store.CreateAuthenticationFactor(t.Context(), f); err != nil {
				return err
			}
			remember(u, "phone")
			f.Factor = "+380671234567"
			return s.store.ReplaceAuthenticationFactor(t.Context(), f, "+380501234567")
		},
	} {
		t.Run("All of a user are forgotten with "+name, func(t *testing.T) {
			u, other := User(t, s.store), User(t, s.store)
			remember(u, "of the user")
			remember(other, "of another")
			require.NoError(t, end(u))
			require.Empty(t, list(u))
			require.Len(t, list(other), 1)
		})
	}
	t.Run("Nobody is remembered who is no user", func(t *testing.T) {
		err := s.store.RememberBrowser(t.Context(), storage.RememberedBrowser{
			ID: s.store.NewID(), UserID: s.store.NewID(), DeviceHash: storage.Hash("x"),
		})
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
