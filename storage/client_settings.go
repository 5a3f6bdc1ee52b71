package storage

import (
	"encoding/json"
	"fmt"
)

// How the clients of a MIS reach the API behind the gateway (contract section 1, broker).
const (
	AccessTypeDirect = "DIRECT"
	AccessTypeBroker = "BROKER"
)

// DefaultAccessType is how a new client of a preset reaches the API: the original gives BROKER.
func DefaultAccessType(preset string) string {
	if preset == PresetStandard {
		return AccessTypeDirect
	}
	return AccessTypeBroker
}

// AccessType is DIRECT, BROKER, or "" where the private settings do not say.
func (c *Client) AccessType() string { return c.privateSetting("access_type") }

// BrokerScope is the scope that other clients may use through this one as their broker; "" where it is none.
func (c *Client) BrokerScope() string { return c.privateSetting("broker_scope") }

// SetAccessType changes how the client reaches the API, DIRECT or BROKER, and leaves the other private settings as they
// are. It fails where these are no JSON object.
func (c *Client) SetAccessType(accessType string) error {
	return setMember(&c.PrivateSettings, "access_type", accessType)
}

// SetBrokerScope changes what others may do through this client as their broker; "" takes it away.
func (c *Client) SetBrokerScope(scope string) error {
	return setMember(&c.PrivateSettings, "broker_scope", scope)
}

// SetSignInGrantTypes changes by which grant types of the login API people may sign in to the client, see MaySignInBy.
func (c *Client) SetSignInGrantTypes(grantTypes []string) error {
	return setMember(&c.Settings, "allowed_grant_types", grantTypes)
}

// setMember changes one member of a JSON object, or takes it away where the value is "".
func setMember(object *json.RawMessage, name string, value any) error {
	members := map[string]json.RawMessage{}
	if len(*object) > 0 {
		if err := json.Unmarshal(*object, &members); err != nil {
			return fmt.Errorf("storage: the settings of the client are no JSON object: %w", err)
		}
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if members[name] = encoded; value == "" {
		delete(members, name)
	}
	*object, err = json.Marshal(members)
	return err
}

func (c *Client) privateSetting(name string) string {
	var settings map[string]json.RawMessage
	var value string
	if json.Unmarshal(c.PrivateSettings, &settings) != nil || json.Unmarshal(settings[name], &value) != nil {
		return ""
	}
	return value
}

// SignInGrantTypes are those of the login API by which people may sign in to this client.
func (c *Client) SignInGrantTypes() []string {
	grantTypes := []string{}
	for _, grantType := range []string{"password", "digital_signature"} {
		if c.MaySignInBy(grantType) {
			grantTypes = append(grantTypes, grantType)
		}
	}
	return grantTypes
}

// MaySignInBy says whether the settings let people sign in to this client by that grant type of the login API: password
// or digital_signature (contract section 1, settings.allowed_grant_types). Nobody may where access tokens must be bound
// to a key, of which the login API knows nothing.
func (c *Client) MaySignInBy(grantType string) bool {
	if c.BindsAccessTokens() {
		return false
	}
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
