// Package dpoptest makes DPoP proofs for tests (RFC 9449), right ones and wrong ones.
package dpoptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Key is a key of a client, on P-256.
type Key struct {
	t       testing.TB
	private *ecdsa.PrivateKey
	x, y    string // base64url
}

// NewKey makes a key.
func NewKey(t testing.TB) *Key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := private.PublicKey.Bytes()
	require.NoError(t, err)
	return &Key{t: t, private: private, x: encode(point[1:33]), y: encode(point[33:])}
}

// Content is what a proof says, before it is signed.
type Content struct {
	Header map[string]any
	Claims map[string]any
}

// With changes the content of a proof.
type With func(*Content)

// Claim sets a claim, or removes it where the value is nil.
func Claim(name string, value any) With {
	return func(c *Content) { set(c.Claims, name, value) }
}

// HeaderMember sets a member of the header, or removes it where the value is nil.
func HeaderMember(name string, value any) With {
	return func(c *Content) { set(c.Header, name, value) }
}

// For makes the proof one about an access token.
func For(accessToken string) With {
	sum := sha256.Sum256([]byte(accessToken))
	return Claim("ath", encode(sum[:]))
}

func set(members map[string]any, name string, value any) {
	if members[name] = value; value == nil {
		delete(members, name)
	}
}

// JWK is the public key.
func (k *Key) JWK() map[string]any {
	return map[string]any{"kty": "EC", "crv": "P-256", "x": k.x, "y": k.y}
}

// PrivateJWK is the key with its private part.
func (k *Key) PrivateJWK() map[string]any {
	d, err := k.private.Bytes()
	require.NoError(k.t, err)
	jwk := k.JWK()
	jwk["d"] = encode(d)
	return jwk
}

// Thumbprint is the SHA-256 thumbprint of the key, base64url (RFC 7638).
func (k *Key) Thumbprint() string {
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k.x + `","y":"` + k.y + `"}`))
	return encode(sum[:])
}

// Proof makes a proof with an id of its own about a request at a time, with changes.
func (k *Key) Proof(method, url string, at time.Time, changes ...With) string {
	c := &Content{
		Header: map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": k.JWK()},
		Claims: map[string]any{"jti": uuid.NewString(), "htm": method, "htu": url, "iat": at.Unix()},
	}
	for _, change := range changes {
		change(c)
	}
	return k.sign(encodeJSON(k.t, c.Header) + "." + encodeJSON(k.t, c.Claims))
}

// sign appends a signature by ES256 (RFC 7518 3.4).
func (k *Key) sign(content string) string {
	digest := sha256.Sum256([]byte(content))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, digest[:])
	require.NoError(k.t, err)
	return content + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func encodeJSON(t testing.TB, value any) string {
	content, err := json.Marshal(value)
	require.NoError(t, err)
	return encode(content)
}

func encode(content []byte) string { return base64.RawURLEncoding.EncodeToString(content) }
