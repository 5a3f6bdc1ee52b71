package registration

import (
	"time"

	"ithildin/storage"
)

// Options is how clients may register themselves (RFC 7591).
type Options struct {
	Mode string // Off, ByToken or Open; "" is off
	// Quota is how many registered clients there may be; 0 for DefaultQuota. Rate is how many an address may
	// register at once, and again in the course of an hour; 0 for DefaultRate.
	Quota, Rate int64
	// Scope is what a client that registers may ask for at most; nil for DefaultScope.
	Scope []string
}

// Who may register a client.
const (
	Off     = "off"
	ByToken = "token" // whoever has an initial access token
	Open    = "open"  // anybody
)

const (
	// DefaultQuota is how many registered clients there may be.
	DefaultQuota = 1000
	// DefaultRate is how many clients an address may register at once, and again in the course of an hour.
	DefaultRate = 20
	// DefaultScope is what every user may grant by consent alone.
	DefaultScope = "openid profile email address phone offline_access"
	// UnapprovedLifetime is how long an open registration stays that no user has approved.
	UnapprovedLifetime = 30 * 24 * time.Hour
)

func (r Options) withDefaults() Options {
	if r.Quota == 0 {
		r.Quota = DefaultQuota
	}
	if r.Rate == 0 {
		r.Rate = DefaultRate
	}
	if r.Scope == nil {
		r.Scope = storage.SplitScope(DefaultScope)
	}
	return r
}

// IsOn says whether there is a registration endpoint.
func (r Options) IsOn() bool { return r.Mode == ByToken || r.Mode == Open }
