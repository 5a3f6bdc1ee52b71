package provider

import (
	"context"
	"time"

	"ithildin/provider/details"
	"ithildin/provider/dpop"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// issuance is what one request that issues tokens or a code has read and made so far. The functions that fosite calls
// find it in their context: the strategies that make tokens, the storage and the policies. It belongs to one request
// and is not safe for concurrent use.
type issuance struct {
	batch *storage.Batch
	// grantType is the grant_type of a token request, one of oauth.GrantTypes, and "" at the authorization endpoint.
	grantType string
	// client is the client of the request, once it has authenticated, or once its redirect URI was matched.
	client *storage.Client
	// proof is what the request proves to hold, nil where it proves nothing. It is used up by the batch.
	proof *dpop.Proof
	// certificate is the thumbprint of the client's certificate, "" where it presented none.
	certificate string
	// code and refreshToken are what the request presented; nil where it presented none that is known.
	code         *storage.Code
	refreshToken *storage.PresentedRefreshToken
	// rotation is what the rotation of the family leaves of refreshToken: nil, or an error of judgeRefreshToken.
	rotation error
	// refused is what a device is told in the place of tokens, nil where it may have them (RFC 8628 3.5).
	refused *oauth.Error
	// failed are the checks that the request fails, by their causes (exchange_checks.go).
	failed []error
	// user is that of the code or the refresh token, or who is signed in.
	user   storage.UserClaims
	issued issuedTokens
	// target is what the access token is for.
	target target
	// details are the authorization details that the access token has.
	details []details.Detail
	// isFrontChannel says that tokens go through the browser, with no exchange after it.
	isFrontChannel bool
}

// issuedTokens are the tokens of one request as they are made, with the values that only their maker knows.
type issuedTokens struct {
	accessToken      string
	accessTokenID    string
	accessExpiresAt  time.Time
	refreshToken     string
	refreshTokenID   string
	refreshHash      []byte // nil where the token carries its grant's id
	refreshExpiresAt time.Time
	code             string
	codeID           string
}

type issuanceKey struct{}

// newIssuance begins a request that issues tokens or a code.
func newIssuance(store *storage.Store) *issuance {
	return &issuance{batch: store.NewBatch()}
}

// context returns a context in which fosite's calls find the issuance.
func (i *issuance) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, issuanceKey{}, i)
}

// issuanceFrom returns the issuance of the context; all that runs fosite puts one there.
func issuanceFrom(ctx context.Context) *issuance {
	i, ok := ctx.Value(issuanceKey{}).(*issuance)
	if !ok {
		panic("provider: no issuance in the context")
	}
	return i
}

// grant is the grant of the refresh token that the request presented, nil where it presented none.
func (i *issuance) grant() *storage.Grant {
	if i.refreshToken == nil {
		return nil
	}
	return i.refreshToken.Grant
}

// grantedSession is the session of the code or of the grant that the request presented, nil where it presented none.
func (i *issuance) grantedSession() *storage.Session {
	switch {
	case i.code != nil:
		return i.code.Session
	case i.grant() != nil:
		return i.grant().Session
	}
	return nil
}

// repeats says that the refresh token is answered again past its grace (docs/refresh-tokens.md).
func (i *issuance) repeats() bool { return i.refreshToken != nil && i.refreshToken.Repeats() }

// userID is whose tokens the request is about, as far as it is known.
func (i *issuance) userID() string {
	switch {
	case i.code != nil:
		return i.code.UserID
	case i.refreshToken != nil:
		return i.refreshToken.Grant.UserID
	}
	return ""
}
