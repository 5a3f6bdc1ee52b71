package details

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// The bounds of authorization details: bytes of the parameter, and objects in it.
const (
	MaximumBytes  = 4096
	MaximumNumber = 10
)

// Detail is an object of authorization details, by its members. Numbers are json.Number of encoding/json.
type Detail map[string]any

// Type is its type, "" where it has none.
func (d Detail) Type() string {
	name, _ := d["type"].(string)
	return name
}

// Read reads the text of the parameter authorization_details: a list of objects. A member that is given twice, text
// behind the list and texts that are not UTF-8 are errors.
func Read(text string) ([]Detail, error) {
	if len(text) > MaximumBytes {
		return nil, fmt.Errorf("they are %d bytes: want %d at most", len(text), MaximumBytes)
	}
	return Decode(text)
}

// Decode is Read of what Encode wrote, which may have become longer on its way; nil for "".
func Decode(text string) ([]Detail, error) {
	if text == "" {
		return nil, nil
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("they are not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text))) // which refuses a member that is given twice
	decoder.SetNumberType(json.UnmarshalJSONNumber)
	var list []any
	if err := decoder.Decode(&list); err != nil {
		return nil, errors.New("they are no JSON list whose objects have each member once")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something behind the JSON list")
	}
	if len(list) == 0 || len(list) > MaximumNumber {
		return nil, fmt.Errorf("the list has %d objects: want 1 to %d", len(list), MaximumNumber)
	}
	read := make([]Detail, len(list))
	for i, element := range list {
		object, isObject := plain(element).(map[string]any)
		if !isObject {
			return nil, fmt.Errorf("element %d of the list is no object", i+1)
		}
		read[i] = object
	}
	return read, nil
}

// plain makes numbers those of encoding/json, which writes them as they came.
func plain(value any) any {
	switch v := value.(type) {
	case json.Number:
		return stdjson.Number(v)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plain(v[name])
		}
	}
	return value
}

// Encode writes details as JSON, whose members are in the order of their names; nil for none.
func Encode(list []Detail) stdjson.RawMessage {
	if len(list) == 0 {
		return nil
	}
	var encoded bytes.Buffer
	encoder := stdjson.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(list); err != nil {
		panic("details: " + err.Error()) // what was read as JSON always marshals
	}
	return bytes.TrimSpace(encoded.Bytes())
}
