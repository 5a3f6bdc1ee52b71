package config

import (
	"cmp"

	"ithildin/provider/identity"
)

// factorFlags say what people need for second factors.
type factorFlags struct {
	FirstFactor string `env:"ITHILDIN_FIRST_FACTOR" placeholder:"password" help:"@first_factor"`
}

// The values of ITHILDIN_FIRST_FACTOR.
const (
	firstFactorLink     = "link"
	firstFactorPassword = "password"
)

// apply puts the rules beside the services. A development server sends no mail, so that a password is enough there.
func (f factorFlags) apply(p *problems, c *identity.Components, dev bool) {
	switch value := f.firstFactor(dev); value {
	case firstFactorLink, firstFactorPassword:
		c.FirstFactorNeedsLink = value == firstFactorLink
	default:
		p.add("ITHILDIN_FIRST_FACTOR", "is %q: want link or password", value)
	}
}

func (f factorFlags) firstFactor(dev bool) string {
	if dev {
		return cmp.Or(f.FirstFactor, firstFactorPassword)
	}
	return cmp.Or(f.FirstFactor, firstFactorLink)
}
