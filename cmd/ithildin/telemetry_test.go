package main_test

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// collector is a receiver of OTLP, as one that an operator runs.
type collector struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	spans   []*v1.Span
	metrics map[string]bool
	raw     strings.Builder // all that came, unpacked
	keys    []string        // the API key of each request
}

func newCollector(t *testing.T) *collector {
	c := &collector{t: t, metrics: map[string]bool{}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = append(c.keys, r.Header.Get("X-Api-Key"))
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		c.t.Errorf("%s: %v", r.URL, err)
		return
	}
	content, err := io.ReadAll(unpacked)
	if err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
		c.t.Errorf("%s: %q, %v", r.URL, r.Header.Get("Content-Type"), err)
		return
	}
	c.raw.Write(content)
	switch r.URL.Path {
	case "/otlp/v1/traces":
		var sent collectortrace.ExportTraceServiceRequest
		err = proto.Unmarshal(content, &sent)
		for _, of := range sent.GetResourceSpans() {
			for _, scope := range of.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
	case "/otlp/v1/metrics":
		var sent collectormetrics.ExportMetricsServiceRequest
		err = proto.Unmarshal(content, &sent)
		for _, of := range sent.GetResourceMetrics() {
			for _, scope := range of.GetScopeMetrics() {
				for _, metric := range scope.GetMetrics() {
					c.metrics[metric.GetName()] = true
				}
			}
		}
	default:
		c.t.Errorf("asked for %s", r.URL)
	}
	if err != nil {
		c.t.Errorf("%s: %v", r.URL, err)
	}
}

// named are the spans of a name.
func (c *collector) named(name string) (found []*v1.Span) {
	for _, span := range c.spans {
		if span.GetName() == name {
			found = append(found, span)
		}
	}
	return found
}

func attributesOf(span *v1.Span) map[string]string {
	attributes := map[string]string{}
	for _, attribute := range span.GetAttributes() {
		attributes[attribute.GetKey()] = attribute.GetValue().GetStringValue()
	}
	return attributes
}

// stop ends the process as systemd does, and waits for its end.
func (p *process) stop() {
	require.NoError(p.t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, p.command.Wait(), p.output.String())
}

// tracedServer is a server on a database with the clients of the crash test, which sends all that it can.
func tracedServer(t *testing.T, engine storagetest.Engine, endpoint string, more ...string) (*process, *storage.Store) {
	databaseURL := engine.Create(t)
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = nil })
	fillForCrash(t, store)
	return start(t, t.TempDir(), append([]string{
		"ITHILDIN_DATABASE_URL=" + databaseURL, "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=http://traced.example", "ITHILDIN_SHUTDOWN_DELAY=0s", "ITHILDIN_OTLP_ENDPOINT=" + endpoint,
		"ITHILDIN_OTLP_SAMPLING=1",
	}, more...), "serve"), store
}

// givenParent is a traceparent as a proxy sends it; its trace is recorded.
const (
	givenTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	givenSpan   = "00f067aa0ba902b7"
	givenParent = "00-" + givenTrace + "-" + givenSpan + "-01"
)

// postWithin posts a form as a client, within a trace.
func (p *process) postWithin(parent, path, client string, form url.Values) (int, string) {
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.issuer+path+"?hint=in-the-query-string",
		strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Traceparent", parent)
	r.SetBasicAuth(client, crashSecret+client)
	response, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, string(body)
}

func TestCollectorReceivesTheTracesAndMetricsOfAServer(t *testing.T) {
	headers := filepath.Join(t.TempDir(), "headers")
	require.NoError(t, os.WriteFile(headers, []byte("X-Api-Key: of the collector\n"), 0o600))
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		c := newCollector(t)
		p, store := tracedServer(t, engine, c.URL+"/otlp", "ITHILDIN_TRUSTED_PROXIES=127.0.0.1",
			"ITHILDIN_OTLP_HEADERS_FILE="+headers)
		code := newCode(t, store, storage.PresetStandard)
		status, tokens := p.postWithin(givenParent, oauth.PathToken, storage.PresetStandard, url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect},
		})
		require.Equal(t, http.StatusOK, status, tokens)
		status, _ = p.postWithin(givenParent, oauth.PathToken, storage.PresetStandard, url.Values{
			"grant_type": {"authorization_code"}, "code": {code + "-wrong"}, "redirect_uri": {crashRedirect},
		})
		require.Equal(t, http.StatusBadRequest, status)
		served := p.metricNames()
		p.stop()

		require.Contains(t, p.output.String(), `"trace_id":"`+givenTrace+`"`)
		requests := c.named("POST /oauth2/token")
		require.Len(t, requests, 2)
		require.Equal(t, givenTrace, hex.EncodeToString(requests[0].GetTraceId()))
		require.Equal(t, givenSpan, hex.EncodeToString(requests[0].GetParentSpanId()))
		require.Equal(t, "/oauth2/token", attributesOf(requests[0])["http.route"])
		require.Equal(t, "invalid_grant", attributesOf(requests[1])["error.type"])
		c.requireStatements(requests)
		c.requireNothingOf(code, tokens, crashSecret, "doctor@example.com", crashUser, "client.example",
			"in-the-query-string", string(storagetest.Secret()))
		for _, name := range served {
			require.True(t, c.metrics[name], "%s is served and was not sent", name)
		}
		for _, key := range c.keys {
			require.Equal(t, "of the collector", key)
		}
	})
}

// requireStatements looks for the statements of requests: each is a part of its request, and has a text with
// placeholders.
func (c *collector) requireStatements(requests []*v1.Span) {
	belongs := map[string]bool{}
	for _, request := range requests {
		belongs[string(request.GetSpanId())] = true
	}
	statements := 0
	for _, span := range c.spans {
		attributes := attributesOf(span)
		if attributes["db.system.name"] == "" {
			continue
		}
		require.True(c.t, belongs[string(span.GetParentSpanId())], span.GetName())
		require.Empty(c.t, span.GetEvents(), "the text of an error may hold a value")
		if text := attributes["db.query.text"]; text != "" && !strings.HasPrefix(span.GetName(), "PREPARE") {
			require.Regexp(c.t, `^[A-Z]+ [a-z_]+$`, span.GetName())
			statements++
		}
	}
	require.GreaterOrEqual(c.t, statements, 3, "a read and a write, and a read")
}

// requireNothingOf looks for what must not leave the server in all that the collector received. Of an answer in JSON
// each token is looked for.
func (c *collector) requireNothingOf(secrets ...string) {
	for _, secret := range secrets {
		for _, part := range regexp.MustCompile(`[\w.@ -]{12,}`).FindAllString(secret, -1) {
			if !strings.HasPrefix(part, "access_token") && !strings.HasPrefix(part, "refresh_token") &&
				!strings.HasPrefix(part, "openid") {
				require.NotContains(c.t, c.raw.String(), part)
			}
		}
	}
}

// metricNames are those of the families that /metrics serves.
func (p *process) metricNames() (names []string) {
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.admin+"/metrics", nil)
	require.NoError(p.t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(p.t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(string(content), -1) {
		names = append(names, found[1])
	}
	require.Greater(p.t, len(names), 50)
	return names
}

// A collector that takes a request and never answers it, while the queue of spans overflows.
func TestServerAnswersAndStopsWhileItsCollectorIsSilentOrGone(t *testing.T) {
	asked, over := make(chan struct{}, 100), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-over
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(over) })
	gone := "http://" + freeAddress(t)
	for name, endpoint := range map[string]string{"silent": silent.URL, "gone": gone} {
		t.Run(name, func(t *testing.T) {
			p, _ := tracedServer(t, storagetest.Engines()[0], endpoint)
			introspect := func() {
				status, _ := p.post(oauth.PathIntrospect, storage.PresetStandard, url.Values{"token": {"unknown"}})
				require.Equal(t, http.StatusOK, status)
			}
			for range 1500 { // two spans each: more than the queue takes
				introspect()
			}
			if name == "silent" {
				<-asked
				introspect()
			}
			p.stop()
		})
	}
}

func TestServerWithoutCollectorSendsNothingAndNamesNoTrace(t *testing.T) {
	databaseURL := storagetest.Engines()[0].Create(t)
	store := storagetest.Open(t, databaseURL)
	fillForCrash(t, store)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_DATABASE_URL=" + databaseURL, "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=http://traced.example", "ITHILDIN_SHUTDOWN_DELAY=0s", "ITHILDIN_TRUSTED_PROXIES=127.0.0.1",
	}, "serve")
	status, _ := p.postWithin(givenParent, oauth.PathIntrospect, storage.PresetStandard, url.Values{"token": {"unknown"}})
	require.Equal(t, http.StatusOK, status)
	p.stop()
	require.NotContains(t, p.output.String(), "trace_id")
}
