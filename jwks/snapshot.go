package jwks

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// State is where a key stands in its life at a given moment.
type State string

// The states of a signing key, in the order in which it goes through them.
const (
	Prepublished State = "pending" // published so that caches learn it; does not sign yet
	Active       State = "active"  // signs
	Retired      State = "retired" // signs no more; what it signed still verifies
	Gone         State = "gone"    // off the published set; what it signed is refused
)

// snapshot is what one read of the store found. It is never changed, so readers need no lock; its answers depend on the
// moment alone.
type snapshot struct {
	keys      []*key            // by algorithm, then newest first
	byID      map[string]*key   // all of keys
	signing   map[string][]*key // of the configured algorithms, newest first
	published atomic.Pointer[document]
}

// newSnapshot parses what the store gave. Keys of an algorithm that is not in algorithms still verify, but never sign.
func newSnapshot(stored []StoredKey, algorithms []string) (*snapshot, error) {
	made := &snapshot{byID: map[string]*key{}, signing: map[string][]*key{}}
	for _, row := range stored {
		parsed, err := parseKey(row)
		if err != nil {
			return nil, err
		}
		made.keys = append(made.keys, parsed)
		made.byID[parsed.ID] = parsed
	}
	slices.SortFunc(made.keys, compareKeys)
	for _, k := range made.keys {
		if slices.Contains(algorithms, k.Algorithm) {
			made.signing[k.Algorithm] = append(made.signing[k.Algorithm], k)
		}
	}
	return made, nil
}

func compareKeys(a, b *key) int {
	return cmp.Or(
		cmp.Compare(slices.Index(SupportedAlgorithms, a.Algorithm), slices.Index(SupportedAlgorithms, b.Algorithm)),
		b.ActivatesAt.Compare(a.ActivatesAt),
		cmp.Compare(a.ID, b.ID),
	)
}

// active answers the key that signs: the one activated last, or nil. The first key of an algorithm has none before it,
// so it signs even where the clock lags behind the replica that made it.
func (s *snapshot) active(algorithm string, now time.Time) *key {
	var earliest *key
	for _, k := range s.signing[algorithm] {
		if k.gone(now) {
			break
		}
		if !k.ActivatesAt.After(now) {
			return k
		}
		earliest = k
	}
	return earliest
}

// newest answers the key that a rotation would replace, pending or active, or nil.
func (s *snapshot) newest(algorithm string) *key {
	if keys := s.signing[algorithm]; len(keys) > 0 {
		return keys[0]
	}
	return nil
}

func (s *snapshot) state(k *key, now time.Time) State {
	switch {
	case k.gone(now):
		return Gone
	case k == s.active(k.Algorithm, now):
		return Active
	case k.ActivatesAt.After(now):
		return Prepublished
	}
	return Retired
}
