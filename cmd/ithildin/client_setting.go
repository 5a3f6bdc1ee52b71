package main

import "ithildin/storage"

// clientSettingFields are what the eHealth API and the gateway ask about a client (contract section 1).
type clientSettingFields struct {
	AccessType     string   `placeholder:"TYPE" enum:",DIRECT,BROKER" default:"" help:"How the client reaches the API behind the gateway: DIRECT, or BROKER with the api-key of a medical information system. Default: DIRECT; with the presets ehealth and mithril BROKER."`
	BrokerScope    *string  `placeholder:"SCOPE" help:"Scopes that clients with the access type BROKER may use through this one."`
	LoginGrantType []string `placeholder:"GRANT,…" enum:"password,digital_signature" help:"How people may sign in to the client by the login API: password, digital_signature."`
}

// apply changes what is given.
func (f clientSettingFields) apply(c *storage.Client) error {
	if f.AccessType != "" {
		if err := c.SetAccessType(f.AccessType); err != nil {
			return err
		}
	}
	if f.BrokerScope != nil {
		if err := c.SetBrokerScope(*f.BrokerScope); err != nil {
			return err
		}
	}
	if f.LoginGrantType == nil {
		return nil
	}
	return c.SetSignInGrantTypes(f.LoginGrantType)
}

// defaultAccessType is how a new client of a preset reaches the API: the original gives BROKER.
func defaultAccessType(preset string) string {
	if preset == storage.PresetStandard {
		return storage.AccessTypeDirect
	}
	return storage.AccessTypeBroker
}
