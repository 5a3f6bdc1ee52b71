package jwks

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRotatingWhileAKeyIsPendingSaysWhenItBecomesActive(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, ES256)
	require.NoError(t, set.Rotate(context.Background(), ES256))
	err := set.Rotate(context.Background(), ES256)
	require.ErrorIs(t, err, ErrPending)
	require.ErrorContains(t, err, "2026-03-01T12:10:00Z")
	require.Equal(t, 2, store.count())

	store.clock.Advance(10 * time.Minute)
	require.NoError(t, set.Rotate(context.Background(), ES256), "an active key can be rotated again")
}

func TestRotatedKeyHasAllItsTimestamps(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, EdDSA)
	start := store.clock.Now()
	require.NoError(t, set.Rotate(context.Background(), EdDSA))

	keys := set.Keys()
	require.Len(t, keys, 2)
	next, current := keys[0], keys[1]
	require.Equal(t, start, next.CreatedAt)
	require.Equal(t, start.Add(10*time.Minute), next.ActivatesAt)
	require.Equal(t, next.ActivatesAt, current.RetiresAt)
	require.Equal(t, next.ActivatesAt.Add(31*day), current.ExpiresAt)
}

func TestMaintainRotatesByAgeEarlyEnoughToPublish(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, ES256)
	firstID := keyIDOf(t, sign(t, set, ES256))

	store.clock.Advance(90*day - 10*time.Minute - time.Second)
	require.NoError(t, set.Maintain(context.Background()))
	require.Equal(t, 1, store.count(), "young keys stay")

	store.clock.Advance(time.Second)
	require.NoError(t, set.Maintain(context.Background()))
	require.NoError(t, set.Maintain(context.Background()))
	require.Equal(t, 2, store.count(), "an old key gets one successor")
	require.Equal(t, firstID, keyIDOf(t, sign(t, set, ES256)))

	store.clock.Advance(10 * time.Minute)
	require.NotEqual(t, firstID, keyIDOf(t, sign(t, set, ES256)), "no key signs for more than 90 days")
}

func TestMaintainKeepsOnePendingKeyWhenPendingOutlastsSigning(t *testing.T) {
	store := newMemoryStore()
	set := New(store, Options{
		Algorithms: []string{ES256}, ActiveFor: time.Minute, PendingFor: time.Hour, Now: store.clock.Now,
	})
	for range 3 {
		require.NoError(t, set.Maintain(context.Background()))
	}
	require.Equal(t, 2, store.count())
}

func TestConcurrentReplicasRotateOnce(t *testing.T) {
	races := map[string]func(*Set) error{
		"by command": func(s *Set) error { return s.Rotate(context.Background(), ES256) },
		"by age":     func(s *Set) error { return s.Maintain(context.Background()) },
	}
	for name, race := range races {
		t.Run(name, func(t *testing.T) {
			store := newMemoryStore()
			replicas := make([]*Set, 8)
			for i := range replicas {
				replicas[i] = loadedSet(t, store, ES256)
			}
			store.clock.Advance(90 * day)
			failures := inParallel(replicas, race)
			require.Equal(t, 2, store.count())
			for _, err := range failures {
				require.ErrorIs(t, err, ErrPending)
			}

			store.clock.Advance(10 * time.Minute)
			var kid string
			for i, replica := range replicas {
				require.NoError(t, replica.Load(context.Background()))
				signedBy := keyIDOf(t, sign(t, replica, ES256))
				require.True(t, i == 0 || signedBy == kid, "all replicas follow the same key")
				kid = signedBy
			}
		})
	}
}

func TestConcurrentReplicasShareTheFirstKeys(t *testing.T) {
	store := newMemoryStore()
	replicas := make([]*Set, 8)
	for i := range replicas {
		replicas[i] = New(store, Options{Algorithms: []string{ES256, EdDSA}, Now: store.clock.Now})
	}
	require.Empty(t, inParallel(replicas, func(s *Set) error { return s.Load(context.Background()) }))
	require.Equal(t, 2, store.count())
	for _, replica := range replicas {
		require.Equal(t, replicas[0].Document(), replica.Document())
	}
}

func TestSigningAndVerifyingGoOnDuringKeyRotation(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, EdDSA)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				token, err := set.Sign(EdDSA, "JWT", []byte(`{}`))
				if err == nil {
					_, _, err = set.Verify(token, EdDSA)
				}
				if err != nil || len(set.Document()) < len(`{"keys":[{}]}`) {
					t.Errorf("a reader saw a gap: %v", err)
					return
				}
			}
		})
	}
	for range 50 {
		require.NoError(t, set.Rotate(context.Background(), EdDSA))
		store.clock.Advance(10 * time.Minute)
	}
	close(done)
	readers.Wait()
}

// inParallel runs act on every replica at once and answers the errors.
func inParallel(replicas []*Set, act func(*Set) error) []error {
	var (
		group    sync.WaitGroup
		mutex    sync.Mutex
		failures []error
	)
	start := make(chan struct{})
	for _, replica := range replicas {
		group.Go(func() {
			<-start
			if err := act(replica); err != nil {
				mutex.Lock()
				defer mutex.Unlock()
				failures = append(failures, err)
			}
		})
	}
	close(start)
	group.Wait()
	return failures
}

func TestAStoreThatFailsWhileRotatingIsReported(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, ES256)
	store.fault = errors.New("connection refused")
	require.ErrorIs(t, set.Rotate(context.Background(), ES256), store.fault)
	require.ErrorIs(t, set.Maintain(context.Background()), store.fault)
}
