package login

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
)

var testOperator = Operator{
	Help: Words{Ukrainian: "Пишіть <нам>."}, Mail: "help@example.org", Phone: "(044) 123-45-67",
	Hours:    Words{Ukrainian: "Пн–Пт", English: "Mon–Fri"},
	TermsURI: "https://example.org/terms", PrivacyURI: "https://example.org/privacy",
}

func TestSignInFormShowsTheOperatorsContactAndDocuments(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	require.NotContains(t, b.begin("").body, `id="contact"`, "nothing is configured")
	require.NotContains(t, b.begin("").body, "service-terms")

	f.operator = testOperator
	p := b.begin("")
	for _, want := range []string{
		"Потрібна допомога?", "<p>Пишіть &lt;нам&gt;.</p>", `href="mailto:help@example.org"`, `href="tel:0441234567"`,
		"Години роботи: <span>Пн–Пт</span>", `href="https://example.org/terms" id="service-terms"`,
		`href="https://example.org/privacy" id="service-privacy"`,
	} {
		require.Contains(t, p.body, want)
	}
	p = b.get(p.Request.URL.RequestURI() + "&lang=en")
	require.Contains(t, p.body, `<p lang="uk">Пишіть`, "a text in one language alone says which")
	require.Contains(t, p.body, "<span>Mon–Fri</span>")
}

func TestPagesThatTellAPersonToAskNameTheOperator(t *testing.T) {
	f := newFixture(t)
	f.operator = testOperator
	for cause, shown := range map[error]bool{
		errCodeBlocked: true, errUserBlocked: true, identity.ErrNoFactor: true, http.ErrBodyNotAllowed: true,
		errNoPage: false, ErrPendingExpired: false,
	} {
		w := httptest.NewRecorder()
		f.Fail(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, PathSignIn, nil), cause)
		if shown {
			require.Contains(t, w.Body.String(), "help@example.org", cause.Error())
		} else {
			require.NotContains(t, w.Body.String(), "help@example.org", cause.Error())
		}
	}
}

func TestConditionsLeadToTheTermsOrSayThatThereAreNone(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := b.get(PathConditions)
	require.Equal(t, http.StatusOK, p.StatusCode)
	require.Contains(t, p.body, "не оприлюднено")
	f.operator = testOperator
	p = b.get(PathConditions)
	require.Equal(t, http.StatusSeeOther, p.StatusCode)
	require.Equal(t, testOperator.TermsURI, p.Header.Get("Location"))
}

func TestEveryLanguageHasAllTextsOfTheOperator(t *testing.T) {
	requireAllTexts(t, operatorTexts)
}

// requireAllTexts fails for a text that a language of the pages lacks.
func requireAllTexts[T any](t *testing.T, texts map[string]*T) {
	require.Len(t, texts, len(messages))
	for language := range messages {
		require.NotNil(t, texts[language], language)
		value := reflect.ValueOf(*texts[language])
		for i := range value.NumField() {
			require.False(t, value.Field(i).IsZero(), "%s: %s", language, value.Type().Field(i).Name)
		}
	}
}

func TestEveryLanguageHasAllTextsOfAChange(t *testing.T) {
	requireAllTexts(t, credentialTexts)
	for language, text := range credentialTexts {
		for key := range credentialTexts[ukrainian].Changed {
			require.NotEmpty(t, text.Changed[key], language)
		}
	}
}
