package clientauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"ithildin/storage"
)

// KeyAlgorithms are those with which clients may sign by a key; none of them is symmetric, and none is "none".
var KeyAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// SecretAlgorithms are those with which clients may sign by their secret.
var SecretAlgorithms = []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}

// SignatureAlgorithms are all with which clients may sign.
var SignatureAlgorithms = slices.Concat(KeyAlgorithms, SecretAlgorithms)

// AlgorithmsOf are those with which a client of a profile may sign by a key.
func AlgorithmsOf(profile storage.Profile) []jose.SignatureAlgorithm {
	if profile.SigningAlgorithms == nil {
		return KeyAlgorithms
	}
	algorithms := make([]jose.SignatureAlgorithm, len(profile.SigningAlgorithms))
	for i, name := range profile.SigningAlgorithms {
		algorithms[i] = jose.SignatureAlgorithm(name)
	}
	return algorithms
}

// NamesOf are the names of algorithms, as metadata has them.
func NamesOf(algorithms []jose.SignatureAlgorithm) []string {
	names := make([]string, len(algorithms))
	for i, algorithm := range algorithms {
		names[i] = string(algorithm)
	}
	return names
}

// ParseSigned reads a JWT in its compact form. Its typ must be one of types, in lower case, "" where it needs none. A
// header that demands what is not understood here, or another reading of the payload (RFC 7797), is refused.
func ParseSigned(token string, algorithms []jose.SignatureAlgorithm, types ...string) (*jose.JSONWebSignature, error) {
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, err
	}
	extra := signed.Signatures[0].Protected.ExtraHeaders
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		if _, given := extra[name]; given {
			return nil, fmt.Errorf("the header %s is not supported", name)
		}
	}
	kind, isText := extra[jose.HeaderType].(string)
	if _, given := extra[jose.HeaderType]; given != isText || !slices.Contains(types, strings.ToLower(kind)) {
		return nil, fmt.Errorf("the typ is %.60q: want one of %q", fmt.Sprint(extra[jose.HeaderType]), types)
	}
	return signed, nil
}

func isSymmetric(signed *jose.JSONWebSignature) bool {
	return slices.Contains(SecretAlgorithms, jose.SignatureAlgorithm(signed.Signatures[0].Protected.Algorithm))
}

// VerifySigned verifies what a client signed and returns the payload: by its keys, or where the algorithm is symmetric
// by a live secret, and then with the connection whose secret it is. Errors: ErrKeySet; seal.ErrSealed, our own
// fault; else that nothing of the client verifies it.
func (a *Authenticator) VerifySigned(
	ctx context.Context, client *storage.Client, signed *jose.JSONWebSignature,
) (payload []byte, by *storage.Connection, err error) {
	if !isSymmetric(signed) {
		payload, err = a.verifyByKey(ctx, client, signed)
		return payload, nil, err
	}
	failures := []error{errors.New("no live secret of the client verifies it")}
	for _, connection := range client.Connections {
		for _, known := range connection.Secrets {
			if !notExpired(known, a.store.Now()) || known.Sealed == "" {
				continue
			}
			secret, err := a.store.OpenSecret(known)
			if err == nil {
				payload, err = signed.Verify(secret) // which also refuses one that is too short (RFC 7518 3.2)
			}
			if err == nil {
				return payload, connection, nil
			}
			failures = append(failures, fmt.Errorf("secret %s: %w", known.ID, err))
		}
	}
	return nil, nil, errors.Join(failures...)
}
