package provider_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/jwks"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// longState is one of 128 characters, every visible one of RFC 6749 A.5 among them.
var longState = func() string {
	var content strings.Builder
	for i := range 128 {
		content.WriteByte(byte(' ' + i%95))
	}
	return content.String()
}()

// leaving is a browser that is signed in to the clinic by a response type, and the ID token that the clinic keeps.
func (s *stack) leaving(responseType string) (b *browser, hint string) {
	b = s.browser()
	answered := b.approved(requestOf(responseType, "clinic", "openid"))
	if hint = answered.Get("id_token"); hint == "" {
		hint = s.redeem("clinic", answered.Get("code")).member("id_token")
	}
	return b, hint
}

// requireBack demands that the browser goes back to the client with its state and nothing else, and that nobody is
// signed in any more.
func (b *browser) requireBack(t *testing.T, p page, responseType, state string) {
	t.Helper()
	require.NotNil(t, p.location, p.body)
	require.Equal(t, http.StatusSeeOther, p.status)
	address, query, _ := strings.Cut(p.location.String(), "?")
	require.Equal(t, postLogoutURI, address)
	want := url.Values{}
	if state != "" {
		want.Set("state", state)
	}
	got, err := url.ParseQuery(query)
	require.NoError(t, err)
	require.Equal(t, want, got)
	b.requireSignedOut(t, responseType)
}

func (b *browser) requireSignedOut(t *testing.T, responseType string) {
	t.Helper()
	rejected := b.authorize(sending(requestOf(responseType, "clinic", "openid"), "prompt", "none"))
	require.NotNil(t, rejected.location, rejected.body)
	require.Equal(t, "login_required", rejected.parameters().Get("error"))
	require.Equal(t, "s-1", rejected.parameters().Get("state"))
}

func TestConformanceRPInitiatedLogout(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		t.Run("rp-initiated-logout-discovery-endpoint-verification", func(t *testing.T) {
			require.Equal(t, s.server.URL+oauth.PathLogout, s.discovered()["end_session_endpoint"])
		})
		t.Run("rp-initiated-logout", func(t *testing.T) {
			b, hint := s.leaving(responseType)
			b.requireBack(t, b.logout(hinted(hint, postLogoutURI, "state", longState)), responseType, longState)
		})
		t.Run("rp-initiated-logout-no-state", func(t *testing.T) {
			b, hint := s.leaving(responseType)
			b.requireBack(t, b.logout(hinted(hint, postLogoutURI)), responseType, "")
		})
		t.Run("rp-initiated-logout with a hint that has expired", func(t *testing.T) {
			b, hint := s.leaving(responseType)
			for range 2 {
				s.clock.Advance(40 * time.Minute)
				require.True(t, b.isSignedIn("clinic"), "used within the idle time")
			}
			require.Less(t, claimsOf(t, hint)["exp"], float64(s.clock.Now().Unix()))
			b.requireBack(t, b.logout(hinted(hint, postLogoutURI, "state", longState)), responseType, longState)
		})
		t.Run("rp-initiated-logout by POST from another site", func(t *testing.T) {
			b, hint := s.leaving(responseType)
			post := func(form url.Values) page {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathLogout, nil)
				require.NoError(t, err)
				r.Header.Set("Origin", "https://client.example")
				r.Header.Set("Sec-Fetch-Site", "cross-site")
				return b.postFrom(r, form)
			}
			require.Equal(t, "/login/sign-out", post(url.Values{}).url.Path)
			require.True(t, b.isSignedIn("clinic"), "a form elsewhere ends nothing by itself")
			b.requireBack(t, post(hinted(hint, postLogoutURI, "state", longState)), responseType, longState)
		})
		t.Run("rp-initiated-logout-no-post-logout-redirect-uri", func(t *testing.T) {
			b, hint := s.leaving(responseType)
			requireSignedOutPage(t, b.logout(url.Values{"id_token_hint": {hint}, "state": {longState}}))
			b.requireSignedOut(t, responseType)
		})
		for module, parameters := range map[string]url.Values{
			"rp-initiated-logout-no-params": {}, "rp-initiated-logout-only-state": {"state": {longState}},
		} {
			t.Run(module, func(t *testing.T) {
				b, _ := s.leaving(responseType)
				asked := b.logout(parameters)
				require.Equal(t, http.StatusOK, asked.status)
				requireSignedOutPage(t, b.confirm(asked))
				b.requireSignedOut(t, responseType)
			})
		}
		b, hint := s.leaving(responseType)
		parts := strings.Split(hint, ".")
		kid := decodeHeader(t, hint)["kid"].(string)
		for module, c := range map[string]struct {
			parameters url.Values
			says       string
		}{
			"bad-post-logout-redirect-uri": {hinted(hint, "https://elsewhere.example/"), "elsewhere.example"},
			"query-added-to-post-logout-redirect-uri": {hinted(hint, postLogoutURI+"?foo=bar"),
				"відрізняється параметрами запиту"},
			"modified-id-token-hint": {hinted("eyJhbGciOiJub25lIn0."+parts[1]+".", postLogoutURI),
				"id_token_hint"},
			"bad-id-token-hint": {
				hinted(signJWT(t, clientKey(), jose.RS256, withKID(kid), claimsOf(t, hint)), postLogoutURI), "id_token_hint",
			},
			"no-id-token-hint": {url.Values{"post_logout_redirect_uri": {postLogoutURI}}, "client_id"},
		} {
			t.Run("rp-initiated-logout-"+module, func(t *testing.T) {
				p := b.logout(sending(c.parameters, "state", longState))
				requirePage(t, p)
				require.Contains(t, p.body, c.says)
				require.Empty(t, p.header.Get("Refresh"))
				require.NotContains(t, p.body, `href="`+c.parameters.Get("post_logout_redirect_uri"))
				require.True(t, b.isSignedIn("clinic"))
			})
		}
	})
}

// requireSignedOutPage demands the page that says so and leads nowhere.
func requireSignedOutPage(t *testing.T, p page) {
	t.Helper()
	require.Nil(t, p.location)
	require.Equal(t, http.StatusOK, p.status)
	require.Contains(t, p.body, "Ви вийшли")
	require.Empty(t, p.header.Get("Refresh"))
}

func TestConformanceBackChannelLogoutIsDeliveredBeforeTheBrowserIsRedirected(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s, rp, b, tokens := toldStack(t, engine, func(c *storage.Client) { c.Metadata.IDTokenSignedResponseAlg = jwks.ES256 })
		t.Run("backchannel-logout-discovery-endpoint-verification", func(t *testing.T) {
			require.Equal(t, true, s.discovered()["backchannel_logout_supported"])
			require.Equal(t, true, s.discovered()["backchannel_logout_session_supported"])
		})
		t.Run("backchannel-rp-initiated-logout", func(t *testing.T) {
			hint := tokens.member("id_token")
			p := b.logout(hinted(hint, postLogoutURI, "state", longState))
			received := rp.received()
			require.Len(t, received, 1)
			require.Zero(t, s.waiting())
			b.requireBack(t, p, "code", longState)

			header, claims, id := decodeHeader(t, received[0]), claimsOf(t, received[0]), claimsOf(t, hint)
			require.Equal(t, "logout+jwt", header["typ"])
			require.Equal(t, decodeHeader(t, hint)["alg"], header["alg"])
			_, _, err := s.keys.Verify(received[0], jwks.ES256)
			require.NoError(t, err)
			for _, name := range []string{"iss", "sub", "aud", "sid"} {
				require.Equal(t, id[name], claims[name], name)
			}
			require.NotEmpty(t, claims["sid"])
			require.NotEmpty(t, claims["jti"])
			require.NotContains(t, claims, "nonce")
			require.EqualValues(t, s.clock.Now().Unix(), claims["iat"])
			require.EqualValues(t, s.clock.Now().Unix()+120, claims["exp"])
			require.Equal(t, map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
				claims["events"])
		})
	})
}

var aFrame = regexp.MustCompile(`<iframe src="([^"]+)"`)

func TestConformanceFrontChannelLogoutLoadsFramesBeforeTheBrowserIsRedirected(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		frames := func(uri string) func(*storage.Client) {
			return func(c *storage.Client) { withPostLogout(c); c.Metadata.FrontchannelLogoutURI = uri }
		}
		s.client("clinic", frames("https://clinic.example/logout?tenant=1"))
		s.client("pharmacy", frames("https://pharmacy.example:8443/logout"))
		s.client("absent", frames("https://absent.example/logout"))
		t.Run("frontchannel-logout-discovery-endpoint-verification", func(t *testing.T) {
			require.Equal(t, true, s.discovered()["frontchannel_logout_supported"])
			require.Equal(t, true, s.discovered()["frontchannel_logout_session_supported"])
		})
		t.Run("frontchannel-rp-initiated-logout", func(t *testing.T) {
			b, tokens := s.signedIn("clinic", "openid")
			other := s.redeem("pharmacy", b.code(request("pharmacy", "openid")))
			p := b.logout(hinted(tokens.member("id_token"), postLogoutURI, "state", longState))
			require.Equal(t, http.StatusOK, p.status)
			var seen []string
			for _, found := range aFrame.FindAllStringSubmatch(p.body, -1) {
				seen = append(seen, html.UnescapeString(found[1]))
			}
			query := func(tokens reply) string {
				return url.Values{"iss": {s.server.URL}, "sid": {claimsOf(t, tokens.member("id_token"))["sid"].(string)}}.Encode()
			}
			require.Equal(t, []string{
				"https://clinic.example/logout?tenant=1&" + query(tokens), "https://pharmacy.example:8443/logout?" + query(other),
			}, seen)
			require.Contains(t, p.header.Get("Content-Security-Policy"),
				"; frame-src https://clinic.example https://pharmacy.example:8443")
			next := postLogoutURI + "?" + url.Values{"state": {longState}}.Encode()
			require.Equal(t, "2; url="+next, p.header.Get("Refresh"))
			require.Contains(t, html.UnescapeString(p.body), `<a href="`+next+`" id="logout-continue">`)
			b.requireSignedOut(t, "code")
		})
	})
}
