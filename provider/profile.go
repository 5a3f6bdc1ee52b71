package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container without the database of time zones must know the same names
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// claimRule is what the value of a claim must be.
type claimRule struct {
	want  string
	holds func(value any) bool
}

var (
	textRule = claimRule{"a text that is not empty", isText}
	urlRule  = claimRule{"an http or https URL", isWebURL}
	flagRule = claimRule{"true or false", isBoolean}
)

// profileRules are those of the standard claims (OIDC Core 5.1) that a profile may hold.
var profileRules = map[string]claimRule{
	"name": textRule, "given_name": textRule, "family_name": textRule, "middle_name": textRule, "nickname": textRule,
	"preferred_username": textRule, "gender": textRule, "phone_number": textRule,
	"profile": urlRule, "picture": urlRule, "website": urlRule,
	"email_verified": flagRule, "phone_number_verified": flagRule,
	"birthdate": {"YYYY-MM-DD, YYYY, or 0000-MM-DD", isBirthdate},
	"zoneinfo":  {"a name of the time zone database, such as Europe/Kyiv", isTimeZone},
	"locale":    {"a BCP 47 language tag, such as uk-UA", isLanguageTag},
	"address":   {"an object of texts: " + strings.Join(addressMembers, ", "), isAddress},
}

// addressMembers are those of OIDC Core 5.1.1.
var addressMembers = []string{"formatted", "street_address", "locality", "region", "postal_code", "country"}

// reservedClaims mean something in tokens (RFC 7519 4.1, OIDC Core 2, 3.3.2.11 and 5.6.2, RFC 9068 2.2, the logout
// specifications): a profile must not be able to forge them.
var reservedClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash",
	"s_hash",
	"sid", "events", "client_id", "scope", "cnf", "act", "may_act", "_claim_names", "_claim_sources",
}

// ValidateProfile checks the claims about a user that an operator gives: a JSON object of standard claims (OIDC Core
// 5.1) with values of the right kind, and of any other claims but those of the protocol. Nothing at all is right too.
// The error names every claim that is wrong and repeats no value.
func ValidateProfile(profile json.RawMessage) error {
	if len(profile) == 0 {
		return nil
	}
	var claims map[string]any
	if err := json.Unmarshal(profile, &claims); err != nil || claims == nil {
		return errors.New("the profile is no JSON object")
	}
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if problem := checkClaim(name, claims[name]); problem != "" {
			wrong = append(wrong, fmt.Errorf("%.60q: %s", name, problem))
		}
	}
	return errors.Join(wrong...)
}

// WithoutClaim is a profile without one of its claims. One that is no object, as an import may have brought it, stays
// as it is.
func WithoutClaim(profile json.RawMessage, name string) json.RawMessage {
	var claims map[string]json.RawMessage
	if json.Unmarshal(profile, &claims) != nil || claims[name] == nil {
		return profile
	}
	delete(claims, name)
	encoded, err := json.Marshal(claims)
	if err != nil {
		panic("provider: profile: " + err.Error()) // what was JSON stays JSON
	}
	return encoded
}

// checkClaim says what is wrong with a claim, "" for nothing.
func checkClaim(name string, value any) string {
	rule, standard := profileRules[name]
	switch {
	case name == "updated_at":
		return "follows the last change by itself"
	case name == "email":
		return "is the address by which the user signs in, and no part of the profile"
	case slices.Contains(reservedClaims, name):
		return "belongs to the protocol"
	case name == "" || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "is no name of a claim"
	case value == nil: // OIDC Core 5.3.2
		return "has no value: leave it out"
	case standard && !rule.holds(value):
		return "want " + rule.want
	}
	return ""
}

func isText(value any) bool {
	content, ok := value.(string)
	return ok && strings.TrimSpace(content) != ""
}

func isBoolean(value any) bool {
	_, ok := value.(bool)
	return ok
}

func isWebURL(value any) bool {
	content, _ := value.(string)
	u, err := url.Parse(content)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// isBirthdate takes ISO 8601 dates; the year is 0000 where it is kept back, and may stand alone.
func isBirthdate(value any) bool {
	content, _ := value.(string)
	_, dateErr := time.Parse(time.DateOnly, content)
	_, yearErr := time.Parse("2006", content)
	return dateErr == nil || yearErr == nil && content != "0000"
}

func isTimeZone(value any) bool {
	name, _ := value.(string)
	if name == "" || name == "Local" { // time.LoadLocation takes them for zones of its own
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

func isLanguageTag(value any) bool {
	content, _ := value.(string)
	_, err := language.Parse(content)
	return err == nil && !strings.Contains(content, "_")
}

func isAddress(value any) bool {
	members, ok := value.(map[string]any)
	for name, member := range members {
		ok = ok && slices.Contains(addressMembers, name) && isText(member)
	}
	return ok && len(members) > 0
}
