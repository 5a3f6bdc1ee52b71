package storagetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// auditChanges are about the events of changes that somebody makes.
func auditChanges(t *testing.T, s *suite) {
	t.Run("A change is recorded with its actor and the values before and after", func(t *testing.T) {
		changesAreRecorded(t, newSuite(t, s.engine))
	})
	t.Run("A change that is not made is not recorded",
		func(t *testing.T) { refusedChangesAreNot(t, newSuite(t, s.engine)) })
	t.Run("A change without an actor is not recorded", func(t *testing.T) {
		s := newSuite(t, s.engine)
		require.NoError(t, s.store.BlockUser(t.Context(), User(t, s.store).ID, "reason"))
		require.Zero(t, s.count(t, "audit_events", "kind = $1", storage.EventUserBlocked))
	})
	t.Run("Secrets, passwords and hashes are not recorded",
		func(t *testing.T) { secretsAreNotRecorded(t, newSuite(t, s.engine)) })
	t.Run("Events of one second are paged through without gaps and repetitions", func(t *testing.T) {
		cursorsAreStable(t, newSuite(t, s.engine))
	})
}

func changesAreRecorded(t *testing.T, s *suite) {
	ctx := storage.ActingAs(t.Context(),
		storage.Actor{By: "test", Operator: "olena", RequestID: "r1", Address: "192.0.2.1"})
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
	require.NoError(t, s.store.BlockUser(ctx, u.ID, "left"))
	require.NoError(t, s.store.BlockClient(ctx, client.ID, "debts"))
	changed := *client
	changed.Policy.AccessLifetime = 77 * time.Second
	require.NoError(t, s.store.UpdateClient(ctx, changed))
	role := Role(t, s.store, "a:b")
	require.NoError(t, s.store.GrantRole(ctx, u.ID, role.ID, client.ID))
	require.NoError(t, s.store.GrantRole(ctx, u.ID, role.ID, client.ID)) // changes nothing
	require.NoError(t, s.store.DeleteRole(ctx, role.ID))

	one := func(kind string) storage.Event {
		events, err := s.store.ListEvents(ctx, storage.EventFilter{Kind: kind})
		require.NoError(t, err)
		require.Len(t, events, 1, kind)
		require.Equal(t, "olena", events[0].Details["operator"], kind)
		require.Equal(t, "test", events[0].Details["by"], kind)
		require.Equal(t, "r1", events[0].RequestID, kind)
		require.Equal(t, "192.0.2.1", events[0].Address, kind)
		return events[0]
	}
	blocked := one(storage.EventUserBlocked)
	require.Equal(t, u.ID, blocked.UserID)
	require.Equal(t, "left", blocked.Details["reason"])
	require.JSONEq(t, `{"is_blocked":false,"block_reason":""}`, string(blocked.Before))
	require.JSONEq(t, `{"is_blocked":true,"block_reason":"left"}`, string(blocked.After))
	require.Equal(t, client.ID, one(storage.EventClientBlocked).ClientID)
	updated := one(storage.EventClientUpdated)
	require.JSONEq(t, fmt.Sprintf(`{"policy":{"access_lifetime":%d}}`, client.Policy.AccessLifetime/time.Second),
		string(updated.Before))
	require.JSONEq(t, `{"policy":{"access_lifetime":77}}`, string(updated.After))
	granted := one(storage.EventRoleGranted)
	require.Equal(t, u.ID+" "+client.ID, granted.UserID+" "+granted.ClientID)
	require.Nil(t, granted.Before)
	require.Equal(t, role.Name, granted.Details["role_name"])
	deleted := one(storage.EventRoleDeleted)
	require.Nil(t, deleted.After)
	require.Contains(t, string(deleted.Before), "a:b")
}

func refusedChangesAreNot(t *testing.T, s *suite) {
	ctx := storage.ActingAs(t.Context(), storage.Actor{By: "test"})
	u := User(t, s.store)
	require.NoError(t, s.store.BlockUser(ctx, u.ID, "one"))
	require.ErrorIs(t, s.store.BlockUser(ctx, u.ID, "two"), storage.ErrConflict)
	u.Email = User(t, s.store).Email
	require.ErrorIs(t, s.store.UpdateUser(ctx, u), storage.ErrConflict)
	require.ErrorIs(t, s.store.UnblockUser(ctx, s.store.NewID()), storage.ErrNotFound)
	require.Equal(t, 1, s.count(t, "audit_events", "kind <> $1", ""))
}

func secretsAreNotRecorded(t *testing.T, s *suite) {
	ctx := storage.ActingAs(t.Context(), storage.Actor{By: "test"})
	u := User(t, s.store)
	u.ID, u.Email = s.store.NewID(), "another@example.com"
	u.Password = "$argon2id$of-the-password"
	u.PrivateSettings = json.RawMessage(`{"api_key":"opens","nested":{"client_secret":"opens"}}`)
	require.NoError(t, s.store.CreateUser(ctx, u))
	require.NoError(t, s.store.SetPassword(ctx, u.ID, "$argon2id$of-the-next"))
	require.NoError(t, s.store.CreateAuthenticationFactor(ctx, storage.AuthenticationFactor{
		ID: s.store.NewID(), UserID: u.ID, Type: "TOTP", Secret: []byte("opens"), IsActive: true,
	}))
	client := Client(t, s.store, storage.PresetStandard)
	require.NoError(t, s.store.AddConnectionSecret(ctx, client.Connections[0].ID, storage.ConnectionSecret{
		ID: s.store.NewID(), Hash: storage.Hash("opens"), PasswordHash: "$argon2id$of-the-secret",
	}, s.store.Now()))
	events, err := s.store.ListEvents(ctx, storage.EventFilter{})
	require.NoError(t, err)
	require.Len(t, events, 4)
	for _, e := range events {
		value := string(e.Before) + string(e.After) + fmt.Sprint(e.Details)
		require.NotContains(t, value, "opens", e.Kind)
		require.NotContains(t, value, "argon2", e.Kind)
	}
}

func cursorsAreStable(t *testing.T, s *suite) {
	const total = 25
	var all []storage.Event
	for range total / 5 {
		batch := make([]storage.Event, 5)
		for i := range batch {
			batch[i] = storage.Event{Kind: "cursor"}
		}
		all = append(all, batch...)
		require.NoError(t, s.store.RecordEvents(t.Context(), batch))
		s.clock.Advance(time.Second)
	}
	for _, oldestFirst := range []bool{false, true} {
		seen, last := map[string]bool{}, ""
		for cursor := ""; ; {
			page, err := s.store.ListEvents(t.Context(), storage.EventFilter{
				Kind: "cursor", After: cursor, OldestFirst: oldestFirst, Limit: 3,
			})
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				require.False(t, seen[e.ID], "twice")
				seen[e.ID] = true
				if last != "" {
					require.Equal(t, oldestFirst, strings.Compare(e.Cursor(), last) > 0, "out of order")
				}
				last = e.Cursor()
			}
			cursor = last
		}
		require.Len(t, seen, len(all))
	}
	for _, cursor := range []string{"x", "1", "1.x", ".", "x." + s.store.NewID()} {
		_, err := s.store.ListEvents(t.Context(), storage.EventFilter{After: cursor})
		require.ErrorIs(t, err, storage.ErrCursor, cursor)
	}
}
