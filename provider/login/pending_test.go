package login

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPendingRequestIsUnsealedAsItWasSealed(t *testing.T) {
	f := newFixture(t)
	sealed := Interaction{
		Frontend: "standard", Query: "scope=openid&state=%26", At: f.clock.Now().UnixMicro() - 7,
		ClientID: testClient, LoginHint: "hint", UILocales: "uk en", UserID: f.userID,
	}
	b := f.browser()
	b.begin("")
	r := b.request(t)
	value, err := f.Seal(nil, r, sealed)
	require.NoError(t, err)
	require.NotContains(t, value, "openid")
	r.URL.RawQuery = "request=" + value

	opened, err := f.OpenInteraction(r)

	require.NoError(t, err)
	require.Equal(t, sealed, opened)
}

// request is one that carries the browser's cookie.
func (b *browser) request(t *testing.T) *http.Request {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.f.server.URL, nil)
	require.NoError(t, err)
	r.AddCookie(b.cookie(browserCookie))
	return r
}

func TestPendingRequestExpiresAfterHalfAnHour(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("")

	f.clock.advance(PendingLifetime)
	require.Contains(t, b.signIn(form, testEmail, "not it").body, "Неправильна")
	f.clock.advance(time.Second)
	p := b.signIn(form, testEmail, testPassword)

	require.Equal(t, http.StatusBadRequest, p.StatusCode)
	require.Contains(t, p.body, "Час на вхід вичерпано")
	require.Nil(t, b.cookie(sessionCookie))
}

func TestAPendingRequestOfAnotherBrowserIsRefused(t *testing.T) {
	f := newFixture(t)
	form := f.browser().begin("")
	other := f.browser()

	require.Equal(t, http.StatusBadRequest, other.get(PathSignIn+"?request="+form.request(t)).StatusCode)
	other.begin("")
	p := other.signIn(form, testEmail, testPassword)

	require.Equal(t, http.StatusBadRequest, p.StatusCode)
	require.Contains(t, p.body, "не з того браузера")
	require.Nil(t, other.cookie(sessionCookie))
}

func TestADamagedPendingRequestIsRefused(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	sealed := b.begin("").request(t)
	changed := []byte(sealed)
	changed[len(changed)/2] ^= 1
	for name, query := range map[string]string{
		"missing":   "",
		"empty":     "request=",
		"short":     "request=AAAA",
		"not text":  "request=%00%ff",
		"changed":   "request=" + url.QueryEscape(string(changed)),
		"cut":       "request=" + sealed[:len(sealed)-4],
		"repeated":  "request=" + sealed + "&request=" + sealed,
		"oversized": "request=" + strings.Repeat("A", maximumPending+1),
	} {
		p := b.get(PathSignIn + "?" + query)
		require.Equal(t, http.StatusBadRequest, p.StatusCode, name)
		require.Contains(t, p.body, "invalid_request", name)
	}
}

func TestPendingRequestThatIsTooLargeIsRefused(t *testing.T) {
	f := newFixture(t)
	p := f.browser().begin("scope=" + incompressible(maximumPending))
	require.Equal(t, http.StatusRequestURITooLong, p.StatusCode)
}

func TestSealedRequestIsLittleLongerThanItsQuery(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.begin("")
	query := strings.Repeat("a=b&", 1000)
	sealed, err := f.Seal(nil, b.request(t), Interaction{Query: query})
	require.NoError(t, err)
	require.Less(t, len(sealed), len(query)*4/3+200)
}

func TestTwoTabsShareTheBrowserCookie(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	first := b.begin("state=1")
	cookie := b.cookie(browserCookie).Value
	b.begin("state=2")
	require.Equal(t, cookie, b.cookie(browserCookie).Value)
	require.Equal(t, "signed in as "+testEmail, b.signIn(first, testEmail, testPassword).body)
}

func TestPendingRequestRedirectsWith303AndNoBody(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := b.begin("")
	require.Equal(t, http.StatusSeeOther, p.StatusCode)
	require.True(t, strings.HasPrefix(p.Header.Get("Location"), PathSignIn+"?request="))
	require.Equal(t, "no-store", p.Header.Get("Cache-Control"))
	require.Equal(t, "same-origin", p.Header.Get("Referrer-Policy"))
}

// incompressible is a text of n random characters.
func incompressible(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)[:n]
}

func TestALongPendingRequestIsSealedShorterThanItIs(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.begin("")
	for query, most := range map[string]int{
		incompressible(4000): 4000 + 400, strings.Repeat("a=b&", 1000): 400, strings.Repeat("%D0%9E", 600): 400,
	} {
		r := b.request(t)
		sealed, err := f.Seal(nil, r, Interaction{Query: query, At: f.clock.Now().UnixMicro()})
		require.NoError(t, err)
		require.Less(t, len(sealed), most)
		r.URL.RawQuery = "request=" + sealed
		opened, err := f.OpenInteraction(r)
		require.NoError(t, err)
		require.Equal(t, query, opened.Query)
	}
}

// Servers of the release before seal without compressing, while both run.
func TestLongPendingRequestOfThePreviousReleaseIsUnsealed(t *testing.T) {
	want := Interaction{Query: incompressible(3000), At: 1}
	plaintext, err := json.Marshal(want)
	require.NoError(t, err)
	opened, err := decodePending(plaintext)
	require.NoError(t, err)
	require.Equal(t, want, opened)
}

// A few kilobytes that unpack to many megabytes must not be unpacked, whoever had the key to seal them.
func TestAttackPendingRequestThatUnpacksToMegabytes(t *testing.T) {
	bomb := bytes.NewBuffer([]byte{compressedMark})
	w, err := flate.NewWriter(bomb, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(append([]byte(`{"query":"`), bytes.Repeat([]byte("a"), 8<<20)...))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, bomb.Len(), 10<<10)
	_, err = decodePending(bomb.Bytes())
	require.ErrorIs(t, err, errPlainTooLarge)
	for _, damaged := range [][]byte{nil, {compressedMark}, {compressedMark, 1, 2, 3}, bomb.Bytes()[:1000],
		[]byte("text")} {
		_, err = decodePending(damaged)
		require.Error(t, err)
	}
}

func TestPendingRequestIsSealedUnderAKeyOfItsBrowser(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.begin("")
	r := b.request(t)
	value, err := f.Seal(nil, r, Interaction{Query: "scope=openid"})
	require.NoError(t, err)
	raw, err := base64.RawURLEncoding.DecodeString(value)
	require.NoError(t, err)
	cookie := f.layout.readToken(r, browserCookie)

	permanent, err := newSealer(f.interactions.key)
	require.NoError(t, err)
	_, err = openWith(permanent, raw, cookie)
	require.Error(t, err, "the permanent key seals nothing")
	other, err := f.browserSealer("another cookie")
	require.NoError(t, err)
	_, err = openWith(other, raw, cookie)
	require.Error(t, err, "nor does the key of another browser")
}

func TestPendingRequestOfThePreviousReleaseIsUnsealed(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.begin("")
	r := b.request(t)
	permanent, err := newSealer(f.interactions.key)
	require.NoError(t, err)
	nonce := make([]byte, permanent.NonceSize())
	plaintext := fmt.Sprintf(`{"query":"scope=openid","at":%d}`, f.clock.Now().UnixMicro())
	sealed := permanent.Seal(nonce, nonce, []byte(plaintext), []byte(f.layout.readToken(r, browserCookie)))
	r.URL.RawQuery = "request=" + base64.RawURLEncoding.EncodeToString(sealed)

	opened, err := f.OpenInteraction(r)

	require.NoError(t, err)
	require.Equal(t, "scope=openid", opened.Query)
}
