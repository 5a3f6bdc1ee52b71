package registration

import (
	"io"
	"time"

	"ithildin/provider/clientauth"
	"ithildin/provider/inbound"
	"ithildin/provider/outbound"
	"ithildin/storage"
)

// Dependencies are what a Service works with; all of them are required.
type Dependencies struct {
	Store   *storage.Store
	Clients *clientauth.Authenticator
	// Outbound fetches sector documents; CountFetch is told of each fetch: when it began, and its
	// error.
	Outbound   *outbound.Client
	CountFetch func(began time.Time, err error)
	// Issuer is the address below which registrations are managed, without a slash at its end.
	Issuer string
	// ResponseTypes are those that the provider serves.
	ResponseTypes []string
	// AuthMethods are those by which clients can authenticate.
	AuthMethods []string
	// Limits are those of the process, to which the rate of registrations belongs.
	Limits *inbound.RateLimits
	Now    func() time.Time
	Random io.Reader
}

// Service is the registration endpoint and the one of each registered client (RFC 7591, RFC 7592). It is safe for
// concurrent use.
type Service struct {
	options       Options
	rate          *inbound.SharedLimit
	store         *storage.Store
	clients       *clientauth.Authenticator
	outbound      *outbound.Client
	countFetch    func(began time.Time, err error)
	issuer        string
	responseTypes []string
	authMethods   []string
	now           func() time.Time
	random        io.Reader
}

// New makes a Service; what the options leave out has its default.
func New(o Options, d Dependencies) *Service {
	o = o.withDefaults()
	return &Service{
		rate:    d.Limits.New(inbound.Quota{Name: "registration", Requests: o.Rate, Window: time.Hour}),
		options: o, store: d.Store, clients: d.Clients, outbound: d.Outbound, countFetch: d.CountFetch,
		issuer: d.Issuer, responseTypes: d.ResponseTypes, authMethods: d.AuthMethods, now: d.Now, random: d.Random,
	}
}
