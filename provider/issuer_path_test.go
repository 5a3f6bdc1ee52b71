package provider_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

// withIssuerPath gives the issuer of a stack a path.
func withIssuerPath(o *provider.Options) {
	issuer := *o.Issuer
	issuer.Path, o.Issuer = "/id", &issuer
}

func TestAnIssuerWithAPathIsServedUnderIt(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], withIssuerPath)
	s.client("clinic", nil)
	issuer := s.server.URL + "/id"
	discovered, err := oidc.NewProvider(t.Context(), issuer)
	require.NoError(t, err)
	config := oauth2.Config{
		ClientID: "clinic", ClientSecret: secret + "clinic", Endpoint: discovered.Endpoint(), RedirectURL: redirectURI,
		Scopes: []string{"openid"},
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := s.browser()
	b.http.Jar = jar
	verifier := oauth2.GenerateVerifier()
	signIn := b.get(config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)))
	require.Equal(t, "/id/login/sign-in", signIn.url.Path, signIn.body)
	consent := b.post(issuer+"/login/sign-in", url.Values{
		"request": {signIn.request(t)}, "username": {"doctor@example.com"}, "password": {password},
	})
	require.Equal(t, "/id/login/consent", consent.url.Path, consent.body)
	agreed := b.post(issuer+"/login/consent",
		url.Values{"request": {consent.request(t)}, "decision": {"accept"}, "scope": {"openid"}})
	require.NotNil(t, agreed.location, agreed.body)
	token, err := config.Exchange(t.Context(), agreed.location.Query().Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	idToken, err := discovered.Verifier(
		&oidc.Config{ClientID: "clinic", Now: s.clock.Now}).Verify(t.Context(), token.Extra("id_token").(string))
	require.NoError(t, err)
	require.Equal(t, issuer, idToken.Issuer)
	_, err = discovered.UserInfo(t.Context(), config.TokenSource(t.Context(), token))
	require.NoError(t, err)

	at := func(path string) []*http.Cookie {
		u, err := url.Parse(s.server.URL + path)
		require.NoError(t, err)
		return jar.Cookies(u)
	}
	require.NotEmpty(t, at("/id/login/account"))
	require.Empty(t, at("/"), "what else the host serves does not see the cookies")
	require.Empty(t, at("/identity"))
}

func TestMetadataOfAnIssuerWithAPathIsServedAtBothWellKnownAddresses(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], withIssuerPath)
	for path, status := range map[string]int{
		"/id" + oauth.PathDiscovery: http.StatusOK, oauth.PathDiscovery + "/id": http.StatusOK,
		"/id" + oauth.PathServerMetadata: http.StatusOK, oauth.PathServerMetadata + "/id": http.StatusOK,
		"/id" + oauth.PathJWKS: http.StatusOK,
		oauth.PathDiscovery:    http.StatusOK, // as from a proxy that cuts the path off
		oauth.PathJWKS + "/id": http.StatusNotFound, oauth.PathDiscovery + "/other": http.StatusNotFound,
		"/identity" + oauth.PathDiscovery: http.StatusNotFound, "/id/id" + oauth.PathDiscovery: http.StatusNotFound,
	} {
		got := s.browser().get(s.server.URL + path)
		require.Equal(t, status, got.status, path)
		if status == http.StatusOK && path != "/id"+oauth.PathJWKS {
			require.Contains(t, got.body, `"issuer":"`+s.server.URL+`/id"`, path)
		}
	}
}
