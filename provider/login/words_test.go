package login

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPagesSayWhatHappensInTheWordsOfTheirLanguage(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		words := func(languages ...string) (consent, failed, signature string) {
			consent = f.consent(ConsentPage{
				Request: "sealed", UILocales: languages[0], Client: Presentation{Name: "Clinic"},
			}).Body.String()
			b := f.browser()
			missing := b.get("/login/nothing?lang=" + languages[0])
			require.Equal(t, http.StatusNotFound, missing.StatusCode)
			return consent, missing.body, b.get("/authorize?page=" + PathSignature).body
		}
		consent, failed, signature := words("en")
		require.Regexp(t, `id="consent-accept"[^>]*>Allow<`, consent)
		require.Regexp(t, `id="consent-deny"[^>]*>Decline<`, consent)
		require.Contains(t, failed, "We could not continue")
		require.Contains(t, signature, "<h1>Sign in with a digital signature</h1>")
		require.Contains(t, signature, "sent nowhere. Key-6.dat, JKS and PFX files can be used.")

		consent, failed, signature = words("uk")
		require.Regexp(t, `id="consent-deny"[^>]*>Відхилити<`, consent)
		require.Contains(t, failed, "Не вдалося продовжити")
		require.Contains(t, signature, "<h1>Вхід за електронним підписом</h1>")
		require.Contains(t, signature, "нікуди не надсилаються. Підходять файли Key-6.dat, JKS і PFX.")

		f.phone("")
		b := f.browser()
		p := b.signIn(b.begin(""), testEmail, testPassword)
		require.Equal(t, PathPhone, p.Request.URL.Path)
		require.Contains(t, p.body, "Для входу потрібне додаткове підтвердження.")
	})
}

// The Ukrainian apostrophe is U+2019 in all that people read, as in ім’я.
func TestUkrainianTextsHaveOneApostrophe(t *testing.T) {
	other := regexp.MustCompile("(?i)[а-яіїєґ]['\u02bc`][а-яіїєґ]")
	right := regexp.MustCompile(`(?i)[а-яіїєґ]’[а-яіїєґ]`)
	found := 0
	for _, pattern := range []string{
		"*.go", "pages/*.html", "pages/*.js", "../mail/letters/*", "../../adapters/*/*.go",
		"../../adapters/console/texts/*", "../../adapters/console/pages/*",
	} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Empty(t, other.FindAllString(string(content), -1), file)
			found += len(right.FindAllString(string(content), -1))
		}
	}
	require.Positive(t, found)
}
