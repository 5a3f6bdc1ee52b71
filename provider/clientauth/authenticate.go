package clientauth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// credentials are what a request proves a client by, of one method (RFC 6749 2.3, OIDC Core 9).
type credentials struct {
	method   string // one of OIDC Core 9
	clientID string
	secrets  []string // the readings of what was sent; Basic has two, since clients encode it or do not
	// assertion is a private_key_jwt's or client_secret_jwt's; signed is the same, parsed and not yet verified.
	assertion string
	signed    *jose.JSONWebSignature
}

const (
	assertionType    = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	maximumSecret    = 1024     // bytes
	maximumAssertion = 16 << 10 // bytes
)

// Authenticate finds out which client makes a request, and over which of its connections. endpoint is the path
// that it calls, authorization its header of that name, form its parameters. The answer to an unknown client and to a
// wrong secret is the same. Errors: an *oauth.Error of status 401, 429 where there were too many failures, or 400 for
// credentials that can't be read; else a fault.
func (a *Authenticator) Authenticate(
	ctx context.Context, endpoint, authorization string, form url.Values,
) (*storage.Client, error) {
	c, err := readCredentials(authorization, form)
	if err != nil {
		return nil, err
	}
	client, err := a.verify(ctx, endpoint, &c)
	if failed := AsFailure(err); failed != nil && c.method != storage.AuthMethodNone {
		return nil, a.Failed(ctx, c.method, c.clientID, failed)
	}
	if err == nil {
		a.Authenticated(c.method)
	}
	return client, err
}

// verify compares what a request proves a client by with what is registered. A request that sends nothing but the id
// of a client which authenticates by its certificate is of that method.
func (a *Authenticator) verify(ctx context.Context, endpoint string, c *credentials) (*storage.Client, error) {
	client, err := a.find(ctx, endpoint, c.clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, authenticationFailed(err)
	}
	if err != nil {
		return nil, err
	}
	inbound.RecordOf(ctx).About(client.ID, "")
	registered := client.Metadata.TokenEndpointAuthMethod
	if c.method == storage.AuthMethodNone && usesCertificate(registered) {
		c.method = registered
	}
	if c.method != registered && !(sendsSecret(c.method) && sendsSecret(registered)) {
		return nil, authenticationFailed(fmt.Errorf("the client used %s, and is registered for %s", c.method, registered))
	}
	switch c.method {
	case storage.AuthMethodNone:
		return singleConnection(client)
	case storage.AuthMethodPrivateKeyJWT, storage.AuthMethodSecretJWT:
		return a.byAssertion(ctx, client, *c, endpoint)
	case storage.AuthMethodTLS, storage.AuthMethodSelfSignedTLS:
		return a.byCertificate(ctx, client)
	}
	return a.bySecret(ctx, client, c.secrets)
}

// sendsSecret says that a method sends the secret itself. Which of the two ways it takes is not held against a client;
// none registered is Basic (RFC 7591 2).
func sendsSecret(method string) bool {
	return method == "" || method == storage.AuthMethodBasic || method == storage.AuthMethodPost
}

func authenticationFailed(cause error) *oauth.Error {
	return oauth.InvalidClient("Client authentication failed: unknown client, or wrong credentials.").Because(cause)
}

// singleConnection is for a client that authenticates by key or not at all: it has exactly one connection.
func singleConnection(client *storage.Client) (*storage.Client, error) {
	if len(client.Connections) != 1 {
		return nil, authenticationFailed(errors.New("the client has several connections, and only a secret tells them apart"))
	}
	return client.WithConnection(client.Connections[0]), nil
}

// readCredentials refuses more than one method in a request, and two ids that differ (FAPI 1.0 Baseline 5.2.2).
func readCredentials(authorization string, form url.Values) (credentials, error) {
	c := credentials{clientID: form.Get("client_id"), assertion: form.Get("client_assertion")}
	secret := form.Get("client_secret")
	methods := 0
	for _, used := range []bool{authorization != "", secret != "", c.assertion != "" ||
		form.Get("client_assertion_type") != ""} {
		if used {
			methods++
		}
	}
	switch {
	case methods > 1:
		return c, oauth.InvalidRequest("The request authenticates the client in more than one way.")
	case len(secret) > maximumSecret || len(c.assertion) > maximumAssertion || len(authorization) > 2*maximumSecret:
		return c, oauth.InvalidRequest("The client's credentials are too long.")
	case authorization != "":
		return readBasic(authorization, c.clientID)
	case secret != "":
		c.method, c.secrets = storage.AuthMethodPost, []string{secret}
	case methods == 1:
		return readAssertion(c, form.Get("client_assertion_type"))
	default:
		c.method = storage.AuthMethodNone
	}
	if c.clientID == "" {
		return c, oauth.InvalidClient("The request names no client_id.")
	}
	return c, nil
}

// readBasic takes both readings of the header: form-encoded as RFC 6749 2.3.1 asks, and plain as many clients send it.
func readBasic(authorization, bodyID string) (credentials, error) {
	c := credentials{method: storage.AuthMethodBasic}
	scheme, rest, _ := strings.Cut(authorization, " ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	id, secret, found := strings.Cut(string(raw), ":")
	if !strings.EqualFold(scheme, "Basic") || err != nil || !found {
		return c, oauth.InvalidClient("The Authorization header is not one of HTTP Basic.")
	}
	c.clientID, c.secrets = id, []string{secret}
	if decoded, err := url.QueryUnescape(id); err == nil {
		c.clientID = decoded
	}
	if decoded, err := url.QueryUnescape(secret); err == nil && decoded != secret {
		c.secrets = append(c.secrets, decoded)
	}
	if secret == "" { // a public client's library that knows no other way to say its id
		c.method, c.secrets = storage.AuthMethodNone, nil
	}
	if bodyID != "" && bodyID != c.clientID {
		return c, oauth.InvalidClient("The client_id in the body is not the one in the Authorization header.")
	}
	return c, nil
}

// bySecret selects the connection whose secret it is.
func (a *Authenticator) bySecret(
	ctx context.Context, client *storage.Client, readings []string,
) (*storage.Client, error) {
	now := a.store.Now()
	for _, secret := range readings {
		hash := storage.Hash(secret)
		for _, connection := range client.Connections {
			for _, known := range connection.Secrets {
				if notExpired(known, now) && known.Hash != nil && subtle.ConstantTimeCompare(known.Hash, hash) == 1 {
					return client.WithConnection(connection), nil
				}
			}
		}
	}
	// A weak secret that was right before is right again; another is not worth a slow hash after too many that were wrong.
	exceeded := a.failures.limit.Exceeded(failureKey(ctx, client.ID), a.now())
	for _, secret := range readings {
		for _, connection := range client.Connections {
			for _, known := range connection.Secrets {
				if !notExpired(known, now) || known.Hash != nil {
					continue
				}
				ok, err := a.weakSecrets.verify(ctx, known, secret, exceeded)
				if err != nil {
					return nil, err
				}
				if ok {
					return client.WithConnection(connection), nil
				}
			}
		}
	}
	return nil, authenticationFailed(errors.New("no connection of the client has this secret"))
}

func notExpired(s storage.ConnectionSecret, now time.Time) bool {
	return s.ExpiresAt.IsZero() || s.ExpiresAt.After(now)
}

// AuthenticateSecret finds the connection of a client by its secret. Errors are those of Authenticate.
func (a *Authenticator) AuthenticateSecret(ctx context.Context, clientID, secret string) (*storage.Client, error) {
	return a.Authenticate(ctx, oauth.PathToken, "", url.Values{"client_id": {clientID}, "client_secret": {secret}})
}
