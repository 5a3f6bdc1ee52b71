package provider

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"strings"

	"github.com/google/uuid"
	"github.com/ory/fosite"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// A refresh token is derived from its grant and generation by a MAC, so that a family is one row, the successor of a
// token is the same however often it is asked for, and in our own form a made-up token costs no query. In our own form
// it carries both; in the legacy form there is only room for the MAC, and the grant keeps its hash.

// refreshPrefix tells our own form from a legacy or imported value, and lets scanners of leaked secrets find it.
const refreshPrefix = "irt_"

// refreshTokensUnder makes and reads refresh tokens under a secret key.
func refreshTokensUnder(p *Provider, key []byte) refreshTokens {
	return refreshTokens{provider: p, newMAC: func() hash.Hash { return hmac.New(sha256.New, key) }}
}

// refreshTokens makes refresh tokens and reads them. It is fosite's RefreshTokenStrategy.
type refreshTokens struct {
	provider *Provider
	newMAC   func() hash.Hash
}

// find reads the grant of a refresh token: by what a token in our own form says, its MAC being right, or by the hash of
// any other. Errors: storage.ErrNotFound.
func (t refreshTokens) find(
	ctx context.Context, batch *storage.Batch, token string,
) (*storage.PresentedRefreshToken, error) {
	if !strings.HasPrefix(token, refreshPrefix) {
		return batch.FindGrantByRefreshHash(ctx, storage.Hash(token))
	}
	grantID, generation, ok := t.parse(token)
	if !ok {
		return nil, storage.ErrNotFound
	}
	return batch.FindGrantByGeneration(ctx, grantID, generation)
}

// RefreshTokenSignature has nothing to tell: the presented token was looked up before fosite asks for it (lookUp).
func (refreshTokens) RefreshTokenSignature(context.Context, string) string { return "" }

// parse reads a token in our own form; it is not ok where it was not made here.
func (t refreshTokens) parse(token string) (grantID string, generation int64, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(token, refreshPrefix))
	if err != nil || len(raw) != 16+4+sha256.Size {
		return "", 0, false
	}
	grant, n := uuid.UUID(raw[:16]), binary.BigEndian.Uint32(raw[16:20])
	return grant.String(), int64(n), hmac.Equal(raw[20:], t.mac("own", grant, n))
}

func (t refreshTokens) mac(form string, grant uuid.UUID, generation uint32) []byte {
	mac := t.newMAC()
	mac.Write([]byte(form))
	mac.Write(grant[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, generation))
	return mac.Sum(nil)
}

// GenerateRefreshToken leaves the token of the grant's next generation in the issuance.
// It returns no signature: there is no row to store under one.
func (t refreshTokens) GenerateRefreshToken(ctx context.Context, r fosite.Requester) (string, string, error) {
	i := issuanceFrom(ctx)
	policy := i.client.Policy
	grant, err := uuid.Parse(r.GetID())
	if err != nil {
		return "", "", err
	}
	generation := uint32(0)
	i.issued.refreshExpiresAt = t.provider.store.Now().Add(min(policy.RefreshLifetime, storage.RefreshAbsoluteLifetime))
	if g := i.grant(); g != nil {
		generation = uint32(i.refreshToken.Successor()) // a family lives a year at most, so it fits
		i.issued.refreshExpiresAt = earlier(i.issued.refreshExpiresAt, g.CreatedAt.Add(storage.RefreshAbsoluteLifetime))
		if policy.RefreshLifetimeFrom == storage.RefreshLifetimeFromIssue {
			i.issued.refreshExpiresAt = g.RefreshExpiresAt
		}
	}
	i.issued.refreshTokenID = t.provider.store.NewID()
	if policy.TokenForm == storage.TokenFormLegacy {
		i.issued.refreshToken = oauth.LegacyForm([16]byte(t.mac("legacy", grant, generation)[:16]))
		i.issued.refreshHash = storage.Hash(i.issued.refreshToken)
		return i.issued.refreshToken, "", nil
	}
	raw := append(make([]byte, 0, len(grant)+4+sha256.Size), grant[:]...)
	raw = binary.BigEndian.AppendUint32(raw, generation)
	raw = append(raw, t.mac("own", grant, generation)...)
	i.issued.refreshToken = refreshPrefix + base64.RawURLEncoding.EncodeToString(raw)
	return i.issued.refreshToken, "", nil
}

// ValidateRefreshToken finds a token whose time has come, and a grant that was never given one.
func (refreshTokens) ValidateRefreshToken(ctx context.Context, _ fosite.Requester, _ string) error {
	if issuanceFrom(ctx).fails(ErrTokenExpired) {
		return fosite.ErrTokenExpired
	}
	return nil
}
