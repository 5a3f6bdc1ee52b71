package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
)

// The signature algorithms of the provider (RFC 7518 section 3.1, RFC 8037 section 3.1).
const (
	RS256 = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256; the one that every relying party must support
	ES256 = "ES256" // ECDSA on P-256 with SHA-256
	EdDSA = "EdDSA" // Ed25519
)

// rsaBits follows RFC 7518 section 3.3, which asks for 2048 bits or more; more would halve the signing rate and worse.
const rsaBits = 2048

// ErrAlgorithm reports an algorithm that this package does not sign with.
var ErrAlgorithm = errors.New("jwks: unsupported algorithm")

// SupportedAlgorithms are those with which a Set can sign; none is not among them. It is also the order in which keys
// are listed and published.
var SupportedAlgorithms = []string{RS256, ES256, EdDSA}

// HalfHash answers the value of at_hash, c_hash or s_hash in an ID token signed with algorithm: the left half of the
// hash of value, base64url (OIDC Core 3.1.3.6, 3.3.2.11). EdDSA names no hash there; with Ed25519 it is SHA-512, the
// hash inside the signature, as other providers and libraries do.
func HalfHash(algorithm, value string) (string, error) {
	switch algorithm {
	case RS256, ES256:
		digest := sha256.Sum256([]byte(value))
		return base64.RawURLEncoding.EncodeToString(digest[:sha256.Size/2]), nil
	case EdDSA:
		digest := sha512.Sum512([]byte(value))
		return base64.RawURLEncoding.EncodeToString(digest[:sha512.Size/2]), nil
	}
	return "", fmt.Errorf("%w: %q", ErrAlgorithm, algorithm)
}

// generatePrivateKey takes no source of randomness: since Go 1.26 crypto/rsa and crypto/ecdsa ignore one.
func generatePrivateKey(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("%w: %q", ErrAlgorithm, algorithm)
}

// fits tells whether a private key may sign with algorithm, so that a row cannot pair a key with a foreign or weak one.
func fits(algorithm string, private any) bool {
	switch private := private.(type) {
	case *rsa.PrivateKey:
		return algorithm == RS256 && private.N.BitLen() >= rsaBits
	case *ecdsa.PrivateKey:
		return algorithm == ES256 && private.Curve == elliptic.P256()
	case ed25519.PrivateKey:
		return algorithm == EdDSA
	}
	return false
}
