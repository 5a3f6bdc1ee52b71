package config

import (
	"strconv"
	"time"

	"ithildin/provider/identity"
)

// passwordResetFlags are about people who forgot their password.
type passwordResetFlags struct {
	Lifetime string `name:"password-reset-lifetime" env:"ITHILDIN_PASSWORD_RESET_LIFETIME" placeholder:"N" help:"@reset_life"`
	Tokens   string `name:"password-reset-tokens" env:"ITHILDIN_PASSWORD_RESET_TOKENS" placeholder:"end" help:"@reset_tokens"`
}

// The bounds of ITHILDIN_PASSWORD_RESET_LIFETIME, in minutes.
const (
	shortestPasswordReset = 5
	longestPasswordReset  = 24 * 60
)

// The values of ITHILDIN_PASSWORD_RESET_TOKENS.
const (
	passwordResetKeeps = "keep"
	passwordResetEnds  = "end"
)

func (f passwordResetFlags) load(p *problems) identity.PasswordReset {
	r := identity.PasswordReset{Lifetime: identity.PasswordResetLifetime}
	if f.Lifetime != "" {
		minutes, err := strconv.Atoi(f.Lifetime)
		if err != nil || minutes < shortestPasswordReset || minutes > longestPasswordReset {
			p.add("ITHILDIN_PASSWORD_RESET_LIFETIME", "is %q: want a number from %d to %d", f.Lifetime,
				shortestPasswordReset, longestPasswordReset)
		}
		r.Lifetime = time.Duration(minutes) * time.Minute
	}
	switch f.Tokens {
	case "", passwordResetKeeps:
	case passwordResetEnds:
		r.EndsTokens = true
	default:
		p.add("ITHILDIN_PASSWORD_RESET_TOKENS", "is %q: want keep or end", f.Tokens)
	}
	return r
}
