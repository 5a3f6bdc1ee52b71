package provider

// This file answers fosite's questions about stored rows. fosite v0.49.0 calls its handlers in the order of composition
// (fosite.go), and those call the strategies and this file in the order below. What an earlier call has left in the
// issuance of the request, a later one finds there.
//
// Code exchange, NewAccessRequest:
//
//	authorization code   AuthorizeCodeSignature, GetAuthorizeCodeSession, ValidateAuthorizeCode
//	PKCE                 AuthorizeCodeSignature, GetPKCERequestSession, DeletePKCERequestSession, then it compares
//	                     the verifier
//	codeHandler          our checks (code_exchange.go)
//
// and NewAccessResponse:
//
//	authorization code   AuthorizeCodeSignature, GetAuthorizeCodeSession, ValidateAuthorizeCode, GenerateAccessToken,
//	                     GenerateRefreshToken where one is issued, InvalidateAuthorizeCodeSession,
//	                     CreateAccessTokenSession
//	OpenID Connect       GetOpenIDConnectSession, DeleteOpenIDConnectSession, GenerateIDToken
//
// So all tokens are made by the time of InvalidateAuthorizeCodeSession, which is why it stores the grant with the
// refresh token in it. CreateRefreshTokenSession follows only where GenerateRefreshToken returns a signature; ours
// returns none.
//
// Refresh, NewAccessRequest:
//
//	refresh token        RefreshTokenSignature, GetRefreshTokenSession; where that says ErrInactiveToken,
//	                     DeleteRefreshTokenSession, RevokeRefreshToken and RevokeAccessToken, and the request fails;
//	                     else ValidateRefreshToken
//	refreshHandler       our checks (refresh.go)
//
// and NewAccessResponse:
//
//	refresh token        GenerateAccessToken, GenerateRefreshToken, RefreshTokenSignature of the presented token,
//	                     RotateRefreshToken, CreateAccessTokenSession, CreateRefreshTokenSession
//	OpenID Connect       GenerateIDToken
//
// Where refresh tokens stay as they are, refreshHandler makes the response without fosite's handler.
//
// Authorize, NewAuthorizeRequest asks GetClient; NewAuthorizeResponse, of response_type code:
//
//	authorization code   GenerateAuthorizeCode, CreateAuthorizeCodeSession
//	PKCE                 AuthorizeCodeSignature, CreatePKCERequestSession
//	OpenID Connect       CreateOpenIDConnectSession
//
// of a hybrid response type, each where it is asked for:
//
//	hybrid               GenerateAuthorizeCode, CreateAuthorizeCodeSession, CreateOpenIDConnectSession,
//	                     GenerateAccessToken,
//	                     CreateAccessTokenSession, GenerateIDToken
//	PKCE                 AuthorizeCodeSignature, CreatePKCERequestSession
//
// and of an implicit one GenerateAccessToken, CreateAccessTokenSession and GenerateIDToken. For client_credentials it
// is GenerateAccessToken and CreateAccessTokenSession.
//
// Nothing is written before the batch is flushed, after all of these, but for revocations: fosite revokes and then
// fails the request.

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"ithildin/provider/details"
	"ithildin/storage"
)

// fositeStorage is the storage as fosite's handlers see it. Reads are kept in the issuance of the request, and writes
// are queued in its batch.
type fositeStorage struct{ store *storage.Store }

var (
	_ fosite.Storage                     = fositeStorage{}
	_ oauth2.CoreStorage                 = fositeStorage{}
	_ oauth2.TokenRevocationStorage      = fositeStorage{}
	_ openid.OpenIDConnectRequestStorage = fositeStorage{}
	_ pkce.PKCERequestStorage            = fositeStorage{}
)

// GetClient returns the client that the request has found already, so that fosite sees its connection and redirect URI.
func (f fositeStorage) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if c := issuanceFrom(ctx).client; c != nil && c.ID == id {
		return fositeClient{c}, nil
	}
	c, err := f.store.Client(ctx, id)
	if err != nil {
		return nil, err
	}
	return fositeClient{c}, nil
}

// ClientAssertionJWTValid is never called: package clientauth authenticates clients.
func (fositeStorage) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrServerError
}

// SetClientAssertionJWT is never called: package clientauth authenticates clients.
func (fositeStorage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrServerError
}

// CreateAuthorizeCodeSession queues the code that the strategy left in the issuance.
func (f fositeStorage) CreateAuthorizeCodeSession(ctx context.Context, _ string, r fosite.Requester) error {
	i := issuanceFrom(ctx)
	session, client := storedSession(r), storedClient(r)
	now := f.store.Now()
	sessionID := session.SessionID
	if client.Policy.OutlivesSession() {
		sessionID = ""
	}
	i.batch.QueueCode(storage.Code{
		ID: storage.Hash(i.issued.code), CodeID: i.issued.codeID, GrantID: r.GetID(),
		ClientID: client.ID, UserID: session.UserID, RedirectURI: session.RedirectURI, SessionID: sessionID,
		Scope: strings.Join(r.GetGrantedScopes(), " "), Session: session,
		CreatedAt: now, ExpiresAt: now.Add(client.Policy.CodeLifetime),
	})
	return nil
}

// GetAuthorizeCodeSession returns the code that lookUp has read. A used code is unknown, and revokes what it was
// exchanged for (revokeReplayedCode). fosite would do that too, but it swallows the error of a revocation that failed.
func (f fositeStorage) GetAuthorizeCodeSession(
	ctx context.Context,
	_ string,
	_ fosite.Session,
) (fosite.Requester, error) {
	i := issuanceFrom(ctx)
	if i.code == nil {
		return nil, fosite.ErrNotFound
	}
	if i.fails(storage.ErrUsed) {
		if err := f.revokeReplayedCode(ctx, i); err != nil {
			return nil, err
		}
		return nil, fosite.ErrNotFound.WithWrap(storage.ErrUsed)
	}
	return i.fositeRequest(i.code.GrantID, i.code.ClientID, i.code.Scope, i.code.CreatedAt, i.code.Session), nil
}

// revokeReplayedCode ends what a code was exchanged for when its own client presents it again (RFC 6749 4.1.2), where
// the client's policy says so.
func (f fositeStorage) revokeReplayedCode(ctx context.Context, i *issuance) error {
	if i.client == nil || i.client.ID != i.code.ClientID || i.client.Policy.CodeReplay != storage.CodeReplayRevoke {
		return nil
	}
	_, err := f.store.RevokeGrant(ctx, i.code.GrantID)
	return err
}

// InvalidateAuthorizeCodeSession makes the redemption the precondition of the batch, and queues the grant behind it.
func (f fositeStorage) InvalidateAuthorizeCodeSession(ctx context.Context, _ string) error {
	i := issuanceFrom(ctx)
	code, issued, now := i.code, i.issued, f.store.Now()
	i.batch.RedeemCode(code.ID)
	grant := storage.Grant{
		ID: code.GrantID, ClientID: code.ClientID, UserID: code.UserID, SessionID: code.Session.SessionID,
		Scope: code.Scope, Session: i.sessionOfGrant(), CreatedAt: now,
		ExpiresAt:      i.grantExpiresAt(now),
		RefreshTokenID: issued.refreshTokenID, RefreshHash: issued.refreshHash, RefreshExpiresAt: issued.refreshExpiresAt,
	}
	if c := i.client.Connection; c != nil {
		grant.ConnectionID = c.ID
	}
	i.batch.QueueGrant(grant)
	return nil
}

// grantExpiresAt is when the grant's row may be deleted. It outlives the last access token
// that can come of the grant, since a JWT looks its grant up, and the login session, of whose end its client is
// notified.
func (i *issuance) grantExpiresAt(now time.Time) time.Time {
	const day = 24 * time.Hour
	lifetime := i.client.Policy.AccessLifetime
	return later(i.issued.refreshExpiresAt.Add(lifetime), now.Add(max(lifetime, day))).Add(time.Hour)
}

// queueFrontChannelGrant begins the grant of tokens that go through the front channel (OIDC Core 3.2, 3.3), under the
// id of the authorization request. The exchange of a code of the same request completes it.
func (i *issuance) queueFrontChannelGrant(now time.Time, id string, scope []string, session *storage.Session) {
	i.isFrontChannel = true
	if session.SessionID != "" {
		i.batch.RequireLiveSession(session.SessionID)
	}
	i.batch.QueueGrant(storage.Grant{
		ID: id, ClientID: i.client.ID, UserID: session.UserID, SessionID: session.SessionID, Scope: strings.Join(scope, " "),
		Session: session, CreatedAt: now, ExpiresAt: i.grantExpiresAt(now),
	})
}

// CreateAccessTokenSession queues an opaque token; a JWT leaves no row.
func (f fositeStorage) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	client, i := storedClient(r), issuanceFrom(ctx)
	if !i.target.isOpaque(client.Policy) {
		return nil
	}
	if i.refreshToken != nil && i.client.Policy.Refresh != storage.RefreshRotate {
		i.batch.RequireLiveGrant(i.refreshToken.Grant.ID) // a rotation is a precondition already
	}
	session := *storedSession(r)
	session.Confirmation, session.Audience = i.confirmation(), i.target.audience
	session.AuthorizationDetails = details.Encode(i.details)
	// Not what an authorization request says of itself: anybody writes those.
	if session.GrantType = storage.GrantTypeImplicit; !i.isFrontChannel {
		session.GrantType = r.GetRequestForm().Get("grant_type")
	}
	token := storage.AccessToken{
		ID: []byte(signature), AccessTokenID: i.issued.accessTokenID, Kind: storage.KindAccessToken,
		ClientID: client.ID, UserID: session.UserID, Session: &session,
		Scope:     strings.Join(i.target.scope(r.GetGrantedScopes()), " "),
		CreatedAt: f.store.Now(), ExpiresAt: i.issued.accessExpiresAt,
	}
	if session.UserID != "" {
		token.GrantID = r.GetID()
	}
	i.batch.QueueAccessToken(token)
	return nil
}

// GetAccessTokenSession is never called: introspection and userinfo are ours.
func (fositeStorage) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession is never called.
func (fositeStorage) DeleteAccessTokenSession(context.Context, string) error {
	return fosite.ErrNotFound
}

// CreateRefreshTokenSession has nothing to add: the grant's row is the refresh token's.
func (fositeStorage) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return nil
}

// GetRefreshTokenSession returns the grant of the refresh token that lookUp has read. Reuse by the client itself makes
// fosite revoke the family; a token in anyone else's hands is only unknown.
func (f fositeStorage) GetRefreshTokenSession(
	ctx context.Context,
	_ string,
	_ fosite.Session,
) (fosite.Requester, error) {
	i := issuanceFrom(ctx)
	if i.refreshToken == nil || i.fails(ErrForeignToken) {
		return nil, fosite.ErrNotFound
	}
	g := i.refreshToken.Grant
	r := i.fositeRequest(g.ID, g.ClientID, g.Scope, g.CreatedAt, g.Session)
	switch {
	case errors.Is(i.rotation, storage.ErrReuse):
		return r, fosite.ErrInactiveToken.WithWrap(i.rotation)
	case i.rotation != nil:
		return nil, fosite.ErrNotFound.WithWrap(i.rotation)
	}
	return r, nil
}

// RotateRefreshToken makes the rotation the precondition of the batch.
func (f fositeStorage) RotateRefreshToken(ctx context.Context, _ string, _ string) error {
	i := issuanceFrom(ctx)
	i.batch.Rotate(i.refreshToken, storage.NextRefreshToken{
		ID: i.issued.refreshTokenID, Hash: i.issued.refreshHash, ExpiresAt: i.issued.refreshExpiresAt,
		GrantExpiresAt: i.grantExpiresAt(f.store.Now()),
	})
	return nil
}

// DeleteRefreshTokenSession is part of fosite's answer to reuse, all of which is one revocation of the grant.
func (fositeStorage) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RevokeRefreshToken ends the grant at once.
func (f fositeStorage) RevokeRefreshToken(ctx context.Context, requestID string) error {
	_, err := f.store.RevokeGrant(ctx, requestID)
	return err
}

// RevokeAccessToken is the other half of the same revocation; fosite always asks for both.
func (fositeStorage) RevokeAccessToken(context.Context, string) error { return nil }

// CreateOpenIDConnectSession has nothing to add: the code's row holds the session.
func (fositeStorage) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetOpenIDConnectSession is the code's, or none where openid was not granted.
func (fositeStorage) GetOpenIDConnectSession(
	ctx context.Context,
	_ string,
	_ fosite.Requester,
) (fosite.Requester, error) {
	i := issuanceFrom(ctx)
	if i.code == nil {
		return nil, openid.ErrNoSessionFound
	}
	r := i.fositeRequest(i.code.GrantID, i.code.ClientID, i.code.Scope, i.code.CreatedAt, i.code.Session)
	if !r.GetGrantedScopes().Has("openid") {
		return nil, openid.ErrNoSessionFound
	}
	return r, nil
}

// DeleteOpenIDConnectSession has nothing to delete.
func (fositeStorage) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

// CreatePKCERequestSession has nothing to add: the challenge is kept with the code.
func (fositeStorage) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetPKCERequestSession gives the challenge back as the form that fosite's handler reads.
func (f fositeStorage) GetPKCERequestSession(
	ctx context.Context,
	signature string,
	s fosite.Session,
) (fosite.Requester, error) {
	r, err := f.GetAuthorizeCodeSession(ctx, signature, s)
	if err != nil {
		return nil, err
	}
	challenge := storedSession(r).CodeChallenge
	if challenge == "" {
		return nil, fosite.ErrNotFound
	}
	r.GetRequestForm().Set("code_challenge", challenge)
	r.GetRequestForm().Set("code_challenge_method", "S256")
	return r, nil
}

// DeletePKCERequestSession does nothing on purpose: fosite deletes before it verifies, and a second try without a
// verifier would then pass. The challenge ends with its code.
func (fositeStorage) DeletePKCERequestSession(context.Context, string) error { return nil }

// fositeRequest is what fosite's handlers take as the authorization request behind a code or a grant. The form has no
// redirect_uri: it is compared by our own policy, on both interfaces.
func (i *issuance) fositeRequest(id, clientID, scope string, at time.Time, session *storage.Session) *fosite.Request {
	client := i.client
	if client == nil || client.ID != clientID {
		client = &storage.Client{ID: clientID}
	}
	scopes := storage.SplitScope(scope)
	return &fosite.Request{
		ID: id, Client: fositeClient{client}, RequestedAt: at, Form: url.Values{},
		Session: &fositeSession{Session: session}, RequestedScope: scopes, GrantedScope: scopes,
		RequestedAudience: session.Audience, GrantedAudience: session.Audience,
	}
}
