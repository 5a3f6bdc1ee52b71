package storagetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func cacheOfConfiguration(t *testing.T, s *suite) {
	t.Run("A client is cached, and so is an unknown id", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard)
		first, err := s.store.Client(t.Context(), client.ID)
		require.NoError(t, err)
		second, err := s.store.Client(t.Context(), client.ID)
		require.NoError(t, err)
		require.Same(t, first, second)
		for range 2 {
			_, err = s.store.Client(t.Context(), "unknown")
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
	})
	t.Run("An overlong client id is unknown", func(t *testing.T) {
		_, err := s.store.Client(t.Context(), strings.Repeat("a", storage.MaximumClientID+1))
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("A change is seen at once where it was made", func(t *testing.T) { changesAreSeenAtOnce(t, s) })
	t.Run("A change in one process reaches the others by the version", func(t *testing.T) { changesReachOthers(t, s) })
	t.Run("Every change of cached rows raises the version", func(t *testing.T) { changesRaiseTheVersion(t, s) })
	t.Run("A load concurrent with a change leaves nothing stale in the cache",
		func(t *testing.T) { noLoadKeepsAStaleClient(t, s) })
	t.Run("A load continues when its first request is cancelled", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		// Whoever has gone waits no longer, and takes the answer from nobody else.
		if _, err := s.store.Client(ctx, client.ID); err != nil { // or the answer was faster
			require.ErrorIs(t, err, context.Canceled)
		}
		known, err := s.store.Client(t.Context(), client.ID)
		require.NoError(t, err)
		require.Equal(t, client.ID, known.ID)
	})
}

func changesAreSeenAtOnce(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard)
	_, err := s.store.Client(ctx, client.ID)
	require.NoError(t, err)
	require.NoError(t, s.store.BlockClient(ctx, client.ID, "unpaid"))
	seen, err := s.store.Client(ctx, client.ID)
	require.NoError(t, err)
	require.True(t, seen.IsBlocked)
	_, err = s.store.Roles(ctx)
	require.NoError(t, err)
	role := Role(t, s.store, "patients:view")
	roles, err := s.store.Roles(ctx)
	require.NoError(t, err)
	require.Contains(t, roles, role.ID)
	require.NoError(t, s.store.DeleteClient(ctx, client.ID))
	_, err = s.store.Client(ctx, client.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func changesReachOthers(t *testing.T, s *suite) {
	other := s.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	tick, changed := make(chan time.Time), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		other.Watch(ctx, tick, func(context.Context) {
			select {
			case changed <- struct{}{}:
			case <-ctx.Done():
			}
		})
	})
	defer watching.Wait()
	defer cancel()
	tickUntilChanged := func() {
		for {
			select {
			case tick <- time.Time{}:
			case <-changed:
				return
			}
		}
	}
	client := *Client(t, s.store, storage.PresetStandard)
	tickUntilChanged() // the first tick always does it
	_, err := other.Client(ctx, client.ID)
	require.NoError(t, err)
	for range 3 {
		select {
		case tick <- time.Time{}:
		case <-changed:
			t.Fatal("nothing has changed")
		}
	}
	client.Name = "Аптека"
	require.NoError(t, s.store.UpdateClient(ctx, client))
	tickUntilChanged()
	after, err := other.Client(ctx, client.ID)
	require.NoError(t, err)
	require.Equal(t, "Аптека", after.Name)
}

func changesRaiseTheVersion(t *testing.T, s *suite) {
	ctx := t.Context()
	client, role := Client(t, s.store, storage.PresetStandard), Role(t, s.store)
	connection := *client.Connections[0]
	kind := storage.ClientType{ID: s.store.NewID(), Name: "kind"}
	secret := storage.ConnectionSecret{ID: s.store.NewID(), Hash: storage.Hash(s.store.NewID())}
	for name, change := range map[string]func() error{
		"client":     func() error { return s.store.UpdateClient(ctx, *client) },
		"block":      func() error { return s.store.BlockClient(ctx, client.ID, "") },
		"connection": func() error { return s.store.UpdateConnection(ctx, connection) },
		"secret":     func() error { return s.store.AddConnectionSecret(ctx, connection.ID, secret, time.Time{}) },
		"type":       func() error { return s.store.CreateClientType(ctx, kind) },
		"role":       func() error { return s.store.UpdateRole(ctx, role) },
		"scope": func() error {
			return s.store.PutScope(ctx, storage.Scope{Name: "new", GovernedBy: storage.GovernedByRole})
		},
	} {
		before := s.configurationVersion(t)
		require.NoError(t, change(), name)
		require.Greater(t, s.configurationVersion(t), before, name)
	}
}

// noLoadKeepsAStaleClient has others load the client while its name changes: who asks after the change was made sees
// it.
func noLoadKeepsAStaleClient(t *testing.T, s *suite) {
	const changes, readers = 100, 4
	client := *Client(t, s.store, storage.PresetStandard)
	for i := range changes {
		client.Name = fmt.Sprint("name ", i)
		s.store.Invalidate()
		var reading sync.WaitGroup
		for range readers {
			reading.Go(func() {
				if _, err := s.store.Client(t.Context(), client.ID); err != nil {
					t.Error(err)
				}
			})
		}
		require.NoError(t, s.store.UpdateClient(t.Context(), client))
		seen, err := s.store.Client(t.Context(), client.ID)
		require.NoError(t, err)
		require.Equal(t, client.Name, seen.Name)
		reading.Wait()
	}
}
