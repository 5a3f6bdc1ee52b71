package admin

import (
	"bytes"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// Object is a JSON object, with its members in the order in which they were given.
type Object []byte

// Schema implements huma.SchemaProvider.
func (Object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// MarshalJSON implements json.Marshaler.
func (o Object) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// UnmarshalJSON implements json.Unmarshaler.
func (o *Object) UnmarshalJSON(content []byte) error {
	var compact bytes.Buffer
	err := json.Compact(&compact, content)
	*o = compact.Bytes()
	return err
}

// objectOf is a value as an Object.
func objectOf(value any) Object {
	content, err := json.Marshal(value)
	if err != nil {
		panic("admin: " + err.Error()) // it was JSON in the database
	}
	return content
}

// shownClaims are the claims of a profile, nil where there are none or, by an import, something that is no object.
func shownClaims(profile json.RawMessage) Object {
	var object map[string]json.RawMessage
	if json.Unmarshal(profile, &object) != nil || len(object) == 0 {
		return nil
	}
	return Object(profile)
}
