package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"ithildin/provider"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

const (
	proxysTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	proxysParent = "00-" + proxysTrace + "-00f067aa0ba902b7-01"
)

// recordedTracing records every trace that begins here, and believes some proxies.
func recordedTracing(believed ...string) (*inbound.Tracing, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	tracing := &inbound.Tracing{Tracer: tracers.Tracer("test")}
	for _, network := range believed {
		tracing.Parents = append(tracing.Parents, netip.MustParsePrefix(network))
	}
	return tracing, recorder
}

// tracedStack is a stack with recordedTracing.
func tracedStack(t *testing.T, believed ...string) (*stack, *tracetest.SpanRecorder) {
	tracing, recorder := recordedTracing(believed...)
	return newStack(t, storagetest.Engines()[0], func(o *provider.Options) { o.Tracing = tracing }), recorder
}

// introspectWith sends headers with a request whose client is wrong, and returns the span of it.
func introspectWith(
	t *testing.T, s *stack, recorder *tracetest.SpanRecorder, header http.Header,
) sdktrace.ReadOnlySpan {
	recorder.Reset()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathIntrospect,
		strings.NewReader(url.Values{"token": {"unknown"}}.Encode()))
	require.NoError(t, err)
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusUnauthorized, s.send(r).status)
	require.Len(t, recorder.Ended(), 1)
	return recorder.Ended()[0]
}

func TestTraceOfATrustedProxyContinues(t *testing.T) {
	s, recorder := tracedStack(t, "127.0.0.0/8")
	span := introspectWith(t, s, recorder, http.Header{"Traceparent": {proxysParent}, "Tracestate": {"vendor=1"}})
	require.Equal(t, proxysTrace, span.SpanContext().TraceID().String())
	require.Equal(t, "00f067aa0ba902b7", span.Parent().SpanID().String())
	require.Equal(t, "vendor=1", span.SpanContext().TraceState().String())
	require.Equal(t, "POST "+oauth.PathIntrospect, span.Name())
}

func TestAttackStrangerDecidesWhichTraceARequestBelongsTo(t *testing.T) {
	s, recorder := tracedStack(t, "192.0.2.0/24")
	span := introspectWith(t, s, recorder, http.Header{
		"Traceparent": {proxysParent}, "X-Forwarded-For": {"192.0.2.1"}, // which only a proxy of ours may say
	})
	require.NotEqual(t, proxysTrace, span.SpanContext().TraceID().String())
	require.False(t, span.Parent().IsValid())
}

func TestAttackTraceContextIsMalformedOrTooLong(t *testing.T) {
	s, recorder := tracedStack(t, "127.0.0.0/8")
	for name, parents := range map[string][]string{
		"two of them":   {proxysParent, "00-" + strings.Repeat("1", 32) + "-" + strings.Repeat("2", 16) + "-01"},
		"no version":    {proxysTrace + "-00f067aa0ba902b7-01"},
		"zeros":         {"00-" + strings.Repeat("0", 32) + "-" + strings.Repeat("0", 16) + "-01"},
		"capitals":      {strings.ToUpper(proxysParent)},
		"much too long": {proxysParent + strings.Repeat("0", 8000)},
		"other text":    {"<script>"},
	} {
		span := introspectWith(t, s, recorder, http.Header{"Traceparent": parents})
		require.False(t, span.Parent().IsValid(), name)
		require.True(t, span.SpanContext().IsValid(), name)
	}
	span := introspectWith(t, s, recorder, http.Header{
		"Traceparent": {proxysParent}, "Tracestate": {"vendor=" + strings.Repeat("a", 200), strings.Repeat("b=1,", 100)},
	})
	require.Equal(t, proxysTrace, span.SpanContext().TraceID().String())
	require.Empty(t, span.SpanContext().TraceState().String())
}

func TestSpanOfARequestSaysNothingThatTheRequestHolds(t *testing.T) {
	s, recorder := tracedStack(t)
	for _, path := range []string{
		"/nowhere/secret-in-the-path", oauth.PathUserinfo + "?access_token=secret-in-the-query",
	} {
		recorder.Reset()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+path, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer secret-in-the-header")
		r.Header.Set("X-Request-Id", "secret-in-the-request-id")
		r.Header.Set("User-Agent", "secret-agent")
		s.send(r)
		require.Len(t, recorder.Ended(), 1)
		span := recorder.Ended()[0]
		require.NotContains(t, span.Name(), "secret")
		for _, attribute := range span.Attributes() {
			require.Contains(t, []string{
				"http.request.method", "http.route", "http.response.status_code", "ithildin.request_id", "error.type",
			}, string(attribute.Key))
			require.NotContains(t, attribute.Value.AsString(), "secret")
		}
	}
}

func TestTracingThatIsOffCostsNoAllocation(t *testing.T) {
	var off *inbound.Tracing
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, oauth.PathToken, nil)
	r.Header.Set("Traceparent", proxysParent)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		ctx := off.Begin(r.Context(), r)
		_ = off.TraceID(ctx)
		off.End(r, http.MethodPost, http.StatusOK)
	}))
}
