package provider

// Registration is how clients may register themselves (RFC 7591).
type Registration struct {
	Mode string // RegistrationOff, RegistrationByToken or RegistrationOpen; "" is off
	// Quota is how many registered clients there may be; Rate is how many an address may register within an hour.
	Quota, Rate int64
	// Scope is what a client that registers may ask for at most.
	Scope []string
}

// Who may register a client.
const (
	RegistrationOff     = "off"
	RegistrationByToken = "token" // whoever has an initial access token
	RegistrationOpen    = "open"  // anybody
)
