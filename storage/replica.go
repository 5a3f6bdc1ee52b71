package storage

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// ReplicaOptions name a standby of PostgreSQL that may answer what is live, where the caller allows that (MayBeStale).
type ReplicaOptions struct {
	URL string // "": there is none
	// Staleness is how old an answer of the replica may be: what was committed longer ago is in it.
	Staleness time.Duration
}

const (
	// replicaLooks is how many times the replica is looked at while an answer of it may grow old.
	replicaLooks = 4
	// shortestReplicaInterval bounds how often that is.
	shortestReplicaInterval = 50 * time.Millisecond
	// longestLook ends a look that gets no answer, so that the next can try another connection.
	longestLook = 5 * time.Second
	// mostMarks bounds the marks that the replica does not have yet.
	mostMarks = 64
	// longestReplicaRead is how long a request waits for the replica before the primary is asked.
	longestReplicaRead = time.Second
)

// replica is a standby, and how much of the primary it is known to have. A look writes a mark to the primary: once the
// replica shows that mark, or a later one, it has all that was committed before the look began. No clock but that of
// this process is compared, and no position in a log, which means nothing after a failover.
type replica struct {
	pool      *pool
	connector *connector // of the pool
	staleness time.Duration
	confirmed atomic.Pointer[replicaMark] // the last that the replica has shown; nil: none
	answers   atomic.Int64
	others    atomic.Int64 // that the primary gave in place of it

	mu    sync.Mutex
	marks []replicaMark // that it has not shown yet, the oldest first
}

// replicaMark is a mark, and when the look began that wrote it, by sinceStart.
type replicaMark struct{ mark, began int64 }

// age is how old an answer is at the most that has the mark, or a later one.
func (m *replicaMark) age() time.Duration { return time.Duration(sinceStart() - m.began) }

type staleKey struct{}

// MayBeStale lets reads of tokens under a context be answered by the replica, if the database has one.
func MayBeStale(ctx context.Context) context.Context { return context.WithValue(ctx, staleKey{}, true) }

// openReplica opens the pool of a replica; nil where the options name none.
func openReplica(o Options) (*replica, error) {
	if o.Replica.URL == "" {
		return nil, nil
	}
	if o.Replica.Staleness <= 0 {
		return nil, errors.New("storage: a replica wants a staleness above zero")
	}
	pool, c, _, err := newPostgresPool(o.Replica.URL, o)
	if err != nil {
		return nil, err
	}
	return &replica{pool: pool, connector: c, staleness: o.Replica.Staleness}, nil
}

// ReplicaInterval is how often LookAtReplica wants to be called; 0 where there is no replica.
func (d *replicaStore) ReplicaInterval() time.Duration {
	if d.replica == nil {
		return 0
	}
	return max(d.replica.staleness/replicaLooks, shortestReplicaInterval)
}

// LookAtReplica learns what the replica has, and writes the mark of the next look.
func (d *replicaStore) LookAtReplica(ctx context.Context) error {
	r := d.replica
	if r == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, max(r.staleness, longestLook))
	defer cancel()
	began := sinceStart()
	var mark int64
	err := d.get(ctx, &mark, `
UPDATE replica_marks SET mark = greatest(mark + 1, CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))
WHERE id = 1 RETURNING mark`)
	if err != nil {
		return err
	}
	var shown int64
	if err := r.pool.get(ctx, &shown, `SELECT mark FROM replica_marks WHERE id = 1`); err != nil {
		return classify(err)
	}
	r.confirm(replicaMark{mark, began}, shown)
	return nil
}

// confirm notes a mark that was written, and what the replica showed after that.
func (r *replica) confirm(written replicaMark, shown int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks = append(r.marks, written)
	for len(r.marks) > 0 && r.marks[0].mark <= shown {
		r.confirmed.Store(&r.marks[0])
		r.marks = r.marks[1:]
	}
	if len(r.marks) > mostMarks {
		r.marks = r.marks[1:]
	}
}

// ReplicaStaleness is how old an answer of the replica would be at the most; false while that is not known, or there is
// no replica.
func (d *replicaStore) ReplicaStaleness() (time.Duration, bool) {
	if d.replica == nil {
		return 0, false
	}
	return d.replica.age()
}

func (r *replica) age() (age time.Duration, known bool) {
	confirmed := r.confirmed.Load()
	if confirmed == nil {
		return 0, false
	}
	return confirmed.age(), true
}

// ReplicaReads is how many reads that might be stale were answered by the replica, and how many by the primary.
func (d *replicaStore) ReplicaReads() (replica, primary int64) {
	if d.replica == nil {
		return 0, 0
	}
	return d.replica.answers.Load(), d.replica.others.Load()
}

// live reads a token from the replica, if there is one, where the context and its staleness allow that. What is live
// counts alone: a token may be younger than the replica, so the primary is asked about one that is unknown or ended,
// or came with an api-key that is unknown.
func (r *replica) live(ctx context.Context, probe TokenProbe, query string, args []any) *foundTokenRow {
	if r == nil || ctx.Value(staleKey{}) == nil {
		return nil
	}
	var row *foundTokenRow
	confirmed := r.confirmed.Load()
	if r.mayAnswer(confirmed) {
		row = r.token(ctx, confirmed.mark, query, args)
	}
	if row == nil || !r.mayAnswer(confirmed) || row.found().IsEnded() ||
		probe.APIKey.Hash != nil && !row.KeyClientID.Valid {
		r.others.Add(1)
		return nil
	}
	r.answers.Add(1)
	return row
}

// mayAnswer says whether what has a mark is young enough now.
func (r *replica) mayAnswer(confirmed *replicaMark) bool {
	return confirmed != nil && confirmed.age() <= r.staleness
}

// token reads a row together with the mark of its snapshot; nil where the replica has no such row, lacks the mark that
// it is to have, or does not answer in time. One that fails is not asked again until the next look.
func (r *replica) token(ctx context.Context, mark int64, query string, args []any) *foundTokenRow {
	bounded, cancel := context.WithTimeout(ctx, min(r.staleness, longestReplicaRead))
	defer cancel()
	var row struct {
		foundTokenRow
		Mark int64 `db:"replica_mark"`
	}
	err := classify(r.pool.get(bounded, &row,
		`SELECT f.*, m.mark AS replica_mark FROM (`+query+`) f, replica_marks m WHERE m.id = 1`, args...))
	switch {
	case err == nil && row.Mark >= mark:
		return &row.foundTokenRow
	case err != nil && !errors.Is(err, ErrNotFound) && ctx.Err() == nil:
		r.confirmed.Store(nil)
	}
	return nil
}
