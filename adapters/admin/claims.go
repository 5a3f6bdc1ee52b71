package admin

import (
	"bytes"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// Claims is a JSON object with claims about a user (OpenID Connect Core 5.1), in the order in which it was given.
type Claims []byte

// Schema implements huma.SchemaProvider.
func (Claims) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON implements json.Marshaler.
func (c Claims) MarshalJSON() ([]byte, error) { return json.RawMessage(c).MarshalJSON() }

// UnmarshalJSON implements json.Unmarshaler.
func (c *Claims) UnmarshalJSON(content []byte) error {
	var compact bytes.Buffer
	err := json.Compact(&compact, content)
	*c = compact.Bytes()
	return err
}

// shownClaims are the claims of a profile, nil where there are none or, by an import, something that is no object.
func shownClaims(profile json.RawMessage) Claims {
	var object map[string]json.RawMessage
	if json.Unmarshal(profile, &object) != nil || len(object) == 0 {
		return nil
	}
	return Claims(profile)
}
