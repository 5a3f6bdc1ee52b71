package config

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"net"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"ithildin/cmd/ithildin/internal/console"
)

// telemetryFlags say where traces and metrics are sent by OTLP; without an endpoint nowhere.
type telemetryFlags struct {
	OTLPEndpoint        string `name:"otlp-endpoint" env:"ITHILDIN_OTLP_ENDPOINT" placeholder:"URL" help:"@otlp_endpoint"`
	OTLPSignals         string `name:"otlp-signals" env:"ITHILDIN_OTLP_SIGNALS" placeholder:"SIGNAL,…" help:"@otlp_signals"`
	OTLPHeadersFile     string `name:"otlp-headers-file" env:"ITHILDIN_OTLP_HEADERS_FILE" placeholder:"PATH" help:"@otlp_headers"`
	OTLPCAFile          string `name:"otlp-ca-file" env:"ITHILDIN_OTLP_CA_FILE" placeholder:"PATH" help:"@otlp_ca_file"`
	OTLPSampling        string `name:"otlp-sampling" env:"ITHILDIN_OTLP_SAMPLING" placeholder:"RATIO" help:"@otlp_sampling"`
	OTLPParents         string `name:"otlp-parents" env:"ITHILDIN_OTLP_PARENTS" placeholder:"proxies|none" help:"@otlp_parents"`
	OTLPMetricsInterval string `name:"otlp-metrics-interval" env:"ITHILDIN_OTLP_METRICS_INTERVAL" placeholder:"DURATION" help:"@otlp_interval"`
}

// Telemetry are telemetryFlags that were found right.
type Telemetry struct {
	Endpoint        *url.URL // nil: nothing is sent
	Traces, Metrics bool
	Headers         map[string]string
	RootCAs         *x509.CertPool // nil: those of the system
	Sampling        float64        // of the traces that begin here, from 0 to 1
	IgnoreParents   bool           // trace contexts of requests are not continued
	MetricsInterval time.Duration
}

const (
	signalTraces  = "traces"
	signalMetrics = "metrics"

	parentsOfProxies = "proxies"
	parentsNone      = "none"

	defaultSampling        = 0.1
	defaultMetricsInterval = "60s"
	shortestInterval       = time.Second
	longestInterval        = time.Hour
	mostTelemetryHeaders   = 16
)

// ofTransport are headers that the sender sets by itself.
var ofTransport = []string{
	"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection", "Host",
}

func (f telemetryFlags) load(p *problems) (t Telemetry) {
	if f.OTLPEndpoint == "" {
		if f != (telemetryFlags{}) {
			p.add("ITHILDIN_OTLP_ENDPOINT", "is not set, but another setting of ITHILDIN_OTLP_… is")
		}
		return t
	}
	t.Endpoint = p.collector(f.OTLPEndpoint)
	for _, signal := range separated(cmp.Or(f.OTLPSignals, signalTraces+","+signalMetrics)) {
		switch signal {
		case signalTraces:
			t.Traces = true
		case signalMetrics:
			t.Metrics = true
		default:
			p.add("ITHILDIN_OTLP_SIGNALS", "has %q: want %s, %s or both", signal, signalTraces, signalMetrics)
		}
	}
	if f.OTLPHeadersFile != "" {
		t.Headers = p.headers("ITHILDIN_OTLP_HEADERS_FILE", f.OTLPHeadersFile)
		if t.Endpoint != nil && t.Endpoint.Scheme == "http" && !IsLoopback(net.JoinHostPort(t.Endpoint.Hostname(), "1")) {
			p.add("ITHILDIN_OTLP_ENDPOINT", "is http, which would send the headers of ITHILDIN_OTLP_HEADERS_FILE in clear to "+
				"another machine")
		}
	}
	if f.OTLPCAFile != "" {
		t.RootCAs = p.authorities("ITHILDIN_OTLP_CA_FILE", f.OTLPCAFile)
	}
	t.Sampling = defaultSampling
	if f.OTLPSampling != "" {
		var err error
		if t.Sampling, err = strconv.ParseFloat(f.OTLPSampling, 64); err != nil || !(t.Sampling >= 0 && t.Sampling <= 1) {
			p.add("ITHILDIN_OTLP_SAMPLING", "is %q: want a number from 0 to 1, such as 0.05", f.OTLPSampling)
		}
	}
	switch f.OTLPParents {
	case "", parentsOfProxies:
	case parentsNone:
		t.IgnoreParents = true
	default:
		p.add("ITHILDIN_OTLP_PARENTS", "is %q: want %s or %s", f.OTLPParents, parentsOfProxies, parentsNone)
	}
	t.MetricsInterval = p.duration("ITHILDIN_OTLP_METRICS_INTERVAL",
		cmp.Or(f.OTLPMetricsInterval, defaultMetricsInterval), longestInterval)
	if t.MetricsInterval < shortestInterval {
		p.add("ITHILDIN_OTLP_METRICS_INTERVAL", "is less than %v", shortestInterval)
	}
	return t
}

// collector is the base of the addresses to which signals are sent (OTLP 1, OTLP/HTTP Request).
func (p *problems) collector(value string) *url.URL {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !validHost(u) || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || !isPrintable(value) {
		p.add("ITHILDIN_OTLP_ENDPOINT", "want a URL such as https://collector.example:4318, without a user, a query and a "+
			"fragment; what authenticates this server is in ITHILDIN_OTLP_HEADERS_FILE")
		return nil
	}
	return u
}

// headers reads lines of the form Name: value. A problem names the line by its number, for its text may be a secret.
func (p *problems) headers(name, path string) map[string]string {
	content, err := console.ReadFile(path, nil)
	if err != nil {
		p.add(name, "cannot be read: %v", err)
		return nil
	}
	headers, number := map[string]string{}, 0
	for line := range bytes.Lines(content) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" {
			continue
		}
		field, value, found := strings.Cut(text, ":")
		field, value = textproto.CanonicalMIMEHeaderKey(field), strings.TrimSpace(value)
		_, twice := headers[field]
		if !found || twice || value == "" || !httpguts.ValidHeaderFieldName(field) ||
			!httpguts.ValidHeaderFieldValue(value) || slices.Contains(ofTransport, field) {
			p.add(name, "is wrong in line %d: want NAME: VALUE, each name once, and none that the sender sets itself", number)
			continue
		}
		headers[field] = value
	}
	if len(headers) == 0 || len(headers) > mostTelemetryHeaders {
		p.add(name, "has %d headers: want from 1 to %d", len(headers), mostTelemetryHeaders)
	}
	return headers
}

// describe lists the settings that the server runs with.
func (f telemetryFlags) describe(t Telemetry) []Setting {
	if t.Endpoint == nil {
		return nil
	}
	return []Setting{
		{"ITHILDIN_OTLP_ENDPOINT", t.Endpoint.String()},
		{"ITHILDIN_OTLP_SIGNALS", cmp.Or(f.OTLPSignals, signalTraces+","+signalMetrics)},
		{"ITHILDIN_OTLP_SAMPLING", strconv.FormatFloat(t.Sampling, 'g', -1, 64)},
		{"ITHILDIN_OTLP_PARENTS", cmp.Or(f.OTLPParents, parentsOfProxies)},
		{"ITHILDIN_OTLP_METRICS_INTERVAL", t.MetricsInterval.String()},
	}
}
