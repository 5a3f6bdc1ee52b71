package login

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/storage"
)

func TestCookiesHaveTheAttributesOfTheIssuersScheme(t *testing.T) {
	for scheme, want := range map[string]struct {
		prefix string
		secure bool
	}{
		"https": {"__Host-", true},
		"http":  {"", false},
	} {
		t.Run(scheme, func(t *testing.T) {
			f := newFixtureOver(t, scheme)
			b := f.browser()
			b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			answers := []page{b.begin("")}
			form := b.get(answers[0].Header.Get("Location") + "&lang=en")
			answers = append(answers, form, b.signIn(form, testEmail, testPassword))

			for i, name := range []string{browserCookie, languageCookie, sessionCookie, deviceCookie} {
				cookies := answers[min(i, len(answers)-1)].Cookies()
				at := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == want.prefix+name })
				require.GreaterOrEqual(t, at, 0, name)
				c := cookies[at]
				require.Equal(t, want.secure, c.Secure)
				require.True(t, c.HttpOnly)
				require.Equal(t, http.SameSiteLaxMode, c.SameSite)
				require.Equal(t, "/", c.Path)
				require.Empty(t, c.Domain)
			}
		})
	}
}

func TestCookiesOfAnIssuerWithAPathGoToThatPathOnly(t *testing.T) {
	s := &cookies{secure: true, path: "/id"}
	w := httptest.NewRecorder()
	s.setCookie(w, sessionCookie, "value", 0)
	c := w.Result().Cookies()[0]
	require.Equal(t, "/id", c.Path)
	require.Equal(t, "__Secure-"+sessionCookie, c.Name, "a browser takes __Host- for the whole host only")
}

var (
	anyForm   = regexp.MustCompile(`<form[^>]*>`)
	anyField  = regexp.MustCompile(`<input type="(text|password)"[^>]*>`)
	anyButton = regexp.MustCompile(`<button[^>]*>`)
	anyStyle  = regexp.MustCompile(`(?s)<style>(.*)</style>`)
)

func TestTheSignInPageHasOneFormThatPasswordManagersKnow(t *testing.T) {
	p := newFixture(t).browser().begin("")
	require.Equal(t, []string{`<form method="post" action="/login/sign-in">`}, anyForm.FindAllString(p.body, -1))
	fields := anyField.FindAllString(p.body, -1)
	require.Len(t, fields, 2)
	require.Contains(t, fields[0], `name="username"`)
	require.Contains(t, fields[0], `autocomplete="username"`)
	require.Contains(t, fields[1], `name="password"`)
	require.Contains(t, fields[1], `autocomplete="current-password"`)
	require.Equal(t, []string{`<button type="submit" id="login-submit">`}, anyButton.FindAllString(p.body, -1))
	require.Contains(t, p.body, "Клініка &lt;Здоров&#39;я&gt;")
	require.NotContains(t, p.body, "<script")
}

func TestPagesForbidCachingFramingAndForeignContent(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	for name, p := range map[string]page{
		"sign-in":  b.begin(""),
		"failed":   b.signIn(b.begin(""), testEmail, "not it"),
		"sign-out": b.get(PathSignOut),
		"error":    b.get(PathSignIn),
		"no page":  b.get("/login/nothing"),
	} {
		require.Equal(t, "no-store", p.Header.Get("Cache-Control"), name)
		require.Equal(t, "DENY", p.Header.Get("X-Frame-Options"), name)
		require.Equal(t, "nosniff", p.Header.Get("X-Content-Type-Options"), name)
		require.Equal(t, "same-origin", p.Header.Get("Referrer-Policy"), name)
		require.Empty(t, p.Header.Get("Cross-Origin-Opener-Policy"), name)
		require.Equal(t, "text/html; charset=utf-8", p.Header.Get("Content-Type"), name)
		style := sha256.Sum256([]byte(anyStyle.FindStringSubmatch(p.body)[1]))
		require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(style[:])+
			"'; img-src data:; base-uri 'none'; frame-ancestors 'none'", p.Header.Get("Content-Security-Policy"), name)
	}
}

// consent renders the consent page for a request that carries a cookie already.
func (f *fixture) consent(p ConsentPage) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.Consent(w, httptest.NewRequestWithContext(f.t.Context(), http.MethodGet, PathConsent+"?request=sealed", nil), p)
	return w
}

func TestConsentPageShowsScopeTitlesAndTheAcceptButtonFirst(t *testing.T) {
	f := newFixture(t)
	w := f.consent(ConsentPage{
		UserName: testEmail, Request: "sealed", UILocales: "en",
		Scopes: []storage.Scope{
			{Name: "email", TitleUkrainian: "Бачити адресу", TitleEnglish: "See your email address"},
			{Name: "declaration:read"},
		},
		Client: Presentation{
			Name: "Клініка", LogoURI: "https://clinic.example/logo.png", ClientURI: "https://clinic.example/",
			PolicyURI: "https://clinic.example/policy", TermsURI: "javascript:alert(1)",
		},
	})
	body := w.Body.String()
	require.Equal(t, []string{`<form method="post" action="/login/consent">`}, anyForm.FindAllString(body, -1))
	require.Equal(t, []string{
		`<button type="submit" id="consent-accept" name="decision" value="accept">`,
		`<button type="submit" id="consent-deny" name="decision" value="deny" class="secondary">`,
		`<button type="submit" id="consent-switch" name="decision" value="switch" class="quiet">`,
	}, anyButton.FindAllString(body, -1))
	require.Contains(t, body, `<input type="hidden" name="request" value="sealed">`)
	require.Contains(t, body, "<li>See your email address</li>")
	require.Contains(t, body, "<li>declaration:read</li>")
	require.Contains(t, body, `src="https://clinic.example/logo.png"`)
	require.Contains(t, body, `href="https://clinic.example/policy"`)
	require.NotContains(t, body, "javascript:")
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "img-src data: https://clinic.example;",
		"no other origin")
	require.Contains(t, body, `alt="" height="56" referrerpolicy="no-referrer">`)
	require.Equal(t, 3, strings.Count(body, `target="_blank" rel="noopener noreferrer"`))
}

func TestConsentPageShowsLogosOverHTTPSOnly(t *testing.T) {
	f := newFixture(t)
	for _, logo := range []string{
		"http://clinic.example/logo.png", "data:image/png;base64,AAAA", "://", "",
		"https://clinic.example;script-src/logo.png", "https://name@clinic.example/logo.png", "https://*/logo.png",
		"https:///logo.png",
	} {
		w := f.consent(ConsentPage{Client: Presentation{Name: "Клініка", LogoURI: logo}})
		require.NotContains(t, w.Body.String(), "<img", logo)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "img-src data:;", logo)
	}
}

func TestAnErrorPageShowsWhatWasReceivedAndTheRequestNumber(t *testing.T) {
	f := newFixture(t)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth2/authorize?redirect_uri=x", nil)
	f.Fail(w, r, &ErrorPage{
		Status: http.StatusBadRequest, Code: "invalid_request", Message: MessageRedirectMismatch,
		Received: "https://<evil>", Expected: "https://good", Hint: HintTellOperator, Cause: errors.New("a near miss"),
	})
	body := w.Body.String()
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, body, "Адреса повернення не збігається")
	require.Contains(t, body, "https://&lt;evil&gt;")
	require.Contains(t, body, "https://good")
	require.Contains(t, body, "<code>invalid_request</code>")
	require.Contains(t, body, "<code>request-1</code>")
	require.Contains(t, body, "?lang=en&amp;redirect_uri=x", "the language link keeps the query")
	require.Empty(t, anyForm.FindAllString(body, -1))
}

func TestErrorPageExplainsBeforeItShowsProtocolTerms(t *testing.T) {
	f := newFixture(t)
	show := func(status int, p ErrorPage) string {
		w := httptest.NewRecorder()
		p.Status, p.Cause = status, errors.New("for the log")
		f.Fail(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth2/authorize", nil), &p)
		require.NotContains(t, w.Body.String(), p.Cause.Error())
		return w.Body.String()
	}
	body := show(http.StatusBadRequest, ErrorPage{Code: "invalid_request", Message: "The nonce is missing."})
	require.Contains(t, body, "Запит пошкоджено або складено неправильно.")
	require.Contains(t, body, "The nonce is missing.")
	body = show(http.StatusInternalServerError, ErrorPage{Code: "server_error", Message: "An unexpected error."})
	require.Contains(t, body, "Сталася непередбачена помилка.")
	require.NotContains(t, body, "An unexpected error.")
	body = show(http.StatusBadRequest, ErrorPage{Code: "unknown_code", Message: "Plain words."})
	require.Contains(t, body, "Plain words.")
}

func TestErrorPageForAnUnavailableDatabaseAsksToRetry(t *testing.T) {
	f := newFixture(t)
	for name, cause := range map[string]error{"database": storage.ErrUnavailable, "passwords": identity.ErrBusy} {
		w := httptest.NewRecorder()
		f.Fail(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, PathSignIn, nil), cause)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, name)
		require.Equal(t, "5", w.Header().Get("Retry-After"), name)
		require.Contains(t, w.Body.String(), "тимчасово недоступний", name)
	}
}

func TestErrorPageHidesUnknownErrors(t *testing.T) {
	f := newFixture(t)
	w := httptest.NewRecorder()
	f.Fail(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, PathSignIn, nil), http.ErrBodyNotAllowed)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), http.ErrBodyNotAllowed.Error())
	count, _ := f.counts.Load(eventError)
	require.Equal(t, 1, count)
}

func TestPagesOfAnIssuerWithAPathLinkBelowThatPath(t *testing.T) {
	f := newFixture(t)
	issuer, err := url.Parse("https://id.example/sso/")
	require.NoError(t, err)
	below, err := New(t.Context(), Options{Store: f.store, Identity: f.identity, Issuer: issuer, Now: f.clock.Now})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/authorize", nil)
	require.NoError(t, below.RedirectToPage(w, r, PathSignIn, Interaction{}))
	require.True(t, strings.HasPrefix(w.Header().Get("Location"), "/sso/login/sign-in?request="))
	w = httptest.NewRecorder()
	below.Consent(w, r, ConsentPage{})
	require.Contains(t, w.Body.String(), `action="/sso/login/consent"`)
}

func TestEveryLanguageHasAllMessages(t *testing.T) {
	for name, said := range messages {
		value := reflect.ValueOf(*said)
		for i := range value.NumField() {
			require.False(t, value.Field(i).IsZero(), "%s: %s", name, value.Type().Field(i).Name)
		}
		for key := range messages[ukrainian].ByKey {
			require.NotEmpty(t, said.ByKey[key], "%s: %s", name, key)
		}
		require.Len(t, said.ByKey, len(messages[ukrainian].ByKey), name)
	}
}
