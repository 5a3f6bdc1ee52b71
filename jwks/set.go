package jwks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const day = 24 * time.Hour

// ErrNoKey reports an algorithm that has no signing key: it is not configured, or nothing has been loaded yet.
var ErrNoKey = errors.New("jwks: no signing key")

// Options tune a [Set]. Zero values stand for the defaults. All replicas must agree on them.
type Options struct {
	Algorithms []string      // to sign with; default RS256, ES256, EdDSA. Keys of one taken off verify, but sign no more
	ActiveFor  time.Duration // how long a key signs before it is rotated by age; default 90 days
	PendingFor time.Duration // from publishing a key to signing with it; default twice MaxAge
	RetiredFor time.Duration // from the last signature to refusal; longer than any token lives; default 31 days
	MaxAge     time.Duration // how long the published set may be cached; default 5 minutes; see [Set.MaxAge]
	Now        func() time.Time
	// Signed is told of each signature and how long it took. nil: nobody is.
	Signed func(algorithm string, took time.Duration)
}

// Set holds the keys of one replica in memory. Its methods are safe for concurrent use; all that touch no store wait
// for nobody.
type Set struct {
	store      KeyStore
	algorithms []string
	activeFor  time.Duration
	pendingFor time.Duration
	retiredFor time.Duration
	maxAge     time.Duration
	now        func() time.Time
	signed     func(algorithm string, took time.Duration)

	loading  sync.Mutex // keeps an older read from overtaking a newer one
	current  atomic.Pointer[snapshot]
	verified verifiedTokens
}

// New makes a Set without keys: call [Set.Load] before anything else.
func New(store KeyStore, options Options) *Set {
	algorithms := options.Algorithms
	if len(algorithms) == 0 {
		algorithms = SupportedAlgorithms
	}
	now := options.Now
	if now == nil {
		now = time.Now
	}
	maxAge := positiveOr(options.MaxAge, 5*time.Minute)
	pendingFor := positiveOr(options.PendingFor, 2*maxAge)
	set := &Set{
		store:      store,
		algorithms: slices.Clone(algorithms),
		activeFor:  positiveOr(options.ActiveFor, 90*day),
		pendingFor: pendingFor,
		retiredFor: positiveOr(options.RetiredFor, 31*day),
		maxAge:     min(maxAge, pendingFor/2),
		now:        now,
		signed:     options.Signed,
		verified:   newVerifiedTokens(),
	}
	if set.signed == nil {
		set.signed = func(string, time.Duration) {}
	}
	set.current.Store(&snapshot{})
	return set
}

func positiveOr(duration, fallback time.Duration) time.Duration {
	if duration > 0 {
		return duration
	}
	return fallback
}

// clock is the time in whole seconds, as keys are stored.
func (s *Set) clock() time.Time { return s.now().UTC().Truncate(time.Second) }

// Load reads the keys, having made a first one, active at once, for each configured algorithm that has none. Call it at
// start and whenever the stored configuration has changed. After an error the keys of the last good read remain.
func (s *Set) Load(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	stored, err := s.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("jwks: read signing keys: %w", err)
	}
	created, err := s.createMissing(ctx, stored)
	if err != nil {
		return err
	}
	if created {
		// Read again rather than append: another replica may have been first, and then its key counts.
		if stored, err = s.store.SigningKeys(ctx); err != nil {
			return fmt.Errorf("jwks: read signing keys: %w", err)
		}
	}
	loaded, err := newSnapshot(stored, s.algorithms)
	if err != nil {
		return err
	}
	s.current.Store(loaded)
	return nil
}

// createMissing tells whether some algorithm had no key when stored was read; it has one now.
func (s *Set) createMissing(ctx context.Context, stored []StoredKey) (bool, error) {
	created := false
	for _, algorithm := range s.algorithms {
		if slices.ContainsFunc(stored, func(k StoredKey) bool { return k.Algorithm == algorithm }) {
			continue
		}
		now := s.clock()
		first, err := newStoredKey(algorithm, now, now)
		if err != nil {
			return false, err
		}
		if _, err := s.store.ReplaceSigningKey(ctx, "", first, time.Time{}, time.Time{}); err != nil {
			return false, fmt.Errorf("jwks: store the first %s key: %w", algorithm, err)
		}
		created = true
	}
	return created, nil
}

// KeyInfo describes a key to an operator. RetiresAt and ExpiresAt are zero while unknown.
type KeyInfo struct {
	ID, Algorithm                                string
	State                                        State
	CreatedAt, ActivatesAt, RetiresAt, ExpiresAt time.Time
}

// Keys lists the keys of the last [Set.Load] that are not gone, by algorithm, then newest first.
func (s *Set) Keys() []KeyInfo {
	current, now := s.current.Load(), s.clock()
	var listed []KeyInfo
	for _, k := range current.keys {
		if k.gone(now) {
			continue
		}
		listed = append(listed, KeyInfo{
			ID: k.ID, Algorithm: k.Algorithm, State: current.state(k, now),
			CreatedAt: k.CreatedAt, ActivatesAt: k.ActivatesAt, RetiresAt: k.RetiresAt, ExpiresAt: k.ExpiresAt,
		})
	}
	return listed
}
