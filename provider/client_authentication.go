package provider

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

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

// authenticateClient settles who the client is and, over its connections, on whose behalf it speaks. endpoint is the path
// that it calls. The answer to an unknown client and to a wrong secret is the same.
func (p *Provider) authenticateClient(
	ctx context.Context, endpoint, authorization string, form url.Values,
) (*storage.Client, error) {
	c, err := readCredentials(authorization, form)
	if err != nil {
		return nil, err
	}
	client, err := p.prove(ctx, endpoint, c)
	if failed := asClientFailure(err); failed != nil && c.method != storage.AuthMethodNone {
		return nil, p.authenticationFailed(ctx, c.method, c.clientID, failed)
	}
	if err == nil {
		p.clientAuthenticated(ctx, c.method)
	}
	return client, err
}

// prove compares what a request proves a client by.
func (p *Provider) prove(ctx context.Context, endpoint string, c credentials) (*storage.Client, error) {
	client, err := p.store.Client(ctx, c.clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, refused(err)
	}
	if err != nil {
		return nil, err
	}
	inbound.RecordOf(ctx).About(client.ID, "")
	registered := client.Metadata.TokenEndpointAuthMethod
	if c.method != registered && !(inClear(c.method) && inClear(registered)) {
		return nil, refused(fmt.Errorf("the client used %s, and is registered for %s", c.method, registered))
	}
	switch c.method {
	case storage.AuthMethodNone:
		return only(client)
	case storage.AuthMethodPrivateKeyJWT, storage.AuthMethodSecretJWT:
		return p.byAssertion(ctx, client, c, endpoint)
	}
	return p.bySecret(ctx, client, c.secrets)
}

// inClear says that a method sends the secret itself. Which of the two ways it takes is not held against a client; none
// registered is Basic (RFC 7591 2).
func inClear(method string) bool {
	return method == "" || method == storage.AuthMethodBasic || method == storage.AuthMethodPost
}

func refused(cause error) *oauth.Error {
	return oauth.InvalidClient("Client authentication failed: unknown client, or wrong credentials.").Because(cause)
}

// only is for a client that authenticates by key or not at all: it has exactly one connection.
func only(client *storage.Client) (*storage.Client, error) {
	if len(client.Connections) != 1 {
		return nil, refused(errors.New("the client has several connections, and only a secret tells them apart"))
	}
	return client.WithConnection(client.Connections[0]), nil
}

// readCredentials refuses more than one method in a request, and two ids that differ.
func readCredentials(authorization string, form url.Values) (credentials, error) {
	c := credentials{clientID: form.Get("client_id"), assertion: form.Get("client_assertion")}
	secret := form.Get("client_secret")
	methods := 0
	for _, used := range []bool{authorization != "", secret != "", c.assertion != "" || form.Get("client_assertion_type") != ""} {
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
	scheme, text, _ := strings.Cut(authorization, " ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
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
		return c, oauth.InvalidRequest("The client_id in the body is not the one in the Authorization header.")
	}
	return c, nil
}

// bySecret selects the connection whose secret it is.
func (p *Provider) bySecret(ctx context.Context, client *storage.Client, readings []string) (*storage.Client, error) {
	now := p.store.Now()
	for _, secret := range readings {
		hash := storage.Hash(secret)
		for _, connection := range client.Connections {
			for _, known := range connection.Secrets {
				if live(known, now) && known.Hash != nil && subtle.ConstantTimeCompare(known.Hash, hash) == 1 {
					return client.WithConnection(connection), nil
				}
			}
		}
	}
	// A weak secret that was right before is right again; another is not worth a slow hash after too many that were wrong.
	exceeded := p.clientFailures.limit.Exceeded(failureKey(ctx, client.ID), p.now())
	for _, secret := range readings {
		for _, connection := range client.Connections {
			for _, known := range connection.Secrets {
				if !live(known, now) || known.Hash != nil {
					continue
				}
				ok, err := p.weakSecrets.verify(ctx, known, secret, exceeded)
				if err != nil {
					return nil, err
				}
				if ok {
					return client.WithConnection(connection), nil
				}
			}
		}
	}
	return nil, refused(errors.New("no connection of the client has this secret"))
}

func live(s storage.ConnectionSecret, now int64) bool { return s.ExpiresAt == 0 || s.ExpiresAt > now }

// AuthenticateSecret finds the connection of a client by its secret, for a diagnosis on the legacy face.
func (p *Provider) AuthenticateSecret(ctx context.Context, clientID, secret string) (*storage.Client, error) {
	return p.authenticateClient(ctx, oauth.PathToken, "", url.Values{"client_id": {clientID}, "client_secret": {secret}})
}
