package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"ithildin/provider/operator"
	"ithildin/storage/storagetest"
)

// Each kind of client is made by the console alone, and works with the settings that the page shows.
func TestAnOperatorMakesAClientOfEachKind(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		b := s.browser()
		b.signIn(admin.Email)
		linked := regexp.MustCompile(`href="/console/(new-client/\w+)"`)
		kinds := linked.FindAllStringSubmatch(b.console("new-client").body, -1)
		require.Len(t, kinds, 7)
		for _, kind := range kinds {
			form := url.Values{"name": {"Clinic"}, "scope": {"patients:view"}, "redirect_uris": {"https://clinic.example/cb"}}
			p := b.act(kind[1], form)
			require.Equal(t, http.StatusOK, p.status, p.body)
			require.Contains(t, p.body, "The client was created.", kind[1])
			id := regexp.MustCompile(`<dt>client_id</dt><dd><code>([^<]+)<`).FindStringSubmatch(p.body)
			require.NotNil(t, id, p.body)
			client, err := s.store.LoadClient(t.Context(), id[1])
			require.NoError(t, err)
			require.Equal(t, "Clinic", client.Name)
			require.Contains(t, html.UnescapeString(p.body[strings.Index(p.body, "<pre"):]), client.ID, "settings to copy")
			secret := regexp.MustCompile(`id="secret">([^<]+)<`).FindStringSubmatch(p.body)
			require.Equal(t, client.IsPublic(), secret == nil, kind[1])
			if secret != nil {
				require.Equal(t, 1, strings.Count(p.body, secret[1]), "the settings name a variable in its place")
			}
			if kind[1] != "new-client/machine" {
				continue
			}
			config := clientcredentials.Config{
				ClientID: client.ID, ClientSecret: secret[1], TokenURL: s.issuer + "/oauth2/token",
				Scopes: []string{"patients:view"}, AuthStyle: oauth2.AuthStyleInHeader,
			}
			token, err := config.Token(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, token.AccessToken)
		}
		for name, wrong := range map[string]url.Values{
			"no name":         {"name": {" "}, "redirect_uris": {"https://clinic.example/cb"}},
			"no redirect URI": {"name": {"Clinic"}},
			"a plain one":     {"name": {"Clinic"}, "redirect_uris": {"http://clinic.example/"}},
			"a broken scope":  {"name": {"Clinic"}, "redirect_uris": {"https://clinic.example/cb"}, "scope": {`a"b`}},
		} {
			require.Equal(t, http.StatusUnprocessableEntity, b.act("new-client/web", wrong).status, name)
		}
	})
}
