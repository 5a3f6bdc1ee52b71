package provider

import (
	"context"
	"sync/atomic"

	"ithildin/jwks"
	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// Tokens reads tokens of every kind: Inspect for the endpoints that are asked about one, Verify for gateways. It is
// safe for concurrent use.
type Tokens struct {
	store         *storage.Store
	keys          *jwks.Set
	issuer        string
	clients       *clientauth.Authenticator
	refreshTokens refreshTokens
	proofs        *Proofs
	documented    *registration.Documents
	certificates  bool                     // clients can present some, to which tokens are bound
	audiences     atomic.Pointer[[]string] // of the gateways that ask Verify
}

// End revokes an access token that Inspect has found, and the grant that it came of with its refresh token. The row of
// an opaque token stays for as long as expired ones do.
func (t *Tokens) End(ctx context.Context, token string, info *TokenInfo) error {
	var err error
	if info.IsJWT {
		err = t.store.RevokeJTI(ctx, info.ID, info.ExpiresAt)
	} else {
		_, err = t.store.ExpireAccessToken(ctx, storage.Hash(token))
	}
	if err != nil {
		return err
	}
	if info.GrantID != "" {
		if _, err := t.store.RevokeGrant(ctx, info.GrantID); err != nil {
			return err
		}
	}
	return t.store.RecordEvents(ctx, []storage.Event{oauth.IdentifyEvent(ctx, storage.Event{
		Kind: storage.EventTokenRevoked, ClientID: info.ClientID, UserID: info.UserID,
	})})
}
