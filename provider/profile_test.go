package provider_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
)

func TestAProfileHoldsStandardClaimsOfTheRightKind(t *testing.T) {
	for _, right := range []string{
		``, `{}`, `{"name": "Олена Коваль", "gender": "інша", "nickname": "О."}`,
		`{"birthdate": "1984-05-17"}`, `{"birthdate": "1984"}`, `{"birthdate": "0000-02-29"}`,
		`{"zoneinfo": "Europe/Kyiv"}`, `{"zoneinfo": "UTC"}`, `{"locale": "uk"}`, `{"locale": "sr-Cyrl-RS"}`,
		`{"website": "https://example.com/a?b=c#d", "picture": "http://example.com/p.png"}`,
		`{"email_verified": false, "phone_number_verified": true, "phone_number": "+380501234567"}`,
		`{"address": {"formatted": "вул. Хрещатик, 1\nКиїв"}}`,
		`{"https://example.org/claims/department": ["cardiology"], "nickname#uk": "О."}`,
	} {
		require.NoError(t, provider.ValidateProfile(json.RawMessage(right)), right)
	}
	for wrong, want := range map[string]string{
		`null`:                               `no JSON object`,
		`["name"]`:                           `no JSON object`,
		`{"name": ""}`:                       `"name": want a text that is not empty`,
		`{"given_name": 7}`:                  `"given_name": want a text that is not empty`,
		`{"family_name": null}`:              `"family_name": has no value: leave it out`,
		`{"birthdate": "17.05.1984"}`:        `"birthdate": want YYYY-MM-DD, YYYY, or 0000-MM-DD`,
		`{"birthdate": "1985-02-29"}`:        `"birthdate": want`,
		`{"birthdate": "0000"}`:              `"birthdate": want`,
		`{"zoneinfo": "Middle-earth/Shire"}`: `"zoneinfo": want a name of the time zone database`,
		`{"zoneinfo": "Local"}`:              `"zoneinfo": want`,
		`{"zoneinfo": "../../etc/passwd"}`:   `"zoneinfo": want`,
		`{"locale": "uk_UA"}`:                `"locale": want a BCP 47 language tag`,
		`{"locale": "quenya!"}`:              `"locale": want`,
		`{"picture": "javascript:alert(1)"}`: `"picture": want an http or https URL`,
		`{"profile": "o.koval"}`:             `"profile": want`,
		`{"email_verified": "true"}`:         `"email_verified": want true or false`,
		`{"address": "Київ"}`:                `"address": want an object of texts: formatted, street_address`,
		`{"address": {}}`:                    `"address": want`,
		`{"address": {"city": "Київ"}}`:      `"address": want`,
		`{"address": {"postal_code": 1001}}`: `"address": want`,
		`{"updated_at": 1}`:                  `"updated_at": follows the last change by itself`,
		`{"email": "o.koval@example.com"}`:   `"email": is the address by which the user signs in`,
		`{"sub": "somebody else"}`:           `"sub": belongs to the protocol`,
		`{"exp": 1}`:                         `"exp": belongs to the protocol`,
		`{"": 1}`:                            `"": is no name of a claim`,
		`{"a\u0000b": 1}`:                    `"a\x00b": is no name of a claim`,
		`{"email_verified": 1, "iss": "them"}`: `"email_verified": want true or false` + "\n" + `"iss": belongs to the ` +
			`protocol`,
	} {
		require.ErrorContains(t, provider.ValidateProfile(json.RawMessage(wrong)), want, wrong)
	}
}
