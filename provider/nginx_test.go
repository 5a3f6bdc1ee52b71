package provider_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

// behindNginx is the provider behind an nginx of a configuration that has the addresses of the guide.
func behindNginx(t *testing.T, configuration string) *stack {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", nil)
	upstream := strings.TrimPrefix(s.server.URL, "http://")
	s.server.URL = storagetest.StartNginx(t, func(listen string) string {
		return strings.NewReplacer("127.0.0.1:8000", listen, "127.0.0.1:8080", upstream).Replace(configuration)
	})
	return s
}

// sharedBrowser is a browser in which as many people have signed in before as its device cookie can name.
func (s *stack) sharedBrowser(t *testing.T) *browser {
	b := s.browser()
	for i := range 8 {
		email := fmt.Sprintf("nurse-%d-%s@example.com", i, s.store.NewID())
		s.user(email)
		q := request("clinic", "openid")
		q.Set("prompt", "login")
		p := b.authorize(q)
		signedIn := b.post(s.server.URL+"/login/sign-in",
			url.Values{"request": {p.request(t)}, "username": {email}, "password": {password}})
		require.Equal(t, "/login/consent", signedIn.url.Path, signedIn.body)
	}
	server, err := url.Parse(s.server.URL)
	require.NoError(t, err)
	later := s.browser()
	for _, cookie := range b.http.Jar.Cookies(server) {
		if cookie.Name == "ithildin-device" {
			later.http.Jar.SetCookies(server, []*http.Cookie{cookie})
		}
	}
	require.Len(t, later.http.Jar.Cookies(server), 1)
	return later
}

// throughNginx signs a person in with a state.
func (s *stack) throughNginx(t *testing.T, state string) {
	q := request("clinic", "openid profile email")
	q.Set("state", state)
	q.Set("prompt", "consent")
	b := s.sharedBrowser(t)
	signIn := b.get(s.server.URL + oauth.PathAuthorize + "?" + q.Encode())
	require.Equal(t, http.StatusOK, signIn.status, "%d bytes of state: %s", len(url.QueryEscape(state)), signIn.body)
	p := b.decide(b.signIn(signIn), "accept")
	require.NotNil(t, p.location, "%d %s", p.status, p.body)
	require.Equal(t, state, p.parameters().Get("state"))
}

func random(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)[:n]
}

// The buffer of nginx for the header of an answer is one page of memory. What a client keeps in its state is often an
// encoded JSON, a signed token, or an address to go back to.
func TestLongStatePassesNginxWithItsDefaultBuffers(t *testing.T) {
	s := behindNginx(t, `server {
		listen 127.0.0.1:8000;
		location / { proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:8080; }
	}`)
	for name, state := range map[string]string{
		"random":     random(2550),
		"an address": "https://app.example/patients?" + strings.Repeat("filter[]=active&", 120),
		"JSON, encoded": base64.StdEncoding.EncodeToString([]byte(strings.Repeat(`{"return_to":"/patients/42",`+
			`"tab":"visits"},`, 46))),
		"JSON with Cyrillic": strings.Repeat(`{"лікар":"Олена"}`, 32),
	} {
		require.Greater(t, len(url.QueryEscape(state)), 2500, name)
		t.Run(name, func(t *testing.T) { s.throughNginx(t, state) })
	}
}

func TestVeryLongStatePassesNginxWithTheBuffersOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(guide), "```nginx\n")
	require.True(t, found)
	configuration, _, _ := strings.Cut(rest, "```")
	behindNginx(t, configuration).throughNginx(t, random(11_000))
}
