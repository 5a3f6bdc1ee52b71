package admin

import (
	"context"
	"crypto/rand"
	"fmt"

	"ithildin/provider/clientauth"
	"ithildin/storage"
)

// newSecret gives a connection that is not stored yet its secret: the given one, or one that it makes and returns. A
// client that has none gets none.
func (a clients) newSecret(
	ctx context.Context, client *storage.Client, connection *storage.Connection, given string,
) (made string, err error) {
	if !clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod) {
		if given != "" {
			return "", invalid("body.secret", "the client authenticates by "+
				client.Metadata.TokenEndpointAuthMethod+", without a secret", nil)
		}
		return "", nil
	}
	made, secret, err := a.makeSecret(ctx, client, given, false)
	if err != nil {
		return "", err
	}
	connection.Secrets = []storage.ConnectionSecret{secret}
	return made, nil
}

// makeSecret makes a secret in the form that the client needs, or will need where it is to sign with it. A given one is
// hashed as a password, because its randomness is not known; made is "" for it.
func (a clients) makeSecret(
	ctx context.Context, client *storage.Client, given string, willSign bool,
) (made string, secret storage.ConnectionSecret, err error) {
	algorithm := clientauth.SecretAlgorithm(&client.Metadata, willSign)
	value := storage.SecretValue{
		Text: given, Sealed: algorithm != "" || client.IsLegacy() && !a.legacySecretsHashed,
	}
	if given == "" {
		made, err = clientauth.RandomSecret(rand.Reader, algorithm != "")
		value.Text = made
	} else if least := clientauth.ShortestSecret(algorithm); len(given) < least {
		err = invalid("body.secret", fmt.Sprintf("the secret has %d bytes: want at least %d for %s", len(given), least,
			algorithm), nil)
	} else {
		anything := func(string, ...string) error { return nil }
		value.PasswordHash, err = a.provider.Identity().HashPassword(ctx, given, anything)
	}
	if err != nil {
		return "", storage.ConnectionSecret{}, err
	}
	return made, a.store.NewConnectionSecret(value), nil
}
