package storagetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func databaseErrors(t *testing.T, s *suite) {
	t.Run("A key that is no UUID finds no row", func(t *testing.T) {
		for _, id := range []string{"", "1", "no uuid", "\x00", "6498d88e-97fb-47e2-85a5-99e884f888a", "' OR 1 = 1 --"} {
			whatIsNoIDNamesNoRow(t, s.store, id)
		}
	})
	t.Run("A key that is no valid text finds no row", func(t *testing.T) {
		for _, item := range []string{"a\x00b", "\xff\xfe"} {
			whatIsNoTextNamesNoRow(t, s.store, item)
		}
	})
	t.Run("A database that takes too long is unavailable", func(t *testing.T) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
		defer cancel()
		require.ErrorIs(t, s.store.Ping(ctx), storage.ErrUnavailable)
		require.ErrorIs(t, s.store.PutSetting(ctx, "a", "b"), storage.ErrUnavailable)
		require.ErrorIs(t, s.store.DeleteUser(ctx, s.store.NewID()), storage.ErrUnavailable)
	})
	t.Run("A database that does not exist is unavailable", func(t *testing.T) {
		away := "sqlite:" + filepath.Join(t.TempDir(), "no such directory", "ithildin.db")
		if s.engine.isPostgreSQL {
			away = "postgres://user@127.0.0.1:1/ithildin?sslmode=disable"
		}
		store := Open(t, away)
		require.ErrorIs(t, store.Ping(t.Context()), storage.ErrUnavailable)
		require.ErrorIs(t, store.PutSetting(t.Context(), "a", "b"), storage.ErrUnavailable)
		require.ErrorIs(t, store.DeleteUser(t.Context(), store.NewID()), storage.ErrUnavailable)
	})
	t.Run("A URL of no database is an error that does not repeat it", func(t *testing.T) {
		for _, databaseURL := range []string{"", "mysql://user:hidden@host", "postgres://user:hidden@host:port:5432/%zz"} {
			_, err := storage.Open(databaseURL, storage.Options{})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hidden")
		}
	})
}

// whatIsNoTextNamesNoRow asks for every kind of row that is found by a text by something that no column holds.
func whatIsNoTextNamesNoRow(t *testing.T, store *storage.Store, value string) {
	t.Helper()
	ctx, id := t.Context(), store.NewID()
	for name, ask := range map[string]func() error{
		"client":           func() error { _, err := store.LoadClient(ctx, value); return err },
		"kept client":      func() error { _, err := store.Client(ctx, value); return err },
		"update client":    func() error { return store.UpdateClient(ctx, storage.Client{ID: value}) },
		"block client":     func() error { return store.BlockClient(ctx, value, "") },
		"unblock client":   func() error { return store.UnblockClient(ctx, value) },
		"delete client":    func() error { return store.DeleteClient(ctx, value) },
		"deactivate":       func() error { return store.DeactivateTokens(ctx, value) },
		"connections":      func() error { _, err := store.ListConnections(ctx, value); return err },
		"email":            func() error { _, err := store.FindUserByEmail(ctx, value); return err },
		"role":             func() error { _, err := store.FindRoleByName(ctx, value); return err },
		"client type":      func() error { _, err := store.FindClientTypeByName(ctx, value); return err },
		"client's role":    func() error { return store.GrantRole(ctx, id, id, value) },
		"take role":        func() error { return store.RevokeRole(ctx, id, id, value) },
		"client's consent": func() error { _, err := store.FindApproval(ctx, id, value); return err },
	} {
		require.ErrorIs(t, ask(), storage.ErrNotFound, "%s %q", name, value)
	}
}

// whatIsNoIDNamesNoRow asks for every kind of row by something that is no UUID.
func whatIsNoIDNamesNoRow(t *testing.T, store *storage.Store, id string) {
	t.Helper()
	ctx, never := t.Context(), time.Time{}
	for name, ask := range map[string]func() error{
		"user":         func() error { _, err := store.FindUser(ctx, id); return err },
		"update user":  func() error { return store.UpdateUser(ctx, storage.User{ID: id}) },
		"block user":   func() error { return store.BlockUser(ctx, id, "") },
		"unblock user": func() error { return store.UnblockUser(ctx, id) },
		"delete user":  func() error { return store.DeleteUser(ctx, id) },
		"password":     func() error { return store.SetPassword(ctx, id, "") },
		"role":         func() error { return store.UpdateRole(ctx, storage.Role{ID: id}) },
		"delete role":  func() error { return store.DeleteRole(ctx, id) },
		"give role":    func() error { return store.GrantRole(ctx, id, id, "") },
		"take role":    func() error { return store.RevokeRole(ctx, id, id, "") },
		"client type":  func() error { return store.UpdateClientType(ctx, storage.ClientType{ID: id}) },
		"delete type":  func() error { return store.DeleteClientType(ctx, id) },
		"client":       func() error { _, err := store.LoadClient(ctx, id); return err },
		"connection":   func() error { _, err := store.FindConnection(ctx, id); return err },
		"add secret":   func() error { return store.AddConnectionSecret(ctx, id, storage.ConnectionSecret{}, never) },
		"approval":     func() error { _, err := store.FindApproval(ctx, id, "client"); return err },
		"delete one":   func() error { return store.DeleteApproval(ctx, id) },
		"factor":       func() error { _, err := store.FindAuthenticationFactor(ctx, id, "SMS"); return err },
		"grant":        func() error { _, err := store.FindGrant(ctx, id); return err },
		"refresh token": func() error {
			_, err := store.NewBatch().FindGrantByGeneration(ctx, id, 0)
			return err
		},
	} {
		require.ErrorIs(t, ask(), storage.ErrNotFound, "%s %q", name, id)
	}
	valid, err := store.RevokeGrant(ctx, id)
	require.NoError(t, err)
	require.False(t, valid)
}
