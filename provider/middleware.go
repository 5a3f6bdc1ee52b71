package provider

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// observer gives each request what is known of it, and counts and logs its answer.
type observer struct {
	proxies     inbound.Proxies
	requestTime time.Duration
	metrics     *metrics
	logger      *slog.Logger
	tracing     *inbound.Tracing
}

// observe gives each request its id and its deadline, bounds the damage of a panic, and counts and logs the answer, in
// one line, under the template of its route: a path or a query can hold a value that nobody should read.
func (o *observer) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		o.metrics.inProgress.Inc()
		defer o.metrics.inProgress.Dec()
		arrived := r
		known := inbound.NewRequest(r.Header.Get("X-Request-Id"), func() string { return o.proxies.ClientAddress(arrived) })
		id := known.ID
		ctx, cancel := context.WithTimeout(inbound.WithRequest(r.Context(), known), o.requestTime)
		defer cancel()
		if known.GivenID != "" {
			ctx = storage.WithClientRequestID(ctx, known.GivenID)
		}
		r = r.WithContext(o.tracing.Begin(ctx, arrived))
		w.Header().Set("X-Request-Id", known.ShownID())
		w.Header().Set("X-Content-Type-Options", "nosniff")
		recorded := &recorder{ResponseWriter: w}
		defer func() {
			if cause := recover(); cause != nil {
				o.logger.LogAttrs(r.Context(), slog.LevelError, "panic", slog.Any("cause", cause),
					slog.String("request_id", id), slog.String("stack", string(debug.Stack())))
				known.Record.Failed(slog.LevelError, oauth.CodeServerError, errors.New("panic"))
				if recorded.status == 0 {
					http.Error(recorded, "An unexpected error occurred. Request id: "+id, http.StatusInternalServerError)
				}
			}
			elapsed := time.Since(begin)
			o.metrics.answered(inbound.RouteOf(r), r.Method, recorded.status, elapsed)
			o.log(r, recorded.status, elapsed)
			o.tracing.End(r, methodLabel(r.Method), recorded.status)
		}()
		next.ServeHTTP(recorded, r)
	})
}

// log writes the line of a request.
func (o *observer) log(r *http.Request, status int, elapsed time.Duration) {
	known := inbound.RequestFrom(r.Context())
	level := known.Record.Level()
	if !o.logger.Enabled(r.Context(), level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("request_id", known.ID), slog.String("client_request_id", known.GivenID),
		slog.String("method", methodLabel(r.Method)), slog.String("route", inbound.RouteOf(r)),
		slog.Int("status", status), slog.Float64("duration_ms", float64(elapsed.Microseconds())/1000),
		slog.String("address", o.proxies.ClientAddress(r)),
	}
	if id := o.tracing.TraceID(r.Context()); id != "" {
		attributes = append(attributes, slog.String("trace_id", id))
	}
	o.logger.LogAttrs(r.Context(), level, "request", append(attributes, known.Record.Attributes()...)...)
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// dropConsumerHeaders removes what only a gateway in front of the admin listener may say (contract 7.5).
func dropConsumerHeaders(header http.Header) {
	for name := range header {
		if strings.HasPrefix(name, "X-Consumer-") || name == "X-Person-Id" {
			delete(header, name)
		}
	}
}
