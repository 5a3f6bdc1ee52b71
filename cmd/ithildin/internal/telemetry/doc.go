// Package telemetry sends traces and metrics to a collector by OTLP (OpenTelemetry Protocol 1, HTTP with protobuf).
//
// Start makes the sender of traces, ExportMetrics that of the metrics which /metrics serves, and Stop sends what is
// left. Requests never wait for either: a span that is ended is put into a queue of 2,048, and is dropped where the
// queue is full, because the collector is slow or gone; one goroutine sends what the queue holds, and another one the
// metrics. Without an endpoint there are no goroutines, and nobody makes spans.
package telemetry
