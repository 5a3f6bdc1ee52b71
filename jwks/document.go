package jwks

import (
	"bytes"
	"slices"
	"time"
)

// document is the published set as bytes, good until a key of it changes state.
type document struct {
	bytes      []byte
	validUntil time.Time // zero: for ever
}

// Document answers the published JSON Web Key Set (RFC 7517 section 5): the public part of every pending, active and
// retired key, with kid, alg and use. The bytes are shared: do not change them. Active keys come first, for relying
// parties that look no further.
func (s *Set) Document() []byte {
	current, now := s.current.Load(), s.clock()
	if published := current.published.Load(); published != nil && published.isValid(now) {
		return published.bytes
	}
	rebuilt := current.document(now)
	current.published.Store(rebuilt)
	return rebuilt.bytes
}

// MaxAge is how long a relying party may cache the document, for Cache-Control. It is at most half of the time that a
// key is pending, so that every cache has a new key before that key signs, even if a replica learnt of it late.
func (s *Set) MaxAge() time.Duration { return s.maxAge }

func (s *snapshot) document(now time.Time) *document {
	var published [][]byte
	for _, state := range []State{Active, Prepublished, Retired} {
		for _, k := range s.keys {
			if s.state(k, now) == state {
				published = append(published, k.published)
			}
		}
	}
	set := slices.Concat([]byte(`{"keys":[`), bytes.Join(published, []byte(",")), []byte(`]}`))
	return &document{bytes: set, validUntil: s.nextChange(now)}
}

func (d *document) isValid(now time.Time) bool {
	return d.validUntil.IsZero() || now.Before(d.validUntil)
}

// nextChange answers the next moment at which a key becomes active or goes, zero where there is none; another retires
// when one becomes active.
func (s *snapshot) nextChange(now time.Time) (next time.Time) {
	for _, k := range s.keys {
		for _, moment := range []time.Time{k.ActivatesAt, k.ExpiresAt} {
			if moment.After(now) && (next.IsZero() || moment.Before(next)) {
				next = moment
			}
		}
	}
	return next
}
