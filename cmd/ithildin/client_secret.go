package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"ithildin/storage"
)

// newSecret makes a secret of 256 bits.
func newSecret() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// newConnectionSecret makes a secret, which generated then holds, or reads one from a file. One that was read gets a slow
// hash: how hard it is to guess is not known.
func newConnectionSecret(
	ctx context.Context, terminal console, store *storage.Store, file string,
) (secret storage.ConnectionSecret, generated string, err error) {
	secret = storage.ConnectionSecret{ID: store.NewID(), CreatedAt: store.Now()}
	if file == "" {
		generated, err = newSecret()
		secret.Hash = storage.Hash(generated)
		return secret, generated, err
	}
	given, err := terminal.readSecret(file, "Secret")
	if err != nil {
		return secret, "", err
	}
	secret.PasswordHash, err = hashPassword(ctx, given)
	return secret, "", err
}

func usesSecret(authMethod string) bool {
	return authMethod == storage.AuthMethodBasic || authMethod == storage.AuthMethodPost
}
