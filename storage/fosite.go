package storage

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
)

// Fosite is the Store as fosite's handlers see it. Reads go through the request's UnitOfWork, writes into it; revocations
// are executed at once, since fosite revokes and then fails the request.
type Fosite struct{ Store *Store }

var (
	_ fosite.Storage                     = Fosite{}
	_ oauth2.CoreStorage                 = Fosite{}
	_ oauth2.TokenRevocationStorage      = Fosite{}
	_ openid.OpenIDConnectRequestStorage = Fosite{}
	_ pkce.PKCERequestStorage            = Fosite{}
)

// GetClient is the client that the request settled already, so that fosite sees its connection and redirect URI.
func (f Fosite) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if c := UnitOfWorkFrom(ctx).Client; c != nil && c.ID == id {
		return c, nil
	}
	return f.Store.Client(ctx, id)
}

// ClientAssertionJWTValid is never asked: authentication of clients is ours.
func (f Fosite) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrServerError }

// SetClientAssertionJWT is never asked: authentication of clients is ours.
func (f Fosite) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrServerError
}

// CreateAuthorizeCodeSession queues the code that the strategy left in the session.
func (f Fosite) CreateAuthorizeCodeSession(ctx context.Context, _ string, r fosite.Requester) error {
	u := UnitOfWorkFrom(ctx)
	session := r.GetSession().(*Session)
	client := r.GetClient().(*Client)
	now := f.Store.Now()
	sessionID := session.SessionID
	if client.Policy.outlivesSession() {
		sessionID = ""
	}
	u.queueCode(Code{
		ID: Hash(u.Issued.Code), CodeID: u.Issued.CodeID, GrantID: r.GetID(),
		ClientID: client.ID, UserID: session.UserID, RedirectURI: session.RedirectURI, SessionID: sessionID,
		Scope: strings.Join(r.GetGrantedScopes(), " "), Session: session,
		CreatedAt: now, ExpiresAt: now + client.Policy.CodeLifetime,
	})
	return nil
}

// GetAuthorizeCodeSession reads a code once a request. A used code is unknown, and of the client itself it revokes what it
// was exchanged for, where the client's policy says so. fosite would do that too, but it swallows the error of a revocation
// that failed.
func (f Fosite) GetAuthorizeCodeSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	u := UnitOfWorkFrom(ctx)
	if u.Code == nil {
		code, err := f.Store.FindCode(ctx, []byte(signature))
		if err != nil {
			return nil, notFound(err)
		}
		u.Code, u.Holder = code, code.Holder
	}
	if u.Code.UsedAt > 0 {
		if err := u.replayed(ctx); err != nil {
			return nil, err
		}
		return nil, fosite.ErrNotFound.WithWrap(ErrUsed)
	}
	return u.request(u.Code.GrantID, u.Code.ClientID, u.Code.Scope, u.Code.CreatedAt, u.Code.Session), nil
}

// replayed ends what a code was exchanged for when its client presents it again (RFC 6749 4.1.2).
func (u *UnitOfWork) replayed(ctx context.Context) error {
	if u.Client == nil || u.Client.ID != u.Code.ClientID || u.Client.Policy.CodeReplay != CodeReplayRevoke {
		return nil
	}
	_, err := u.store.RevokeGrant(ctx, u.Code.GrantID)
	return err
}

// InvalidateAuthorizeCodeSession makes the redemption the gate of the flush, and queues the grant behind it.
func (f Fosite) InvalidateAuthorizeCodeSession(ctx context.Context, _ string) error {
	u := UnitOfWorkFrom(ctx)
	u.gate = &statement{name: "redeem code", sql: redeemCode, args: []any{u.Code.ID, f.Store.Now(), u.Attempt}}
	code, issued := u.Code, u.Issued
	grant := Grant{
		ID: code.GrantID, ClientID: code.ClientID, UserID: code.UserID, SessionID: code.Session.SessionID,
		Scope: code.Scope, Session: code.Session, CreatedAt: f.Store.Now(),
		RefreshTokenID: issued.RefreshTokenID, RefreshHash: issued.RefreshHash, RefreshExpiresAt: issued.RefreshExpiresAt,
	}
	if c := u.Client.Connection; c != nil {
		grant.ConnectionID = c.ID
	}
	grant.ExpiresAt = u.grantExpiresAt()
	u.queueGrant(grant)
	return nil
}

// grantExpiresAt outlives the last access token that can come of the grant, since a JWT looks its grant up, and the login
// session, whose end its client is to hear of.
func (u *UnitOfWork) grantExpiresAt() int64 {
	return max(u.Issued.RefreshExpiresAt+u.Client.Policy.AccessLifetime, u.store.Now()+max(u.Client.Policy.AccessLifetime, day)) + 3600
}

// QueueFrontChannelGrant begins the grant of tokens that go through the front channel (OIDC Core 3.2, 3.3), under the id of
// the authorization request. The exchange of a code of the same request completes it.
func (u *UnitOfWork) QueueFrontChannelGrant(id string, scope []string, session *Session) {
	u.frontChannel = true
	if session.SessionID != "" { // what is exchanged later is looked at then; this goes out now
		u.gate = &statement{name: "live session", sql: u.store.liveSessionGate(), args: []any{session.SessionID}}
	}
	u.queueGrant(Grant{
		ID: id, ClientID: u.Client.ID, UserID: session.UserID, SessionID: session.SessionID, Scope: strings.Join(scope, " "),
		Session: session, CreatedAt: u.store.Now(), ExpiresAt: u.grantExpiresAt(),
	})
}

// CreateAccessTokenSession queues an opaque token; a JWT leaves no row.
func (f Fosite) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	client := r.GetClient().(*Client)
	if client.Policy.AccessToken != AccessTokenOpaque {
		return nil
	}
	u := UnitOfWorkFrom(ctx)
	if u.Grant != nil && u.gate == nil { // a refresh token that is not rotated
		u.gateOnLiveGrant()
	}
	session := r.GetSession().(*Session).Clone().(*Session)
	// Not what an authorization request says of itself: anybody writes those.
	if session.GrantType = GrantTypeImplicit; !u.frontChannel {
		session.GrantType = r.GetRequestForm().Get("grant_type")
	}
	token := AccessToken{
		ID: []byte(signature), AccessTokenID: u.Issued.AccessTokenID, Kind: KindAccessToken,
		ClientID: client.ID, UserID: session.UserID, Scope: strings.Join(r.GetGrantedScopes(), " "), Session: session,
		CreatedAt: f.Store.Now(), ExpiresAt: u.Issued.AccessExpiresAt,
	}
	if session.UserID != "" {
		token.GrantID = r.GetID()
	}
	u.queueAccessToken(token)
	return nil
}

// GetAccessTokenSession is never asked: introspection and userinfo are ours.
func (f Fosite) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession is never asked.
func (f Fosite) DeleteAccessTokenSession(context.Context, string) error { return fosite.ErrNotFound }

// CreateRefreshTokenSession has nothing to add: the grant's row is the refresh token's.
func (f Fosite) CreateRefreshTokenSession(context.Context, string, string, fosite.Requester) error {
	return nil
}

// GetRefreshTokenSession reads a grant by what the strategy made of the refresh token (RefreshSignature). Reuse by the
// client itself makes fosite revoke the family; a token in anyone else's hands is only unknown.
func (f Fosite) GetRefreshTokenSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	u := UnitOfWorkFrom(ctx)
	if _, err := u.ReadGrant(ctx, signature); err != nil {
		return nil, notFound(err)
	}
	g := u.Grant
	r := u.request(g.ID, g.ClientID, g.Scope, g.CreatedAt, g.Session)
	if g.RevokedAt > 0 || u.Client == nil || u.Client.ID != g.ClientID {
		return nil, fosite.ErrNotFound
	}
	switch err := u.judgeRefreshToken(); {
	case errors.Is(err, ErrReuse):
		return r, fosite.ErrInactiveToken.WithWrap(err)
	case err != nil:
		return nil, notFound(err)
	}
	return r, nil
}

// RefreshSignature is how a refresh token that carries its grant's id is looked up, once its MAC was found right.
func RefreshSignature(grantID string, generation int64) string {
	return "grant:" + grantID + ":" + strconv.FormatInt(generation, 10)
}

// RefreshHashSignature is how a refresh token that is known by its hash is looked up.
func RefreshHashSignature(value string) string {
	return "hash:" + base64.RawURLEncoding.EncodeToString(Hash(value))
}

// ReadGrant reads the grant of a refresh token by its signature, once, and says whether the token is the current one.
func (u *UnitOfWork) ReadGrant(ctx context.Context, signature string) (current bool, err error) {
	if u.Grant == nil {
		if err := u.readGrant(ctx, signature); err != nil {
			return false, err
		}
		u.Holder = u.Grant.Holder
	}
	return u.presented == u.Grant.Generation, nil
}

func (u *UnitOfWork) readGrant(ctx context.Context, signature string) error {
	kind, rest, _ := strings.Cut(signature, ":")
	switch kind {
	case "grant":
		id, text, _ := strings.Cut(rest, ":")
		generation, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return ErrNotFound
		}
		u.presented = generation
		u.Grant, u.readAt, err = u.store.findGrant(ctx, id)
		return err
	case "hash":
		hash, err := base64.RawURLEncoding.DecodeString(rest)
		if err != nil {
			return ErrNotFound
		}
		if u.Grant, u.readAt, err = u.store.findGrantByHash(ctx, hash); err != nil {
			return err
		}
		u.presented = u.Grant.Generation
		if string(hash) != string(u.Grant.RefreshHash) { // no secret by now: the database found the row by one of the two
			u.presented--
		}
		return nil
	}
	return ErrNotFound
}

// RotateRefreshToken makes the rotation the gate of the flush.
func (f Fosite) RotateRefreshToken(ctx context.Context, _ string, _ string) error {
	UnitOfWorkFrom(ctx).queueRotation()
	return nil
}

// DeleteRefreshTokenSession is part of fosite's answer to reuse, all of which is one revocation of the grant.
func (f Fosite) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RevokeRefreshToken ends the grant at once.
func (f Fosite) RevokeRefreshToken(ctx context.Context, requestID string) error {
	_, err := f.Store.RevokeGrant(ctx, requestID)
	return err
}

// RevokeAccessToken is the other half of the same revocation; fosite always asks for both.
func (f Fosite) RevokeAccessToken(context.Context, string) error { return nil }

// CreateOpenIDConnectSession has nothing to add: the code's row holds the session.
func (f Fosite) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetOpenIDConnectSession is the code's, or none where openid was not granted.
func (f Fosite) GetOpenIDConnectSession(ctx context.Context, _ string, _ fosite.Requester) (fosite.Requester, error) {
	code := UnitOfWorkFrom(ctx).Code
	if code == nil {
		return nil, openid.ErrNoSessionFound
	}
	r := UnitOfWorkFrom(ctx).request(code.GrantID, code.ClientID, code.Scope, code.CreatedAt, code.Session)
	if !r.GetGrantedScopes().Has("openid") {
		return nil, openid.ErrNoSessionFound
	}
	return r, nil
}

// DeleteOpenIDConnectSession has nothing to delete.
func (f Fosite) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

// CreatePKCERequestSession has nothing to add: the challenge is kept with the code.
func (f Fosite) CreatePKCERequestSession(context.Context, string, fosite.Requester) error { return nil }

// GetPKCERequestSession gives the challenge back as the form that fosite's handler reads.
func (f Fosite) GetPKCERequestSession(ctx context.Context, signature string, s fosite.Session) (fosite.Requester, error) {
	r, err := f.GetAuthorizeCodeSession(ctx, signature, s)
	if err != nil {
		return nil, err
	}
	challenge := r.GetSession().(*Session).CodeChallenge
	if challenge == "" {
		return nil, fosite.ErrNotFound
	}
	r.GetRequestForm().Set("code_challenge", challenge)
	r.GetRequestForm().Set("code_challenge_method", "S256")
	return r, nil
}

// DeletePKCERequestSession does nothing on purpose: fosite deletes before it verifies, and a second try without a
// verifier would then pass. The challenge ends with its code.
func (f Fosite) DeletePKCERequestSession(context.Context, string) error { return nil }

// request is what fosite's handlers take as the authorization request behind a code or a grant. The form has no
// redirect_uri: it is compared by our own policy, on both faces.
func (u *UnitOfWork) request(id, clientID, scope string, at int64, session *Session) *fosite.Request {
	client := u.Client
	if client == nil || client.ID != clientID {
		client = &Client{ID: clientID}
	}
	scopes := SplitScope(scope)
	return &fosite.Request{
		ID: id, Client: client, RequestedAt: time.Unix(at, 0), Form: url.Values{}, Session: session,
		RequestedScope: scopes, GrantedScope: scopes, RequestedAudience: session.Audience, GrantedAudience: session.Audience,
	}
}

// notFound translates for fosite, which knows its own sentinel; any other error keeps its identity for the answer.
func notFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return fosite.ErrNotFound.WithWrap(err)
	}
	return err
}
