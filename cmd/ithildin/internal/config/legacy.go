package config

import "ithildin/adapters/ehealth"

// legacyFlags are what an operator decides about the legacy face.
type legacyFlags struct {
	UserTwoFactor string `name:"user-2fa-enabled" env:"ITHILDIN_USER_2FA_ENABLED" placeholder:"BOOLEAN" help:"@user_2fa"`
}

func (f legacyFlags) load(p *problems) (o ehealth.Options) {
	switch f.UserTwoFactor {
	case "", "true", "1":
	case "false", "0":
		o.TwoFactorOff = true
	default:
		p.add("ITHILDIN_USER_2FA_ENABLED", "is %q: want true or false", f.UserTwoFactor)
	}
	return o
}
