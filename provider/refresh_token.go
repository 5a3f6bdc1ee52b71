package provider

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
	"github.com/ory/fosite"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// A refresh token is derived from its grant and generation by a MAC, so that a family is one row, the successor of a
// token is the same however often it is asked for, and in our own form a made-up token costs no query. In our own form it carries both;
// in the legacy form there is only room for the MAC, and the grant keeps its hash.

// refreshPrefix tells our own form from a legacy or imported value, and lets scanners of leaked secrets find it.
const refreshPrefix = "irt_"

// refreshTokens makes refresh tokens and reads them. It is fosite's RefreshTokenStrategy.
type refreshTokens struct {
	provider *Provider
	key      []byte
}

// RefreshTokenSignature is how storage looks the token up; "" for a token in our own form whose MAC is wrong.
func (t refreshTokens) RefreshTokenSignature(_ context.Context, token string) string {
	if !strings.HasPrefix(token, refreshPrefix) {
		return storage.RefreshHashSignature(token)
	}
	grant, generation, ok := t.parse(token)
	if !ok {
		return ""
	}
	return storage.RefreshSignature(grant, generation)
}

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
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte(form))
	mac.Write(grant[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, generation))
	return mac.Sum(nil)
}

// GenerateRefreshToken leaves the token of the grant's next generation in the unit of work.
func (t refreshTokens) GenerateRefreshToken(ctx context.Context, r fosite.Requester) (string, string, error) {
	u := storage.UnitOfWorkFrom(ctx)
	policy := u.Client.Policy
	grant, err := uuid.Parse(r.GetID())
	if err != nil {
		return "", "", err
	}
	now := t.provider.store.Now()
	generation := uint32(0)
	u.Issued.RefreshExpiresAt = now + min(policy.RefreshLifetime, storage.RefreshAbsoluteLifetime)
	if u.Grant != nil {
		generation = uint32(u.Successor()) // a family lives a year at most, so it fits
		u.Issued.RefreshExpiresAt = min(u.Issued.RefreshExpiresAt, u.Grant.CreatedAt+storage.RefreshAbsoluteLifetime)
		if policy.RefreshLifetimeFrom == storage.RefreshLifetimeFromIssue {
			u.Issued.RefreshExpiresAt = u.Grant.RefreshExpiresAt
		}
	}
	u.Issued.RefreshTokenID = t.provider.store.NewID()
	if policy.TokenForm == storage.TokenFormLegacy {
		u.Issued.RefreshToken = oauth.LegacyForm([16]byte(t.mac("legacy", grant, generation)[:16]))
		u.Issued.RefreshHash = storage.Hash(u.Issued.RefreshToken)
		return u.Issued.RefreshToken, "", nil
	}
	raw := append(grant[:], binary.BigEndian.AppendUint32(nil, generation)...)
	raw = append(raw, t.mac("own", grant, generation)...)
	u.Issued.RefreshToken = refreshPrefix + base64.RawURLEncoding.EncodeToString(raw)
	return u.Issued.RefreshToken, t.RefreshTokenSignature(ctx, u.Issued.RefreshToken), nil
}

// ValidateRefreshToken finds a token whose time has come, and a grant that was never given one.
func (t refreshTokens) ValidateRefreshToken(ctx context.Context, _ fosite.Requester, _ string) error {
	g := storage.UnitOfWorkFrom(ctx).Grant
	if g == nil || g.RefreshTokenID == "" || g.RefreshExpiresAt <= t.provider.store.Now() {
		return fosite.ErrTokenExpired
	}
	return nil
}
