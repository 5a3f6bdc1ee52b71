package administration

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/clientauth"
	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// Local administers a database.
type Local struct {
	*storage.Store
	keys *jwks.Set // nil before it is asked for
}

// NewLocal makes a Local.
func NewLocal(store *storage.Store) *Local { return &Local{Store: store} }

func hash(ctx context.Context, password string) (string, error) {
	return identity.NewPasswords(identity.PasswordOptions{}).Hash(ctx, password)
}

// AddUser implements Users.
func (l *Local) AddUser(ctx context.Context, u storage.User, password string) (err error) {
	if u.Password, err = hash(ctx, password); err != nil {
		return err
	}
	return l.CreateUser(ctx, u)
}

// ReplacePassword implements Users.
func (l *Local) ReplacePassword(ctx context.Context, userID, password string, mustChange bool) error {
	hashed, err := hash(ctx, password)
	if err != nil {
		return err
	}
	if mustChange {
		return l.SetPasswordToChange(ctx, userID, hashed)
	}
	return l.SetPassword(ctx, userID, hashed)
}

// ResetPhone implements Users.
func (l *Local) ResetPhone(ctx context.Context, userID, _ string) error {
	factor, err := l.FindAuthenticationFactor(ctx, userID, storage.FactorSMS)
	if err != nil {
		return err
	}
	factor.Factor, factor.Secret = "", nil
	return l.UpdateAuthenticationFactor(ctx, *factor)
}

// AddClient implements Clients.
func (l *Local) AddClient(ctx context.Context, c storage.Client, s Secret) (made string, err error) {
	if clientauth.HasSecret(c.Metadata.TokenEndpointAuthMethod) {
		secret, generated, err := l.newSecret(ctx, &c, s)
		if err != nil {
			return "", err
		}
		made, c.Connections[0].Secrets = generated, []storage.ConnectionSecret{secret}
	}
	return made, l.CreateClient(ctx, c)
}

// UpdateClient implements Clients. It refuses a client that is to sign with a secret of which only the hash is stored:
// its signatures could not be verified.
func (l *Local) UpdateClient(ctx context.Context, c storage.Client) error {
	if id := clientauth.ConnectionWithoutSealedSecret(&c); id != "" {
		return console.WithHint("ithildin connection rotate-secret "+id+" --sealed",
			fmt.Errorf("no secret of connection %s is sealed, as client_secret_jwt needs it", id))
	}
	return l.Store.UpdateClient(ctx, c)
}

// AddConnection implements Clients.
func (l *Local) AddConnection(ctx context.Context, c *storage.Client, s Secret) (made string, err error) {
	secret, made, err := l.newSecret(ctx, c, s)
	if err != nil {
		return "", err
	}
	connection := *c.Connections[len(c.Connections)-1]
	connection.Secrets = []storage.ConnectionSecret{secret}
	return made, l.CreateConnection(ctx, connection)
}

// RotateSecret implements Clients.
func (l *Local) RotateSecret(
	ctx context.Context, c *storage.Client, connectionID string, s Secret, overlap time.Duration,
) (made string, err error) {
	secret, made, err := l.newSecret(ctx, c, s)
	if err != nil {
		return "", err
	}
	return made, l.AddConnectionSecret(ctx, connectionID, secret, l.Now().Add(overlap))
}

// newSecret makes a secret, which it also returns as made, or takes the given one, which it hashes as a password,
// because its randomness is not known. A secret that the client signs with is sealed besides, and must be as long as
// the algorithm requires.
func (l *Local) newSecret(
	ctx context.Context, c *storage.Client, s Secret,
) (secret storage.ConnectionSecret, made string, err error) {
	algorithm := clientauth.SecretAlgorithm(&c.Metadata, s.Sealed)
	if algorithm != "" && !l.CanSeal() {
		return secret, "", console.WithHint("set ITHILDIN_SECRET or ITHILDIN_SECRET_FILE as it is for serve",
			errors.New("the secret of a client that signs with it is sealed under the master secret, which is not given"))
	}
	shown, err := s.Legacy.SealedFor(c, l.Store)
	if err != nil {
		return secret, "", err
	}
	value := storage.SecretValue{Text: s.Given, Sealed: algorithm != "" || shown}
	if s.Given == "" {
		made, err = clientauth.RandomSecret(rand.Reader, algorithm != "")
		value.Text = made
	} else if least := clientauth.ShortestSecret(algorithm); len(s.Given) < least {
		err = &console.UsageError{
			Cause: fmt.Errorf("the secret has %d bytes: want at least %d for %s", len(s.Given), least, algorithm),
		}
	} else {
		value.PasswordHash, err = hash(ctx, s.Given)
	}
	if err != nil {
		return secret, "", err
	}
	return l.NewConnectionSecret(value), made, nil
}

// AddInitialAccessToken implements Clients.
func (l *Local) AddInitialAccessToken(
	ctx context.Context, t storage.InitialAccessToken, days int64,
) (value string, expiresAt time.Time, err error) {
	if value, err = oauth.RandomText(rand.Reader, oauth.TokenBytes); err != nil {
		return "", time.Time{}, err
	}
	t.Hash, t.CreatedAt, t.ExpiresAt = storage.Hash(value), l.Now(), l.Now().AddDate(0, 0, int(days))
	return value, t.ExpiresAt, l.CreateInitialAccessToken(ctx, t)
}

// Keys implements Records. It makes the first keys where the database has none, as serve does.
func (l *Local) Keys(ctx context.Context) ([]jwks.KeyInfo, error) {
	if l.keys == nil {
		keys := jwks.New(provider.KeyStore{Store: l.Store}, jwks.Options{})
		if err := keys.Load(ctx); err != nil {
			return nil, database.ExplainSealed(err)
		}
		l.keys = keys
	}
	return l.keys.Keys(), nil
}

// RotateKey implements Records.
func (l *Local) RotateKey(ctx context.Context, algorithm string) error {
	if _, err := l.Keys(ctx); err != nil {
		return err
	}
	err := l.keys.Rotate(ctx, algorithm)
	if errors.Is(err, jwks.ErrPending) {
		return console.WithHint("the next key takes over by itself at that time", err)
	}
	return err
}
