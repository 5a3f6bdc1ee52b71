package inbound

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// longestTraceState bounds a tracestate in bytes: what W3C Trace Context 3.3.1.5 asks to be passed on at the least.
const longestTraceState = 512

// Tracing makes a span of each request. A nil Tracing makes none, and costs nothing.
type Tracing struct {
	Tracer trace.Tracer
	// Parents are the proxies whose trace context is continued, and whose decision to record a trace is followed. Of
	// whoever else sends one nothing is taken over: a stranger would decide what is recorded here.
	Parents Proxies
}

// Begin starts the span of a request and returns the context that holds it. ctx is the context of what answers it.
func (t *Tracing) Begin(ctx context.Context, r *http.Request) context.Context {
	if t == nil {
		return ctx
	}
	if address, ok := peer(r); ok && t.Parents.include(address) {
		ctx = propagation.TraceContext{}.Extract(ctx, traceContextOf(r.Header))
	}
	ctx, _ = t.Tracer.Start(ctx, "HTTP", trace.WithSpanKind(trace.SpanKindServer))
	return ctx
}

// traceContextOf is the trace context of a request (W3C Trace Context 3.2 and 3.3): a traceparent that is there once,
// and a tracestate that is not too long.
func traceContextOf(header http.Header) propagation.MapCarrier {
	parents := header.Values("Traceparent")
	if len(parents) != 1 {
		return nil
	}
	carrier := propagation.MapCarrier{"traceparent": parents[0]}
	if state := strings.Join(header.Values("Tracestate"), ","); len(state) <= longestTraceState {
		carrier["tracestate"] = state
	}
	return carrier
}

// End ends the span of a request, when it is answered. The span says the method, the template of the route, the status
// and the public code of an error: nothing that the request itself holds.
func (t *Tracing) End(r *http.Request, method string, status int) {
	if t == nil {
		return
	}
	span := trace.SpanFromContext(r.Context())
	defer span.End()
	if !span.IsRecording() {
		return
	}
	route := RouteOf(r)
	span.SetName(method + " " + route)
	span.SetAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route),
		semconv.HTTPResponseStatusCode(status), attribute.String("ithildin.request_id", RequestID(r)))
	if code := RecordOf(r.Context()).Code(); code != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(code))
	}
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

// TraceID is the id of the trace that a context belongs to, for the log; "" where there is none.
func (t *Tracing) TraceID(ctx context.Context) string {
	if t == nil {
		return ""
	}
	return trace.SpanContextFromContext(ctx).TraceID().String()
}
