package config

import (
	"ithildin/adapters/ehealth"
	"ithildin/provider/identity"
	"ithildin/storage"
)

// legacyFlags are what an operator decides about the legacy face.
type legacyFlags struct {
	UserTwoFactor string `name:"user-2fa-enabled" env:"ITHILDIN_USER_2FA_ENABLED" placeholder:"BOOLEAN" help:"@user_2fa"`
	LegacySecretsFlag
	CabinetSecretFile string `env:"ITHILDIN_CABINET_JWT_SECRET_FILE" placeholder:"PATH" help:"@cabinet_secret"`
	OTPURL            string `name:"otp-url" env:"ITHILDIN_OTP_URL" placeholder:"URL" help:"@otp_url"`
	OTPTokenFile      string `name:"otp-token-file" env:"ITHILDIN_OTP_TOKEN_FILE" placeholder:"PATH" help:"@otp_token_file"`
}

// The values of ITHILDIN_LEGACY_SECRETS.
const (
	legacySecretsSealed = "sealed"
	legacySecretsHashed = "hashed"
)

// LegacySecretsFlag says whether new secrets of clients of the legacy API are stored so that the admin API can show
// them again.
type LegacySecretsFlag struct {
	LegacySecrets string `env:"ITHILDIN_LEGACY_SECRETS" placeholder:"sealed|hashed" help:"@legacy_secrets"`
}

// LegacySecretsOf is the flag as it was given to a server.
func LegacySecretsOf(hashed bool) LegacySecretsFlag {
	if hashed {
		return LegacySecretsFlag{legacySecretsHashed}
	}
	return LegacySecretsFlag{legacySecretsSealed}
}

func (f LegacySecretsFlag) load(p *problems) (sealed bool) {
	switch f.LegacySecrets {
	case "", legacySecretsSealed:
		return true
	case legacySecretsHashed:
	default:
		p.add("ITHILDIN_LEGACY_SECRETS", "is %q: want sealed or hashed", f.LegacySecrets)
	}
	return false
}

// Sealed says whether the secrets are sealed, which needs a master secret. The error names a wrong value.
func (f LegacySecretsFlag) Sealed() (bool, error) {
	var p problems
	sealed := f.load(&p)
	return sealed, p.err()
}

// SealedFor is Sealed where the client is one of the legacy API and the store can seal, and false elsewhere.
func (f LegacySecretsFlag) SealedFor(client *storage.Client, store *storage.Store) (bool, error) {
	sealed, err := f.Sealed()
	return sealed && client.IsLegacy() && store.CanSeal(), err
}

func (f legacyFlags) load(p *problems) (o ehealth.Options) {
	switch f.UserTwoFactor {
	case "", "true", "1":
	case "false", "0":
		o.TwoFactorOff = true
	default:
		p.add("ITHILDIN_USER_2FA_ENABLED", "is %q: want true or false", f.UserTwoFactor)
	}
	o.SecretsHashed = !f.LegacySecretsFlag.load(p)
	f.loadRegistration(p, &o)
	return o
}

// shortestJWTSecret is the least length of a secret of HMACs, in bytes.
const shortestJWTSecret = 32

// loadRegistration reads what the patients' cabinet needs to register people; without a secret it is off.
func (f legacyFlags) loadRegistration(p *problems, o *ehealth.Options) {
	secret := p.secret("ITHILDIN_CABINET_JWT_SECRET", f.CabinetSecretFile)
	if secret != "" {
		o.RegistrationSecret = []byte(secret)
		if len(secret) < shortestJWTSecret {
			p.add("ITHILDIN_CABINET_JWT_SECRET", "has %d bytes: want %d or more", len(secret), shortestJWTSecret)
		}
	}
	service, given := serviceFlags{}.service(p, "ITHILDIN_OTP", f.OTPURL, f.OTPTokenFile)
	if !given {
		return
	}
	o.Verifications = identity.HTTPVerifications{Service: service}
	if secret == "" {
		p.add("ITHILDIN_CABINET_JWT_SECRET", "is required with ITHILDIN_OTP_URL")
	}
}
