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
	Registration      string `env:"ITHILDIN_REGISTRATION" placeholder:"off|token|open" help:"@registration"`
	RegistrationQuota string `env:"ITHILDIN_REGISTRATION_QUOTA" placeholder:"N" help:"@registration_quota"`
	RegistrationRate  string `env:"ITHILDIN_REGISTRATION_RATE" placeholder:"N" help:"@registration_rate"`
	RegistrationScope string `env:"ITHILDIN_REGISTRATION_SCOPE" placeholder:"SCOPE" help:"@registration_scope"`
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
