package jwks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrPending reports a rotation that was not done, because the next key is published and waits to become active.
var ErrPending = errors.New("jwks: a key is pending already")

// Rotate publishes a new key of algorithm now. When it has been published for as long as keys are pending, it signs and
// the key before it retires. While a key is pending it answers [ErrPending] and says until when; also when another
// replica is faster. [ErrNoKey] means that algorithm is not configured.
func (s *Set) Rotate(ctx context.Context, algorithm string) error {
	if err := s.Load(ctx); err != nil {
		return err
	}
	now := s.clock()
	newest := s.current.Load().newest(algorithm)
	if newest == nil {
		return fmt.Errorf("%w: %q", ErrNoKey, algorithm)
	}
	if newest.ActivatesAt.After(now) {
		return pendingUntil(newest)
	}
	replaced, err := s.replace(ctx, newest, now)
	if err != nil {
		return err
	}
	if err := s.Load(ctx); err != nil {
		return err
	}
	if !replaced {
		return pendingUntil(s.current.Load().newest(algorithm))
	}
	return nil
}

func pendingUntil(k *key) error {
	return fmt.Errorf("%w: %s becomes active at %s", ErrPending, k.StoredKey,
		k.ActivatesAt.Format(time.RFC3339))
}

// Maintain publishes successors of the keys that are nearly as old as they may get, early enough that each signs no
// longer than ActiveFor, and deletes the keys that are gone. Call it often: the time between two calls adds to the age.
// It is safe on several replicas at once.
func (s *Set) Maintain(ctx context.Context) error {
	if err := s.Load(ctx); err != nil {
		return err
	}
	now := s.clock()
	changed := false
	for _, algorithm := range s.algorithms {
		newest := s.current.Load().newest(algorithm)
		if newest == nil || now.Before(newest.ActivatesAt.Add(max(s.activeFor-s.pendingFor, 0))) {
			continue
		}
		// Not being the one who replaced it is fine: then another replica was.
		if _, err := s.replace(ctx, newest, now); err != nil {
			return err
		}
		changed = true
	}
	deleted, err := s.store.DeleteExpiredSigningKeys(ctx, now)
	if err != nil {
		return fmt.Errorf("jwks: delete expired keys: %w", err)
	}
	if changed || deleted > 0 {
		return s.Load(ctx)
	}
	return nil
}

// replace stores a pending successor of previous and tells whether this replica was the one to do it.
func (s *Set) replace(ctx context.Context, previous *key, now time.Time) (bool, error) {
	activatesAt := now.Add(s.pendingFor)
	next, err := newStoredKey(previous.Algorithm, now, activatesAt)
	if err != nil {
		return false, err
	}
	replaced, err := s.store.ReplaceSigningKey(ctx, previous.ID, next, activatesAt, activatesAt.Add(s.retiredFor))
	if err != nil {
		return false, fmt.Errorf("jwks: replace key %s: %w", previous.StoredKey, err)
	}
	return replaced, nil
}
