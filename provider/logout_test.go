package provider_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func withPostLogout(c *storage.Client) {
	c.Metadata.PostLogoutRedirectURIs = []string{postLogoutURI, postLogoutURI + "?tenant=1"}
}

func TestLogoutByIDTokenHintEndsTheSession(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", withPostLogout)
		s.client("pairwise", func(c *storage.Client) {
			withPostLogout(c)
			c.Metadata.SubjectType = storage.SubjectTypePairwise
		})
		for name, c := range map[string]struct {
			client     string
			parameters []string
			location   string
		}{
			"with a client id too": {"clinic", []string{"client_id", "clinic"}, postLogoutURI},
			"a pairwise client":    {"pairwise", nil, postLogoutURI},
			"to an address with a query": {
				"clinic", []string{"post_logout_redirect_uri", postLogoutURI + "?tenant=1", "state", "s"},
				postLogoutURI + "?tenant=1&state=s",
			},
		} {
			t.Run(name, func(t *testing.T) {
				b, tokens := s.signedIn(c.client, "openid")
				p := b.logout(hinted(tokens.member("id_token"), postLogoutURI, c.parameters...))
				require.Equal(t, http.StatusSeeOther, p.status, p.body)
				require.Equal(t, c.location, p.location.String())
				require.False(t, b.isSignedIn(c.client))
				info := s.userinfo(tokens.member("access_token"))
				require.Equal(t, http.StatusUnauthorized, info.status, "the grant ended with the session")
			})
		}
	})
}

func TestOfflineAccessOutlivesTheSession(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", withPostLogout)
		s.client("deployed", func(c *storage.Client) { c.Policy, _ = storage.NewPolicy(storage.PresetEHealth) })
		b, offline := s.signedIn("clinic", "openid offline_access")
		deployed := s.redeem("deployed", b.code(request("deployed", "openid")))
		waiting := b.code(request("deployed", "openid"))
		ended := b.code(request("clinic", "openid"))

		require.Equal(t, postLogoutURI, b.logout(hinted(offline.member("id_token"), postLogoutURI)).location.String())

		require.Equal(t, http.StatusOK, s.refresh("clinic", offline.member("refresh_token")).status)
		require.Equal(t, http.StatusOK, s.refresh("deployed", deployed.member("refresh_token")).status)
		require.Equal(t, http.StatusOK, s.redeem("deployed", waiting).status)
		require.Equal(t, "invalid_grant", s.redeem("clinic", ended).member("error"))
	})
}

func TestLogoutWithoutAMatchingHintAsksThePerson(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", withPostLogout)
	_, other := s.signedIn("clinic", "openid")
	for name, c := range map[string]struct {
		parameters url.Values
		location   string
	}{
		"only hints for people": {url.Values{"logout_hint": {"doctor@example.com"}, "ui_locales": {"en"}}, ""},
		"a client id":           {url.Values{"client_id": {"clinic"}}, ""},
		"a client id and an address": {url.Values{
			"client_id": {"clinic"}, "post_logout_redirect_uri": {postLogoutURI}, "state": {"s"},
		}, postLogoutURI + "?state=s"},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := s.signedIn("clinic", "openid")
			asked := b.logout(c.parameters)
			require.True(t, b.isSignedIn("clinic"), "a link or an image elsewhere ends nothing")
			done := b.confirm(asked)
			require.False(t, b.isSignedIn("clinic"))
			if c.location == "" {
				require.Equal(t, http.StatusOK, done.status)
				require.Nil(t, done.location)
				return
			}
			require.Equal(t, c.location, done.location.String())
		})
	}
	t.Run("a hint of somebody else", func(t *testing.T) {
		b := s.browser()
		b.code(request("clinic", "openid"))
		s.user("nurse@example.com")
		s.clock.Advance(time.Second)
		form := b.authorize(prompted(request("clinic", "openid")))
		p := b.post(s.server.URL+"/login/sign-in", url.Values{
			"request": {form.request(t)}, "username": {"nurse@example.com"}, "password": {password},
		})
		require.NotNil(t, b.decide(p, "accept").location)
		asked := b.logout(hinted(other.member("id_token"), postLogoutURI))
		require.Contains(t, asked.body, "nurse@example.com")
		require.True(t, b.isSignedIn("clinic"))
		require.Equal(t, postLogoutURI, b.confirm(asked).location.String())
	})
}

// prompted asks for a sign-in in any case.
func prompted(parameters url.Values) url.Values {
	parameters.Set("prompt", "login")
	return parameters
}

func TestLogoutWithoutASessionRedirectsAtOnce(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", withPostLogout)
	_, tokens := s.signedIn("clinic", "openid")
	b := s.browser()
	p := b.logout(hinted(tokens.member("id_token"), postLogoutURI, "state", "s"))
	require.Equal(t, postLogoutURI+"?state=s", p.location.String())
	p = b.logout(url.Values{})
	require.Equal(t, http.StatusOK, p.status)
	require.Contains(t, p.body, "Ви вийшли")
	p = b.logout(url.Values{"client_id": {"clinic"}, "post_logout_redirect_uri": {postLogoutURI}})
	require.Nil(t, p.location, "a client id alone takes nobody anywhere")
	require.Equal(t, postLogoutURI, b.confirm(p).location.String())
}

func TestInvalidLogoutRequestEndsNothingAndRedirectsNowhere(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", withPostLogout)
	s.client("other", nil)
	b, tokens := s.signedIn("clinic", "openid")
	hint := tokens.member("id_token")
	for name, c := range map[string]struct {
		parameters url.Values
		says       string
	}{
		"an access token":             {url.Values{"id_token_hint": {tokens.member("access_token")}}, "id_token_hint"},
		"no token":                    {url.Values{"id_token_hint": {"x"}}, "id_token_hint"},
		"another client":              {url.Values{"id_token_hint": {hint}, "client_id": {"other"}}, "client_id"},
		"an unknown client":           {url.Values{"client_id": {"unknown"}}, ""},
		"a slash more":                {hinted(hint, postLogoutURI+"/"), "косою рискою в кінці"},
		"a host in disguise":          {hinted(hint, "https://client.example@elsewhere.example/signed-out"), "elsewhere"},
		"no scheme":                   {hinted(hint, "//elsewhere.example/"), "elsewhere.example"},
		"the redirect URI of sign-in": {hinted(hint, redirectURI), "відрізняється шляхом"},
		"twice": {url.Values{
			"id_token_hint": {hint}, "post_logout_redirect_uri": {postLogoutURI, postLogoutURI},
		}, "2 times"},
	} {
		t.Run(name, func(t *testing.T) {
			if !c.parameters.Has("post_logout_redirect_uri") {
				c.parameters.Set("post_logout_redirect_uri", postLogoutURI)
			}
			p := b.logout(c.parameters)
			require.Equal(t, http.StatusBadRequest, p.status, p.body)
			require.Nil(t, p.location)
			require.Contains(t, p.header.Get("Content-Type"), "text/html")
			require.Contains(t, p.body, c.says)
			require.NotContains(t, p.body, `href="https://elsewhere.example`)
			require.True(t, b.isSignedIn("clinic"))
		})
	}
}

func TestAccountPageIsShownAfterTheSignInThatItAskedFor(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	b := s.browser()
	p := b.signIn(b.get(s.server.URL + "/login/account"))
	require.Equal(t, "/login/account", p.url.Path)
	require.Contains(t, p.body, "doctor@example.com")
}

func TestSealedLogoutRequestIsNotTakenForAnAuthorizationRequest(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", withPostLogout)
	b, _ := s.signedIn("clinic", "openid")
	parameters := request("clinic", "openid")
	parameters.Set("prompt", "consent")
	asked := b.logout(parameters)
	sealed := "?request=" + url.QueryEscape(asked.request(t))
	require.Equal(t, http.StatusBadRequest, b.get(s.server.URL+"/login/consent"+sealed).status)
	require.Equal(t, "/login/sign-out", b.get(s.server.URL+"/login/continue"+sealed).url.Path)
}
