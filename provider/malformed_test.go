package provider_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const goodQuery = "response_type=code&client_id=clinic&redirect_uri=https%3A%2F%2Fclient.example%2Fcallback&" +
	"scope=openid"

func TestMalformedParameterIsAnErrorAtTheClientsRedirectURI(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", nil)
	for more, state := range map[string]string{
		"&state=s-1&scope=profile":                              "s-1",
		"&state=s-1&nonce=a&nonce=a":                            "s-1",
		"&state=s-1&prompt=none&prompt=login":                   "s-1",
		"&state=s-1&response_type=code":                         "s-1",
		"&state=s-1&response_mode=query&response_mode=query":    "s-1",
		"&state=s-1&unknown=1&unknown=2":                        "s-1",
		"&state=s-1&nonce=%01":                                  "s-1",
		"&state=s-1&nonce=%ff":                                  "s-1",
		"&state=s-1&nonce=%zz":                                  "s-1",
		"&state=s-1&" + strings.Repeat("a=1&", 2):               "s-1",
		"&state=s-1&%01=x":                                      "s-1",
		"&state=a%00b":                                          "a\x00b",
		"&state=a%1bb":                                          "a\x1bb",
		"&state=a%7fb":                                          "a\x7fb",
		"&state=%ff":                                            "\xff",
		"&state=s-1&state=s-2":                                  "",
		"&state=s-1&" + strings.Join(repeated(101, "p"), "=1&"): "s-1",
	} {
		get := s.browser().get(s.server.URL + oauth.PathAuthorize + "?" + goodQuery + more)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathAuthorize,
			strings.NewReader(goodQuery+more))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, p := range []page{get, s.browser().do(r)} {
			require.NotNil(t, p.location, "%s: %d %s", more, p.status, p.body)
			require.True(t, strings.HasPrefix(p.location.String(), redirectURI+"?"), p.location)
			require.Equal(t, "invalid_request", p.parameters().Get("error"), more)
			require.Equal(t, state, p.parameters().Get("state"), more)
			require.NotEmpty(t, p.parameters().Get("iss"))
			require.Regexp(t, `^[\x21-\x7e]+$`, p.header.Get("Location"), "nothing raw in a header")
		}
	}
	posted := s.browser().get(
		s.server.URL + oauth.PathAuthorize + "?" + goodQuery + "&state=a%01b&response_mode=form_post",
	)
	require.Equal(t, http.StatusOK, posted.status)
	require.Contains(t, posted.body, "invalid_request")
}

// A client's address is gone to only where the request says once, and rightly, which client and which address.
func TestAttackMalformedRequestRedirectsToAnUnregisteredURI(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", nil)
	s.client("other", func(c *storage.Client) { c.Connections[0].RedirectURIs = []string{"https://evil.example/cb"} })
	const evil, own = "https%3A%2F%2Fevil.example%2Fcb", "https%3A%2F%2Fclient.example%2Fcallback"
	for _, query := range []string{
		goodQuery + "&redirect_uri=" + evil, goodQuery + "&redirect_uri=" + own, goodQuery + "&client_id=other",
		goodQuery + "&client_id=clinic", goodQuery + "&client_id=", goodQuery + "&redirect_uri=",
		"response_type=code&client_id=clinic&redirect_uri=" + evil + "&state=a%01b",
		"response_type=code&client_id=clinic&redirect_uri=" + own + "%01&state=a%01b",
		"response_type=code&client_id=clinic&redirect_uri=%zz&state=a%01b",
		"response_type=code&client_id=clinic&state=a%01b", "client_id=cli%01nic&redirect_uri=" + own,
		"response_type=code&redirect_uri=" + own + "&state=a%01b", "client_id=nobody&redirect_uri=" + own + "&state=a%01b",
	} {
		p := s.browser().get(s.server.URL + oauth.PathAuthorize + "?" + query)
		require.Nil(t, p.location, query)
		require.Equal(t, http.StatusBadRequest, p.status, query)
	}
}

func TestSemicolonIsDataInQueriesAndBodies(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		signIn := b.get(s.server.URL + oauth.PathAuthorize + "?" + goodQuery + "&state=a;b=c")
		require.Equal(t, "/login/sign-in", signIn.url.Path, signIn.body)
		r, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodPost,
			s.server.URL+"/login/sign-in;x?a;b",
			strings.NewReader(
				"request="+signIn.request(t)+"&username=doctor@example.com&password="+url.QueryEscape(password)+"&note=a;b"),
		)
		require.NoError(t, err)
		r.URL.Path, r.URL.RawQuery = "/login/sign-in", "a;b"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", s.server.URL)
		p := b.decide(b.do(r), "accept")
		require.Equal(t, "a;b=c", p.parameters().Get("state"))
		a := s.raw(oauth.PathToken, "application/x-www-form-urlencoded",
			"grant_type=authorization_code&client_id=clinic&client_secret="+url.QueryEscape(secret+"clinic")+
				"&code="+p.parameters().Get("code")+"&redirect_uri="+url.QueryEscape(redirectURI)+"&note=a;b;client_id=x", nil)
		require.Equal(t, http.StatusOK, a.status, a.raw)
		out := b.get(s.server.URL + oauth.PathLogout + "?state=a;b")
		require.Equal(t, http.StatusOK, out.status, out.body)
	})
}

func TestBasicWithAnEmptyPasswordCountsAsNoAuthentication(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("app", func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone })
	s.client("clinic", nil)
	basic := func(id string) http.Header {
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"))}}
	}
	const form = "application/x-www-form-urlencoded"
	a := s.raw(oauth.PathToken, form, "grant_type=refresh_token&refresh_token=wrong", basic("app"))
	require.Equal(t, "invalid_grant", a.body["error"], a.raw)
	a = s.raw(oauth.PathToken, form, "grant_type=refresh_token&refresh_token=wrong&client_id=other", basic("app"))
	require.Equal(t, "invalid_client", a.body["error"], "two ids authenticate nobody")
	require.Equal(t, http.StatusOK, s.raw(oauth.PathRevoke, form, "token=wrong", basic("app")).status)
	for _, path := range []string{oauth.PathToken, oauth.PathRevoke, oauth.PathIntrospect} {
		a = s.raw(path, form, "grant_type=client_credentials&token=x", basic("clinic"))
		require.Equal(t, http.StatusUnauthorized, a.status, "a client with a secret must show it: %s", a.raw)
	}
}
