package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAuditEventsAreRetainedByTheirKind(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		store := engine.Open(t, func(o *storage.Options) {
			o.EventLifetimes = map[string]int64{"": 1000, "gateway_decision": 10}
		})
		require.NoError(t, store.RecordEvents(t.Context(), []storage.Event{
			{Kind: "gateway_decision"}, {Kind: "user_blocked"}, {Kind: "sign_in", ExpiresAt: store.Now().Unix() + 5},
		}))
		events, err := store.ListEvents(t.Context(), storage.EventFilter{})
		require.NoError(t, err)
		lifetimes := map[string]int64{}
		for _, e := range events {
			lifetimes[e.Kind] = e.ExpiresAt - e.CreatedAt
		}
		require.Equal(t, map[string]int64{"gateway_decision": 10, "user_blocked": 1000, "sign_in": 5}, lifetimes)
	})
}
