package storage

import "encoding/json"

// How the clients of a MIS reach the API behind the gateway (contract section 1, broker).
const (
	AccessTypeDirect = "DIRECT"
	AccessTypeBroker = "BROKER"
)

// AccessType is DIRECT, BROKER, or "" where the private settings do not say.
func (c *Client) AccessType() string { return c.privateSetting("access_type") }

// BrokerScope is what this client lets others do through it as their broker; "" where it is none.
func (c *Client) BrokerScope() string { return c.privateSetting("broker_scope") }

func (c *Client) privateSetting(name string) string {
	var settings map[string]json.RawMessage
	var value string
	if json.Unmarshal(c.PrivateSettings, &settings) != nil || json.Unmarshal(settings[name], &value) != nil {
		return ""
	}
	return value
}

// MaySignInBy says whether the settings let people sign in to this client by that grant type of the login API: password
// or digital_signature (contract section 1, settings.allowed_grant_types).
func (c *Client) MaySignInBy(grantType string) bool {
	var settings struct {
		AllowedGrantTypes []string `json:"allowed_grant_types"`
	}
	if json.Unmarshal(c.Settings, &settings) != nil {
		return false
	}
	for _, allowed := range settings.AllowedGrantTypes {
		if allowed == grantType {
			return true
		}
	}
	return false
}
