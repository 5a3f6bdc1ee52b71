package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// newSecret generates a secret of 256 bits.
func newSecret() (string, error) { return oauth.RandomText(rand.Reader, oauth.TokenBytes) }

// newConnectionSecret generates a secret, which it also returns as generated, or reads one from a file. With an
// algorithm, the client signs with the secret, and it is sealed besides; so it is where shown says that the admin API
// shows it again.
func newConnectionSecret(
	ctx context.Context, terminal console.Terminal, store *storage.Store, file, algorithm string, shown bool,
) (secret storage.ConnectionSecret, generated string, err error) {
	if algorithm != "" && !store.CanSeal() {
		return secret, "", console.WithHint("set ITHILDIN_SECRET or ITHILDIN_SECRET_FILE as it is for serve",
			errors.New("the secret of a client that signs with it is sealed under the master secret, which is not given"))
	}
	value := storage.SecretValue{Sealed: algorithm != "" || shown}
	if file == "" {
		generated, err = clientauth.RandomSecret(rand.Reader, algorithm != "")
		value.Text = generated
	} else {
		value.Text, value.PasswordHash, err = readClientSecret(ctx, terminal, file, algorithm)
	}
	if err != nil {
		return secret, "", err
	}
	return store.NewConnectionSecret(value), generated, nil
}

// readClientSecret reads a secret from a file and hashes it as a password, because its randomness is not known. A
// secret that a client signs with must be as long as the algorithm requires.
func readClientSecret(
	ctx context.Context, terminal console.Terminal, file, algorithm string,
) (value, hash string, err error) {
	if value, err = terminal.ReadSecret(file, "Secret"); err != nil {
		return "", "", err
	}
	if least := clientauth.ShortestSecret(algorithm); len(value) < least {
		return "", "", &console.UsageError{
			Cause: fmt.Errorf("the secret has %d bytes: want at least %d for %s", len(value), least, algorithm),
		}
	}
	hash, err = hashPassword(ctx, value)
	return value, hash, err
}

// requireSealed returns an error for a client that signs with a secret of which only the hash is stored: its
// signatures could not be verified.
func requireSealed(c *storage.Client) error {
	if id := clientauth.ConnectionWithoutSealedSecret(c); id != "" {
		return console.WithHint("ithildin connection rotate-secret "+id+" --sealed",
			fmt.Errorf("no secret of connection %s is sealed, as client_secret_jwt needs it", id))
	}
	return nil
}
