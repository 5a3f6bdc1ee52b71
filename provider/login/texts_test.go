package login

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// overridden is a file in which each text is its key, with the placeholders that the text has. The keys are in small
// Latin letters and between marks, so that a built-in Ukrainian text beside them is seen.
func overridden(t *testing.T) []byte {
	file := map[string]map[string]string{}
	for language, texts := range ListTexts() {
		file[language] = map[string]string{}
		for key, text := range texts {
			file[language][key] = strings.Join(append([]string{"[" + key + "]<i>"}, placeholders(text)...), " ")
		}
	}
	content, err := json.Marshal(file)
	require.NoError(t, err)
	return content
}

func TestEveryTextOfTheCatalogueCanBeOverridden(t *testing.T) {
	texts, err := ReadTexts(overridden(t))
	require.NoError(t, err)
	list := ListTexts()
	require.Equal(t, len(list[ukrainian]), len(list[english]))
	require.Greater(t, len(list[ukrainian]), 300)
	for language, set := range texts.byLanguage {
		require.Equal(t, language, set.language)
		said := listTexts(set)
		for key := range list[language] {
			require.Contains(t, said[key], "["+key+"]", language)
		}
	}
	require.Equal(t, list, ListTexts(), "the built-in texts stay")
}

// TestPagesSayNothingBesideTheOverriddenTexts walks through pages whose texts are all overridden. What is left on them
// in Ukrainian is built in somewhere else than in the catalogue.
func TestPagesSayNothingBesideTheOverriddenTexts(t *testing.T) {
	f := newFixture(t)
	texts, err := ReadTexts(overridden(t))
	require.NoError(t, err)
	f.texts = texts.byLanguage
	f.operator = Operator{Mail: "help@example.org", Phone: "112", TermsURI: "https://example.org/t"}
	require.NoError(t, f.store.UpdateClient(t.Context(), storage.Client{ID: testClient, Name: "Clinic"}))
	shown := map[string]bool{}
	look := func(p page) page {
		t.Helper()
		require.Less(t, p.StatusCode, 500, p.body)
		text := html.UnescapeString(anyTag.ReplaceAllString(anyStyle.ReplaceAllString(p.body, ""), " "))
		require.NotContains(t, p.body, "]<i>", "what looks like markup is escaped")
		for _, word := range strings.Fields(text) {
			require.False(t, strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }),
				"%s: %s", p.Request.URL.Path, word)
		}
		for _, found := range anyKey.FindAllStringSubmatch(p.body, -1) {
			shown[found[1]] = true
		}
		return p
	}
	b := f.browser()
	look(b.get("/login/nothing"))
	look(b.get(PathForgotPassword))
	form := look(b.begin(""))
	look(b.signIn(form, "", ""))
	look(b.signIn(form, testEmail, "wrong"))
	b.signIn(form, testEmail, testPassword)
	for _, path := range []string{
		PathAccount, PathAccount + "?changed=password", PathPassword, PathPhoneChange, PathSignOut, PathAddAuthenticator,
		PathRecoveryCodes,
	} {
		look(b.get(path))
	}
	look(b.post(PathAddAuthenticator, url.Values{
		"request": {look(b.get(PathAddAuthenticator)).request(t)}, "code": {"000000"},
	}))
	for _, key := range []string{
		"sign_in", "username", "messages.sign_in_wrong", "operator.title", "account", "factors.title", "credentials.present",
		"factors.enrol_title", "messages.factor_code", "resets.lead",
	} {
		require.True(t, shown[key], key)
	}
	require.Greater(t, len(shown), 60)
}

var (
	anyTag = regexp.MustCompile(`<[^>]*>`)
	anyKey = regexp.MustCompile(`\[([A-Za-z_.]+)\]&lt;i&gt;`)
)

func TestTextsThatMayNotBeAreNamed(t *testing.T) {
	for content, want := range map[string]string{
		`{"uk": {"sign_in": "  "}}`:                         "sign_in of uk is empty",
		`{"uk": {"sign_in": "Вхід\nтут"}}`:                  "sign_in of uk has a line end",
		`{"uk": {"sign_in": "Вхід о {time}"}}`:              "sign_in of uk has the placeholder {time}: the text has none",
		`{"uk": {"sign_in": "Вхід {{.Title}}"}}`:            "sign_in of uk has a brace that is no placeholder",
		`{"en": {"messages.sign_in_limited": "Wait {tim"}}`: "has the placeholders []: want [{time}]",
		`{"en": {"messages.sign_in_limited": "{times}"}}`:   "has the placeholders [{times}]: want [{time}]",
		`{"de": {}}`: `"de" is no language of the pages: want uk or en`,
		`{"en": {"nothing": "x", "factors": "y"}}`: "factors of en is no text of the pages; nothing of en is no text",
		`{"en": {"sign_in": 1}}`:                   `want {"uk": {"key": "text"}}`,
		`{} {}`:                                    "has something behind its JSON object",
		`{"en": {"sign_in": "` + strings.Repeat("x", 1001) + `"}}`: "has more than 1000 characters",
	} {
		_, err := ReadTexts([]byte(content))
		require.ErrorContains(t, err, want)
	}
}

func TestATextOfTheOperatorStandsInPlaceOfTheBuiltInOne(t *testing.T) {
	f := newFixture(t)
	texts, err := ReadTexts([]byte(`{"uk": {"sign_in": "Вхід до порталу <b>"}}`))
	require.NoError(t, err)
	f.texts = texts.byLanguage
	b := f.browser()
	p := b.begin("")
	require.Equal(t, http.StatusOK, p.StatusCode)
	require.Contains(t, p.body, "<h1>Вхід до порталу &lt;b&gt;</h1>")
	require.Contains(t, p.body, "Електронна пошта", "the other texts stay")
	require.Contains(t, b.get(p.Request.URL.RequestURI()+"&lang=en").body, "<h1>Sign in</h1>")
}
