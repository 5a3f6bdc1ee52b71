package registration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ithildin/storage"
)

// The bounds of what a client registers; each list and each text has one.
const (
	maximumListed = 100 // entries of a list
	maximumName   = 200 // bytes of what programs compare: the name of a scope, the kid of a key
)

// MetadataError is what keeps one member of a client's metadata from being registered.
type MetadataError struct {
	Member  string // its name in RFC 7591 section 2 or OIDC Registration section 2
	Problem string // what was received and what is expected
}

// Error names the member and its problem.
func (e *MetadataError) Error() string { return e.Member + ": " + e.Problem }

// Rules are what a provider serves, to which a client is held.
type Rules struct {
	ResponseTypes []string // nil: every one that there is
	GrantTypes    []string // nil: every one that there is
	AuthMethods   []string // nil: every one that there is
}

// ValidateClient says what keeps a client from being served as its metadata, scope and redirect URIs ask: an error that
// joins a *MetadataError for each problem (RFC 7591 section 2, OIDC Registration section 2, RFC 8252 section 8.4). It
// fetches nothing: what a sector_identifier_uri must list is checkSector's to compare. The redirect URIs of connections
// that match by prefix are not looked at, for they are as old clients need them.
func ValidateClient(client *storage.Client, rules Rules) error {
	return errors.Join(validate(client, rules)...)
}

func validate(client *storage.Client, rules Rules) []error {
	c := &metadataCheck{client: client, metadata: &client.Metadata, rules: rules}
	c.redirects()
	c.flows()
	c.authentication()
	c.algorithms()
	c.keys()
	c.addresses()
	c.subject()
	c.texts()
	c.profile()
	return c.problems
}

// ValidateClientChange is ValidateClient for a client that was stored before: what was wrong with it already, and is
// left as it was, keeps nobody from changing something else. Imported clients have such members.
func ValidateClientChange(before, after *storage.Client, rules Rules) error {
	known := validate(before, rules)
	old, changed := members(before), members(after)
	return errors.Join(slices.DeleteFunc(validate(after, rules), func(problem error) bool {
		var of *MetadataError
		return errors.As(problem, &of) && bytes.Equal(old[of.Member], changed[of.Member]) &&
			slices.ContainsFunc(known, func(e error) bool { return e.Error() == problem.Error() })
	})...)
}

// members are the metadata of a client as JSON, by the names that a MetadataError has.
func members(client *storage.Client) map[string]json.RawMessage {
	var known map[string]json.RawMessage
	encoded, err := json.Marshal(client.Metadata)
	if err == nil {
		err = json.Unmarshal(encoded, &known)
	}
	if err != nil {
		panic(fmt.Sprintf("registration: client metadata: %v", err)) // it was JSON in the database
	}
	var uris []string
	for _, connection := range client.Connections {
		uris = append(append(uris, connection.RedirectMatch), connection.RedirectURIs...)
	}
	for name, value := range map[string]any{"client_name": client.Name, "scope": client.Scope, "redirect_uris": uris} {
		known[name], _ = json.Marshal(value) // texts always marshal
	}
	return known
}

// metadataCheck collects what is wrong with a client.
type metadataCheck struct {
	client   *storage.Client
	metadata *storage.Metadata
	rules    Rules
	problems []error
}

func (c *metadataCheck) refuse(member, format string, values ...any) {
	c.problems = append(c.problems, &MetadataError{Member: member, Problem: fmt.Sprintf(format, values...)})
}

// oneOf accepts a value that was left out.
func (c *metadataCheck) oneOf(member, value string, allowed []string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.refuse(member, "%.100q is not supported: want one of %s", value, strings.Join(allowed, ", "))
	}
}

// bounded says whether a list is short enough to look at its entries.
func (c *metadataCheck) bounded(member string, list []string) bool {
	if len(list) > maximumListed {
		c.refuse(member, "has %d entries: want %d at most", len(list), maximumListed)
		return false
	}
	return true
}

// texts are what people read, and what only travels.
func (c *metadataCheck) texts() {
	m := c.metadata
	c.checkText("client_name", c.client.Name)
	c.checkText("software_id", m.SoftwareID)
	c.checkText("software_version", m.SoftwareVersion)
	if c.bounded("contacts", m.Contacts) {
		for _, contact := range m.Contacts {
			c.checkText("contacts", contact)
		}
	}
	if c.bounded("default_acr_values", m.DefaultACRValues) {
		for _, value := range m.DefaultACRValues {
			c.checkText("default_acr_values", value)
			if value == "" || strings.Contains(value, " ") {
				c.refuse("default_acr_values", "%.100q has a space or nothing in it: want one value each", value)
			}
		}
	}
	for _, name := range c.client.Scope {
		if err := ValidateScope(name); err != nil {
			c.refuse("scope", "%v", err)
		}
	}
	if age := m.DefaultMaxAge; age != nil && *age < 0 {
		c.refuse("default_max_age", "is %d: want a number of seconds, 0 or more", *age)
	}
}

// text holds a text that people read to ValidateText.
func (c *metadataCheck) checkText(member, value string) {
	if err := ValidateText(value); err != nil {
		c.refuse(member, "%v", err)
	}
}

// ValidateScope holds the name of a scope to the characters of RFC 6749 section 3.3.
func ValidateScope(name string) error {
	if name == "" || len(name) > maximumName {
		return fmt.Errorf("a scope of %d bytes: want 1 to %d", len(name), maximumName)
	}
	for _, character := range []byte(name) {
		if character <= ' ' || character >= 0x7f || character == '"' || character == '\\' {
			return fmt.Errorf("scope %.60q has a character that no scope may have", name)
		}
	}
	return nil
}
