package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAuditEventsAreRetainedByTheirKind(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		store := engine.Open(t, func(o *storage.Options) {
			o.EventLifetimes = map[string]time.Duration{"": time.Hour, "gateway_decision": time.Minute}
		})
		require.NoError(t, store.RecordEvents(t.Context(), []storage.Event{
			{Kind: "gateway_decision"}, {Kind: "user_blocked"}, {Kind: "sign_in", ExpiresAt: store.Now().Add(time.Second)},
		}))
		events, err := store.ListEvents(t.Context(), storage.EventFilter{})
		require.NoError(t, err)
		lifetimes := map[string]time.Duration{}
		for _, e := range events {
			lifetimes[e.Kind] = e.ExpiresAt.Sub(e.CreatedAt)
		}
		require.Equal(t, map[string]time.Duration{
			"gateway_decision": time.Minute, "user_blocked": time.Hour, "sign_in": time.Second,
		}, lifetimes)
	})
}
