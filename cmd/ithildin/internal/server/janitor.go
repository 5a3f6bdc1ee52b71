package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// The jobs of the janitor, as the label task of metrics names them; Prometheus gives the label job to what it asks.
// That a one-time code has expired follows from its row: no job says so.
const (
	jobTokenExpiration = "token_expiration" // ends the tokens of passwords that are too old
	jobSweep           = "sweep"            // deletes what is over, tokens in their hours
	jobRegistrations   = "registrations"    // deletes clients that registered themselves and that no user approved
	jobLog             = "log"              // empties SQLite's write-ahead log
)

// janitor deletes expired rows and ends the tokens of old passwords: the three jobs of mithril_scheduler (contract
// section 8.1), and what else expires.
type janitor struct {
	settings config.Janitor
	store    *storage.Store
	logger   *slog.Logger
	rows     *prometheus.CounterVec
	failures *prometheus.CounterVec
	success  *prometheus.GaugeVec
	seconds  *prometheus.GaugeVec
	// oldPasswords is the position at which the last run of its job stopped for lack of time; nil where it reached the
	// end.
	oldPasswords *storage.PasswordPosition
}

// jobBudget is the time that a run of a server's janitor spends on old passwords, and on each kind of rows. The rest
// is left to the next run, so that a backlog does not delay the other jobs.
const jobBudget = 30 * time.Second

func newJanitor(s config.Janitor, store *storage.Store, logger *slog.Logger, registry prometheus.Registerer) *janitor {
	j := &janitor{
		settings: s, store: store, logger: logger,
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ithildin_janitor_rows_total", Help: "Rows that the janitor deleted, or users whose tokens it ended.",
		}, []string{"task", "table"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ithildin_janitor_failures_total", Help: "Runs of a job that failed.",
		}, []string{"task"}),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ithildin_janitor_last_success_seconds", Help: "When a job last ended well, as Unix time.",
		}, []string{"task"}),
		seconds: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ithildin_janitor_duration_seconds", Help: "How long the last run of a job took.",
		}, []string{"task"}),
	}
	registry.MustRegister(j.rows, j.failures, j.success, j.seconds)
	j.rows.WithLabelValues(jobTokenExpiration, "users")
	j.rows.WithLabelValues(jobRegistrations, "clients")
	for _, table := range storage.SweptTables() {
		j.rows.WithLabelValues(jobSweep, table)
	}
	for _, job := range []string{jobTokenExpiration, jobSweep, jobRegistrations} {
		j.failures.WithLabelValues(job)
		j.seconds.WithLabelValues(job)
		j.success.WithLabelValues(job).SetToCurrentTime() // an alert on age begins with the process
	}
	return j
}

// work runs the jobs whose hours include now.
func (j *janitor) work(ctx context.Context, now time.Time) {
	if j.settings.PasswordLifetime > 0 && j.settings.Expiration.Has(now) {
		j.run(ctx, jobTokenExpiration, func(ctx context.Context) (map[string]int64, error) {
			return j.endOldPasswords(ctx, jobBudget)
		})
	}
	j.run(ctx, jobSweep, func(ctx context.Context) (map[string]int64, error) {
		return j.store.Sweep(ctx, storage.Sweep{
			Batch: j.settings.Batch, TokenRetention: j.settings.Retention, KeepTokens: !j.settings.Deleting.Has(now),
			Budget: jobBudget,
		})
	})
	j.run(ctx, jobRegistrations, j.deleteUnapproved)
	j.run(ctx, jobLog, func(ctx context.Context) (map[string]int64, error) { return nil, j.store.TruncateLog(ctx) })
}

func (j *janitor) deleteUnapproved(ctx context.Context) (map[string]int64, error) {
	before := j.store.Now().Add(-registration.UnapprovedLifetime)
	clients, err := j.store.DeleteUnapprovedRegistrations(ctx, before, j.settings.Batch)
	return map[string]int64{"clients": clients}, err
}

// endOldPasswords ends the tokens of passwords that are too old, from the position at which the last run stopped.
func (j *janitor) endOldPasswords(ctx context.Context, budget time.Duration) (map[string]int64, error) {
	users, stopped, err := j.store.EndOldPasswords(ctx, storage.OldPasswords{
		SetBefore: j.store.Now().Add(-j.settings.PasswordLifetime), Batch: j.settings.Batch, Budget: budget,
		After: j.oldPasswords,
	})
	j.oldPasswords = stopped
	return map[string]int64{"users": users}, err
}

func (j *janitor) run(ctx context.Context, job string, work func(context.Context) (map[string]int64, error)) {
	begin := time.Now()
	done, err := work(ctx)
	j.seconds.WithLabelValues(job).Set(time.Since(begin).Seconds())
	total := int64(0)
	for table, n := range done {
		j.rows.WithLabelValues(job, table).Add(float64(n))
		total += n
	}
	if total > 0 {
		j.logger.Info("the janitor deleted rows or ended tokens", "job", job, "rows", total)
	}
	if err != nil {
		j.failures.WithLabelValues(job).Inc()
		if ctx.Err() == nil {
			j.logger.Warn("a job of the janitor failed", "job", job, "cause", err)
		}
		return
	}
	j.success.WithLabelValues(job).SetToCurrentTime()
}

// RunJanitor does every job once, whatever the hour, and reports for each table how many rows went from it, and how
// many users' tokens were ended. A job that fails does not keep the others from being done.
func RunJanitor(
	ctx context.Context, s config.Janitor, store *storage.Store, report func(table string, rows int64),
) error {
	j := &janitor{settings: s, store: store}
	var failures []error
	add := func(done map[string]int64, err error) {
		for _, table := range slices.Sorted(maps.Keys(done)) {
			report(table, done[table])
		}
		failures = append(failures, err)
	}
	if s.PasswordLifetime > 0 {
		add(j.endOldPasswords(ctx, 0))
	}
	add(store.Sweep(ctx, storage.Sweep{Batch: s.Batch, TokenRetention: s.Retention}))
	add(j.deleteUnapproved(ctx))
	add(nil, store.TruncateLog(ctx))
	return errors.Join(failures...)
}
