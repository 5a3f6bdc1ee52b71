package provider

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// TokenRequest is a token request in the standard form, whichever face it came by.
type TokenRequest struct {
	// Authorization is the request's header of that name, "" where the face ignores it.
	Authorization string
	// Form are the parameters of RFC 6749 4.1.3, 4.4.2 and 6, each given once.
	Form url.Values
}

// TokenSet is what a successful request is answered with; each face shows its part.
type TokenSet struct {
	AccessToken   string
	AccessTokenID string // UUID; the jti of a JWT
	ExpiresAt     int64  // epoch seconds
	ExpiresIn     int64  // seconds
	RefreshToken  string // "" where none was issued
	IDToken       string // "" where openid was not granted
	Scope         string
	GrantType     string
	ClientID      string
	UserID        string // by which the client knows the user; "" for the client's own token
	RedirectURI   string // as it was at the authorization, for authorization_code
}

// presented is what a request of a grant type must carry (RFC 6749 4.1.3, 6).
var presented = map[string]string{"authorization_code": "code", "refresh_token": "refresh_token"}

// Exchange is the one place where a token is born. It authenticates the client, runs fosite, makes all writes of the
// request at once, and returns what there is to say, or an *Error.
func (p *Provider) Exchange(ctx context.Context, request TokenRequest) (*TokenSet, error) {
	u := p.store.NewUnitOfWork()
	set, err := p.exchange(ctx, u, request)
	if err != nil {
		known := oauth.AsError(err)
		p.metrics.tokenRefused(request.Form.Get("grant_type"), known.Code)
		if errors.Is(err, storage.ErrReuse) {
			p.metrics.refreshReuse.Inc()
			p.recordReuse(ctx, u)
		}
		return nil, known
	}
	p.metrics.tokenIssued(set.GrantType)
	if u.Repeats() {
		p.metrics.refreshRepeats.Inc()
	}
	return set, nil
}

// recordReuse keeps whose grant was revoked since a refresh token came back. The revocation stands whether or not this can
// be kept.
func (p *Provider) recordReuse(ctx context.Context, u *storage.UnitOfWork) {
	event := storage.Event{Kind: storage.EventRefreshTokenReused, ClientID: u.Grant.ClientID, UserID: u.Grant.UserID}
	err := p.store.RecordEvents(context.WithoutCancel(ctx), []storage.Event{oauth.IdentifyEvent(ctx, event)})
	if err != nil {
		p.logger.LogAttrs(ctx, slog.LevelWarn, "the event of a reused refresh token was not kept",
			slog.String("client_id", event.ClientID), slog.String("cause", err.Error()))
	}
}

func (p *Provider) exchange(ctx context.Context, u *storage.UnitOfWork, request TokenRequest) (*TokenSet, error) {
	grantType := request.Form.Get("grant_type")
	switch {
	case grantType == "":
		return nil, oauth.InvalidRequest("The request names no grant_type.")
	case !oauth.ContainsAll(oauth.GrantTypes, []string{grantType}):
		return nil, oauth.NewError(http.StatusBadRequest, oauth.CodeUnsupportedGrantType,
			"The grant_type must be one of "+strings.Join(oauth.GrantTypes, ", ")+".")
	}
	ctx = u.Context(ctx)
	client, err := p.clients.Authenticate(ctx, oauth.PathToken, request.Authorization, request.Form)
	if err != nil {
		return nil, err
	}
	u.Client = client
	defer func() { inbound.RecordOf(ctx).About("", userOf(u)) }()
	if what := presented[grantType]; what != "" && !request.Form.Has(what) {
		return nil, oauth.InvalidRequest("The request carries no " + what + ".")
	}
	access, err := p.oauth2.NewAccessRequest(ctx, formRequest(request.Form), &storage.Session{Subject: client.ID})
	if err != nil {
		return nil, fromFosite(err)
	}
	if grantType == "client_credentials" {
		if err := p.grantOwn(client, access); err != nil {
			return nil, err
		}
	}
	if u.Code != nil {
		queueEvent(ctx, u, storage.Event{Kind: storage.EventCodeExchanged, ClientID: client.ID, UserID: u.Code.UserID})
	}
	if u.Repeats() {
		queueEvent(ctx, u, storage.Event{Kind: storage.EventRefreshTokenRepeated, ClientID: client.ID, UserID: u.Grant.UserID})
	}
	response, err := p.oauth2.NewAccessResponse(ctx, access)
	if err != nil {
		return nil, fromFosite(err)
	}
	if err := u.Flush(ctx); err != nil {
		return nil, flushError(err)
	}
	return p.tokenSet(u, access, response), nil
}

// userOf is whose tokens a request is about, as far as it is known.
func userOf(u *storage.UnitOfWork) string {
	switch {
	case u.Code != nil:
		return u.Code.UserID
	case u.Grant != nil:
		return u.Grant.UserID
	}
	return ""
}

// formRequest is what fosite reads: a form that is parsed already.
func formRequest(form url.Values) *http.Request {
	return &http.Request{
		Method: http.MethodPost, URL: &url.URL{}, Form: form, PostForm: form, Body: http.NoBody,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
}

// flushError gives the losers of a race the answer of those who came later.
func flushError(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return oauth.InvalidGrant("The grant has been revoked.").Because(err)
	}
	return err
}

// grantOwn grants a client what it asked for on its own behalf: its scopes, without those that speak of a user.
func (p *Provider) grantOwn(client *storage.Client, access fosite.AccessRequester) error {
	if client.IsBlocked {
		return oauth.NewError(http.StatusBadRequest, oauth.CodeUnauthorizedClient, "The client is blocked.")
	}
	for _, name := range access.GetRequestedScopes() {
		if name == "openid" || name == "offline_access" {
			return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidScope, "The scope "+name+" needs a user.")
		}
		access.GrantScope(name)
	}
	for _, name := range access.GetRequestedAudience() {
		access.GrantAudience(name)
	}
	access.GetSession().(*storage.Session).Audience = access.GetGrantedAudience()
	return nil
}

func (p *Provider) tokenSet(u *storage.UnitOfWork, access fosite.AccessRequester, response fosite.AccessResponder) *TokenSet {
	session := access.GetSession().(*storage.Session)
	set := &TokenSet{
		AccessToken: u.Issued.AccessToken, AccessTokenID: u.Issued.AccessTokenID,
		ExpiresAt: u.Issued.AccessExpiresAt, ExpiresIn: u.Client.Policy.AccessLifetime,
		RefreshToken: u.Issued.RefreshToken,
		Scope:        strings.Join(access.GetGrantedScopes(), " "), GrantType: access.GetGrantTypes()[0],
		ClientID: u.Client.ID,
	}
	if session.UserID != "" {
		set.UserID = session.Subject
	}
	set.IDToken, _ = response.GetExtra("id_token").(string)
	if u.Code != nil {
		set.Scope, set.RedirectURI = u.Code.Scope, u.Code.RedirectURI // verbatim, as the legacy face shows it
	}
	return set
}
