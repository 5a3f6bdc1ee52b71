package ehealth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/login/dstutest"
	"ithildin/provider/outbound"
)

// authorityTest is a signatureTest whose authority has services, which the signature page may ask.
type authorityTest struct {
	*signatureTest
	services *dstutest.Services
	server   *httptest.Server
	mu       sync.Mutex
	signed   []byte // what the signature service was asked about
}

func newAuthorityTest(t *testing.T, changes ...func(o *provider.Options, service string)) *authorityTest {
	root := dstutest.NewAuthority()
	authority := root.NewSubordinate()
	a := &authorityTest{services: authority.NewServices(func() time.Time { return time.Unix(worldTime, 0) })}
	a.server = httptest.NewServer(a.services)
	t.Cleanup(a.server.Close)
	authority.NameServices(a.server.URL)
	service := strings.TrimPrefix(a.server.URL, "http://")
	services := &identity.AuthorityServices{
		Client: outbound.New(outbound.Options{
			Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Plaintext: true,
		}),
		Hosts: []string{service}, Finders: []string{a.server.URL + "/cmp"},
	}
	a.signatureTest = newSignatureTest(t, withAuthorities(t, authority.Certificates()...), func(o *provider.Options) {
		o.Signing.Services = services
		for _, change := range changes {
			change(o, service)
		}
	})
	a.authority = authority
	verify := authority.Service(a.clock)
	a.components.signatures = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var question struct {
			Signed []byte `json:"signed_content"`
		}
		_ = json.Unmarshal(body, &question)
		a.mu.Lock()
		a.signed = question.Signed
		a.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		verify.ServeHTTP(w, r)
	})
	return a
}

// stamp is the time stamp in the file that the page sent.
func (a *authorityTest) stamp() (time.Time, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.authority.TimeStamp(a.signed, a.clock())
}

func (a *authorityTest) asked() (paths []string) {
	for _, question := range a.services.Asked() {
		paths = append(paths, strings.TrimPrefix(question.Path, "/")+" "+question.MediaType)
	}
	return paths
}

func TestSignaturePageAsksServicesOfTheAuthorityThroughThisServer(t *testing.T) {
	for language, says := range map[string]string{"uk": "скасував або призупинив", "en": "has revoked or suspended"} {
		t.Run(language, func(t *testing.T) {
			a := newAuthorityTest(t)
			b := newChromium(t, "signature-services-"+language, 390, 844, language)
			hosts := b.watchHosts()
			b.do(a.page())
			a.services.Revoke(true)
			a.services.Publish(a.key, a.authority.Certify(a.key, a.doctor))
			keyFile := a.file("Key-6.dat", a.key.PBES2([]byte("password"))) // which holds no certificate
			b.signs(keyFile, "password")
			require.Contains(t, b.problem(), says)
			b.shows("#signing-problem", "revoked")
			require.NotContains(t, string(a.recorder.received()), "sign-in.p7s", "nothing was sent")

			a.services.Revoke(false)
			b.signs(keyFile, "password")
			b.do(chromedp.WaitVisible("#consent-accept"))
			require.Equal(t, "signature", a.session().ACR)
			stamped, err := a.stamp()
			require.NoError(t, err)
			require.True(t, a.clock().Equal(stamped), stamped)
			require.Equal(t, []string{
				"cmp application/pkixcmp", "ocsp application/ocsp-request", "cmp application/pkixcmp",
				"ocsp application/ocsp-request", "tsp application/timestamp-query",
			}, a.asked())
			for _, question := range a.services.Asked() {
				require.Empty(t, question.Header["Cookie"])
				require.Empty(t, question.Header["Referer"])
			}
			require.Equal(t, []string{strings.TrimPrefix(a.signatureTest.server.URL, "http://")}, hosts())
			outcomes := a.counters()
			for _, purpose := range []string{"certificate_search", "certificate_status", "time_stamp"} {
				require.Positive(t, outcomes["ithildin_outbound_calls_total answered "+purpose], purpose)
			}
		})
	}
}

func TestSignaturePageGoesOnWithoutServicesThatDoNotAnswerAsTheyShould(t *testing.T) {
	for name, spoil := range map[string]func(*authorityTest){
		"away":             func(a *authorityTest) { a.server.Close() },
		"of somebody else": func(a *authorityTest) { a.services.Revoke(true); a.services.Forge(true) },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthorityTest(t)
			b := newChromium(t, "signature-services-"+name, 1280, 800, "uk")
			b.do(a.page())
			spoil(a)
			mine := a.authority.Certify(a.key, a.doctor)
			b.signs(a.file("mine.jks", a.key.JKS("password", mine)), "password")
			b.do(chromedp.WaitVisible("#consent-accept"))
			_, err := a.stamp()
			require.ErrorContains(t, err, "there is no time stamp")
		})
	}
}

// question is a request to the proxy.
type question struct {
	method, address, mediaType, body string
	header                           map[string]string
}

// visitor is a browser with the address at which its signature page may ask.
type visitor struct {
	a      *authorityTest
	client *http.Client
	proxy  string
}

func (a *authorityTest) newVisitor() *visitor {
	jar, err := cookiejar.New(nil)
	a.must(err)
	v := &visitor{a: a, client: &http.Client{Jar: jar}}
	response, err := v.client.Get(a.signatureTest.server.URL + "/sign-in?" + url.Values{
		"client_id": {hospitalID}, "redirect_uri": {redirectURI}, "scope": {"employee:read"},
	}.Encode())
	a.must(err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	a.must(err)
	found := regexp.MustCompile(`data-proxy="([^"]+)"`).FindSubmatch(page)
	require.NotNil(a.t, found, string(page))
	v.proxy = a.signatureTest.server.URL + html.UnescapeString(string(found[1]))
	return v
}

func (v *visitor) asks(q question) (status int, header http.Header, body string) {
	v.a.t.Helper()
	address := v.proxy + "?" + url.Values{"address": {q.address}}.Encode()
	r, err := http.NewRequestWithContext(v.a.t.Context(), q.method, address, strings.NewReader(q.body))
	v.a.must(err)
	r.Header.Set("Content-Type", q.mediaType)
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	response, err := v.client.Do(r)
	v.a.must(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	v.a.must(err)
	return response.StatusCode, response.Header, string(content)
}

// findMe is a question that the CMP service of the test answers.
func findMe() string {
	content := make([]byte, 120)
	return "\x30\x81\x87\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x7a\x04\x78" + string(content)
}

func TestSignatureProxyForwardsWhatAuthoritiesAreAskedAndNothingElse(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("somebody else was asked")
	}))
	t.Cleanup(elsewhere.Close)
	a := newAuthorityTest(t)
	v := a.newVisitor()
	right := question{http.MethodPost, a.server.URL + "/cmp", "application/pkixcmp", findMe(), nil}
	status, header, body := v.asks(right)
	require.Equal(t, http.StatusOK, status, body)
	require.NotEmpty(t, body)
	require.Equal(t, "application/octet-stream", header.Get("Content-Type"))
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", header.Get("Cache-Control"))
	require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"))
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	before := len(a.services.Asked())
	host := strings.TrimPrefix(a.server.URL, "http://")
	for name, c := range map[string]struct {
		change func(*question)
		status int
	}{
		"a host that is not listed": {func(q *question) { q.address = elsewhere.URL + "/cmp" }, 403},
		"the host at another port":  {func(q *question) { q.address = "http://127.0.0.1/cmp" }, 403},
		"the host as a user":        {func(q *question) { q.address = "http://" + host + "@" + elsewhere.URL[7:] }, 403},
		"a user at the host":        {func(q *question) { q.address = "http://user@" + host + "/cmp" }, 403},
		"another scheme":            {func(q *question) { q.address = "ftp://" + host + "/cmp" }, 403},
		"https to a plain port":     {func(q *question) { q.address = "https://" + host + "/cmp" }, 502},
		"no scheme":                 {func(q *question) { q.address = host + "/cmp" }, 403},
		"no address":                {func(q *question) { q.address = "" }, 403},
		"a path without a service":  {func(q *question) { q.address = a.server.URL + "/admin" }, 502},
		"another media type":        {func(q *question) { q.mediaType = "application/json" }, 415},
		"a form":                    {func(q *question) { q.mediaType = "application/x-www-form-urlencoded" }, 415},
		"a parameter of the type":   {func(q *question) { q.mediaType = "application/pkixcmp; charset=utf-8" }, 415},
		"an empty question":         {func(q *question) { q.body = "" }, 415},
		"a large question":          {func(q *question) { q.body = strings.Repeat("x", 8<<10+1) }, 413},
		"GET":                       {func(q *question) { q.method = http.MethodGet }, 404},
		"PUT":                       {func(q *question) { q.method = http.MethodPut }, 404},
		"a page of another site": {func(q *question) {
			q.header = map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
		}, 403},
	} {
		changed := right
		c.change(&changed)
		status, _, body := v.asks(changed)
		require.Equal(t, c.status, status, "%s: %s", name, body)
	}
	for _, asked := range a.services.Asked()[before:] {
		require.Equal(t, "/admin", asked.Path)
	}
}

func TestSignatureProxyServesASignInThatIsUnderWay(t *testing.T) {
	a := newAuthorityTest(t)
	v, other := a.newVisitor(), a.newVisitor()
	right := question{http.MethodPost, a.server.URL + "/cmp", "application/pkixcmp", findMe(), nil}
	status, _, _ := v.asks(right)
	require.Equal(t, http.StatusOK, status)

	stolen := *other
	stolen.proxy = v.proxy
	status, _, _ = stolen.asks(right)
	require.Equal(t, http.StatusBadRequest, status, "the address is of another browser")
	made := *v
	made.proxy = v.proxy[:len(v.proxy)-2]
	status, _, _ = made.asks(right)
	require.Equal(t, http.StatusBadRequest, status)
	pages := regexp.MustCompile(`/proxy/.*`).ReplaceAllString(v.proxy, "")
	made.proxy = pages + "/proxy/" + base64.RawURLEncoding.EncodeToString(make([]byte, 40))
	status, _, _ = made.asks(right)
	require.Equal(t, http.StatusBadRequest, status)

	for range 19 {
		status, _, _ = v.asks(right)
		require.Equal(t, http.StatusOK, status)
	}
	status, header, _ := v.asks(right)
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Equal(t, "180", header.Get("Retry-After"))
	status, _, _ = other.asks(right)
	require.Equal(t, http.StatusOK, status, "each sign-in has an allowance of its own")

	a.later.Store(int64((30*time.Minute + time.Second).Seconds()))
	status, _, _ = other.asks(right)
	require.Equal(t, http.StatusBadRequest, status, "the sign-in began too long ago")
}

func TestAttackServicesOfAuthoritiesThatLeadTheProxyElsewhere(t *testing.T) {
	var reached bool
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(inner.Close)
	for name, answer := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inner.URL, http.StatusTemporaryRedirect)
		},
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<script>alert(1)</script>"))
		},
		"the answer to another question": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/ocsp-response")
		},
		"an endless answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pkixcmp")
			_, _ = w.Write(make([]byte, 256<<10+1))
		},
	} {
		evil := httptest.NewServer(answer)
		t.Cleanup(evil.Close)
		a := newAuthorityTest(t, func(o *provider.Options, _ string) {
			o.Signing.Services.Hosts = []string{strings.TrimPrefix(evil.URL, "http://")}
		})
		status, _, body := a.newVisitor().asks(question{http.MethodPost, evil.URL, "application/pkixcmp", findMe(), nil})
		require.Equal(t, http.StatusBadGateway, status, name)
		require.NotContains(t, body, "alert(1)", name)
	}
	require.False(t, reached)

	// A listed name that leads into a private network which is not listed.
	a := newAuthorityTest(t, func(o *provider.Options, _ string) {
		o.Signing.Services.Client = outbound.New(outbound.Options{Plaintext: true})
	})
	status, _, _ := a.newVisitor().asks(
		question{http.MethodPost, a.server.URL + "/cmp", "application/pkixcmp", findMe(), nil})
	require.Equal(t, http.StatusBadGateway, status)
	require.Empty(t, a.services.Asked())
}
