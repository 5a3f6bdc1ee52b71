package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// groupSize bounds how many writes share a commit, so that the first of them does not wait for long.
const groupSize = 64

// commitGroup lets short writes that come at the same time share a transaction of SQLite, and so one wait for the disk.
// SQLite has one writer, and with synchronous=FULL each commit waits for the disk; while one does, the next writes
// gather. A write is answered after the commit that it is in, so nothing is less durable than by itself.
type commitGroup struct {
	writer *pool

	mu      sync.Mutex
	waiting []*groupedWrite
	leading bool // somebody takes what waits
}

// groupedWrite is one write of a group. It is run again, by itself, where the group could not be committed.
type groupedWrite struct {
	ctx   context.Context
	write func(ctx context.Context, tx *sqlx.Tx) error
	err   error
	done  chan struct{} // closed when err is final
}

// do runs a write in a transaction that it may share, and returns after the commit. A write that returns an error has
// written nothing, and what it shares the transaction with is not affected. A context that ends before the transaction
// begins withdraws the write; afterwards the write takes its course, since SQLite would undo the whole transaction of
// an interrupted statement.
func (g *commitGroup) do(ctx context.Context, write func(ctx context.Context, tx *sqlx.Tx) error) error {
	w := &groupedWrite{ctx: ctx, write: write, done: make(chan struct{})}
	g.enqueue(w)
	select {
	case <-w.done:
	case <-ctx.Done():
		if g.withdraw(w) {
			return ctx.Err()
		}
		<-w.done
	}
	return w.err
}

// enqueue adds a write to those that wait, and sees to it that somebody takes them.
func (g *commitGroup) enqueue(w *groupedWrite) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, w)
	if !g.leading {
		g.leading = true
		go g.lead()
	}
}

// withdraw takes a write out of those that wait; false: it is in a transaction.
func (g *commitGroup) withdraw(w *groupedWrite) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.waiting {
		if other == w {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// lead commits groups until nothing waits.
func (g *commitGroup) lead() {
	for {
		// Those that come while another transaction has the connection join this group.
		conn, err := g.writer.Connx(context.Background())
		group := g.take()
		if err == nil {
			commit(conn, group)
			_ = conn.Close() // back to the pool
		}
		for _, w := range group {
			if err != nil {
				w.err = err
			}
			close(w.done)
		}
		if len(group) == 0 {
			return
		}
	}
}

// commit gives each write of a group its error. Where one of them failed, each runs again by itself. Where the database
// did, such as one that another process has locked, all of them get its error: they have waited for it together, and
// would else wait again one after another.
func commit(conn *sqlx.Conn, group []*groupedWrite) {
	if len(group) == 0 {
		return
	}
	err := commitTogether(conn, group)
	for _, w := range group {
		if err != nil && len(group) > 1 && !isUnavailable(err) {
			w.err = commitTogether(conn, []*groupedWrite{w})
			if isUnavailable(w.err) {
				err = w.err
			}
			continue
		}
		w.err = err
	}
}

// take returns what waits, groupSize at most. Where nothing does, the next write leads.
func (g *commitGroup) take() []*groupedWrite {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), groupSize)
	group := append([]*groupedWrite(nil), g.waiting[:n]...)
	g.waiting = append(g.waiting[:0], g.waiting[n:]...)
	g.leading = n > 0
	return group
}

// commitTogether runs the writes of a group in one transaction. After an error nothing of it is written.
func commitTogether(conn *sqlx.Conn, group []*groupedWrite) error {
	tx, err := conn.BeginTxx(context.WithoutCancel(group[0].ctx), nil) // whose trace has the transaction, of all of them
	if err != nil {
		return err
	}
	for _, w := range group {
		if err := w.run(tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// run makes an error of a panic, which would end the process here, where no request recovers from it.
func (w *groupedWrite) run(tx *sqlx.Tx) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("storage: panic in a write: %v", cause)
		}
	}()
	return w.write(context.WithoutCancel(w.ctx), tx)
}
