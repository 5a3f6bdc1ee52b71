package main

import "ithildin/storage"

// clientSettingFields are what the eHealth API and the gateway ask about a client (contract section 1).
type clientSettingFields struct {
	AccessType     string   `placeholder:"TYPE" enum:",DIRECT,BROKER" default:"" help:"@access_type"`
	BrokerScope    *string  `placeholder:"SCOPE" help:"@broker_scope"`
	LoginGrantType []string `placeholder:"GRANT,…" enum:"password,digital_signature" help:"@login_grant_type"`
}

// apply sets the fields whose flags were given.
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
