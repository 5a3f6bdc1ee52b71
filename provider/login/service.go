package login

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/mail"
	"ithildin/storage"
)

// Options are what a Service takes from outside. Store, Identity and Issuer are required.
type Options struct {
	Store *storage.Store
	// FindClient finds the client that a person signs in to; default: the stored one.
	FindClient func(ctx context.Context, id string) (*storage.Client, error)
	Identity   *identity.Service // checks who a person is
	Issuer     *url.URL          // its scheme decides the attributes of cookies, its path where the pages are
	Now        func() time.Time  // default time.Now
	Random     io.Reader         // default crypto/rand
	Logger     *slog.Logger      // default: silence
	// RequestID is shown on error pages; default none.
	RequestID func(*http.Request) string
	// SessionsEnded is told which sessions ended because their user said so, before the browser goes on. Default: nobody.
	SessionsEnded func(ctx context.Context, ended []storage.EndedSession)
	// AfterSignOut answers once the browser's session, nil where it had none, has ended; the request is what the page
	// carried, or zero. Default: it goes on with the request, or says that the person is signed out.
	AfterSignOut func(http.ResponseWriter, *http.Request, *storage.EndedSession, Interaction) error
	// Operator is shown on the pages where a sign-in begins, and on those that tell a person to ask. Default: nobody.
	Operator Operator
	// Texts are what the pages say. Default: the built-in texts.
	Texts *Texts
	// Places say where people sign in from, on their account page. Default: the address alone is shown.
	Places *Places
	// Captcha is on the forms that send a link for a forgotten password and show an invitation. Default: none.
	Captcha Captcha
	// Signing is what people sign with in the browser. Default: the script of the signature page alone.
	Signing Signing
	// Invitations are what people are invited to. Default: none.
	Invitations InvitationOptions
	// Mail sends links to people who forgot their password. Default: nobody gets one.
	Mail *mail.Service
	// Count is told of an error for each page that Fail wrote. Default none.
	Count func(kind string)
}

// Service serves the pages and knows the browsers. It is safe for concurrent use. Each of its parts has what it needs
// of the others.
type Service struct {
	*layout
	*interactions
	*sessions
	*accountPages
	signIn      *signInPages
	invitations *invitationPages
	credentials *credentialPages
	passkeys    *passkeyPages
	factors     *factorChangePages
	exports     *exportPages
	resets      *passwordResetPages
	crossOrigin *http.CrossOriginProtection
}

// New reads the random keys of the Service from the Store, which makes them once.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Identity == nil || o.Issuer == nil {
		return nil, errors.New("login: a store, an identity service and an issuer are required")
	}
	o.setDefaults()
	keys, err := readKeys(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	c := &cookies{
		secure: o.Issuer.Scheme == "https", path: strings.TrimSuffix(o.Issuer.EscapedPath(), "/"), random: o.Random,
	}
	s := &Service{crossOrigin: http.NewCrossOriginProtection()}
	s.layout = &layout{
		cookies: c, host: o.Issuer.Host, operator: o.Operator, captcha: o.Captcha, now: o.Now, logger: o.Logger,
		requestID: o.RequestID, count: o.Count, texts: o.Texts.byLanguage, places: o.Places,
	}
	s.layout.applyColors()
	s.interactions = &interactions{layout: s.layout, now: o.Now, key: keys.interactions}
	devices := &devices{cookies: c, now: o.Now, newID: o.Store.NewID, key: keys.devices}
	s.sessions = &sessions{
		cookies: c, devices: devices, store: o.Store, identity: o.Identity, now: o.Now,
		stateKey: keys.browserStates, told: o.SessionsEnded,
	}
	s.accountPages = &accountPages{
		layout: s.layout, interactions: s.interactions, sessions: s.sessions, store: o.Store,
		issuer: strings.TrimSuffix(o.Issuer.String(), "/"), afterSignOut: o.AfterSignOut,
	}
	if o.AfterSignOut == nil {
		s.afterSignOut = s.goOn
	}
	s.signIn = &signInPages{
		layout: s.layout, interactions: s.interactions, sessions: s.sessions, devices: devices, store: o.Store,
		findClient: o.FindClient, identity: o.Identity, now: o.Now, mail: o.Mail,
		tools: newSignatureTools(s.layout, s.interactions, o.Signing, o.Identity),
	}
	s.resets = &passwordResetPages{
		signInPages: s.signIn, passwords: identity.PasswordResets{Service: o.Identity}, issuer: s.issuer,
		slots: make(chan struct{}, linksAtOnce),
	}
	s.invitations = &invitationPages{signInPages: s.signIn, options: o.Invitations, issuer: s.issuer}
	s.credentials = &credentialPages{signInPages: s.signIn}
	s.passkeys = &passkeyPages{credentialPages: s.credentials}
	s.factors = &factorChangePages{credentialPages: s.credentials}
	s.exports = &exportPages{credentialPages: s.credentials, account: s.accountPages}
	// A proxy may change Host, with which browsers that send no Sec-Fetch-Site are compared.
	if err := s.crossOrigin.AddTrustedOrigin(o.Issuer.Scheme + "://" + o.Issuer.Host); err != nil {
		return nil, fmt.Errorf("login: issuer: %w", err)
	}
	s.crossOrigin.SetDenyHandler(s.handle(func(http.ResponseWriter, *http.Request) error { return errCrossOrigin }))
	return s, nil
}

func (o *Options) setDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RequestID == nil {
		o.RequestID = func(*http.Request) string { return "" }
	}
	if o.Texts == nil {
		o.Texts = &Texts{byLanguage: messages}
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	if o.FindClient == nil {
		o.FindClient = o.Store.Client
	}
	if o.SessionsEnded == nil {
		o.SessionsEnded = func(context.Context, []storage.EndedSession) {}
	}
}

// keys are the random keys of the Service.
type keys struct{ browserStates, interactions, devices []byte }

func readKeys(ctx context.Context, store *storage.Store) (k keys, err error) {
	if k.browserStates, err = store.RandomKey(ctx, "browser states", 32); err != nil {
		return k, fmt.Errorf("login: key of browser states: %w", err)
	}
	if k.interactions, err = store.RandomKey(ctx, "pending requests", 32); err != nil {
		return k, fmt.Errorf("login: key of pending requests: %w", err)
	}
	if k.devices, err = hkdf.Key(sha256.New, k.interactions, nil, "device cookies", 32); err != nil {
		return k, fmt.Errorf("login: key of device cookies: %w", err)
	}
	return k, nil
}

// The pages. PathConsent and PathContinue are served by package provider.
const (
	PathSignIn   = "/login/sign-in"
	PathSignOut  = "/login/sign-out"
	PathAccount  = "/login/account"
	PathConsent  = "/login/consent"
	PathContinue = "/login/continue"
	// PathSignatureScript is the script of the signature page.
	PathSignatureScript = "/login/signature.js"
	// PathSignatureAuthorities has the certificates of authorities for that script.
	PathSignatureAuthorities = "/login/signature/authorities"
	// PathSignatureProxy forwards what that script asks authorities; the sign-in follows it.
	PathSignatureProxy = "/login/signature/proxy"
	// PathSignatureLibrary has the scripts of the operator's library, each below its name.
	PathSignatureLibrary = "/login/signature/library"
	// PathPasskeyScript is the script of the pages that ask for a passkey.
	PathPasskeyScript = "/login/passkey.js"
	// PathLogo is the operator's logo.
	PathLogo = "/login/logo"
	// PathConditions leads to the operator's terms.
	PathConditions = "/login/conditions"
)

// Mount adds the pages that need nothing but this package: sign-in, sign-out and the account, each a route of its own.
// Whatever else is below their path is a page that says so. The routes are without the path of the issuer, as the
// provider's are; the links of the pages are with it.
func (s *Service) Mount(router chi.Router) {
	pages := router.With(s.Protect)
	for path, page := range map[string][2]func(http.ResponseWriter, *http.Request) error{
		PathSignIn: {s.signIn.showSignIn, s.signIn.submitSignIn}, PathCode: {s.signIn.showCode, s.signIn.submitCode},
		PathPhone:            {s.signIn.showPhone, s.signIn.submitPhone},
		PathNewPassword:      {s.signIn.showNewPassword, s.signIn.submitNewPassword},
		PathSignature:        {s.signIn.showSignature, s.signIn.submitSignature},
		PathPasskey:          {s.signIn.showSignIn, s.signIn.submitPasskey},
		PathForgotPassword:   {s.resets.showForgot, s.resets.submitForgot},
		PathResetPassword:    {s.resets.showReset, s.resets.submitReset},
		PathInvitation:       {s.invitations.showInvitation, s.invitations.submitInvitation},
		PathInvitationAnswer: {s.invitations.showAnswer, s.invitations.submitAnswer},
		PathAccount:          {s.showAccount, s.submitAccount}, PathSignOut: {s.showSignOut, s.submitSignOut},
		PathExport: {s.exports.showExport, s.exports.opening(PathExport, s.exports.submitExport)},
	} {
		inbound.Route(pages, path, s.handle(page[0]), http.MethodGet, http.MethodHead)
		inbound.Route(pages, path, s.handle(page[1]), http.MethodPost)
	}
	factorPages{s.signIn}.mount(pages)
	s.credentials.mount(pages)
	s.passkeys.mount(pages)
	for path, script := range map[string]script{PathSignatureScript: signatureScript, PathPasskeyScript: passkeyScript} {
		inbound.Route(pages, path, s.handle(s.showScript(script)), http.MethodGet, http.MethodHead)
	}
	s.signIn.tools.mount(pages)
	s.factors.mount(pages)
	inbound.Route(pages, PathAccess, s.handle(s.showAccess), http.MethodGet, http.MethodHead)
	inbound.Route(pages, PathLogo, s.handle(s.showLogo), http.MethodGet, http.MethodHead)
	inbound.Route(pages, PathConditions, s.handle(s.showConditions), http.MethodGet, http.MethodHead)
	inbound.Route(pages, "/login/*", s.handle(func(http.ResponseWriter, *http.Request) error { return errNoPage }))
}

// Protect refuses unsafe requests that another origin caused, with a page. Package provider puts its own pages behind
// it.
func (s *Service) Protect(h http.Handler) http.Handler { return s.crossOrigin.Handler(h) }
