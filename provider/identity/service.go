package identity

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"ithildin/storage"
)

// Options are what a Service takes from outside. Store is required.
type Options struct {
	Store     *storage.Store
	Host      string           // of the issuer: no password may be made of it
	Now       func() time.Time // default time.Now
	Random    io.Reader        // default crypto/rand
	Logger    *slog.Logger     // default: silence
	Passwords *Passwords       // default: one of its own
	// Components are the services and rules by which people prove who they are; default: none, and the defaults of each.
	Components Components
	// ClientAddress is the address that is believed to be the person's, for the limits and the audit; default the peer's.
	ClientAddress func(*http.Request) string
	// RequestID is kept with audit events; default none.
	RequestID func(*http.Request) string
	// Count is told the kind of each event that operators watch: one of those that Record takes, or EventSignInLimited.
	// Default none.
	Count func(kind string)
	// CountSignIn is told of each sign-in: one of SignInMethods and one of SignInOutcomes. Default none.
	CountSignIn func(method, outcome string)
	// CountCode is told what became of each one-time code: one of OneTimeCodeOutcomes. Default none.
	CountCode func(outcome string)
}

// Service checks who a person is, for the sign-in pages and the login API alike, and keeps count of failures and a
// record of both in the audit. It is safe for concurrent use.
type Service struct {
	store         *storage.Store
	host          string
	now           func() time.Time
	random        io.Reader
	logger        *slog.Logger
	passwords     *Passwords
	components    Components
	attempts      attempts
	clientAddress func(*http.Request) string
	requestID     func(*http.Request) string
	count         func(kind string)
	countSignIn   func(method, outcome string)
	countCode     func(outcome string)
}

// New makes a Service.
func New(o Options) *Service {
	o.setDefaults()
	return &Service{
		store: o.Store, host: o.Host, now: o.Now, random: o.Random, logger: o.Logger, passwords: o.Passwords,
		components: o.Components, clientAddress: o.ClientAddress, requestID: o.RequestID, count: o.Count,
		countSignIn: o.CountSignIn, countCode: o.CountCode, attempts: attempts{timeout: attemptTimeout},
	}
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
	if o.Passwords == nil {
		o.Passwords = NewPasswords(PasswordOptions{Random: o.Random})
	}
	o.Components.SetDefaults()
	if o.ClientAddress == nil {
		o.ClientAddress = peerAddress
	}
	if o.RequestID == nil {
		o.RequestID = func(*http.Request) string { return "" }
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	if o.CountSignIn == nil {
		o.CountSignIn = func(string, string) {}
	}
	if o.CountCode == nil {
		o.CountCode = func(string) {}
	}
}

// ClientAddress is the address that is believed to be the person's.
func (s *Service) ClientAddress(r *http.Request) string { return s.clientAddress(r) }

func peerAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// VerifyCaptcha checks the answer to a captcha where the operator has configured a verifier. Errors: *CaptchaError, or
// a fault.
func (s *Service) VerifyCaptcha(ctx context.Context, a CaptchaAnswer) error {
	if s.components.Captcha == nil {
		return nil
	}
	return s.components.Captcha.Verify(ctx, a)
}

// VerifySignedContent asks the signature service about a signed message in base64. Errors: *SignatureServiceError,
// ErrSignatureUnavailable.
func (s *Service) VerifySignedContent(ctx context.Context, content string) (*SignedContent, error) {
	return s.components.Signatures.Verify(ctx, content)
}
