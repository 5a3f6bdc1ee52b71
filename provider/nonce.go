package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"ithildin/storage"
)

// Whom the nonce of a digital signature is for (contract section 2.4).
const (
	NonceForLogin         = "mithril-login"
	NonceForTrustedClient = "trusted-client"

	nonceLifetime = 5 * time.Minute
)

// ErrNonce says that a nonce is not one of ours, is over, or was used.
var ErrNonce = errors.New("provider: the nonce is not valid")

// nonceClaims are the claims of a nonce, as the old system made it.
type nonceClaims struct {
	Audience  string `json:"aud"`
	Issuer    string `json:"iss"`
	Type      string `json:"typ"`
	Nonce     string `json:"nonce"`
	Subject   string `json:"sub"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	ExpiresAt int64  `json:"exp"`
}

// nonceIssuer is a constant of the contract, not a URL.
const nonceIssuer = "EHealth"

// Nonces makes and takes the nonces of sign-in by digital signature (contract section 2.4).
type Nonces struct{ store *storage.Store }

// Issue makes what a person signs to sign in by a digital signature: a JWT with HS512 that only this provider reads.
func (n *Nonces) Issue(ctx context.Context, audience, clientID string) (string, error) {
	key, err := n.key(ctx)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS512, Key: key},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("provider: nonce: %w", err)
	}
	now := n.store.Now().Unix()
	claims, err := json.Marshal(nonceClaims{
		Audience: audience, Issuer: nonceIssuer, Type: "access", Nonce: n.store.NewID(), Subject: clientID,
		ID:       n.store.NewID(),
		IssuedAt: now, NotBefore: now - 1, ExpiresAt: now + int64(nonceLifetime/time.Second),
	})
	if err != nil {
		return "", fmt.Errorf("provider: nonce: %w", err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("provider: nonce: %w", err)
	}
	return signed.CompactSerialize()
}

// Check says whether a nonce is one of ours and in time, though it may have been used. Errors: ErrNonce.
func (n *Nonces) Check(ctx context.Context, token string) error {
	_, err := n.read(ctx, token)
	return err
}

// Use takes a nonce once, whichever client it was made for: front ends fetch it under an id of their own. Errors:
// ErrNonce.
func (n *Nonces) Use(ctx context.Context, token string) error {
	claims, err := n.read(ctx, token)
	if err != nil {
		return err
	}
	err = n.store.UseJTI(ctx, "login nonce", nonceIssuer, claims.ID, n.store.NewID(), time.Unix(claims.ExpiresAt, 0))
	if errors.Is(err, storage.ErrUsed) {
		return fmt.Errorf("%w: %w", ErrNonce, err)
	}
	return err
}

func (n *Nonces) read(ctx context.Context, token string) (claims nonceClaims, err error) {
	key, err := n.key(ctx)
	if err != nil {
		return claims, err
	}
	if len(token) > maximumToken {
		return claims, ErrNonce
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.HS512})
	if err != nil {
		return claims, fmt.Errorf("%w: %w", ErrNonce, err)
	}
	payload, err := signed.Verify(key)
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		return claims, fmt.Errorf("%w: %w", ErrNonce, err)
	}
	now := n.store.Now().Unix()
	known := claims.Audience == NonceForLogin || claims.Audience == NonceForTrustedClient
	if !known || claims.Issuer != nonceIssuer || claims.ExpiresAt <= now || claims.NotBefore > now {
		return claims, ErrNonce
	}
	return claims, nil
}

func (n *Nonces) key(ctx context.Context) ([]byte, error) {
	return n.store.RandomKey(ctx, "login nonce", 64)
}
