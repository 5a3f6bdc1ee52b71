package storage

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
)

// randomKeys holds the random keys that this process has read, by name. They never change, so they are never dropped.
type randomKeys struct{ byName sync.Map }

func secretContext(name string) string { return "secrets:" + name }

// RandomKey is a random key of that many bytes, made when it is first asked for and the same ever after, in every
// process on this database. name is one of a few constants.
func (s *keyStore) RandomKey(ctx context.Context, name string, size int) ([]byte, error) {
	if key, ok := s.keys.byName.Load(name); ok {
		return key.([]byte), nil
	}
	key, err := s.readRandomKey(ctx, name)
	if errors.Is(err, ErrNotFound) {
		if err = s.makeRandomKey(ctx, name, size); err == nil {
			key, err = s.readRandomKey(ctx, name)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(key) != size {
		return nil, fmt.Errorf("storage: random key %s has %d bytes, not %d", name, len(key), size)
	}
	s.keys.byName.Store(name, key)
	return key, nil
}

func (s *keyStore) readRandomKey(ctx context.Context, name string) ([]byte, error) {
	var sealed string
	if err := s.get(ctx, &sealed, `SELECT sealed FROM secrets WHERE name = $1`, name); err != nil {
		return nil, err
	}
	key, err := s.sealer.Open(sealed, secretContext(name))
	if err != nil {
		return nil, fmt.Errorf("storage: random key %s: %w", name, err)
	}
	return key, nil
}

// makeRandomKey leaves a key that another process has made meanwhile.
func (s *keyStore) makeRandomKey(ctx context.Context, name string, size int) error {
	key := make([]byte, size)
	if _, err := io.ReadFull(s.random, key); err != nil {
		return fmt.Errorf("storage: randomness: %w", err)
	}
	_, err := s.exec(ctx, `INSERT INTO secrets (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		name, s.sealer.Seal(key, secretContext(name)), s.nowSeconds())
	return err
}

// keyed is the MAC of a text that is too short, or too well known, for a mere hash. The key is a random one under name.
func (s *keyStore) keyed(ctx context.Context, name, value string) ([]byte, error) {
	key, err := s.RandomKey(ctx, name, sha256.Size)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return mac.Sum(nil), nil
}
