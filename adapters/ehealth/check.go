package ehealth

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"ithildin/provider/registration"
)

// check reads the fields of a body one by one, and collects what is wrong with them. What is wrong reads as a zero
// value.
type check struct {
	fields map[string]json.RawMessage
	broken map[string][]rule
}

func newCheck(fields map[string]json.RawMessage) *check {
	return &check{fields: fields, broken: map[string][]rule{}}
}

// failed is the answer that lists what is wrong, in the order of the names of fields; nil where nothing is.
func (c *check) failed() *contractError {
	if len(c.broken) == 0 {
		return nil
	}
	var entries []invalid
	for _, name := range slices.Sorted(maps.Keys(c.broken)) {
		entries = append(entries, invalid{Entry: "$." + name, EntryType: "json_data_property", Rules: c.broken[name]})
	}
	failed := invalidEntries(entries)
	return &failed
}

// broke notes the rules that a field breaks, unless it breaks another already, after which these can't be judged.
func (c *check) broke(name string, broken ...rule) {
	if len(c.broken[name]) == 0 && len(broken) > 0 {
		c.broken[name] = broken
	}
}

// given says whether the body has the field with any other value than null.
func (c *check) given(name string) bool {
	return len(c.fields[name]) > 0 && string(c.fields[name]) != "null"
}

// isEmptyText says whether the body has the field with an empty text, which stands for its default.
func (c *check) isEmptyText(name string) bool { return string(c.fields[name]) == `""` }

// stringOf is a string that must be there and not be blank.
func (c *check) stringOf(name string) string {
	value := c.optionalText(name)
	if strings.TrimSpace(value) == "" {
		c.broke(name, ruleRequired)
	}
	return value
}

// optionalText is a string, "" where the field is absent or null.
func (c *check) optionalText(name string) string {
	value, isText := stringOf(c.fields[name])
	if !isText {
		c.broke(name, ruleString)
	}
	return value
}

// name is a short text that must be there.
func (c *check) name(name string) string {
	c.stringOf(name)
	return c.optionalName(name)
}

// optionalName is a short text, "" where the field is absent or null.
func (c *check) optionalName(name string) string {
	value := c.optionalText(name)
	if strings.ContainsRune(value, 0) { // no column takes it
		c.broke(name, ruleString)
	}
	if utf8.RuneCountInString(value) > registration.MaximumText {
		c.broke(name, rule{
			Rule: "length", Description: "should be at most 500 character(s)",
			Params: map[string]int{"max": registration.MaximumText},
		})
	}
	return value
}

// clientID is a client_id, which must be there and be a UUID, in lower case.
func (c *check) clientID() string {
	const name = "client_id"
	value, isText := stringOf(c.fields[name])
	if !isText {
		c.broke(name, ruleUUID)
		return ""
	}
	if strings.TrimSpace(value) == "" {
		c.broke(name, ruleRequired)
		return ""
	}
	id, isUUID := parseUUID(value)
	if !isUUID {
		c.broke(name, ruleUUID)
	}
	return id
}

// reference is the id of a row that the admin API refers to: a UUID that must be there, in lower case.
func (c *check) reference(name string) string {
	value, isText := stringOf(c.fields[name])
	id, isUUID := parseUUID(value)
	switch {
	case isText && strings.TrimSpace(value) == "":
		c.broke(name, ruleRequired)
	case !isUUID:
		c.broke(name, ruleReference)
	}
	return id
}

// present says whether the body has a field, also one that is null.
func (c *check) present(name string) bool {
	_, present := c.fields[name]
	return present
}

// boolean is what the old system took for one. It must be there.
func (c *check) boolean(name string) bool {
	switch string(c.fields[name]) {
	case `true`, `"true"`, `"1"`:
		return true
	case `false`, `"false"`, `"0"`:
	default:
		c.broke(name, ruleBoolean)
	}
	return false
}

// integer is a JSON integer, or a text of digits, that must be there.
func (c *check) integer(name string) int64 {
	digits := string(c.fields[name])
	if text, isText := stringOf(c.fields[name]); isText {
		digits = text
	}
	if digits == "" {
		c.broke(name, ruleRequired)
		return 0
	}
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		c.broke(name, ruleInteger)
	}
	return value
}

// object is a JSON object, nil where the field is absent or null.
func (c *check) object(name string) json.RawMessage {
	if !c.given(name) {
		return nil
	}
	var value map[string]json.RawMessage
	if json.Unmarshal(c.fields[name], &value) != nil {
		c.broke(name, ruleMap)
		return nil
	}
	return c.fields[name]
}

// oneOf is a string that must be there and be one of those allowed.
func (c *check) oneOf(name string, allowed ...string) string {
	value := c.stringOf(name)
	if !slices.Contains(allowed, value) {
		c.broke(name, ruleInclusion(allowed...))
	}
	return value
}

// stringOf reads a string; what is absent or null is an empty one.
func stringOf(raw json.RawMessage) (value string, isText bool) {
	if len(raw) == 0 {
		return "", true
	}
	return value, json.Unmarshal(raw, &value) == nil
}

// parseUUID takes only the form with hyphens, in any case: the parser takes braces, a URN and bare digits too.
func parseUUID(value string) (string, bool) {
	id, err := uuid.Parse(value)
	if err != nil || len(value) != len(id.String()) {
		return "", false
	}
	return id.String(), true
}

// The rules that a field can break (contract section 3).
var (
	ruleRequired  = rule{Rule: "required", Description: "can't be blank", Params: []string{}}
	ruleString    = rule{Rule: "cast", Description: "is invalid", Params: []string{"string"}}
	ruleInteger   = rule{Rule: "cast", Description: "is invalid", Params: []string{"integer"}}
	ruleMap       = rule{Rule: "cast", Description: "is invalid", Params: []string{"map"}}
	ruleReference = rule{Rule: "cast", Description: "is invalid", Params: []string{"binary_id"}}
	ruleUUID      = rule{Rule: "cast", Description: "is invalid", Params: []string{"Elixir.Ecto.UUID"}}
)

func ruleInclusion(allowed ...string) rule {
	return rule{Rule: "inclusion", Description: "is invalid", Params: allowed}
}
