// Package jwkstest gives the stores of tests their first signing keys. An RSA key takes longer to make than most tests
// take, so that all tests of a process have the same keys, as replicas of one provider do.
package jwkstest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/jwks"
)

// made is the first key of every algorithm.
var made = sync.OnceValues(func() ([]jwks.StoredKey, error) {
	var store memory
	err := jwks.New(&store, jwks.Options{}).Load(context.Background())
	return store.keys, err
})

// Fill stores a key of each algorithm that is named, active from now on, where the store has none.
func Fill(t testing.TB, store jwks.KeyStore, now time.Time, algorithms ...string) {
	t.Helper()
	keys, err := made()
	require.NoError(t, err)
	for _, key := range keys {
		if !slices.Contains(algorithms, key.Algorithm) {
			continue
		}
		key.CreatedAt, key.ActivatesAt = now, now
		_, err := store.ReplaceSigningKey(t.Context(), "", key, time.Time{}, time.Time{})
		require.NoError(t, err)
	}
}

// memory is a store for the first keys.
type memory struct{ keys []jwks.StoredKey }

func (m *memory) SigningKeys(context.Context) ([]jwks.StoredKey, error) { return m.keys, nil }

func (m *memory) ReplaceSigningKey(
	_ context.Context, _ string, next jwks.StoredKey, _, _ time.Time,
) (bool, error) {
	m.keys = append(m.keys, next)
	return true, nil
}

func (m *memory) DeleteExpiredSigningKeys(context.Context, time.Time) (int64, error) { return 0, nil }
