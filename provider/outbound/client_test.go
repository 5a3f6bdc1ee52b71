package outbound_test

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/outbound"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// other is a server of somebody else, which counts what reaches it.
type other struct {
	*httptest.Server
	asked atomic.Int64
	roots *x509.CertPool
}

func newOther(t *testing.T, handler http.HandlerFunc) *other {
	o := &other{roots: x509.NewCertPool()}
	o.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		handler(w, r)
	}))
	t.Cleanup(o.Close)
	o.roots.AddCert(o.Certificate())
	return o
}

// client reaches the server, which is on loopback.
func (o *other) client(change ...func(*outbound.Options)) *outbound.Client {
	options := outbound.Options{Allowed: loopback, RootCAs: o.roots}
	for _, c := range change {
		c(&options)
	}
	return outbound.New(options)
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }

func TestOutboundFetchReturnsTheDocument(t *testing.T) {
	o := newOther(t, hello)
	document, err := o.client().Get(t.Context(), o.URL, 5)
	require.NoError(t, err)
	require.Equal(t, "hello", string(document.Body))
}

func TestOutboundRequestsToPrivateNetworksAreRefused(t *testing.T) {
	client := outbound.New(outbound.Options{Timeout: time.Second})
	for name, host := range map[string]string{
		"loopback":               "127.0.0.1",
		"all of loopback":        "127.1.2.3",
		"IPv6 loopback":          "[::1]",
		"unspecified":            "0.0.0.0",
		"IPv6 unspecified":       "[::]",
		"private A":              "10.0.0.1",
		"private B":              "172.16.0.1",
		"private C":              "192.168.0.1",
		"link-local":             "169.254.169.254",
		"IPv6 link-local":        "[fe80::1]",
		"CGNAT":                  "100.64.0.1",
		"benchmarks":             "198.18.0.1",
		"documentation":          "192.0.2.1",
		"multicast":              "224.0.0.1",
		"broadcast":              "255.255.255.255",
		"ULA":                    "[fd00::1]",
		"IPv4-mapped":            "[::ffff:127.0.0.1]",
		"IPv4-mapped private":    "[::ffff:10.0.0.1]",
		"IPv4-compatible":        "[::127.0.0.1]",
		"IPv4-translated":        "[::ffff:0:127.0.0.1]",
		"NAT64":                  "[64:ff9b::127.0.0.1]",
		"local NAT64":            "[64:ff9b:1::127.0.0.1]",
		"6to4":                   "[2002:7f00:1::]",
		"Teredo":                 "[2001::1]",
		"IPv6 documentation":     "[2001:db8::1]",
		"site-local":             "[fec0::1]",
		"a name of this machine": "localhost",
	} {
		_, err := client.Get(t.Context(), "https://"+host+":1/", 10)
		require.ErrorIs(t, err, outbound.ErrRefused, name)
		_, err = client.PostForm(t.Context(), "https://"+host+":1/", url.Values{})
		require.ErrorIs(t, err, outbound.ErrRefused, name)
	}
}

func TestOutboundRequestsReachConfiguredPrivateNetworksOnly(t *testing.T) {
	o := newOther(t, hello)
	_, err := o.client(func(o *outbound.Options) {
		o.Allowed = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}).Get(t.Context(), o.URL, 10)
	require.ErrorIs(t, err, outbound.ErrRefused)
	require.Zero(t, o.asked.Load(), "nothing may arrive")
	_, err = o.client().Get(t.Context(), o.URL, 10)
	require.NoError(t, err)
}

func TestOutboundRequestsRequirePlainHTTPSAddresses(t *testing.T) {
	o := newOther(t, hello)
	host := strings.TrimPrefix(o.URL, "https://")
	for _, address := range []string{
		"http://" + host, "https://user:password@" + host, "https://user@" + host, "ftp://" + host, "//" + host, host, "",
		"https://", "https:///path", "file:///etc/passwd", "https://" + host + "/\x00", o.URL + "/" +
			strings.Repeat("a", 2000),
	} {
		_, err := o.client().Get(t.Context(), address, 10)
		require.ErrorIs(t, err, outbound.ErrRefused, "%.60q", address)
	}
	require.Zero(t, o.asked.Load())
}

func TestOutboundRequestsRequireATrustedCertificate(t *testing.T) {
	o := newOther(t, hello)
	_, err := o.client(func(o *outbound.Options) { o.RootCAs = x509.NewCertPool() }).Get(t.Context(), o.URL, 10)
	require.ErrorContains(t, err, "certificate")
	require.NotContains(t, err.Error(), o.URL, "an address may hold a secret")
	require.Zero(t, o.asked.Load())
}

func TestOutboundFetchRefusesLargeAndUnsuccessfulAnswers(t *testing.T) {
	o := newOther(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/absent" {
			w.WriteHeader(http.StatusNotFound)
		}
		hello(w, r)
	})
	_, err := o.client().Get(t.Context(), o.URL, 4)
	require.ErrorContains(t, err, "more than 4 bytes")
	_, err = o.client().Get(t.Context(), o.URL+"/absent", 10)
	require.ErrorContains(t, err, "404")
}

func TestOutboundFetchHasATimeLimit(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"before its answer": func(http.ResponseWriter) {},
		"within its answer": func(w http.ResponseWriter) { _, _ = w.Write([]byte("h")); w.(http.Flusher).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			over := make(chan struct{})
			o := newOther(t, func(w http.ResponseWriter, _ *http.Request) { begin(w); <-over })
			t.Cleanup(func() { close(over) }) // before the server waits for its requests
			_, err := o.client(func(o *outbound.Options) { o.Timeout = 50 * time.Millisecond }).Get(t.Context(), o.URL, 10)
			require.Error(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err = o.client().Get(ctx, o.URL, 10)
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

func TestRedirectsAreFollowedWithinBounds(t *testing.T) {
	var referer atomic.Value
	o := newOther(t, func(w http.ResponseWriter, r *http.Request) {
		if hops := r.URL.Query().Get("hops"); hops != "" {
			http.Redirect(w, r, "/?hops="+hops[1:], http.StatusFound)
			return
		}
		referer.Store(r.Referer())
		hello(w, r)
	})
	_, err := kept(o.client()).Get(t.Context(), o.URL+"/?hops=xxx")
	require.NoError(t, err)
	require.Empty(t, referer.Load())
	_, err = kept(o.client()).Get(t.Context(), o.URL+"/?hops=xxxx")
	require.ErrorIs(t, err, outbound.ErrRefused)
	_, err = o.client().Get(t.Context(), o.URL+"/?hops=x", 10)
	require.ErrorContains(t, err, "302", "what its host must vouch for is fetched from there and nowhere else")
}

// kept fetches as key sets are fetched.
func kept(c *outbound.Client) *outbound.Cache[string] {
	return outbound.NewCache(outbound.CacheOptions[string]{
		Client: c, Maximum: 10, Now: time.Now, Parse: func(body []byte) (string, error) { return string(body), nil },
	})
}

func TestRedirectsToPrivateNetworksAndOtherSchemesAreRefused(t *testing.T) {
	inner := newOther(t, hello)
	plaintext := httptest.NewServer(http.HandlerFunc(hello))
	t.Cleanup(plaintext.Close)
	here := netip.MustParseAddrPort(strings.TrimPrefix(inner.URL, "https://"))
	for _, target := range []string{
		"https://10.0.0.1/", "https://169.254.169.254/", "https://[::ffff:10.0.0.1]/", plaintext.URL, "https://user@" +
			here.String(),
	} {
		o := newOther(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) })
		_, err := kept(o.client()).Get(t.Context(), o.URL)
		require.ErrorIs(t, err, outbound.ErrRefused, target)
	}
	require.Zero(t, inner.asked.Load())
}

func TestPostedRequestsFollowNoRedirect(t *testing.T) {
	o := newOther(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "secret", r.PostFormValue("token"))
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	status, err := o.client().PostForm(t.Context(), o.URL, url.Values{"token": {"secret"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusTemporaryRedirect, status)
	require.EqualValues(t, 1, o.asked.Load())
}

func TestPostedMessagesReturnTheAnswer(t *testing.T) {
	o := newOther(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		w.Header().Set("Content-Type", "application/answer")
		_, _ = w.Write(append(body, r.Header.Get("Content-Type")...))
	})
	question := outbound.Message{MediaType: "application/question", Body: []byte("who? ")}
	document, err := o.client().Post(t.Context(), o.URL, question, 100)
	require.NoError(t, err)
	require.Equal(t, "who? application/question", string(document.Body))
	require.Equal(t, "application/answer", document.Header.Get("Content-Type"))
	_, err = o.client().Post(t.Context(), o.URL, question, 10)
	require.ErrorContains(t, err, "more than 10 bytes")
}

func TestPlainHTTPAddressesAreReachedByClientsThatMay(t *testing.T) {
	plaintext := httptest.NewServer(http.HandlerFunc(hello))
	t.Cleanup(plaintext.Close)
	_, err := outbound.New(outbound.Options{Allowed: loopback}).Get(t.Context(), plaintext.URL, 10)
	require.ErrorIs(t, err, outbound.ErrRefused)
	may := outbound.Options{Allowed: loopback, Plaintext: true}
	_, err = outbound.New(may).Get(t.Context(), plaintext.URL, 10)
	require.NoError(t, err)
	may.Allowed = nil
	_, err = outbound.New(may).Get(t.Context(), plaintext.URL, 10)
	require.ErrorIs(t, err, outbound.ErrRefused, "its networks are guarded all the same")
	_, err = outbound.New(may).Get(t.Context(), "ftp://example.org/", 10)
	require.ErrorIs(t, err, outbound.ErrRefused)
}
