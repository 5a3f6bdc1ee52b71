package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/prometheus/client_golang/prometheus"

	"ithildin/jwks"
	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/mail"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// Options are what a Provider takes from outside.
type Options struct {
	Store *storage.Store
	Keys  *jwks.Set
	// Passwords bound the work of all slow hashes of a process; nil makes a bound of its own.
	Passwords *identity.Passwords
	// Components are the services and rules by which people prove who they are.
	Components identity.Components
	// Issuer is the one source of every URL that is shown (OIDC Discovery 3).
	Issuer *url.URL
	Logger *slog.Logger
	// Outbound reaches what clients publish about themselves; nil makes one that reaches public addresses only.
	Outbound *outbound.Client
	// ResponseTypes are those of authorization requests that clients may be registered for (OAuth 2.0 Multiple Response
	// Types); default: code alone.
	ResponseTypes []string
	// Devices are about devices for which people sign in elsewhere (RFC 8628).
	Devices DeviceOptions
	// PushedRequests are authorization requests that clients send before the browser comes (RFC 9126).
	PushedRequests PushedRequests
	// Registration lets clients register themselves; default: off.
	Registration registration.Options
	// ClientDocuments are the clients that a document at their client_id describes; default: none are taken.
	ClientDocuments registration.DocumentOptions
	// Operator is whose pages they are, and whom they name for help.
	Operator login.Operator
	// Texts are what the pages say; default: the built-in texts.
	Texts *login.Texts
	// Places say where people sign in from, on their account page; default: the address alone is shown.
	Places *login.Places
	// RequireDPoPNonce refuses DPoP proofs without a nonce of this provider (RFC 9449 8 and 9); default: a proof counts
	// without one.
	RequireDPoPNonce bool
	// GatewayOrigins are where clients find the APIs behind gateways, such as https://api.example: a DPoP proof that a
	// gateway asks about must be about an address below one of them.
	GatewayOrigins []string
	// MutualTLS says where clients present certificates; default: nowhere.
	MutualTLS MutualTLS
	// Captcha is on the forms of a forgotten password and of an invitation; default: none. Its answers are verified by
	// Components.Captcha.
	Captcha login.Captcha
	// Signing is what people sign with in the browser; default: the script of the signature page alone.
	Signing login.Signing
	// Invitations are those of employees that ehealth.api keeps; default: none.
	Invitations Invitations
	// Mail sends letters to people; nil, or without a mail server: there are none, and no page that needs one.
	Mail *mail.Service
	// TrustedProxies are believed about the address of a client.
	TrustedProxies []netip.Prefix
	// Bodies bound what the bodies of requests take up at once, on each listener by itself.
	Bodies inbound.Limits
	// RequestsAtOnce are worked on by each listener at most; those beyond are answered with 503. Default 512.
	RequestsAtOnce int
	Now            func() time.Time
	Random         io.Reader
	// Metrics is where counters are registered; nil keeps them to the Provider.
	Metrics prometheus.Registerer
	// RateLimits bound what single clients ask for; default: nothing does.
	RateLimits RateLimits
	// RateSharing is told of the rate limits of the process; nil: they are shared with nobody.
	RateSharing *RateSharing
	// Tracing makes a span of each request; nil: none is made.
	Tracing *inbound.Tracing
	// RequestTime is how long a request may take before it is answered with 503; default 20 s, well under the time-out of
	// servers for writing.
	RequestTime time.Duration
}

// Provider is the OpenID Provider. It is safe for concurrent use.
type Provider struct {
	store          *storage.Store
	keys           *jwks.Set
	identity       *identity.Service
	login          *login.Service
	issuer         string
	path           string // of the issuer, without a trailing slash
	logger         *slog.Logger
	now            func() time.Time
	random         io.Reader
	metrics        *metrics
	observer       *observer
	requestsAtOnce int
	limits         *inbound.RateLimits
	rates          rates
	frontends      map[string]Frontend
	cors           *oauth.CORS

	outbound       *outbound.Client
	authorization  *authorizeEndpoint
	pushedRequests *pushedRequestEndpoint
	devices        devices
	responseTypes  []string
	registration   *registration.Service // nil where it is off
	documented     *registration.Documents

	components identity.Components
	mail       *mail.Service

	oauth2        *fosite.Fosite
	codes         authorizationCodes
	accessTokens  accessTokens
	refreshTokens refreshTokens
	idTokens      idTokens
	clients       *clientauth.Authenticator
	identifiers   identifiers
	userCodes     userCodes
	hints         idTokenHints
	acrValues     []string
	nonces        *Nonces
	pages         errorPages
	logouts       *logoutNotifier
	logout        *logoutEndpoint
	notices       notices
	documents     documents
	sessionIframe *sessionIframe
	bodies        inbound.Limits
	tokens        *Tokens
	sessionTokens *SessionTokens
	aboutTokens   *tokenEndpoints
	proofs        *Proofs
	mutualTLS     MutualTLS
	alias         string // of the endpoints that clients call with a certificate, without a slash at the end
}

// setDefaults fills in what was left out.
func (o *Options) setDefaults() {
	if o.Passwords == nil {
		o.Passwords = identity.NewPasswords(identity.PasswordOptions{})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Outbound == nil {
		o.Outbound = outbound.New(outbound.Options{})
	}
	if o.RequestTime <= 0 {
		o.RequestTime = 20 * time.Second
	}
	if o.PushedRequests.Lifetime <= 0 {
		o.PushedRequests.Lifetime = DefaultPushedRequestLifetime
	}
	if len(o.ResponseTypes) == 0 {
		o.ResponseTypes = []string{"code"}
	}
}

// New makes a Provider. It reads its random keys from the store, so the database must answer.
func New(ctx context.Context, o Options) (*Provider, error) {
	if o.Store == nil || o.Keys == nil || o.Issuer == nil {
		return nil, errors.New("provider: Store, Keys and Issuer are required")
	}
	o.setDefaults()
	p := &Provider{
		store: o.Store, keys: o.Keys, logger: o.Logger,
		issuer: strings.TrimSuffix(o.Issuer.String(), "/"), path: strings.TrimSuffix(o.Issuer.Path, "/"),
		now: o.Now, random: o.Random, metrics: newMetrics(o.Metrics), frontends: map[string]Frontend{},
		bodies: o.Bodies, requestsAtOnce: o.RequestsAtOnce,
		outbound: o.Outbound, responseTypes: o.ResponseTypes, mail: o.Mail,
	}
	if p.mutualTLS = o.MutualTLS; p.mutualTLS.Origin != "" {
		p.alias = p.mutualTLS.Origin + p.path
	}
	p.observer = &observer{
		proxies: o.TrustedProxies, requestTime: o.RequestTime, metrics: p.metrics, logger: p.logger, tracing: o.Tracing,
	}
	p.cors = &oauth.CORS{Store: o.Store, RegistrationByToken: o.Registration.Mode == registration.ByToken}
	p.components = countCalls(o.Components, p.CountOutboundCall)
	p.acrValues = acrValuesOf(p.components)
	p.documented = newDocuments(p, o.ClientDocuments)
	if err := p.readKeys(ctx, o); err != nil {
		return nil, err
	}
	p.tokens = newTokens(p)
	p.sessionTokens = newSessionTokens(p.store, p.now, p.random, p.components.ChangePasswordLifetime)
	p.aboutTokens = &tokenEndpoints{
		store: p.store, keys: p.keys, issuer: p.issuer, clients: p.clients, tokens: p.tokens, proofs: p.proofs,
		cors: p.cors, rate: p.rates.introspection, now: p.now,
	}
	p.nonces, p.hints = &Nonces{store: p.store}, idTokenHints{keys: p.keys, issuer: p.issuer}
	p.logouts = &logoutNotifier{
		store: p.store, keys: p.keys, issuer: p.issuer, identifiers: p.identifiers, outbound: p.outbound, logger: p.logger,
		countResult: p.metrics.logoutSent,
		countCall:   p.metrics.called(purposeBackchannelCall),
	}
	p.identity = identity.New(identity.Options{
		Store: o.Store, Host: o.Issuer.Host, Now: o.Now, Random: o.Random, Logger: o.Logger, Passwords: o.Passwords,
		Components: p.components, ClientAddress: p.observer.proxies.ClientAddress, RequestID: inbound.RequestID,
		Count:       p.metrics.personDid,
		CountSignIn: func(method, outcome string) { p.metrics.signIns.WithLabelValues(method, outcome).Inc() },
		CountCode:   func(outcome string) { p.metrics.oneTimeCodes.WithLabelValues(outcome).Inc() },
	})
	p.notices = notices{store: o.Store, mail: o.Mail, sms: p.components.SMS, logger: o.Logger}
	var err error
	p.login, err = login.New(ctx, login.Options{
		Store: o.Store, FindClient: p.documented.Find, Identity: p.identity, Issuer: o.Issuer, Now: o.Now,
		Random: o.Random, Logger: o.Logger,
		RequestID: inbound.RequestID, Count: p.metrics.personDid, Operator: o.Operator, Mail: o.Mail,
		Texts: o.Texts, Places: o.Places, Captcha: o.Captcha, Signing: p.countQuestions(o.Signing),
		SessionsEnded: p.logouts.notifyClients, Invitations: p.invitationOptions(o.Invitations),
		AfterSignOut: func(w http.ResponseWriter, r *http.Request, ended *storage.EndedSession,
			pending login.Interaction) error {
			return p.logout.afterSignOut(w, r, ended, pending)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	if o.Registration.IsOn() {
		p.registration = registration.New(o.Registration, registration.Dependencies{
			Store: p.store, Clients: p.clients, Outbound: p.outbound, Issuer: p.issuer, ResponseTypes: p.responseTypes,
			AuthMethods: p.mutualTLS.authMethods(), Limits: p.limits, Now: p.now, Random: p.random,
			CountFetch: p.metrics.called(purposeSector),
		})
	}
	p.oauth2 = p.composition()
	p.pages = errorPages{p.login}
	p.logout = &logoutEndpoint{
		store: p.store, login: p.login, issuer: p.issuer, hints: p.hints, identifiers: p.identifiers,
	}
	p.AddFrontend(Frontend{Name: StandardFrontend})
	p.sessionIframe = newSessionIframe(p.login, p.store)
	p.addAuthorization(o.PushedRequests)
	p.devices = newDevices(p, o.Devices)
	p.documents = p.newDocuments()
	return p, nil
}

// newTokens reads tokens, at first for no resource but the provider itself.
func newTokens(p *Provider) *Tokens {
	t := &Tokens{
		store: p.store, keys: p.keys, issuer: p.issuer, clients: p.clients, refreshTokens: p.refreshTokens, proofs: p.proofs,
		documented: p.documented, certificates: p.mutualTLS.isOn(),
	}
	t.SetAudiences([]string{p.issuer})
	return t
}

// newDocuments finds the clients that documents describe.
func newDocuments(p *Provider, o registration.DocumentOptions) *registration.Documents {
	return registration.NewDocuments(o, registration.DocumentDependencies{
		Store: p.store, Outbound: p.outbound, Now: p.now,
		CountFetch: p.metrics.called(purposeClientDocument),
	})
}

// addAuthorization makes the authorization endpoint and the one of pushed requests.
func (p *Provider) addAuthorization(pushed PushedRequests) {
	p.authorization = &authorizeEndpoint{
		store: p.store, login: p.login, oauth2: p.oauth2, issuer: p.issuer, now: p.now, responseTypes: p.responseTypes,
		acrValues: p.acrValues, frontends: p.frontends, hints: p.hints, identifiers: p.identifiers,
		sessionIframe: p.sessionIframe, keys: p.keys, requirePushed: pushed.Required, documented: p.documented,
		requestObjects: newRequestObjects(p.store, p.issuer, p.clients, outbound.CacheOptions[string]{
			Client: p.outbound, Now: p.now, Fetched: p.metrics.called(purposeRequestObject),
		}),
	}
	p.pushedRequests = &pushedRequestEndpoint{
		proofs:            p.proofs,
		authorizeEndpoint: p.authorization, clients: p.clients, cors: p.cors, random: p.random,
		lifetime: pushed.Lifetime, countResult: p.metrics.requestPushed,
		limit: newPublicLimit(p.limits, "pushed_request", cmp.Or(pushed.PublicRate, DefaultPublicPushRate), p.now),
	}
}

// readKeys makes what needs a random key.
func (p *Provider) readKeys(ctx context.Context, o Options) error {
	keys := map[string][]byte{}
	for _, name := range []string{
		"refresh tokens", "session ids", "weak secrets", "pairwise subjects", "dpop nonces", "user codes", "rate limits",
	} {
		key, err := p.store.RandomKey(ctx, name, 32)
		if err != nil {
			return fmt.Errorf("provider: %w", err)
		}
		keys[name] = key
	}
	p.limits = inbound.NewRateLimits(keys["rate limits"])
	p.limits.Observe(p.metrics.limitMade, p.metrics.rateLimited)
	p.rates = newRates(p.limits, o.RateLimits)
	if o.RateSharing != nil {
		o.RateSharing.begin(p.store, p.limits)
	}
	p.codes, p.accessTokens, p.idTokens = authorizationCodes{p}, accessTokens{p}, idTokens{p}
	p.refreshTokens = refreshTokensUnder(p, keys["refresh tokens"])
	p.userCodes = userCodes{keys["user codes"]}
	p.identifiers = identifiers{sessionKey: keys["session ids"], pairwiseSalt: keys["pairwise subjects"]}
	p.proofs = &Proofs{
		store: p.store, issuer: p.issuer, alias: p.alias, origins: o.GatewayOrigins,
		verifier: dpop.Verifier{
			Nonces: dpop.NewNonces(keys["dpop nonces"]), RequireNonce: o.RequireDPoPNonce, Now: p.store.Now,
		},
		count: func(reason string) { p.metrics.proofs.WithLabelValues(reason).Inc() },
	}
	p.clients = clientauth.New(clientauth.Options{
		Store: p.store, Find: findClientOf(p),
		Issuer: p.issuer, Alias: p.alias, Authorities: p.mutualTLS.Authorities, Outbound: p.outbound,
		Now: p.now, Logger: p.logger,
		WeakSecretKey: keys["weak secrets"], WeakSecrets: identity.NewPasswords(identity.PasswordOptions{Concurrency: 1}),
		CountSuccess: func(method string) { p.metrics.authentications.WithLabelValues(method).Inc() },
		CountFailure: func(method, result string) { p.metrics.authenticationFailures.WithLabelValues(method, result).Inc() },
		CountFetch:   p.metrics.called(purposeClientKeys),
	})
	return nil
}

// AddFrontend makes a frontend known, before the first request.
func (p *Provider) AddFrontend(f Frontend) { p.frontends[f.Name] = f }

// Store is where the rows are, for an adapter that reads or changes them.
func (p *Provider) Store() *storage.Store { return p.store }

// Identity checks who people are, for an adapter that signs them in without the pages.
func (p *Provider) Identity() *identity.Service { return p.identity }

// Clients authenticates clients, for an adapter that asks who somebody is.
func (p *Provider) Clients() *clientauth.Authenticator { return p.clients }

// Authorize begins an authorization request that came by a frontend, as the raw query of its standard form.
func (p *Provider) Authorize(w http.ResponseWriter, r *http.Request, frontend, query string) error {
	return p.authorization.begin(w, r, frontend, query)
}

// Approve issues a code for what a user approved without our pages. The checks are in the order of contract section
// 2.2, and the first that fails is the cause of the error: oauth.ErrUnknownClient, oauth.ErrClientBlocked,
// ErrUnknownUser, ErrUserBlocked, redirect.ErrUnregistered, *ScopeError, ErrAssurance.
func (p *Provider) Approve(r *http.Request, approval Approval) (*Approved, error) {
	return p.authorization.approveByAPI(r, approval)
}

// Tokens reads tokens, for an adapter that answers what one stands for.
func (p *Provider) Tokens() *Tokens { return p.tokens }

// Proofs verifies DPoP proofs, for an adapter that answers what a token stands for.
func (p *Provider) Proofs() *Proofs { return p.proofs }

// SessionTokens are those of the login API.
func (p *Provider) SessionTokens() *SessionTokens { return p.sessionTokens }

// Nonces are those of sign-in by digital signature.
func (p *Provider) Nonces() *Nonces { return p.nonces }

// DeliverLogouts notifies clients of every logout that is due, and returns when each was tried once. Two at once do no
// harm: an attempt is made by one of them. The error is the database's.
func (p *Provider) DeliverLogouts(ctx context.Context) error { return p.logouts.deliverDue(ctx) }

// Issuer is the configured issuer, without a slash at its end.
func (p *Provider) Issuer() string { return p.issuer }

// Logger is where an adapter logs what it does not tell the client.
func (p *Provider) Logger() *slog.Logger { return p.logger }

// Page makes a handler of an adapter's endpoint that a browser opens: its error becomes a page.
func (p *Provider) Page(e func(http.ResponseWriter, *http.Request) error) http.Handler {
	return p.pages.serve(e)
}

// SendsMail returns whether letters are sent here.
func (p *Provider) SendsMail() bool { return p.mail.IsOn() }

// SendPasswordResetLink queues a letter with the link by which a user sets another password, in a language of package
// mail, since an operator asks for it. mail.ErrOff: no letters are sent here.
func (p *Provider) SendPasswordResetLink(ctx context.Context, user *storage.User, language string) error {
	return p.login.SendPasswordResetLink(ctx, user, language)
}

// Wait returns once what requests have begun behind their answers is done, within 15 seconds.
func (p *Provider) Wait() { p.login.Wait() }
