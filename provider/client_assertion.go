package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"ithildin/storage"
)

// The bounds of a client assertion, in seconds.
const (
	assertionLeeway   = 60
	assertionLifetime = 3600 // the longest time to its exp that is believed
)

// assertionAlgorithms are those with which clients may sign; none of them is symmetric.
var assertionAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

type assertionClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ID        string   `json:"jti"`
	ExpiresAt float64  `json:"exp"`
	IssuedAt  float64  `json:"iat"`
	NotBefore float64  `json:"nbf"`
}

// readAssertion takes the client's id from the assertion, unverified: it only says whose keys to try.
func readAssertion(c credentials, kind string) (credentials, error) {
	c.method = storage.AuthMethodPrivateKeyJWT
	if kind != assertionType || c.assertion == "" {
		return c, invalidClient("The client_assertion_type must be " + assertionType + " and come with a client_assertion.")
	}
	signed, err := jose.ParseSignedCompact(c.assertion, assertionAlgorithms)
	if err != nil {
		return c, refused(fmt.Errorf("client assertion: %w", err))
	}
	var claims assertionClaims
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return c, refused(fmt.Errorf("client assertion: %w", err))
	}
	if c.clientID != "" && c.clientID != claims.Subject {
		return c, invalidRequest("The client_id is not the subject of the client assertion.")
	}
	c.clientID = claims.Subject
	return c, nil
}

// byAssertion verifies private_key_jwt (RFC 7523 3) with the client's registered keys. Its jti is used up last, so that
// an assertion which fails another check can be mended and sent again.
func (p *Provider) byAssertion(ctx context.Context, client *storage.Client, assertion string) (*storage.Client, error) {
	signed, err := jose.ParseSignedCompact(assertion, assertionAlgorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, refused(fmt.Errorf("client assertion: %w", err))
	}
	payload, err := verifyWith(client.Metadata.JWKS, signed)
	if err != nil {
		return nil, refused(err)
	}
	var claims assertionClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, refused(fmt.Errorf("client assertion: %w", err))
	}
	if err := p.checkAssertion(client, claims); err != nil {
		return nil, refused(err)
	}
	u := storage.UnitOfWorkFrom(ctx)
	expiresAt := int64(claims.ExpiresAt) + assertionLeeway
	if err := p.store.UseJTI(ctx, "client_assertion", client.ID, claims.ID, u.Attempt, expiresAt); err != nil {
		if errors.Is(err, storage.ErrUsed) {
			return nil, invalidClient("The client assertion has been used before.").Because(err)
		}
		return nil, err
	}
	return only(client)
}

// verifyWith tries the key that the header names, or every registered one where it names none.
func verifyWith(keys *jose.JSONWebKeySet, signed *jose.JSONWebSignature) ([]byte, error) {
	if keys == nil {
		return nil, errors.New("client assertion: the client has registered no keys")
	}
	candidates := keys.Keys
	if kid := signed.Signatures[0].Header.KeyID; kid != "" {
		candidates = keys.Key(kid)
	}
	for _, key := range candidates {
		if key.Use == "enc" || key.Algorithm != "" && key.Algorithm != signed.Signatures[0].Header.Algorithm {
			continue
		}
		if payload, err := signed.Verify(key.Public()); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("client assertion: none of the client's keys verifies it")
}

func (p *Provider) checkAssertion(client *storage.Client, c assertionClaims) error {
	now := float64(p.store.Now())
	switch {
	case c.Issuer != client.ID || c.Subject != client.ID:
		return errors.New("client assertion: iss and sub must be the client_id")
	case !slices.Contains(c.Audience, p.issuer) && !slices.Contains(c.Audience, p.issuer+PathToken):
		return errors.New("client assertion: aud names neither the issuer nor the token endpoint")
	case c.ID == "" || len(c.ID) > 255:
		return errors.New("client assertion: jti is missing or too long")
	case c.ExpiresAt <= now-assertionLeeway:
		return errors.New("client assertion: expired")
	case c.ExpiresAt > now+assertionLifetime+assertionLeeway:
		return errors.New("client assertion: exp is too far away")
	case c.IssuedAt > now+assertionLeeway || c.NotBefore > now+assertionLeeway:
		return errors.New("client assertion: from the future")
	}
	return nil
}
