package storagetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func auditEvents(t *testing.T, s *suite) {
	t.Run("An event is read as it was stored", func(t *testing.T) {
		want := storage.Event{
			ID: s.store.NewID(), Kind: "sign_in", ClientID: "client", UserID: "user", RequestID: "request", Address: "192.0.2.1",
			Details: map[string]string{"reason": "пароль"}, CreatedAt: s.store.Now(),
			ExpiresAt: s.store.Now().Add(time.Hour),
		}
		for range 2 { // sent twice
			require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{want}))
		}
		got, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "sign_in"})
		require.NoError(t, err)
		require.Equal(t, []storage.Event{want}, got)
	})
	t.Run("Events are listed newest first, by kind, client, user and time", func(t *testing.T) { eventsAreListed(t, s) })
	t.Run("Hundreds of events are stored at once", func(t *testing.T) {
		events := make([]storage.Event, 777)
		for i := range events {
			events[i] = storage.Event{Kind: "introspection", Details: map[string]string{"number": fmt.Sprint(i)}}
		}
		require.NoError(t, s.store.RecordEvents(t.Context(), events))
		require.Equal(t, 777, s.count(t, "audit_events", "kind = $1", "introspection"))
	})
	t.Run("Text of a request is cut to the length of its column", func(t *testing.T) {
		hostile := storage.Event{
			Kind: "hostile", Address: "a\x00b\xff", Details: map[string]string{"agent": strings.Repeat("ї", 1000)},
		}
		require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{hostile}))
		got, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "hostile"})
		require.NoError(t, err)
		require.Equal(t, "ab", got[0].Address)
		require.Equal(t, strings.Repeat("ї", 512), got[0].Details["agent"])
		require.Equal(t, s.store.Now().Add(storage.EventLifetime), got[0].ExpiresAt)
	})
	t.Run("Events are counted hour by hour", func(t *testing.T) {
		noon := s.store.Now().Truncate(time.Hour)
		for _, minutes := range []int{0, 59, -1, -30, -180} {
			require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{
				{Kind: "counted", CreatedAt: noon.Add(time.Duration(minutes) * time.Minute)},
				{Kind: "of another kind", CreatedAt: noon.Add(time.Duration(minutes) * time.Minute)},
			}))
		}
		counts, complete, err := s.store.CountEvents(t.Context(), "counted", noon.Add(-90*time.Minute))
		require.NoError(t, err)
		require.Equal(t, noon.Add(-2*time.Hour), complete)
		require.Equal(t, []storage.EventCount{{Hour: noon, Events: 2}, {Hour: noon.Add(-time.Hour), Events: 2}}, counts)
		counts, _, err = s.store.CountEvents(t.Context(), "of no kind", noon)
		require.NoError(t, err)
		require.Empty(t, counts)
	})
	t.Run("An event about a write is stored only with the write", func(t *testing.T) { eventsRideInTheWrite(t, s) })
}

func eventsAreListed(t *testing.T, s *suite) {
	for _, e := range []storage.Event{
		{Kind: "a", ClientID: "c1", UserID: "u1"}, {Kind: "b", ClientID: "c1", UserID: "u2"}, {Kind: "a", ClientID: "c2",
			UserID: "u2"},
	} {
		s.clock.Advance(time.Second)
		require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{e}))
	}
	for name, c := range map[string]struct {
		filter storage.EventFilter
		want   string
	}{
		"by kind":         {storage.EventFilter{Kind: "a"}, "a/c2/u2 a/c1/u1"},
		"by client":       {storage.EventFilter{ClientID: "c1"}, "b/c1/u2 a/c1/u1"},
		"by user":         {storage.EventFilter{UserID: "u2"}, "a/c2/u2 b/c1/u2"},
		"by two of them":  {storage.EventFilter{UserID: "u2", Kind: "a"}, "a/c2/u2"},
		"by time":         {storage.EventFilter{UserID: "u2", Before: s.store.Now()}, "b/c1/u2"},
		"no more than so": {storage.EventFilter{UserID: "u2", Limit: 1}, "a/c2/u2"},
	} {
		events, err := s.store.ListEvents(t.Context(), c.filter)
		require.NoError(t, err, name)
		var got []string
		for _, e := range events {
			got = append(got, e.Kind+"/"+e.ClientID+"/"+e.UserID)
		}
		require.Equal(t, c.want, strings.Join(got, " "), name)
	}
}

func eventsRideInTheWrite(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetStandard)
	value, code := Code(t, s.store, client, User(t, s.store))
	winner, loser := newExchange(s.store, client), newExchange(s.store, client)
	for _, e := range []*exchange{winner, loser} {
		require.NoError(t, e.presentCode(t.Context(), value))
		e.batch.QueueEvent(storage.Event{Kind: "exchange", RequestID: code.CodeID})
	}
	require.NoError(t, winner.redeemCode(t.Context()))
	require.ErrorIs(t, loser.redeemCode(t.Context()), storage.ErrUsed)
	require.Equal(t, 1, s.count(t, "audit_events", "request_id = $1", code.CodeID))
}
