package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

// newSecret makes a secret of 256 bits.
func newSecret() (string, error) { return newSecretOf(32) }

func newSecretOf(bytes int) (string, error) {
	raw := make([]byte, bytes)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// signingSecretBytes is how long the secret of a client that signs with it must be (RFC 7518 3.2).
var signingSecretBytes = map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}

// signingAlgorithm is what a client signs with by its secret, "" for one that sends it.
func signingAlgorithm(m storage.Metadata) string {
	if !clientauth.SignsWithSecret(&m) {
		return ""
	}
	return cmp.Or(m.TokenEndpointAuthSigningAlg, "HS256")
}

// newConnectionSecret makes a secret, which generated then holds, or reads one from a file. One that was read gets a
// slow hash: how hard it is to guess is not known. One that is signed with by an algorithm is sealed besides; those
// made are long enough for each.
func newConnectionSecret(
	ctx context.Context, terminal console.Terminal, store *storage.Store, file, algorithm string,
) (secret storage.ConnectionSecret, generated string, err error) {
	if algorithm != "" && !store.CanSeal() {
		return secret, "", console.WithHint("set ITHILDIN_SECRET or ITHILDIN_SECRET_FILE as it is for serve",
			errors.New("the secret of a client that signs with it is sealed under the master secret, which is not given"))
	}
	secret = storage.ConnectionSecret{ID: store.NewID(), CreatedAt: store.Now()}
	var text string
	switch {
	case file != "":
		if text, err = terminal.ReadSecret(file, "Secret"); err != nil {
			return secret, "", err
		}
		if least := signingSecretBytes[algorithm]; len(text) < least {
			return secret, "", &console.UsageError{
				Cause: fmt.Errorf("the secret has %d bytes: want at least %d for %s", len(text), least, algorithm),
			}
		}
		secret.PasswordHash, err = hashPassword(ctx, text)
	case algorithm != "":
		generated, err = newSecretOf(48) // 64 characters
	default:
		generated, err = newSecret()
	}
	if generated != "" {
		text, secret.Hash = generated, storage.Hash(generated)
	}
	if algorithm != "" && err == nil {
		secret.Sealed = store.SealSecret(secret.ID, text)
	}
	return secret, generated, err
}

// requireSealed returns an error for a client that signs with a secret of which only the hash is stored: its
// signatures could not be verified.
func requireSealed(c *storage.Client) error {
	if !clientauth.SignsWithSecret(&c.Metadata) {
		return nil
	}
	for _, connection := range c.Connections {
		sealed := false
		for _, secret := range connection.Secrets {
			sealed = sealed || secret.Sealed != ""
		}
		if !sealed {
			return console.WithHint("ithildin connection rotate-secret "+connection.ID+" --sealed",
				fmt.Errorf("no secret of connection %s is sealed, as client_secret_jwt needs it", connection.ID))
		}
	}
	return nil
}
