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
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// Options are what a Service takes from outside. Store, Identity and Issuer are required.
type Options struct {
	Store    *storage.Store
	Identity *identity.Service // checks who a person is
	Issuer   *url.URL          // its scheme decides the attributes of cookies, its path where the pages are
	Now      func() time.Time  // default time.Now
	Random   io.Reader         // default crypto/rand
	Logger   *slog.Logger      // default: silence
	// ClientAddress is the address that is believed to be the browser's, as sessions keep it; default the peer's.
	ClientAddress func(*http.Request) string
	// RequestID is shown on error pages and kept with audit events; default none.
	RequestID func(*http.Request) string
	// SessionsEnded is told which sessions ended because their user said so, before the browser goes on. Default: nobody.
	SessionsEnded func(ctx context.Context, ended []storage.EndedSession)
	// AfterSignOut answers once the browser's session, nil where it had none, has ended; the request is what the page
	// carried, or zero. Default: it goes on with the request, or says that the person is signed out.
	AfterSignOut func(http.ResponseWriter, *http.Request, *storage.EndedSession, Interaction) error
	// Count is told of an error for each page that Fail wrote. Default none.
	Count func(kind string)
}

// Service serves the pages and knows the browsers. It is safe for concurrent use.
type Service struct {
	store         *storage.Store
	identity      *identity.Service
	issuer        string // without a trailing slash
	path          string // of the issuer, without a trailing slash
	host          string // of the issuer, shown on each page
	secure        bool
	now           func() time.Time
	random        io.Reader
	logger        *slog.Logger
	clientAddress func(*http.Request) string
	requestID     func(*http.Request) string
	count         func(kind string)
	sessionsEnded func(context.Context, []storage.EndedSession)
	afterSignOut  func(http.ResponseWriter, *http.Request, *storage.EndedSession, Interaction) error
	browserStates []byte // the key of browser states
	pendingKey    []byte // from which the keys of sealed requests are derived
	deviceKey     []byte // the key of device cookies
	crossOrigin   *http.CrossOriginProtection
}

// New reads the random keys of the Service from the Store, which makes them once.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Store == nil || o.Identity == nil || o.Issuer == nil {
		return nil, errors.New("login: a store, an identity service and an issuer are required")
	}
	o.setDefaults()
	s := &Service{
		store: o.Store, issuer: strings.TrimSuffix(o.Issuer.String(), "/"),
		path: strings.TrimSuffix(o.Issuer.EscapedPath(), "/"), host: o.Issuer.Host,
		secure: o.Issuer.Scheme == "https", now: o.Now, random: o.Random, logger: o.Logger, identity: o.Identity,
		clientAddress: o.ClientAddress, requestID: o.RequestID, count: o.Count,
		sessionsEnded: o.SessionsEnded, afterSignOut: o.AfterSignOut,
		crossOrigin: http.NewCrossOriginProtection(),
	}
	if s.afterSignOut == nil {
		s.afterSignOut = s.goOn
	}
	// A proxy may change Host, with which browsers that send no Sec-Fetch-Site are compared.
	if err := s.crossOrigin.AddTrustedOrigin(o.Issuer.Scheme + "://" + o.Issuer.Host); err != nil {
		return nil, fmt.Errorf("login: issuer: %w", err)
	}
	s.crossOrigin.SetDenyHandler(s.handle(func(http.ResponseWriter, *http.Request) error { return errCrossOrigin }))
	return s, s.readKeys(ctx)
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
	if o.ClientAddress == nil {
		o.ClientAddress = peerAddress
	}
	if o.RequestID == nil {
		o.RequestID = func(*http.Request) string { return "" }
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	if o.SessionsEnded == nil {
		o.SessionsEnded = func(context.Context, []storage.EndedSession) {}
	}
}

func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (s *Service) readKeys(ctx context.Context) error {
	var err error
	if s.browserStates, err = s.store.RandomKey(ctx, "browser states", 32); err != nil {
		return fmt.Errorf("login: key of browser states: %w", err)
	}
	if s.pendingKey, err = s.store.RandomKey(ctx, "pending requests", 32); err != nil {
		return fmt.Errorf("login: key of pending requests: %w", err)
	}
	if s.deviceKey, err = hkdf.Key(sha256.New, s.pendingKey, nil, "device cookies", 32); err != nil {
		return fmt.Errorf("login: key of device cookies: %w", err)
	}
	return nil
}

// The pages. PathConsent and PathContinue are served by package provider.
const (
	PathSignIn   = "/login/sign-in"
	PathSignOut  = "/login/sign-out"
	PathAccount  = "/login/account"
	PathConsent  = "/login/consent"
	PathContinue = "/login/continue"
)

// Handler serves the pages that need nothing but this package: sign-in, sign-out and the account. Its routes are
// without the path of the issuer, as the provider's are; the links of the pages are with it.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+PathSignIn, s.handle(s.showSignIn))
	mux.Handle("POST "+PathSignIn, s.handle(s.submitSignIn))
	for path, page := range map[string][2]func(http.ResponseWriter, *http.Request) error{
		PathCode: {s.showCode, s.submitCode}, PathPhone: {s.showPhone, s.submitPhone},
		PathNewPassword: {s.showNewPassword, s.submitNewPassword}, PathSignature: {s.showSignature, s.submitSignature},
		PathAccount: {s.showAccount, s.submitAccount},
	} {
		mux.Handle("GET "+path, s.handle(page[0]))
		mux.Handle("POST "+path, s.handle(page[1]))
	}
	mux.Handle("GET "+PathSignOut, s.handle(s.showSignOut))
	mux.Handle("POST "+PathSignOut, s.handle(s.submitSignOut))
	mux.Handle("/login/", s.handle(func(http.ResponseWriter, *http.Request) error { return errNoPage }))
	return s.Protect(mux)
}

// Protect refuses unsafe requests that another origin caused, with a page. Package provider puts its own pages behind
// it.
func (s *Service) Protect(h http.Handler) http.Handler { return s.crossOrigin.Handler(h) }

// handle gives every error of a page to Fail.
func (s *Service) handle(page func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := inbound.Admitted(r)
		if err == nil {
			err = page(w, r)
		}
		if err != nil {
			s.Fail(w, r, err)
		}
	})
}

// redirect answers with 303, so that a POST goes on as a GET. The location keeps to the host that the browser asked,
// for its cookies belong to that.
func (s *Service) redirect(w http.ResponseWriter, r *http.Request, path, request string) {
	s.writeHeaders(w, contentPolicy{})
	location := s.path + path
	if request != "" {
		location += "?" + url.Values{"request": {request}}.Encode()
	}
	http.Redirect(w, r, location, http.StatusSeeOther)
}
