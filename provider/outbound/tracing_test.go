package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"ithildin/provider/outbound"
)

// told answers with the trace context that it was sent.
func told(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/refused" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write([]byte(r.Header.Get("Traceparent")))
}

func recording() (*sdktrace.TracerProvider, *tracetest.SpanRecorder) {
	recorder := tracetest.NewSpanRecorder()
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)), recorder
}

func TestOutboundRequestsBelongToTheTraceOfTheirRequest(t *testing.T) {
	o := newOther(t, told)
	tracers, recorder := recording()
	ctx, parent := tracers.Tracer("test").Start(t.Context(), "a request")
	document, err := o.client().Get(ctx, o.URL+"/keys?secret=1", 100)
	require.NoError(t, err)
	require.Len(t, recorder.Ended(), 1)
	span := recorder.Ended()[0]
	require.Equal(t, "00-"+parent.SpanContext().TraceID().String()+"-"+span.SpanContext().SpanID().String()+"-01",
		string(document.Body))
	require.Equal(t, parent.SpanContext().SpanID(), span.Parent().SpanID())
	for _, attribute := range span.Attributes() {
		require.NotContains(t, attribute.Value.AsString(), "secret")
	}
	_, err = o.client().PostForm(ctx, o.URL+"/refused", url.Values{"logout_token": {"secret"}})
	require.NoError(t, err)
	require.Equal(t, codes.Error, recorder.Ended()[1].Status().Code)
	_, err = o.client(func(o *outbound.Options) { o.Allowed = nil }).Get(ctx, o.URL, 100)
	require.ErrorIs(t, err, outbound.ErrRefused)
	require.Equal(t, codes.Error, recorder.Ended()[2].Status().Code)
	require.Empty(t, recorder.Ended()[2].Events())
}

func TestServicesAreToldTheTraceOfTheirRequest(t *testing.T) {
	tracers, _ := recording()
	ctx, parent := tracers.Tracer("test").Start(t.Context(), "a request")
	service := httptest.NewServer(http.HandlerFunc(told))
	t.Cleanup(service.Close)
	_, answer, err := outbound.Service{}.Ask(ctx, http.MethodGet, service.URL, nil)
	require.NoError(t, err)
	require.Contains(t, string(answer), parent.SpanContext().TraceID().String())
}

func TestOutboundRequestsOfBackgroundJobsBeginATrace(t *testing.T) {
	o := newOther(t, told)
	tracers, recorder := recording()
	document, err := o.client(func(o *outbound.Options) { o.Tracing = tracers }).Get(t.Context(), o.URL, 100)
	require.NoError(t, err)
	require.Len(t, recorder.Ended(), 1)
	require.Contains(t, string(document.Body), recorder.Ended()[0].SpanContext().TraceID().String())
}

func TestOutboundRequestsWithoutATraceSayNothingOfOne(t *testing.T) {
	o := newOther(t, told)
	document, err := o.client().Get(t.Context(), o.URL, 100)
	require.NoError(t, err)
	require.Empty(t, document.Body)
}
