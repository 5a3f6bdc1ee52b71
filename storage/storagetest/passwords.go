package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func passwords(t *testing.T, s *suite) {
	t.Run("The history keeps the last three, newest first", func(t *testing.T) {
		u := User(t, s.store)
		s.clock.Advance(time.Minute)
		for _, password := range []string{"1", "2", "3", "4", "5"} { // in one second
			require.NoError(t, s.store.SetPassword(t.Context(), u.ID, password))
		}
		history, err := s.store.PasswordHistory(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"4", "3", "2"}, history)
		found, err := s.store.FindUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, "5", found.Password)
		require.GreaterOrEqual(t, found.PasswordSetAt, s.store.Now(),
			"later than the one before, in the same second too")
	})
	t.Run("Upgrading the hash of a password is no change of the password", func(t *testing.T) {
		u := User(t, s.store, func(u *storage.User) { u.Password, u.PasswordSetAt = "bcrypt", time.Unix(1, 0) })
		require.NoError(t, s.store.UpgradePassword(t.Context(), u.ID, "bcrypt", "argon2id"))
		require.NoError(t, s.store.UpgradePassword(t.Context(), u.ID, "bcrypt", "late"))
		found, err := s.store.FindUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, "argon2id", found.Password)
		require.Equal(t, u.PasswordSetAt.UTC(), found.PasswordSetAt)
		history, err := s.store.PasswordHistory(t.Context(), u.ID)
		require.NoError(t, err)
		require.Empty(t, history)
	})
	t.Run("Setting the password of an unknown user is an error", func(t *testing.T) {
		require.ErrorIs(t, s.store.SetPassword(t.Context(), s.store.NewID(), "password"), storage.ErrNotFound)
	})
}
