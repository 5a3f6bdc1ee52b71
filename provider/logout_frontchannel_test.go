package provider_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestSignOutOnThePageLoadsTheFrontChannelFramesOfClients(t *testing.T) {
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

func TestHostThatWouldExtendTheContentSecurityPolicyIsLeftOut(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic",
		func(c *storage.Client) { c.Metadata.FrontchannelLogoutURI = "https://a.example;script-src:443/logout" })
	b, _ := s.signedIn("clinic", "openid")
	p := b.post(s.server.URL+"/login/sign-out", nil)
	require.NotContains(t, p.header.Get("Content-Security-Policy"), "script-src")
}
