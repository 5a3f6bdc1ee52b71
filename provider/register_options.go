package provider

import (
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// Registration is how clients may register themselves (RFC 7591).
type Registration struct {
	Mode string // RegistrationOff, RegistrationByToken or RegistrationOpen; "" is off
	// Quota is how many registered clients there may be; 0 for DefaultRegistrationQuota. Rate is how many an address may
	// register at once, and again in the course of an hour; 0 for DefaultRegistrationRate.
	Quota, Rate int64
	// Scope is what a client that registers may ask for at most; nil for DefaultRegistrationScope.
	Scope []string
}

// Who may register a client.
const (
	RegistrationOff     = "off"
	RegistrationByToken = "token" // whoever has an initial access token
	RegistrationOpen    = "open"  // anybody
)

const (
	DefaultRegistrationQuota = 1000
	DefaultRegistrationRate  = 20
	// DefaultRegistrationScope is what every user may grant by consent alone.
	DefaultRegistrationScope = "openid profile email address phone offline_access"
	// UnapprovedRegistrationLifetime is how long an open registration stays that no user has approved, in seconds.
	UnapprovedRegistrationLifetime = 30 * 24 * 3600
)

func (r Registration) withDefaults() Registration {
	if r.Quota == 0 {
		r.Quota = DefaultRegistrationQuota
	}
	if r.Rate == 0 {
		r.Rate = DefaultRegistrationRate
	}
	if r.Scope == nil {
		r.Scope = storage.SplitScope(DefaultRegistrationScope)
	}
	return r
}

func (r Registration) isOn() bool { return r.Mode == RegistrationByToken || r.Mode == RegistrationOpen }

// registrationEndpoint is what discovery says of it; "" where registration is off.
func (p *Provider) registrationEndpoint() string {
	if !p.registration.isOn() {
		return ""
	}
	return p.issuer + oauth.PathRegister
}
