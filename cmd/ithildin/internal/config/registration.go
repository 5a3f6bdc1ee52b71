package config

import (
	"cmp"
	"slices"
	"strings"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// registrationFlags say who may register a client.
type registrationFlags struct {
	Registration      string `env:"ITHILDIN_REGISTRATION" placeholder:"off|token|open" help:"Who may register a client: off (nobody, default), token (holders of an initial access token) or open (anybody)."`
	RegistrationQuota string `env:"ITHILDIN_REGISTRATION_QUOTA" placeholder:"N" help:"Maximum number of registered clients; default 1000."`
	RegistrationRate  string `env:"ITHILDIN_REGISTRATION_RATE" placeholder:"N" help:"Registrations of one address at once; the allowance refills within an hour; default 20."`
	RegistrationScope string `env:"ITHILDIN_REGISTRATION_SCOPE" placeholder:"SCOPE" help:"Scopes that registered clients may request; default openid profile email address phone offline_access."`
}

const (
	largestRegistrationQuota = 1_000_000
	largestRegistrationRate  = 100_000
)

func (f registrationFlags) load(p *problems) registration.Options {
	modes := []string{registration.Off, registration.ByToken, registration.Open}
	r := registration.Options{
		Mode: cmp.Or(f.Registration, registration.Off),
		Quota: int64(p.number("ITHILDIN_REGISTRATION_QUOTA", f.RegistrationQuota,
			registration.DefaultQuota, largestRegistrationQuota)),
		Rate: int64(p.number("ITHILDIN_REGISTRATION_RATE", f.RegistrationRate,
			registration.DefaultRate, largestRegistrationRate)),
		Scope: storage.SplitScope(cmp.Or(f.RegistrationScope, registration.DefaultScope)),
	}
	if !slices.Contains(modes, r.Mode) {
		p.add("ITHILDIN_REGISTRATION", "is %q: want one of %s", f.Registration, strings.Join(modes, ", "))
	}
	for _, name := range r.Scope {
		if err := registration.ValidateScope(name); err != nil {
			p.add("ITHILDIN_REGISTRATION_SCOPE", "is wrong: %v", err)
		}
	}
	return r
}
