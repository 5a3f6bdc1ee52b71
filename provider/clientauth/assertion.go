package clientauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/seal"
)

// The bounds of a client assertion, in seconds.
const (
	AssertionLeeway   = 60
	assertionLifetime = 3600 // the longest time to its exp that is believed
	maximumJTI        = 255  // bytes
)

type assertionClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"` // raw, for a policy may forbid a list
	ID        string          `json:"jti"`
	ExpiresAt float64         `json:"exp"`
	IssuedAt  float64         `json:"iat"`
	NotBefore float64         `json:"nbf"`
}

// readAssertion takes the client's id from the assertion, unverified: it only says whose keys to try.
func readAssertion(c credentials, kind string) (credentials, error) {
	if kind != assertionType || c.assertion == "" {
		return c, oauth.InvalidClient("The client_assertion_type must be " + assertionType +
			" and come with a client_assertion.")
	}
	var err error
	c.signed, err = ParseSigned(c.assertion, SignatureAlgorithms, "", "jwt", "client-authentication+jwt")
	if err != nil {
		message := fmt.Sprintf("The client_assertion is no JWT of one of the algorithms %v.", SignatureAlgorithms)
		return c, oauth.InvalidClient(message).Because(err)
	}
	c.method = storage.AuthMethodPrivateKeyJWT
	if isSymmetric(c.signed) {
		c.method = storage.AuthMethodSecretJWT
	}
	var claims assertionClaims
	if err := oauth.DecodeStrictJSON(c.signed.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return c, oauth.InvalidClient("The claims of the client_assertion can't be read.").Because(err)
	}
	if c.clientID != "" && c.clientID != claims.Subject {
		return c, oauth.InvalidClient("The client_id is not the subject of the client assertion.")
	}
	c.clientID = claims.Subject
	return c, nil
}

// byAssertion verifies private_key_jwt and client_secret_jwt (OIDC Core 9, RFC 7523 3). Its jti is used up last, so
// that an assertion which fails another check can be mended and sent again.
func (a *Authenticator) byAssertion(
	ctx context.Context, client *storage.Client, c credentials, endpoint string,
) (*storage.Client, error) {
	used, registered := c.signed.Signatures[0].Protected.Algorithm, client.Metadata.TokenEndpointAuthSigningAlg
	if registered != "" && registered != used {
		return nil, authenticationFailed(fmt.Errorf("client assertion: signed with %s, and registered is %s", used,
			registered))
	}
	if profile := client.Profile(); profile.SigningAlgorithms != nil && !slices.Contains(profile.SigningAlgorithms, used) {
		return nil, authenticationFailed(fmt.Errorf("client assertion: signed with %s, which the profile %s forbids", used,
			profile.Name))
	}
	payload, by, err := a.VerifySigned(ctx, client, c.signed)
	if errors.Is(err, ErrKeySet) {
		return nil, oauth.InvalidClient("The client's keys could not be read from its jwks_uri.").Because(err)
	}
	if errors.Is(err, seal.ErrSealed) {
		return nil, err
	}
	if err != nil {
		return nil, authenticationFailed(fmt.Errorf("client assertion: %w", err))
	}
	var claims assertionClaims
	if err := oauth.DecodeStrictJSON(payload, &claims); err != nil {
		return nil, authenticationFailed(fmt.Errorf("client assertion: %w", err))
	}
	if err := a.checkAssertion(client, claims, endpoint); err != nil {
		return nil, err
	}
	authenticated, err := singleConnection(client)
	if by != nil {
		authenticated, err = client.WithConnection(by), nil
	}
	if err != nil {
		return nil, err
	}
	expiresAt := time.Unix(int64(claims.ExpiresAt)+AssertionLeeway, 0)
	if err := a.store.UseJTI(ctx, "client_assertion", client.ID, claims.ID, a.store.NewID(), expiresAt); err != nil {
		if errors.Is(err, storage.ErrUsed) {
			return nil, oauth.InvalidClient("The client assertion has been used before.").Because(err)
		}
		return nil, err
	}
	return authenticated, nil
}

// checkAssertion may say what is wrong: that the client signed it is known by now.
func (a *Authenticator) checkAssertion(client *storage.Client, c assertionClaims, endpoint string) error {
	now := float64(a.store.Now().Unix())
	switch {
	case c.Issuer != client.ID || c.Subject != client.ID:
		return oauth.InvalidClient("The iss and sub of the client assertion must both be the client_id.")
	case c.ID == "" || len(c.ID) > maximumJTI:
		return oauth.InvalidClient(fmt.Sprintf("The jti of the client assertion has %d bytes: want 1 to %d.", len(c.ID),
			maximumJTI))
	case c.ExpiresAt <= now-AssertionLeeway:
		return oauth.InvalidClient("The client assertion has no exp, or has expired.")
	case c.ExpiresAt > now+assertionLifetime+AssertionLeeway:
		return oauth.InvalidClient(fmt.Sprintf("The exp of the client assertion is more than %d seconds away.",
			assertionLifetime))
	case c.IssuedAt > now+AssertionLeeway || c.NotBefore > now+AssertionLeeway:
		return oauth.InvalidClient("The iat or nbf of the client assertion is in the future.")
	}
	return a.checkAddressee(client, c.Audience, endpoint)
}

// checkAddressee holds the aud of an assertion to the client's policy: the issuer alone, or among others whatever means
// this provider: the issuer, the token endpoint, or the endpoint that was called.
func (a *Authenticator) checkAddressee(client *storage.Client, raw json.RawMessage, endpoint string) error {
	if client.Policy.AssertionAudience != storage.AssertionAudienceEndpoint {
		var one string
		if json.Unmarshal(raw, &one) != nil || one != a.issuer {
			return oauth.InvalidClient(fmt.Sprintf("The aud of the client assertion is %.200s: want the string %q.", raw,
				a.issuer))
		}
		return nil
	}
	var named oauth.Audience
	if json.Unmarshal(raw, &named) == nil {
		addressees := []string{a.issuer, a.issuer + oauth.PathToken, a.issuer + endpoint}
		if a.alias != "" {
			addressees = append(addressees, a.alias+oauth.PathToken, a.alias+endpoint)
		}
		for _, own := range addressees {
			if slices.Contains(named, own) {
				return nil
			}
		}
	}
	return oauth.InvalidClient(fmt.Sprintf("The aud of the client assertion is %.200s: want %q or %q.",
		raw, a.issuer, a.issuer+oauth.PathToken))
}
