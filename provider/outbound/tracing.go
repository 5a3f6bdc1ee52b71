package outbound

import (
	"context"
	"errors"
	"net/http"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const tracerName = "ithildin/provider/outbound"

// traced makes a span of each request, and tells the other side which trace it belongs to (W3C Trace Context). The span
// names the host alone: the rest of an address may hold a secret of its owner.
type traced struct {
	next http.RoundTripper
	// tracer is for requests that belong to no trace, such as those of background jobs; nil: they begin none.
	tracer trace.Tracer
}

func newTraced(next http.RoundTripper, provider trace.TracerProvider) traced {
	if provider == nil {
		return traced{next: next}
	}
	return traced{next: next, tracer: provider.Tracer(tracerName)}
}

// RoundTrip implements http.RoundTripper.
func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	tracer := t.tracer
	if parent := trace.SpanFromContext(r.Context()); parent.SpanContext().IsValid() {
		tracer = parent.TracerProvider().Tracer(tracerName)
	}
	if tracer == nil {
		return t.next.RoundTrip(r)
	}
	ctx, span := tracer.Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.HTTPRequestMethodKey.String(r.Method), semconv.ServerAddress(r.URL.Hostname())))
	defer span.End()
	r = r.Clone(ctx) // its headers are its caller's
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	response, err := t.next.RoundTrip(r)
	if err != nil {
		span.SetAttributes(semconv.ErrorTypeKey.String(kindOf(err)))
		span.SetStatus(codes.Error, "")
		return nil, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	return response, nil
}

// kindOf names an error without its text, which may hold an address.
func kindOf(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrRefused):
		return "address_refused"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return "_OTHER"
}
