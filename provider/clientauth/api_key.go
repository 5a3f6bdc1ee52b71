package clientauth

import (
	"context"
	"errors"
	"net/http"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// What keeps an api-key from being taken for a broker's.
var (
	ErrAPIKeyMissing  = errors.New("clientauth: the client works through a broker, and no api-key came along")
	ErrAPIKeyInvalid  = errors.New("clientauth: the api-key is unknown")
	ErrBrokerSettings = errors.New("clientauth: the client of the api-key is no broker")
)

// APIKey is the MIS that an api-key belongs to.
type APIKey struct {
	ClientID    string
	BrokerScope string
	Client      *storage.Client
}

// Broker returns the client with an id as one that asks for others. Errors: ErrAPIKeyInvalid where there is none or it
// is blocked, ErrBrokerSettings where it is no broker.
func (a *Authenticator) Broker(ctx context.Context, clientID string) (*APIKey, error) {
	client, err := a.store.Client(ctx, clientID)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && client.IsBlocked:
		return nil, ErrAPIKeyInvalid
	case err != nil:
		return nil, err
	case client.BrokerScope() == "":
		return nil, ErrBrokerSettings
	}
	return &APIKey{ClientID: clientID, BrokerScope: client.BrokerScope(), Client: client}, nil
}

// VerifyAPIKey says whose an api-key is. Errors: ErrAPIKeyMissing, ErrAPIKeyInvalid, ErrBrokerSettings; an *oauth.Error
// of status 429 where too many were wrong from one address.
func (a *Authenticator) VerifyAPIKey(ctx context.Context, key string) (*APIKey, error) {
	if key == "" {
		return nil, ErrAPIKeyMissing
	}
	connection, err := a.findConnection(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, a.APIKeyFailed(ctx)
	}
	if err != nil {
		return nil, err
	}
	return a.Broker(ctx, connection.ClientID)
}

// FindConnectionByKey finds the connection whose secret an api-key is. storage.ErrNotFound: there is none, which is
// counted as a failure.
func (a *Authenticator) FindConnectionByKey(ctx context.Context, key string) (*storage.Connection, error) {
	connection, err := a.findConnection(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		_ = a.APIKeyFailed(ctx) // the caller has words of its own
	}
	return connection, err
}

func (a *Authenticator) findConnection(ctx context.Context, key string) (*storage.Connection, error) {
	probe, err := a.Probe(ctx, key)
	if err != nil {
		return nil, err
	}
	if probe.Hash == nil {
		return nil, storage.ErrNotFound
	}
	connection, err := a.store.FindConnectionByKey(ctx, probe)
	if err == nil {
		a.RememberAPIKey(probe)
	}
	return connection, err
}

// Probe is how an api-key is looked up; one that can't be a secret finds nothing.
func (a *Authenticator) Probe(ctx context.Context, key string) (storage.APIKeyProbe, error) {
	if key == "" || len(key) > maximumSecret {
		return storage.APIKeyProbe{}, nil
	}
	lookup, err := a.store.WeakSecretLookup(ctx, key)
	if err != nil {
		return storage.APIKeyProbe{}, err
	}
	probe := storage.APIKeyProbe{Hash: storage.Hash(key), Lookup: lookup}
	if a.failures.limit.Exceeded(failureKey(ctx, anyAPIKey), a.now()) {
		if _, known := a.rightAPIKeys.Get(string(lookup)); !known {
			probe.Lookup = nil // a strong key is found by its hash in any case
		}
	}
	return probe, nil
}

// anyAPIKey stands for the client in the count of wrong api-keys, which name none.
const anyAPIKey = "api-key"

// APIKeyFailed counts a wrong api-key as Failed does a secret.
func (a *Authenticator) APIKeyFailed(ctx context.Context) error {
	err := a.Failed(ctx, MethodAPIKey, anyAPIKey,
		oauth.InvalidClient("The api-key is not the secret of a connection.").Because(ErrAPIKeyInvalid))
	if oauth.AsError(err).Status == http.StatusTooManyRequests {
		return err
	}
	return ErrAPIKeyInvalid
}

// RememberAPIKey counts that an api-key was right, and remembers a weak one, so that it is looked up whatever others
// guess.
func (a *Authenticator) RememberAPIKey(probe storage.APIKeyProbe) {
	a.Authenticated(MethodAPIKey)
	if _, known := a.rightAPIKeys.Get(string(probe.Lookup)); !known && probe.Lookup != nil {
		a.rightAPIKeys.Add(string(probe.Lookup), struct{}{})
	}
}
