package login

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (p page) language() string { return p.Header.Get("Content-Language") }

func TestLanguageIsChosenByClientThenCookieThenBrowser(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct{ uiLocales, cookie, accept, want string }{
		"nothing said":                      {want: ukrainian},
		"accepted":                          {accept: "de, en-GB;q=0.9, uk;q=0.1", want: english},
		"accepted by weight":                {accept: "en;q=0.1, uk-UA;q=0.8", want: ukrainian},
		"accepted, but unknown":             {accept: "de", want: ukrainian},
		"malformed":                         {accept: "en;q=x", want: ukrainian},
		"cookie before accepted":            {cookie: "uk.1", accept: "en", want: ukrainian},
		"client before cookie and accepted": {uiLocales: "de en-US uk", cookie: "uk.1", accept: "uk", want: english},
		"unknown of the client":             {uiLocales: "de", cookie: "en.1", want: english},
		"damaged cookie":                    {cookie: "<script>", accept: "en", want: english},
	} {
		t.Run(name, func(t *testing.T) {
			b := f.browser()
			if c.accept != "" {
				b.header.Set("Accept-Language", c.accept)
			}
			if c.cookie != "" {
				b.client.Jar.SetCookies(b.url(), []*http.Cookie{
					{Name: f.layout.cookieName(languageCookie), Value: c.cookie, Path: "/", Secure: true},
				})
			}
			p := b.begin("ui_locales=" + url.QueryEscape(c.uiLocales))
			require.Equal(t, c.want, p.language())
			require.Contains(t, p.body, `<html lang="`+c.want+`">`)
		})
	}
}

func TestLanguageChosenOnThePagePrecedesThatOfTheClient(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("ui_locales=en")
	require.Equal(t, english, form.language())
	require.Contains(t, form.body, `lang="uk" hreflang="uk">Українська</a>`)

	clicked := b.get(PathSignIn + "?lang=uk&request=" + form.request(t))
	require.Equal(t, ukrainian, clicked.language())
	require.Equal(t, ukrainian, b.signIn(clicked, testEmail, "not it").language(), "also after the form")

	f.clock.advance(PendingLifetime + time.Minute)
	require.Equal(t, english, b.begin("ui_locales=en").language(), "the next client is heard again")
	require.Equal(t, ukrainian, b.begin("").language())
}

func TestUnsupportedLanguageIsIgnored(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	p := b.get(PathSignIn + "?lang=xx&request=" + b.begin("").request(t))
	require.Equal(t, ukrainian, p.language())
	require.Nil(t, b.cookie(languageCookie))
}
