package provider

import (
	"context"

	"github.com/ory/fosite"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// authorizationCodes makes authorization codes and knows when one has expired. It is fosite's AuthorizeCodeStrategy.
type authorizationCodes struct{ provider *Provider }

// AuthorizeCodeSignature is the SHA-256 under which the code is stored.
func (authorizationCodes) AuthorizeCodeSignature(_ context.Context, code string) string {
	return string(storage.Hash(code))
}

// GenerateAuthorizeCode leaves the code in the issuance, from where CreateAuthorizeCodeSession takes it.
func (c authorizationCodes) GenerateAuthorizeCode(ctx context.Context, r fosite.Requester) (string, string, error) {
	value, err := oauth.OpaqueToken(c.provider.random, storedClient(r).Policy.TokenForm)
	if err != nil {
		return "", "", err
	}
	i := issuanceFrom(ctx)
	i.issued.code, i.issued.codeID = value, c.provider.store.NewID()
	return value, string(storage.Hash(value)), nil
}

// ValidateAuthorizeCode finds a code whose time has come; equal is expired (contract 2.1.1, check 6).
func (authorizationCodes) ValidateAuthorizeCode(ctx context.Context, _ fosite.Requester, _ string) error {
	if issuanceFrom(ctx).fails(ErrTokenExpired) {
		return fosite.ErrTokenExpired
	}
	return nil
}
