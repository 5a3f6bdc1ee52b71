package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/jwks"
)

// costMetrics show what takes most of the processor's time: signatures and passwords.
type costMetrics struct {
	signatures    *prometheus.HistogramVec
	passwords     prometheus.Histogram
	passwordWaits prometheus.Histogram
}

func newCostMetrics(registry prometheus.Registerer) *costMetrics {
	c := &costMetrics{
		signatures: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ithildin_signature_seconds", Help: "How long signatures of tokens took, by algorithm.",
			Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .25},
		}, []string{"algorithm"}),
		passwords: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ithildin_password_hash_seconds", Help: "How long it took to hash or compare a password.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}),
		passwordWaits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "ithildin_password_wait_seconds",
			Help:    "How long a password waited before it was hashed or compared, since each needs a core and 19 MiB.",
			Buckets: []float64{.001, .01, .1, .5, 1, 2.5, 5},
		}),
	}
	registry.MustRegister(c.signatures, c.passwords, c.passwordWaits)
	for _, algorithm := range jwks.SupportedAlgorithms {
		c.signatures.WithLabelValues(algorithm)
	}
	return c
}

func (c *costMetrics) signed(algorithm string, took time.Duration) {
	c.signatures.WithLabelValues(algorithm).Observe(took.Seconds())
}

func (c *costMetrics) hashed(waited, took time.Duration) {
	c.passwordWaits.Observe(waited.Seconds())
	c.passwords.Observe(took.Seconds())
}

// keyMetrics is a collector of the signing keys as the process has them.
type keyMetrics struct{ keys *jwks.Set }

var (
	keyActivation = prometheus.NewDesc("ithildin_signing_key_activated_seconds",
		"Since when the key that signs does so, as Unix time, by algorithm.", []string{"algorithm"}, nil)
	keyCount = prometheus.NewDesc("ithildin_signing_keys",
		"Keys by algorithm and state: pending (published, does not sign yet), active, retired (verifies).",
		[]string{"algorithm", "state"}, nil)
)

// Describe implements prometheus.Collector.
func (keyMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- keyActivation
	descriptions <- keyCount
}

// Collect implements prometheus.Collector.
func (m keyMetrics) Collect(metrics chan<- prometheus.Metric) {
	counts := map[[2]string]float64{}
	for _, algorithm := range jwks.SupportedAlgorithms {
		for _, state := range []jwks.State{jwks.Prepublished, jwks.Active, jwks.Retired} {
			counts[[2]string{algorithm, string(state)}] = 0
		}
	}
	for _, key := range m.keys.Keys() {
		counts[[2]string{key.Algorithm, string(key.State)}]++
		if key.State == jwks.Active {
			metrics <- prometheus.MustNewConstMetric(keyActivation, prometheus.GaugeValue,
				float64(key.ActivatesAt.Unix()), key.Algorithm)
		}
	}
	for labels, count := range counts {
		metrics <- prometheus.MustNewConstMetric(keyCount, prometheus.GaugeValue, count, labels[0], labels[1])
	}
}
