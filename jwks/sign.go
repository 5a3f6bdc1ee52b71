package jwks

import (
	"encoding/json"
	"fmt"
	"time"
)

// Sign answers a compact JWS (RFC 7515 section 7.1) made with the active key of algorithm; its header has alg, kid and,
// unless empty, typ ("JWT", "at+jwt", "logout+jwt"). Claims that are a []byte are signed as they stand, any other value
// as its JSON. [ErrNoKey] means that there is no active key.
func (s *Set) Sign(algorithm, typ string, claims any) (string, error) {
	active := s.current.Load().active(algorithm, s.clock())
	if active == nil {
		return "", fmt.Errorf("%w: %q", ErrNoKey, algorithm)
	}
	payload, ready := claims.([]byte)
	if !ready {
		var err error
		if payload, err = json.Marshal(claims); err != nil {
			return "", fmt.Errorf("jwks: encode claims: %w", err)
		}
	}
	signer, err := active.signer(typ)
	if err != nil {
		return "", err
	}
	began := time.Now()
	signed, err := signer.Sign(payload)
	s.signed(algorithm, time.Since(began))
	if err != nil {
		return "", fmt.Errorf("jwks: sign with key %s: %w", active.StoredKey, err)
	}
	return signed.CompactSerialize()
}
