package config

import (
	"cmp"
	"time"

	"ithildin/provider/identity"
)

// factorFlags say what people need for second factors.
type factorFlags struct {
	FirstFactor         string `env:"ITHILDIN_FIRST_FACTOR" placeholder:"password" help:"@first_factor"`
	RememberBrowserDays string `env:"ITHILDIN_REMEMBER_BROWSER_DAYS" placeholder:"N" help:"@remember_browser"`
}

// longestRememberedDays bounds for how long a browser is asked for no second factor.
const longestRememberedDays = 90

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
	if f.RememberBrowserDays != "" && f.RememberBrowserDays != "0" {
		c.RememberBrowser = day * time.Duration(p.number("ITHILDIN_REMEMBER_BROWSER_DAYS", f.RememberBrowserDays, 0,
			longestRememberedDays))
	}
}

func (f factorFlags) firstFactor(dev bool) string {
	if dev {
		return cmp.Or(f.FirstFactor, firstFactorPassword)
	}
	return cmp.Or(f.FirstFactor, firstFactorLink)
}
