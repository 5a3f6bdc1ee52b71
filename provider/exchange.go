package provider

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"ithildin/provider/details"
	"ithildin/provider/dpop"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// TokenRequest is a token request in the standard form, whichever interface it came by.
type TokenRequest struct {
	// Authorization is the request's header of that name, "" where the interface ignores it.
	Authorization string
	// Form are the parameters of RFC 6749 4.1.3, 4.4.2 and 6, each given once.
	Form url.Values
	// Proof is the DPoP proof of the request, nil where the interface has none. It is not used up yet.
	Proof *dpop.Proof
	// LacksScope says that the request was to name a scope where the connection requires one, and names none. The value
	// of a scope is no parameter of a code exchange: the approval has decided.
	LacksScope bool
}

// TokenSet is what a successful request is answered with; each interface shows its part.
type TokenSet struct {
	AccessToken   string
	AccessTokenID string // UUID; the jti of a JWT
	ExpiresAt     time.Time
	ExpiresIn     time.Duration
	TokenType     string // DPoP, where the access token is bound to a key (RFC 9449 5), else Bearer
	RefreshToken  string // "" where none was issued
	IDToken       string // "" where openid was not granted
	Scope         string
	GrantType     string
	ClientID      string
	UserID        string          // by which the client knows the user; "" for the client's own token
	Details       json.RawMessage // authorization details (RFC 9396 7), nil for none
	RedirectURI   string          // as it was at the authorization, for authorization_code
	// Allowance is what is left of the client's rate of token requests.
	Allowance inbound.Allowance
}

// requiredParameter is what a request of a grant type must carry (RFC 6749 4.1.3, 6, RFC 8628 3.4).
var requiredParameter = map[string]string{
	"authorization_code": "code", "refresh_token": "refresh_token", oauth.GrantTypeDeviceCode: "device_code",
}

// Exchange is the only function that issues tokens for a grant. It authenticates the client, runs fosite, makes all
// writes of the request at once, and returns what there is to say, or an *oauth.Error. The causes of a refusal are all
// the checks that the request fails, for errors.Is: ErrClientNotAuthenticated or ErrScopeMissing by itself; else
// ErrTokenUnknown, ErrForeignToken, ErrForeignConnection, ErrTokenExpired, ErrRedirectURI, ErrNotApproved,
// storage.ErrUsed, ErrVerifierMissing, ErrNotHeld, oauth.ErrClientBlocked, ErrUserBlocked and ErrGrantTypeNotAllowed;
// or ErrProofMissing by itself.
func (p *Provider) Exchange(ctx context.Context, request TokenRequest) (*TokenSet, error) {
	i := newIssuance(p.store)
	set, err := p.exchange(ctx, i, request)
	if err != nil {
		known := oauth.AsError(err)
		p.metrics.tokenRefused(request.Form.Get("grant_type"), known.Code)
		if errors.Is(err, storage.ErrReuse) {
			p.metrics.refreshReuse.Inc()
			p.recordReuse(ctx, i)
		}
		if known.Status < http.StatusInternalServerError {
			known = i.rejected(known)
		}
		return nil, known
	}
	p.metrics.tokenIssued(set.GrantType)
	if i.repeats() {
		p.metrics.refreshRepeats.Inc()
	}
	return set, nil
}

// recordReuse keeps whose grant was revoked since a refresh token came back. The revocation stands whether or not this
// can be kept.
func (p *Provider) recordReuse(ctx context.Context, i *issuance) {
	event := storage.Event{Kind: storage.EventRefreshTokenReused, ClientID: i.grant().ClientID, UserID: i.grant().UserID}
	err := p.store.RecordEvents(context.WithoutCancel(ctx), []storage.Event{oauth.IdentifyEvent(ctx, event)})
	if err != nil {
		p.logger.LogAttrs(ctx, slog.LevelWarn, "the event of a reused refresh token was not kept",
			slog.String("client_id", event.ClientID), slog.String("cause", err.Error()))
	}
}

func (p *Provider) exchange(ctx context.Context, i *issuance, request TokenRequest) (*TokenSet, error) {
	grantType := request.Form.Get("grant_type")
	switch {
	case grantType == "":
		return nil, oauth.InvalidRequest("The request names no grant_type.")
	case !oauth.ContainsAll(oauth.GrantTypes, []string{grantType}):
		return nil, oauth.NewError(http.StatusBadRequest, oauth.CodeUnsupportedGrantType,
			"The grant_type must be one of "+strings.Join(oauth.GrantTypes, ", ")+".")
	}
	i.grantType = grantType
	ctx = i.context(ctx)
	client, err := p.clients.Authenticate(ctx, oauth.PathToken, request.Authorization, request.Form)
	if err != nil {
		i.failed = []error{ErrClientNotAuthenticated}
		return nil, err
	}
	i.client = client
	allowance, err := takeOf(ctx, p.rates.token, client, p.now())
	if err != nil {
		return nil, err
	}
	i.certificate = inbound.ClientCertificate(ctx).Thumbprint()
	if i.proof = request.Proof; i.proof != nil {
		useProof(i.batch, i.proof)
	}
	defer func() { inbound.RecordOf(ctx).About("", i.userID()) }()
	if what := requiredParameter[grantType]; what != "" && !request.Form.Has(what) {
		return nil, oauth.InvalidRequest("The request carries no " + what + ".")
	}
	if request.LacksScope && client.Connection.RequireScope {
		i.failed = []error{ErrScopeMissing}
		return nil, oauth.InvalidRequest("The connection of this client requires a scope, and the request names none.")
	}
	if err := p.lookUp(ctx, i, request.Form); err != nil {
		return nil, err
	}
	access, err := p.oauth2.NewAccessRequest(ctx, formRequest(request.Form),
		&fositeSession{Session: &storage.Session{Subject: client.ID}})
	if err != nil {
		return nil, fromFosite(err)
	}
	if grantType == "client_credentials" {
		if err := grantOwn(client, access); err != nil {
			return nil, err
		}
	}
	if err := i.resolveTarget(ctx, p.store, p.issuer, request.Form, access.GetRequestedAudience()); err != nil {
		return nil, err
	}
	if err := i.resolveDetails(ctx, p.store, p.issuer, request.Form); err != nil {
		return nil, err
	}
	if i.code != nil {
		queueEvent(ctx, i.batch, i.codeExchanged())
	}
	if i.repeats() {
		queueEvent(ctx, i.batch, storage.Event{
			Kind: storage.EventRefreshTokenRepeated, ClientID: client.ID, UserID: i.grant().UserID,
		})
	}
	response, err := p.oauth2.NewAccessResponse(ctx, access)
	if err != nil {
		return nil, fromFosite(err)
	}
	if err := i.batch.Flush(ctx); err != nil {
		return nil, p.flushError(ctx, i, request.Form, err)
	}
	set := tokenSetOf(i, access, response)
	set.Allowance = allowance
	return set, nil
}

// codeExchanged is the event of the exchange of a code, or of the tokens for a device.
func (i *issuance) codeExchanged() storage.Event {
	event := storage.Event{Kind: storage.EventCodeExchanged, ClientID: i.client.ID, UserID: i.code.UserID}
	if i.grantType != "authorization_code" {
		event.Details = map[string]string{"grant_type": i.grantType}
	}
	return event
}

// formRequest is what fosite reads: a form that is parsed already.
func formRequest(form url.Values) *http.Request {
	return &http.Request{
		Method: http.MethodPost, URL: &url.URL{}, Form: form, PostForm: form, Body: http.NoBody,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	}
}

// flushError gives those who lost a race the answer of those who came later. A code that changed since it was read is
// read again: it was used, was revoked or has expired.
func (p *Provider) flushError(ctx context.Context, i *issuance, form url.Values, err error) error {
	switch {
	case errors.Is(err, storage.ErrReplayed):
		return p.proofs.replayed(err)
	case errors.Is(err, storage.ErrUsed):
		if failed := (fositeStorage{p.store}).revokeReplayedCode(ctx, i); failed != nil {
			return failed
		}
		if failed := p.lookUp(ctx, i, form); failed != nil {
			return failed
		}
		if i.grantType == oauth.GrantTypeDeviceCode {
			return errDeviceCodeUsed
		}
	case errors.Is(err, storage.ErrReuse):
		i.failed = append(i.failed, ErrTokenExpired)
	case errors.Is(err, storage.ErrNotFound):
		i.failed = append(i.failed, ErrTokenExpired)
		return oauth.InvalidGrant("The grant has been revoked.").Because(err)
	}
	return err
}

// grantOwn grants a client what it asked for on its own behalf: its scopes, without those about a user.
func grantOwn(client *storage.Client, access fosite.AccessRequester) error {
	if client.IsBlocked {
		return oauth.NewError(http.StatusBadRequest, oauth.CodeUnauthorizedClient, "The client is blocked.")
	}
	for _, name := range access.GetRequestedScopes() {
		if name == "openid" || name == "offline_access" {
			return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidScope, "The scope "+name+" needs a user.")
		}
		access.GrantScope(name)
	}
	return nil
}

func tokenSetOf(i *issuance, access fosite.AccessRequester, response fosite.AccessResponder) *TokenSet {
	session := storedSession(access)
	set := &TokenSet{
		AccessToken: i.issued.accessToken, AccessTokenID: i.issued.accessTokenID,
		ExpiresAt: i.issued.accessExpiresAt, ExpiresIn: i.target.lifetime(i.client.Policy),
		TokenType:    tokenType(i.confirmation()),
		RefreshToken: i.issued.refreshToken,
		Scope:        strings.Join(i.target.scope(access.GetGrantedScopes()), " "), GrantType: access.GetGrantTypes()[0],
		ClientID: i.client.ID, Details: details.Encode(i.details),
	}
	if session.UserID != "" {
		set.UserID = session.Subject
	}
	set.IDToken, _ = response.GetExtra("id_token").(string)
	if i.code != nil {
		set.RedirectURI = i.code.RedirectURI
		if i.target.knowsAnyScope() {
			set.Scope = i.code.Scope // verbatim, as the legacy interface shows it
		}
	}
	return set
}
