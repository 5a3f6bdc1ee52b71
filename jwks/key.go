package jwks

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// key is a stored key, parsed once. It does not change, but for the signers that it makes on first use.
type key struct {
	StoredKey
	private   crypto.Signer
	published []byte   // the public part as a JSON Web Key
	signers   sync.Map // typ → jose.Signer
}

// newStoredKey makes a fresh key of an algorithm.
func newStoredKey(algorithm string, createdAt, activatesAt time.Time) (StoredKey, error) {
	private, err := generatePrivateKey(algorithm)
	if err != nil {
		return StoredKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return StoredKey{}, fmt.Errorf("jwks: encode a new %s key: %w", algorithm, err)
	}
	public := jose.JSONWebKey{Key: private.Public()}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return StoredKey{}, fmt.Errorf("jwks: thumbprint of a new %s key: %w", algorithm, err)
	}
	return StoredKey{
		ID:          base64.RawURLEncoding.EncodeToString(thumbprint),
		Algorithm:   algorithm,
		PrivateKey:  der,
		CreatedAt:   createdAt,
		ActivatesAt: activatesAt,
	}, nil
}

func parseKey(stored StoredKey) (*key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(stored.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("jwks: parse key %s: %w", stored, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok || !fits(stored.Algorithm, parsed) {
		return nil, fmt.Errorf("%w: key %s holds a %T", ErrAlgorithm, stored, parsed)
	}
	public := jose.JSONWebKey{Key: private.Public(), KeyID: stored.ID, Algorithm: stored.Algorithm, Use: "sig"}
	published, err := public.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("jwks: encode public key %s: %w", stored, err)
	}
	return &key{StoredKey: stored, private: private, published: published}, nil
}

// gone tells whether the key verifies nothing any more.
func (k *key) gone(now time.Time) bool { return !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now) }

// signer answers a signer that writes alg, kid and, unless empty, typ into the header. Each is built once and kept;
// typ comes from the code of the provider, never from a request, so they stay few.
func (k *key) signer(typ string) (jose.Signer, error) {
	if signer, ok := k.signers.Load(typ); ok {
		return signer.(jose.Signer), nil
	}
	options := &jose.SignerOptions{}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(k.Algorithm),
		Key:       jose.JSONWebKey{Key: k.private, KeyID: k.ID},
	}, options)
	if err != nil {
		return nil, fmt.Errorf("jwks: signer of key %s: %w", k.StoredKey, err)
	}
	k.signers.Store(typ, signer)
	return signer, nil
}
