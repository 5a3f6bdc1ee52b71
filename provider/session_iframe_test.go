package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/jwks"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func newBareProvider(t *testing.T, issuer string) *Provider {
	store := storagetest.Engines()[0].Open(t)
	keys := jwks.New(KeyStore{Store: store}, jwks.Options{})
	require.NoError(t, keys.Load(t.Context()))
	base, err := url.Parse(issuer)
	require.NoError(t, err)
	p, err := New(t.Context(), Options{Store: store, Keys: keys, Issuer: base})
	require.NoError(t, err)
	return p
}

func TestSessionStateDependsOnClientOriginAndBrowser(t *testing.T) {
	p := newBareProvider(t, "https://op.example")
	client, session := &storage.Client{ID: "clinic"}, storage.LoginSession{SessionID: "session"}
	hash, salt, found := strings.Cut(p.sessionIframe.state(client, "https://Client.example:443/callback?a=b", session),
		".")
	require.True(t, found)
	digest := sha256.Sum256([]byte("clinic https://client.example " + p.login.BrowserState("session") + " " + salt))
	require.Equal(t, base64.RawURLEncoding.EncodeToString(digest[:]), hash)
	again := p.sessionIframe.state(client, "https://client.example/", session)
	require.NotEqual(t, hash+"."+salt, again, "salted")

	require.Empty(t, p.sessionIframe.state(client, "com.example.app:/callback", session), "no origin")
	require.Empty(t, p.sessionIframe.state(client, "https://client.example/", storage.LoginSession{}), "no session")
}

func TestOriginIsSerializedAsBrowsersDo(t *testing.T) {
	for address, want := range map[string]string{
		"https://Client.example/a": "https://client.example", "https://client.example:443": "https://client.example",
		"http://127.0.0.1:80/": "http://127.0.0.1", "http://[::1]:8080/": "http://[::1]:8080",
		"https://client.example:8443/": "https://client.example:8443", "app:/x": "", "/x": "", "": "", "https:///x": "",
	} {
		require.Equal(t, want, inbound.Origin(address), address)
	}
}

func TestOnlyTheSessionIframeMayBeFramed(t *testing.T) {
	p := newBareProvider(t, "https://op.example")
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, httptest.NewRequest("GET", oauth.PathSession, nil))
	require.Equal(t, 200, w.Code)
	require.Empty(t, w.Header().Get("X-Frame-Options"))
	policy := w.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "frame-ancestors *")
	script := w.Body.String()
	script = script[strings.Index(script, "<script>")+len("<script>") : strings.Index(script, "</script>")]
	digest := sha256.Sum256([]byte(script))
	require.Contains(t, policy, "'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'")
	require.Contains(t, script, `"__Host-ithildin-browser-state="`)
}
