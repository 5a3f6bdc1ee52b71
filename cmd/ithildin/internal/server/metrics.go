package server

import (
	"math"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"ithildin/storage"
)

func newRegistry(store *storage.Store, build Build) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewDBStatsCollector(store.SQL(), "ithildin"), buildMetric(build),
	)
	return registry
}

// buildMetric is always 1; its labels say what runs.
func buildMetric(b Build) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ithildin_build_info", Help: "What this process was made from.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}

// eventMetrics show how far the audit of the gateway is behind.
func eventMetrics(events *storage.EventQueue) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ithildin_audit_queue_events", Help: "Audit events that wait to be written.",
		}, func() float64 { return float64(events.Depth()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "ithildin_audit_queue_written_total", Help: "Audit events that were written.",
		}, func() float64 { return float64(events.Written()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "ithildin_audit_queue_failures_total", Help: "Tries to write audit events that failed.",
		}, func() float64 { return float64(events.Failed()) }),
	}
}

// databaseMetrics show what readiness judges by.
func databaseMetrics(store *storage.Store) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ithildin_clock_skew_seconds", Help: "By how much this process's clock is ahead of the database's.",
		}, func() float64 { return store.ClockSkew().Seconds() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ithildin_configuration_age_seconds",
			Help: "How long ago the database last said that clients, roles and scopes are kept as they are.",
		}, func() float64 { return store.ConfigurationAge().Seconds() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ithildin_database_takes_writes", Help: "0 while the database is read-only or refuses writes, else 1.",
		}, func() float64 {
			if store.TakesWrites() {
				return 1
			}
			return 0
		}),
	}
}

// replicaMetrics show whether the replica may answer, and how often it does. Without a replica there are none.
func replicaMetrics(store *storage.Store) []prometheus.Collector {
	if store.ReplicaInterval() == 0 {
		return nil
	}
	reads := func(source string, count func() int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "ithildin_replica_reads_total", Help: "Reads of tokens that the replica might answer, by who did.",
			ConstLabels: prometheus.Labels{"source": source},
		}, func() float64 { return float64(count()) })
	}
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ithildin_replica_staleness_seconds",
			Help: "How old an answer of the replica would be at the most; +Inf while that is not known.",
		}, func() float64 {
			staleness, known := store.ReplicaStaleness()
			if !known {
				return math.Inf(1)
			}
			return staleness.Seconds()
		}),
		reads("replica", func() int64 { replica, _ := store.ReplicaReads(); return replica }),
		reads("primary", func() int64 { _, primary := store.ReplicaReads(); return primary }),
	}
}
