package config

import (
	"errors"
	"net/url"

	"ithildin/provider/identity"
)

// passkeyFlags say whether people may have passkeys, and to which domain those belong.
type passkeyFlags struct {
	Passkeys      string `env:"ITHILDIN_PASSKEYS" placeholder:"off" help:"@passkeys"`
	PasskeyDomain string `env:"ITHILDIN_PASSKEY_DOMAIN" placeholder:"DOMAIN" help:"@passkey_domain"`
}

// The values of ITHILDIN_PASSKEYS.
const (
	passkeysOn  = "on"
	passkeysOff = "off"
)

// load returns what passkeys belong to; nil: there are none.
func (f passkeyFlags) load(p *problems, issuer *url.URL, serviceName string) *identity.RelyingParty {
	switch f.Passkeys {
	case "", passkeysOn:
	case passkeysOff:
		return nil
	default:
		p.add("ITHILDIN_PASSKEYS", "is %q: want on or off", f.Passkeys)
		return nil
	}
	if issuer == nil {
		return nil
	}
	party, err := identity.NewRelyingParty(identity.RelyingPartyOptions{
		Issuer: issuer, ID: f.PasskeyDomain, Name: serviceName,
	})
	switch {
	case errors.Is(err, identity.ErrNoDomain) && f.Passkeys == "" && f.PasskeyDomain == "":
		return nil
	case errors.Is(err, identity.ErrNoDomain):
		p.add("ITHILDIN_PASSKEYS", "needs an issuer with a host name: no passkey belongs to the address %s",
			issuer.Hostname())
	case err != nil:
		p.add("ITHILDIN_PASSKEY_DOMAIN", "%v", err)
	}
	return party
}

// describe lists the settings that the server runs with.
func (f passkeyFlags) describe(party *identity.RelyingParty) []Setting {
	rows := []Setting{{"ITHILDIN_PASSKEYS", passkeysOff}, {"ITHILDIN_PASSKEY_DOMAIN", f.PasskeyDomain}}
	if party != nil {
		rows[0].Value, rows[1].Value = passkeysOn, party.ID()
	}
	return rows
}
