package provider

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/ory/fosite"

	"ithildin/storage"
)

// opaque makes a value of 256 random bits in our own form, or of 128 in the form that mithril's clients keep.
func opaque(random io.Reader, form string) (string, error) {
	if form != storage.TokenFormLegacy {
		return randomText(random, tokenBytes)
	}
	var raw [16]byte
	if err := readRandom(random, raw[:]); err != nil {
		return "", err
	}
	return LegacyForm(raw), nil
}

// randomText makes a value of so many random bytes in an alphabet that is safe everywhere.
func randomText(random io.Reader, size int) (string, error) {
	raw := make([]byte, size)
	if err := readRandom(random, raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func readRandom(random io.Reader, raw []byte) error {
	if _, err := io.ReadFull(random, raw); err != nil {
		return fmt.Errorf("provider: no randomness: %w", err)
	}
	return nil
}

// LegacyForm writes 16 bytes as mithril did: the base64url of their base64, 32 letters and digits (contract section 1).
func LegacyForm(raw [16]byte) string {
	return base64.URLEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(raw[:])))
}

// authorizationCodes makes authorization codes and knows when one has expired. It is fosite's AuthorizeCodeStrategy.
type authorizationCodes struct{ provider *Provider }

// AuthorizeCodeSignature is the SHA-256 under which the code is stored.
func (authorizationCodes) AuthorizeCodeSignature(_ context.Context, code string) string {
	return string(storage.Hash(code))
}

// GenerateAuthorizeCode leaves the code in the unit of work, from where the storage takes it.
func (c authorizationCodes) GenerateAuthorizeCode(ctx context.Context, r fosite.Requester) (string, string, error) {
	value, err := opaque(c.provider.random, r.GetClient().(*storage.Client).Policy.TokenForm)
	if err != nil {
		return "", "", err
	}
	u := storage.UnitOfWorkFrom(ctx)
	u.Issued.Code, u.Issued.CodeID = value, c.provider.store.NewID()
	return value, string(storage.Hash(value)), nil
}

// ValidateAuthorizeCode finds a code whose time has come; equal is expired (contract 2.1.1, check 6).
func (c authorizationCodes) ValidateAuthorizeCode(ctx context.Context, _ fosite.Requester, _ string) error {
	if code := storage.UnitOfWorkFrom(ctx).Code; code == nil || code.ExpiresAt <= c.provider.store.Now() {
		return fosite.ErrTokenExpired
	}
	return nil
}
