package provider_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

var aFrame = regexp.MustCompile(`<iframe src="([^"]+)"`)

func TestClientsHearOfALogoutInFramesAndThenTheBrowserGoesOn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		frames := func(uri string) func(*storage.Client) {
			return func(c *storage.Client) { withPostLogout(c); c.Metadata.FrontchannelLogoutURI = uri }
		}
		s.client("clinic", frames("https://clinic.example/logout?tenant=1"))
		s.client("pharmacy", frames("https://pharmacy.example:8443/logout"))
		s.client("absent", frames("https://absent.example/logout"))
		b, tokens := s.signedIn("clinic", "openid")
		other := s.redeem("pharmacy", b.code(request("pharmacy", "openid")))

		p := b.logout(hinted(tokens.text("id_token"), postLogoutURI, "state", "s"))
		require.Equal(t, http.StatusOK, p.status)
		var seen []string
		for _, found := range aFrame.FindAllStringSubmatch(p.body, -1) {
			seen = append(seen, html.UnescapeString(found[1]))
		}
		query := func(tokens answer) string {
			return url.Values{"iss": {s.server.URL}, "sid": {claimsOf(t, tokens.text("id_token"))["sid"].(string)}}.Encode()
		}
		require.Equal(t, []string{
			"https://clinic.example/logout?tenant=1&" + query(tokens), "https://pharmacy.example:8443/logout?" + query(other),
		}, seen)
		require.Contains(t, p.header.Get("Content-Security-Policy"),
			"; frame-src https://clinic.example https://pharmacy.example:8443")
		require.Equal(t, "2; url="+postLogoutURI+"?state=s", p.header.Get("Refresh"))
		require.Contains(t, p.body, `<a href="`+postLogoutURI+`?state=s" id="logout-continue">`)
		require.False(t, b.isSignedIn("clinic"))
	})
}

func TestSigningOutByThePersonTellsClientsInFramesToo(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", func(c *storage.Client) { c.Metadata.FrontchannelLogoutURI = "https://clinic.example/logout" })
	for _, path := range []string{"/login/sign-out", "/login/account"} {
		b, _ := s.signedIn("clinic", "openid")
		p := b.post(s.server.URL+path, url.Values{"sign_out_everywhere": {"yes"}, "user": {s.userID}})
		require.Len(t, aFrame.FindAllString(p.body, -1), 1, path)
		require.Empty(t, p.header.Get("Refresh"))
		require.Contains(t, p.body, "Ви вийшли")
	}
}

func TestAHostThatWouldSayMoreInAPolicyIsNotNamedThere(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", func(c *storage.Client) { c.Metadata.FrontchannelLogoutURI = "https://a.example;script-src:443/logout" })
	b, _ := s.signedIn("clinic", "openid")
	p := b.post(s.server.URL+"/login/sign-out", nil)
	require.NotContains(t, p.header.Get("Content-Security-Policy"), "script-src")
}
