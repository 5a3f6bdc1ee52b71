package clientauth

import (
	"context"
	"crypto/x509"
	"log/slog"
	"time"

	"github.com/go-jose/go-jose/v4"

	"ithildin/provider/outbound"
	"ithildin/storage"
)

// Options are what an Authenticator takes from outside; all of them are required.
type Options struct {
	Store *storage.Store
	// Find finds the client of a request to an endpoint. Errors: storage.ErrNotFound, an *oauth.Error, or a fault.
	Find func(ctx context.Context, endpoint, id string) (*storage.Client, error)
	// Issuer is what a client assertion is addressed to, without a slash at its end.
	Issuer string
	// Alias is the same for endpoints that clients call with a certificate (RFC 8705 5); "" where there are none.
	Alias string
	// Authorities are trusted for certificates of clients (RFC 8705 2.1); nil: none.
	Authorities *x509.CertPool
	// Outbound fetches the keys that clients publish.
	Outbound *outbound.Client
	// WeakSecretKey is the key of the hashes by which weak secrets are remembered. WeakSecrets compares them: with a bound
	// of its own, for guesses at a client's weak secret must not keep people from signing in.
	WeakSecretKey []byte
	WeakSecrets   PasswordVerifier
	Now           func() time.Time
	Logger        *slog.Logger
	// CountSuccess is told of each client that proved itself, and CountFailure of each that did not: with the result
	// "refused", or "limited" where there were too many. CountFetch is told of each fetch of keys: when
	// it began, and its error.
	CountSuccess func(method string)
	CountFailure func(method, result string)
	CountFetch   func(began time.Time, err error)
}

// Authenticator authenticates clients, and counts who failed to prove to be one. It is safe for concurrent use.
type Authenticator struct {
	store        *storage.Store
	find         func(ctx context.Context, endpoint, id string) (*storage.Client, error)
	issuer       string
	alias        string
	authorities  *x509.CertPool
	keySets      *outbound.Cache[*jose.JSONWebKeySet]
	weakSecrets  *weakSecrets
	rightAPIKeys *set // by their lookup
	failures     clientFailures
	now          func() time.Time
	logger       *slog.Logger
	countSuccess func(method string)
	countFailure func(method, result string)
}

// New makes an Authenticator.
func New(o Options) *Authenticator {
	return &Authenticator{
		store: o.Store, find: o.Find,
		issuer: o.Issuer, alias: o.Alias, authorities: o.Authorities, now: o.Now, logger: o.Logger,
		countSuccess: o.CountSuccess, countFailure: o.CountFailure,
		keySets: outbound.NewCache(outbound.CacheOptions[*jose.JSONWebKeySet]{
			Client: o.Outbound, Maximum: maximumKeySet, Parse: ParseKeySet, Now: o.Now,
			Fetched: o.CountFetch,
		}),
		weakSecrets:  &weakSecrets{key: o.WeakSecretKey, verifier: o.WeakSecrets, right: newSet(), wrong: newSet()},
		rightAPIKeys: newSet(), failures: clientFailures{limit: NewFailureLimit()},
	}
}
