package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func withPostLogout(c *storage.Client) {
	c.Metadata.PostLogoutRedirectURIs = []string{postLogoutURI, postLogoutURI + "?tenant=1"}
}

// forgedHint is the hint with another header, payload kept, and a signature by whoever.
func forgedHint(t *testing.T, hint string) (withoutSignature, byAnother string) {
	parts := strings.Split(hint, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	s := newStack(t, storagetest.Engines()[0])
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	byAnother, err = s.keys.Sign(jwks.RS256, "JWT", payload)
	require.NoError(t, err)
	return none + "." + parts[1] + ".", byAnother
}

func TestAClientSignsItsUserOut(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", withPostLogout)
		s.client("pairwise", func(c *storage.Client) {
			withPostLogout(c)
			c.Metadata.SubjectType = storage.SubjectTypePairwise
		})
		state := strings.Repeat("state-with-ö&=+ ", 8) + "x"
		for name, c := range map[string]struct {
			client     string
			parameters url.Values
			post       bool
			advance    time.Duration
			location   string
		}{
			"with a state": {
				client: "clinic", parameters: url.Values{"state": {state}},
				location: postLogoutURI + "?" + url.Values{"state": {state}}.Encode(),
			},
			"without a state": {client: "clinic", location: postLogoutURI},
			"by a form": {
				client: "clinic", post: true, parameters: url.Values{"state": {"s"}},
				location: postLogoutURI + "?state=s",
			},
			"with a client id too": {
				client: "clinic", parameters: url.Values{"client_id": {"clinic"}}, location: postLogoutURI,
			},
			"a pairwise client":           {client: "pairwise", location: postLogoutURI},
			"with a hint that is expired": {client: "clinic", advance: 2 * time.Hour, location: postLogoutURI},
			"to an address with a query": {client: "clinic", location: postLogoutURI + "?tenant=1&state=s", parameters: url.Values{
				"post_logout_redirect_uri": {postLogoutURI + "?tenant=1"}, "state": {"s"},
			}},
		} {
			t.Run(name, func(t *testing.T) {
				b, tokens := s.signedIn(c.client, "openid")
				parameters := hinted(tokens.text("id_token"), postLogoutURI)
				for name, values := range c.parameters {
					parameters[name] = values
				}
				if c.advance > 0 {
					s.clock.Advance(c.advance / 3)
					require.True(t, b.isSignedIn(c.client), "used within the idle time")
					s.clock.Advance(c.advance / 3)
					require.True(t, b.isSignedIn(c.client))
					s.clock.Advance(c.advance / 3)
				}
				var p page
				if c.post {
					p = b.post(s.server.URL+provider.PathLogout, parameters)
				} else {
					p = b.logout(parameters)
				}
				require.Equal(t, http.StatusSeeOther, p.status, p.body)
				require.Equal(t, c.location, p.location.String())
				require.False(t, b.isSignedIn(c.client))
				if c.client != "pairwise" {
					info := s.userinfo(tokens.text("access_token"))
					require.Equal(t, http.StatusUnauthorized, info.status, "the grant ended with the session")
				}
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

		require.Equal(t, postLogoutURI, b.logout(hinted(offline.text("id_token"), postLogoutURI)).location.String())

		require.Equal(t, http.StatusOK, s.refresh("clinic", offline.text("refresh_token")).status)
		require.Equal(t, http.StatusOK, s.refresh("deployed", deployed.text("refresh_token")).status)
		require.Equal(t, http.StatusOK, s.redeem("deployed", waiting).status)
		require.Equal(t, "invalid_grant", s.redeem("clinic", ended).text("error"))
	})
}

func TestWithoutAHintOfWhoIsSignedInThePersonIsAsked(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", withPostLogout)
	_, other := s.signedIn("clinic", "openid")
	for name, c := range map[string]struct {
		parameters url.Values
		location   string
	}{
		"no parameters":         {url.Values{}, ""},
		"only a state":          {url.Values{"state": {"s"}}, ""},
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
		asked := b.logout(hinted(other.text("id_token"), postLogoutURI))
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

func TestWithoutASessionTheBrowserGoesStraightOn(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", withPostLogout)
	_, tokens := s.signedIn("clinic", "openid")
	b := s.browser()
	p := b.logout(hinted(tokens.text("id_token"), postLogoutURI, "state", "s"))
	require.Equal(t, postLogoutURI+"?state=s", p.location.String())
	p = b.logout(url.Values{})
	require.Equal(t, http.StatusOK, p.status)
	require.Contains(t, p.body, "Ви вийшли")
	p = b.logout(url.Values{"client_id": {"clinic"}, "post_logout_redirect_uri": {postLogoutURI}})
	require.Nil(t, p.location, "a client id alone takes nobody anywhere")
	require.Equal(t, postLogoutURI, b.confirm(p).location.String())
}

func TestARequestThatIsNotRightEndsNothingAndGoesNowhere(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", withPostLogout)
	s.client("other", nil)
	b, tokens := s.signedIn("clinic", "openid")
	hint := tokens.text("id_token")
	unsigned, byAnother := forgedHint(t, hint)
	for name, c := range map[string]struct {
		parameters url.Values
		says       string
	}{
		"alg none":                    {url.Values{"id_token_hint": {unsigned}}, "id_token_hint"},
		"another signer":              {url.Values{"id_token_hint": {byAnother}}, "id_token_hint"},
		"an access token":             {url.Values{"id_token_hint": {tokens.text("access_token")}}, "id_token_hint"},
		"no token":                    {url.Values{"id_token_hint": {"x"}}, "id_token_hint"},
		"another client":              {url.Values{"id_token_hint": {hint}, "client_id": {"other"}}, "client_id"},
		"no client":                   {url.Values{"id_token_hint": {}}, ""},
		"an unknown client":           {url.Values{"client_id": {"unknown"}}, ""},
		"unregistered":                {hinted(hint, "https://elsewhere.example/"), "elsewhere.example"},
		"a query more":                {hinted(hint, postLogoutURI+"?a=b"), "differs in its query"},
		"a slash more":                {hinted(hint, postLogoutURI+"/"), "trailing slash"},
		"a host in disguise":          {hinted(hint, "https://client.example@elsewhere.example/signed-out"), "elsewhere"},
		"no scheme":                   {hinted(hint, "//elsewhere.example/"), "elsewhere.example"},
		"the redirect URI of sign-in": {hinted(hint, redirectURI), "another path"},
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

func TestDiscoveryNamesWhatLogoutNeeds(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.browser().get(s.server.URL+provider.PathDiscovery).body), &document))
	require.Equal(t, s.server.URL+provider.PathLogout, document["end_session_endpoint"])
	require.Equal(t, s.server.URL+provider.PathSession, document["check_session_iframe"])
	for _, name := range []string{
		"frontchannel_logout_supported", "frontchannel_logout_session_supported",
		"backchannel_logout_supported", "backchannel_logout_session_supported",
	} {
		require.Equal(t, true, document[name], name)
	}
}

func TestTheAccountPageComesBackAfterASignIn(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	b := s.browser()
	p := b.signIn(b.get(s.server.URL + "/login/account"))
	require.Equal(t, "/login/account", p.url.Path)
	require.Contains(t, p.body, "doctor@example.com")
}

func TestASealedLogoutIsNoAuthorizationRequest(t *testing.T) {
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
