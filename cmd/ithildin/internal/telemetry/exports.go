package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// noticeInterval is how often the log says that sending fails.
const noticeInterval = time.Minute

// exports count what was sent, by its result.
type exports struct {
	results *prometheus.CounterVec
	logger  *slog.Logger

	mu      sync.Mutex
	noticed time.Time
}

func newExports(logger *slog.Logger) *exports {
	e := &exports{logger: logger, results: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_otlp_exports_total",
		Help: "Batches of traces and metrics that were sent to the collector, by result: sent, failed (given up).",
	}, []string{"signal", "result"})}
	for _, signal := range []string{"traces", "metrics"} {
		for _, result := range []string{"sent", "failed"} {
			e.results.WithLabelValues(signal, result)
		}
	}
	return e
}

// count counts a batch of a signal by its error, which the log has now and then.
func (e *exports) count(signal string, err error) {
	if err == nil {
		e.results.WithLabelValues(signal, "sent").Inc()
		return
	}
	e.results.WithLabelValues(signal, "failed").Inc()
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); now.Sub(e.noticed) >= noticeInterval {
		e.noticed = now
		e.logger.Warn("sending to the collector failed; the log says so once a minute", "signal", signal, "cause", err)
	}
}

// countedSpans sends spans, and keeps its errors to itself: the SDK would write them to standard error.
type countedSpans struct {
	sdktrace.SpanExporter
	exports *exports
}

// ExportSpans implements sdktrace.SpanExporter.
func (c countedSpans) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	c.exports.count("traces", c.SpanExporter.ExportSpans(ctx, spans))
	return nil
}

// countedMetrics sends metrics likewise.
type countedMetrics struct {
	sdkmetric.Exporter
	exports *exports
}

// Export implements sdkmetric.Exporter.
func (c countedMetrics) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	c.exports.count("metrics", c.Exporter.Export(ctx, metrics))
	return nil
}
