package provider_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestARedirectURIThatCannotWorkIsRefusedWithTheReason(t *testing.T) {
	s := registering(t, generous)
	for uri, terms := range map[string]string{
		"https://client.example/cb?state=x":          "has the parameter state",
		"https://client.example/cb?code=x":           "has the parameter code",
		"https://client.example/cb?a=b&iss=x":        "has the parameter iss",
		"https://client.example/cb?error":            "has the parameter error",
		"https://client.example/cb?response=":        "has the parameter response",
		"https://client.example/cb?error_uri=1":      "has the parameter error_uri",
		"https://client.example/cb?session_state=1":  "has the parameter session_state",
		"https://client.example/cb?id_token=1":       "has the parameter id_token",
		"https://client.example/cb?access_token=1":   "has the parameter access_token",
		"https://client.example/cb?%73tate=x":        "has the parameter state",
		"https://client.example/cb?a;state=x":        "has the parameter state",
		"https://*.example.org/cb":                   "wildcard",
		"https://client.*/cb":                        "wildcard",
		"https://client.example:*/cb":                "wildcard",
		"https://client.example/*":                   "wildcard",
		"https://client.example/**/cb":               "wildcard",
		"https://client..example/cb":                 "host",
		"https://.client.example/cb":                 "host",
		"https://client.example,other.example/cb":    "host",
		"https://xn--80a(.example/cb":                "host",
		"https://client.example/%2e%2e/state?code=x": "dot segment",
	} {
		s.requireRefused(s.register(metadata("redirect_uris", []string{redirectURI, uri})), http.StatusBadRequest,
			"invalid_redirect_uri", terms)
	}
	s.requireRefused(s.register(metadata("post_logout_redirect_uris", []string{"https://client.example/out?state=x"})),
		http.StatusBadRequest, "invalid_client_metadata", "has the parameter state")
	s.requireRefused(s.register(metadata("frontchannel_logout_uri", "https://client.example/out?sid=x")),
		http.StatusBadRequest, "invalid_client_metadata", "has the parameter sid")
	for _, uri := range []string{
		"https://client.example/cb?tenant=a&states=b", "https://client.example/cb?stat*e=1", "https://client.example/a*b",
		"https://my_host.example/cb", "https://xn--80ak6aa92e.example/cb", "https://[2001:db8::1]/cb",
		"http://localhost:3000/cb",
	} {
		s.registered(metadata("redirect_uris", []string{uri}))
	}
	s.registered(metadata("post_logout_redirect_uris", []string{"https://client.example/out?code=x"}))
}

func TestTheHintAboutARedirectURINamesTheFirstTrueDifference(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", func(c *storage.Client) {
		c.Metadata.ApplicationType = "native"
		c.Connections[0].RedirectURIs = []string{
			"https://other.example/", "http://client.example:8080/else", "http://127.0.0.1/cb", "https://client.example/cb?x=1",
			"https://client.example/callback", "com.example.app:/cb",
		}
	})
	for uri, terms := range map[string]string{
		"https://client.example/callback/":         "trailing slash",
		"http://127.0.0.1:4000/cb/":                "trailing slash",
		"http://127.0.0.1:4000/other":              "another path",
		"http://127.0.0.1:4000/cb?x=1":             "query",
		"https://127.0.0.1/cb":                     "scheme",
		"http://client.example/callback":           "port",
		"ftp://client.example/callback":            "scheme",
		"https://client.example:8443/callback":     "port",
		"https://client.example/callback?":         "query",
		"https://client.example/cb?x=2":            "query",
		"https://client.example/CallBack":          "capital letters",
		"https://CLIENT.example/callback":          "capital letters",
		"https://client.example/nowhere":           "another path",
		"https://client.example/callback#x":        "fragment",
		"https://a@client.example/callback":        "user information",
		"com.example.app:/cb/":                     "trailing slash",
		"com.example.app:/other":                   "another path",
		"/callback":                                "not an absolute URI",
		"https://client.example.evil.example/x":    "",
		"https://unrelated.example/callback":       "",
		"com.example.other:/cb":                    "",
		"https://client.example/callback/?state=1": "trailing slash",
	} {
		q := request("clinic", "openid")
		q.Set("redirect_uri", uri)
		q.Set("ui_locales", "uk")
		ukrainian := s.browser().authorize(q).body
		require.Contains(t, ukrainian, `<html lang="uk">`)
		require.Contains(t, ukrainian, "Адреса повернення не збігається з жодною з адрес")
		require.NotRegexp(t, `(?i)is none of|one of them|absolute URI`, ukrainian, "no English sentence on a Ukrainian page")
		q.Set("ui_locales", "en")
		p := s.browser().authorize(q)
		require.Nil(t, p.location, uri)
		if terms == "" {
			require.NotContains(t, p.body, "One of them", uri)
			require.NotContains(t, ukrainian, "однієї із зареєстрованих", uri)
			continue
		}
		require.Contains(t, p.body, terms, uri)
	}
}
