package storage

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lookTime bounds one look at the configuration version.
	lookTime = 4 * time.Second
	// refusalTime is how long after a write was refused the database counts as one that takes none.
	refusalTime = 10 * time.Second
	// roughLook is the longest look from which the difference of the clocks is told.
	roughLook = 500 * time.Millisecond
)

var processStart = time.Now()

// sinceStart is a clock that never jumps: nanoseconds since this process began, never zero.
func sinceStart() int64 { return int64(time.Since(processStart)) + 1 }

// state is what a process knows of its database.
type state struct {
	mu      sync.Mutex
	version int64
	changed func(context.Context)

	maximumAge   time.Duration
	confirmed    atomic.Int64 // when a look that found what is kept here current began; 0: nobody watches
	skew         atomic.Int64 // this process's clock less the database's, in nanoseconds
	readOnly     atomic.Bool
	refusedWrite atomic.Int64 // when a write was last refused; 0: never
}

func newState(maximumAge time.Duration) *state { return &state{version: -1, maximumAge: maximumAge} }

// ConfigurationVersion is the number that every change of configuration raises.
func (c *configuration) ConfigurationVersion(ctx context.Context) (version int64, err error) {
	err = c.get(ctx, &version, `SELECT version FROM configuration_version WHERE id = 1`)
	return version, err
}

// Watch asks for the configuration version at each tick until the context ends, and when it has moved drops what this
// process keeps and calls changed. A database that is away is asked again at the next tick. On both engines the version
// is a row: SQLite's data_version would move with every token.
//
// From then on what is kept is served only for as long as Options.ConfigurationAge says after the version was last
// read: a process that cannot learn of a change must not serve by what was before it.
func (c *configuration) Watch(ctx context.Context, tick <-chan time.Time, changed func(context.Context)) {
	c.state.mu.Lock()
	c.state.changed = changed
	c.state.mu.Unlock()
	c.state.confirmed.Store(sinceStart())
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		_ = c.confirm(ctx) // the age tells
	}
}

// confirm reads the version and drops what is kept if it has moved: what was read before the first look may be stale
// already.
func (c *configuration) confirm(ctx context.Context) error {
	began := sinceStart()
	bounded, cancel := context.WithTimeout(ctx, lookTime)
	version, err := c.look(bounded)
	cancel()
	if err != nil {
		return err
	}
	st := c.state
	st.mu.Lock()
	moved, changed := version != st.version, st.changed
	st.version = version
	if moved {
		c.Invalidate()
	}
	st.mu.Unlock()
	if began > st.confirmed.Load() {
		st.confirmed.Store(began)
	}
	if moved {
		bounded, cancel := context.WithTimeout(ctx, lookTime)
		defer cancel()
		changed(bounded)
	}
	return nil
}

// current lets a request use what is kept in memory. Where that is too old, the request asks the database itself;
// ErrUnavailable: it does not answer.
func (c *configuration) current(ctx context.Context) error {
	if c.ConfigurationAge() <= c.state.maximumAge {
		return nil
	}
	_, err := c.cache.shared(ctx, "configuration version", func(ctx context.Context) (any, error) {
		return nil, c.confirm(ctx)
	})
	if err != nil {
		return fmt.Errorf("the configuration is %v old: %w", c.ConfigurationAge().Round(time.Second), err)
	}
	return nil
}

// ConfigurationAge is how long ago the database last said that what is kept of it is current; 0 where nobody watches.
func (c *configuration) ConfigurationAge() time.Duration {
	confirmed := c.state.confirmed.Load()
	if confirmed == 0 {
		return 0
	}
	return time.Duration(sinceStart() - confirmed)
}

// IsCurrent says whether ConfigurationAge is within Options.ConfigurationAge.
func (c *configuration) IsCurrent() bool { return c.ConfigurationAge() <= c.state.maximumAge }

// ClockSkew is by how much this process's clock is ahead of the database's, as the last look at the version told; 0 on
// SQLite.
func (c *configuration) ClockSkew() time.Duration { return time.Duration(c.state.skew.Load()) }

// TakesWrites says whether the database takes writes, as far as is known: it is not read-only, and has refused none for
// ten seconds.
func (c *configuration) TakesWrites() bool {
	rejected := c.state.refusedWrite.Load()
	return !c.state.readOnly.Load() && (rejected == 0 || time.Duration(sinceStart()-rejected) > refusalTime)
}

// TryWrite makes a write that means nothing, by which TakesWrites learns of a disk that is full.
func (c *configuration) TryWrite(ctx context.Context) error {
	_, err := c.exec(ctx, `
INSERT INTO leases (name, holder, expires_at) VALUES ('write check', $1, $2)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at`, c.NewID(), c.nowSeconds())
	return err
}

// Ping asks whether the database can serve a read. It writes nothing.
func (c *configuration) Ping(ctx context.Context) error {
	_, err := c.look(ctx)
	return err
}

// look reads the version, and on the way what the database says of its clock and of writes.
func (c *configuration) look(ctx context.Context) (version int64, err error) {
	query := `SELECT version, NULL AS clock, FALSE AS read_only FROM configuration_version WHERE id = 1`
	if c.engine == postgresEngine {
		query = `SELECT version, extract(epoch FROM clock_timestamp())::float8 AS clock,
       current_setting('transaction_read_only') = 'on' AS read_only FROM configuration_version WHERE id = 1`
	}
	var row struct {
		Version  int64           `db:"version"`
		Clock    sql.NullFloat64 `db:"clock"`
		ReadOnly bool            `db:"read_only"`
	}
	ours, began := c.now(), time.Now()
	if err := c.get(ctx, &row, query); err != nil {
		return 0, err
	}
	took := time.Since(began)
	c.state.readOnly.Store(row.ReadOnly)
	if row.Clock.Valid && took < roughLook {
		ours = ours.Add(took / 2)
		theirs := time.UnixMilli(int64(row.Clock.Float64 * 1000))
		c.state.skew.Store(int64(ours.Sub(theirs)))
	}
	return row.Version, nil
}
