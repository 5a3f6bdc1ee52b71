package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// askedAgain says whether a browser that is signed in, and approved the client before, is asked again by a public
// client.
func askedAgain(t *testing.T, engine storagetest.Engine, uri string) (asked bool, silent url.Values) {
	s := newStack(t, engine)
	s.client("app", func(c *storage.Client) {
		c.Metadata.TokenEndpointAuthMethod, c.Connections[0].Secrets = storage.AuthMethodNone, nil
		c.Metadata.ApplicationType = "native"
		c.Connections[0].RedirectURIs = []string{uri}
	})
	ask := func(more ...string) url.Values {
		q := request("app", "openid profile")
		q.Set("redirect_uri", uri)
		q.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
		q.Set("code_challenge_method", "S256")
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return q
	}
	b := s.browser()
	approved := b.decide(b.signIn(b.authorize(ask())), "accept")
	require.Equal(t, http.StatusSeeOther, approved.status, approved.body)
	again := b.authorize(ask())
	silently := b.authorize(ask("prompt", "none"))
	require.NotNil(t, silently.location, silently.body)
	wider := b.authorize(ask("scope", "openid profile email", "prompt", "none"))
	require.Equal(t, "consent_required", wider.parameters().Get("error"), "what was never approved")
	require.Equal(t, "/login/consent", b.authorize(ask("prompt", "consent")).url.Path, "the client asks for it")
	return again.location == nil, silently.parameters()
}

func TestApprovalIsRememberedForAPublicClientWithAClaimedRedirect(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		asked, silent := askedAgain(t, engine, redirectURI)
		require.False(t, asked)
		require.NotEmpty(t, silent.Get("code"), silent)
	})
}

// Any application of the device can listen there, under the name of the client (RFC 8252 8.6).
func TestAttackApprovedPublicClientBehindARedirectThatAnyoneCanTake(t *testing.T) {
	for _, uri := range []string{
		"http://127.0.0.1/cb", "http://[::1]:9000/cb", "http://localhost/cb", "https://localhost/cb", "https://127.0.0.1/cb",
		"https://app.localhost/cb", "https://LOCALHOST./cb", "com.example.app:/cb",
	} {
		t.Run(uri, func(t *testing.T) {
			asked, silent := askedAgain(t, storagetest.Engines()[0], uri)
			require.True(t, asked)
			require.Equal(t, "consent_required", silent.Get("error"))
		})
	}
}
