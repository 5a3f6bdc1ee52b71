package clientauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"ithildin/storage"
)

// The bounds of a client's key set.
const (
	maximumKeySet = 64 << 10 // bytes
	MaximumKeys   = 64
	MinimumRSA    = 2048 // bits (RFC 7518 3.3)
	MaximumRSA    = 8192 // bits; a larger key costs whoever verifies
)

// ErrKeySet says that a client's jwks_uri gave nothing to verify with.
var ErrKeySet = errors.New("clientauth: the client's jwks_uri gave no key set")

// ParseKeySet reads a JSON Web Key Set (RFC 7517 5). Keys of kinds that are not known here are left out, and so are
// those whose key_ops do not let them verify, which nothing remembers later. Errors: no key set, or one of too many
// keys.
func ParseKeySet(document []byte) (*jose.JSONWebKeySet, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(document, &raw); err != nil {
		return nil, fmt.Errorf("no JSON Web Key Set: %w", err)
	}
	if raw.Keys == nil || len(raw.Keys) > MaximumKeys {
		return nil, fmt.Errorf("a JSON Web Key Set has a list of at most %d keys", MaximumKeys)
	}
	set := &jose.JSONWebKeySet{}
	for _, item := range raw.Keys {
		var key jose.JSONWebKey
		var use struct {
			Operations []string `json:"key_ops"`
		}
		if json.Unmarshal(item, &key) != nil || json.Unmarshal(item, &use) != nil {
			continue
		}
		if use.Operations == nil || slices.Contains(use.Operations, "verify") {
			set.Keys = append(set.Keys, key)
		}
	}
	return set, nil
}

// verifyByKey verifies with the keys that the client registered, or publishes at its jwks_uri. Where none of those does
// it, they are fetched again: the client may have a new one (OIDC Core 10.1.1). Errors: ErrKeySet, or no key verifies
// it.
func (a *Authenticator) verifyByKey(
	ctx context.Context, client *storage.Client, signed *jose.JSONWebSignature,
) ([]byte, error) {
	if client.Metadata.JWKS != nil || client.Metadata.JWKSURI == "" {
		return verifyWith(client.Metadata.JWKS, signed)
	}
	keys, err := a.keySets.Get(ctx, client.Metadata.JWKSURI)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeySet, err)
	}
	if payload, err := verifyWith(keys, signed); err == nil {
		return payload, nil
	}
	if keys, err = a.keySets.Refresh(ctx, client.Metadata.JWKSURI); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeySet, err)
	}
	return verifyWith(keys, signed)
}

// verifyWith tries the keys of the kid that the header names, or every one where it names none. What else the header
// says of keys (jwk, jku, x5c, x5u) is the sender's word and not looked at.
func verifyWith(keys *jose.JSONWebKeySet, signed *jose.JSONWebSignature) ([]byte, error) {
	if keys == nil {
		return nil, errors.New("the client has registered no keys")
	}
	header := signed.Signatures[0].Protected
	for _, key := range keys.Keys {
		if header.KeyID != "" && key.KeyID != header.KeyID || !Verifies(key, jose.SignatureAlgorithm(header.Algorithm)) {
			continue
		}
		if payload, err := signed.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	return nil, fmt.Errorf("none of the client's keys verifies %s with kid %.100q", header.Algorithm, header.KeyID)
}

// Verifies says that a key is a public one, meant for signatures of this algorithm, and long enough. A symmetric key in
// a set is no secret, and so verifies nothing.
func Verifies(key jose.JSONWebKey, algorithm jose.SignatureAlgorithm) bool {
	if key.Use != "" && key.Use != "sig" || key.Algorithm != "" && key.Algorithm != string(algorithm) {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		bits := public.N.BitLen()
		return bits >= MinimumRSA && bits <= MaximumRSA && slices.Contains([]jose.SignatureAlgorithm{
			jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		}, algorithm)
	case *ecdsa.PublicKey:
		return public.Curve == map[jose.SignatureAlgorithm]elliptic.Curve{
			jose.ES256: elliptic.P256(), jose.ES384: elliptic.P384(), jose.ES512: elliptic.P521(),
		}[algorithm]
	case ed25519.PublicKey:
		return algorithm == jose.EdDSA
	}
	return false
}
