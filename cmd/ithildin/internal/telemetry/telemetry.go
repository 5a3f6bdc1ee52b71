package telemetry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"ithildin/cmd/ithildin/internal/config"
)

const (
	// requestTime bounds one request to the collector, retryTime what is tried again of it.
	requestTime = 10 * time.Second
	retryTime   = 30 * time.Second
	// queuedSpans wait at most, sentSpans are in one request.
	queuedSpans = 2048
	sentSpans   = 512
	// batchTime is how long a span waits for others at most.
	batchTime = 5 * time.Second
	// longestAttribute bounds the text of a statement, in characters.
	longestAttribute = 4096
	mostAttributes   = 32
)

// Telemetry sends traces and metrics. It is safe for concurrent use.
type Telemetry struct {
	settings config.Telemetry
	client   *http.Client
	resource *resource.Resource
	exports  *exports
	traces   *sdktrace.TracerProvider // nil where none are sent
	metrics  *sdkmetric.MeterProvider // likewise
}

// Start makes the sender of traces. version is that of this program. The collector need not answer.
func Start(ctx context.Context, s config.Telemetry, version string, logger *slog.Logger) (*Telemetry, error) {
	t := &Telemetry{settings: s, exports: newExports(logger), resource: resourceOf(version)}
	if s.Endpoint == nil {
		return t, nil
	}
	t.client = newClient(s)
	if !s.Traces {
		return t, nil
	}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(t.address("v1/traces")), otlptracehttp.WithHeaders(s.Headers),
		otlptracehttp.WithEncoding(otlptracehttp.EncodingProtobuf),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression), otlptracehttp.WithTimeout(requestTime),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: retryTime,
		}),
		otlptracehttp.WithHTTPClient(t.client))
	if err != nil {
		return nil, fmt.Errorf("telemetry: traces: %w", err)
	}
	t.traces = sdktrace.NewTracerProvider(
		sdktrace.WithResource(t.resource),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(s.Sampling))),
		sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{
			AttributeValueLengthLimit: longestAttribute, AttributeValueDepthLimit: 1, AttributeCountLimit: mostAttributes,
		}),
		sdktrace.WithBatcher(countedSpans{exporter, t.exports}, sdktrace.WithMaxQueueSize(queuedSpans),
			sdktrace.WithMaxExportBatchSize(sentSpans), sdktrace.WithBatchTimeout(batchTime),
			sdktrace.WithExportTimeout(retryTime)))
	return t, nil
}

// TracerProvider makes tracers; nil where no traces are sent, so that nobody makes spans.
func (t *Telemetry) TracerProvider() trace.TracerProvider {
	if t.traces == nil {
		return nil
	}
	return t.traces
}

// ExportMetrics sends the metrics of a registry from now on, where metrics are sent, and adds those of the sending
// itself to it.
func (t *Telemetry) ExportMetrics(ctx context.Context, registry *prometheus.Registry) error {
	registry.MustRegister(t.exports.results)
	if t.settings.Endpoint == nil || !t.settings.Metrics {
		return nil
	}
	exporter, err := otlpmetrichttp.New(ctx,
		otlpmetrichttp.WithEndpointURL(t.address("v1/metrics")), otlpmetrichttp.WithHeaders(t.settings.Headers),
		otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression), otlpmetrichttp.WithTimeout(requestTime),
		otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: retryTime,
		}),
		otlpmetrichttp.WithHTTPClient(t.client))
	if err != nil {
		return fmt.Errorf("telemetry: metrics: %w", err)
	}
	t.metrics = sdkmetric.NewMeterProvider(sdkmetric.WithResource(t.resource),
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(countedMetrics{exporter, t.exports},
			sdkmetric.WithInterval(t.settings.MetricsInterval), sdkmetric.WithTimeout(retryTime),
			sdkmetric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(registry))))))
	return nil
}

// Stop sends what has not been sent yet, until the context ends.
func (t *Telemetry) Stop(ctx context.Context) error {
	var failed []error
	if t.traces != nil {
		failed = append(failed, t.traces.Shutdown(ctx))
	}
	if t.metrics != nil {
		failed = append(failed, t.metrics.Shutdown(ctx))
	}
	return errors.Join(failed...)
}

// address is where a signal is sent: its path below that of the endpoint.
func (t *Telemetry) address(path string) string { return t.settings.Endpoint.JoinPath(path).String() }

// newClient makes a client that follows no redirect, since the headers belong to one address, and takes no proxy from
// the environment.
func newClient(s config.Telemetry) *http.Client {
	return &http.Client{
		Timeout: requestTime,
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: requestTime}).DialContext,
			TLSClientConfig:     &tls.Config{RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: requestTime, ForceAttemptHTTP2: true,
			MaxConnsPerHost: 2, IdleConnTimeout: 2 * time.Minute, MaxResponseHeaderBytes: 32 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// resourceOf names this process among all that send to a collector.
func resourceOf(version string) *resource.Resource {
	return resource.NewWithAttributes(semconv.SchemaURL, semconv.ServiceName("ithildin"),
		semconv.ServiceVersion(version), semconv.ServiceInstanceID(uuid.NewString()))
}
