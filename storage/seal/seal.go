// Package seal encrypts what the database must hold but not reveal, such as private keys and the seeds of second
// factors, under keys that are derived from the master secrets. It knows no table and imports no other package of this
// module.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MinimumSecret is the least length of a master secret in bytes.
const MinimumSecret = 32

// Sealer encrypts by AES-256-GCM under a key that is derived from the master secret by HKDF-SHA-256. A sealed text
// names its key, so that master secrets rotate: the first seals, all open.
type Sealer struct {
	order []string
	keys  map[string]cipher.AEAD
}

// New takes the master secrets, newest first, each at least MinimumSecret bytes.
func New(secrets ...[]byte) (*Sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("seal: no master secret")
	}
	s := &Sealer{keys: map[string]cipher.AEAD{}}
	for _, secret := range secrets {
		if len(secret) < MinimumSecret {
			return nil, fmt.Errorf("seal: a master secret is shorter than %d bytes", MinimumSecret)
		}
		derived, err := hkdf.Key(sha256.New, secret, nil, "ithildin seal v1", 32+4)
		if err != nil {
			return nil, fmt.Errorf("seal: derive key: %w", err)
		}
		block, err := aes.NewCipher(derived[:32])
		if err != nil {
			return nil, fmt.Errorf("seal: derive key: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("seal: derive key: %w", err)
		}
		id := hex.EncodeToString(derived[32:])
		s.order = append(s.order, id)
		s.keys[id] = aead
	}
	return s, nil
}

// Seal encrypts plain for the given context (the table and row it belongs to), which Open must name again, so that a
// sealed text can't be moved to another row.
func (s *Sealer) Seal(plaintext []byte, context string) string {
	id := s.order[0]
	aead := s.keys[id]
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(rand.Reader, nonce); err != nil {
		panic(fmt.Sprintf("seal: no randomness: %v", err))
	}
	sealed := aead.Seal(nonce, nonce, plaintext, []byte(context))
	return id + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// ErrSealed says that a sealed text can't be opened: its master secret is not among those configured, or the text or
// its place was changed.
var ErrSealed = errors.New("seal: sealed under another master secret, or damaged")

// Open decrypts what Seal made.
func (s *Sealer) Open(sealed, context string) ([]byte, error) {
	id, rest, _ := strings.Cut(sealed, ".")
	aead := s.keys[id]
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if aead == nil || err != nil || len(raw) < aead.NonceSize() {
		return nil, ErrSealed
	}
	plaintext, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// Reseal returns a sealed text under the newest master secret, and whether that is another text than before. Errors:
// ErrSealed.
func (s *Sealer) Reseal(sealed, context string) (string, bool, error) {
	if id, _, _ := strings.Cut(sealed, "."); id == s.order[0] {
		return sealed, false, nil
	}
	plaintext, err := s.Open(sealed, context)
	if err != nil {
		return "", false, err
	}
	return s.Seal(plaintext, context), true, nil
}
