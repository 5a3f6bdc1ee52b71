package jwks

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// memoryStore honours the contract of KeyStore within one process.
type memoryStore struct {
	mutex sync.Mutex
	clock *clock
	keys  []StoredKey
	fault error // answered by SigningKeys when set
}

func (m *memoryStore) SigningKeys(context.Context) ([]StoredKey, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.fault != nil {
		return nil, m.fault
	}
	var active []StoredKey
	for _, k := range m.keys {
		if k.ExpiresAt.IsZero() || k.ExpiresAt.After(m.clock.Now()) {
			active = append(active, k)
		}
	}
	return active, nil
}

func (m *memoryStore) ReplaceSigningKey(
	_ context.Context, previousID string, next StoredKey, retiresAt, expiresAt time.Time,
) (bool, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	found := false
	for i := range m.keys {
		k := &m.keys[i]
		switch {
		case previousID == "" && k.Algorithm == next.Algorithm:
			return false, nil
		case previousID != "" && k.ID == previousID:
			if !k.RetiresAt.IsZero() {
				return false, nil
			}
			k.RetiresAt, k.ExpiresAt, found = retiresAt, expiresAt, true
		}
	}
	if previousID != "" && !found {
		return false, nil
	}
	m.keys = append(m.keys, next)
	return true, nil
}

func (m *memoryStore) DeleteExpiredSigningKeys(_ context.Context, now time.Time) (int64, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var kept []StoredKey
	for _, k := range m.keys {
		if k.ExpiresAt.IsZero() || k.ExpiresAt.After(now) {
			kept = append(kept, k)
		}
	}
	deleted := int64(len(m.keys) - len(kept))
	m.keys = kept
	return deleted, nil
}

func (m *memoryStore) count() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return len(m.keys)
}

// clock is a time that tests move by hand.
type clock struct {
	mutex sync.Mutex
	now   time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *clock) Advance(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(by)
}

func newMemoryStore() *memoryStore { return &memoryStore{clock: newClock()} }

// loadedSet answers a Set over store with the default times, loaded; without algorithms it has all.
func loadedSet(tb testing.TB, store *memoryStore, algorithms ...string) *Set {
	tb.Helper()
	set := New(store, Options{Algorithms: algorithms, Now: store.clock.Now})
	require.NoError(tb, set.Load(context.Background()))
	return set
}
