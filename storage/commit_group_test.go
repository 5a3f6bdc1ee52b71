package storage

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// groupOfRows opens a SQLite file with a table of numbers, and the group that writes it.
func groupOfRows(t *testing.T) (*commitGroup, func() []int) {
	d := &database{}
	require.NoError(t, d.openSQLite(filepath.Join(t.TempDir(), "rows.db"), Options{MaxConnections: 2}))
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	_, err := d.writer.Exec(`CREATE TABLE rows (n bigint PRIMARY KEY)`)
	require.NoError(t, err)
	return d.commits, func() (numbers []int) {
		require.NoError(t, d.reader.Select(&numbers, `SELECT n FROM rows ORDER BY n`))
		return numbers
	}
}

func insertRow(ctx context.Context, tx *sqlx.Tx, n int) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO rows (n) VALUES ($1)`, n)
	return err
}

// behindOne runs writes that all come while another one is in its transaction, and returns their errors.
func behindOne(t *testing.T, g *commitGroup, writes ...func(ctx context.Context, tx *sqlx.Tx) error) []error {
	inside, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = g.do(t.Context(), func(context.Context, *sqlx.Tx) error {
			close(inside)
			<-release
			return nil
		})
	})
	<-inside
	errs := make([]error, len(writes))
	for i, write := range writes {
		all.Go(func() { errs[i] = g.do(t.Context(), write) })
		require.Eventually(t, func() bool {
			g.mu.Lock()
			defer g.mu.Unlock()
			return len(g.waiting) == i+1
		}, 10*time.Second, time.Millisecond)
	}
	close(release)
	all.Wait()
	return errs
}

func TestWritesThatComeWhileAnotherCommitsShareOneTransaction(t *testing.T) {
	g, rows := groupOfRows(t)
	transactions := map[*sqlx.Tx]int{}
	var writes []func(context.Context, *sqlx.Tx) error
	for n := range 16 {
		writes = append(writes, func(ctx context.Context, tx *sqlx.Tx) error {
			transactions[tx]++
			return insertRow(ctx, tx, n)
		})
	}
	for _, err := range behindOne(t, g, writes...) {
		require.NoError(t, err)
	}
	require.Len(t, transactions, 1)
	require.Len(t, rows(), 16)
}

func TestAFailedWriteDoesNotAffectThoseThatShareItsTransaction(t *testing.T) {
	g, rows := groupOfRows(t)
	refused := errors.New("refused")
	errs := behindOne(t, g,
		func(ctx context.Context, tx *sqlx.Tx) error { return insertRow(ctx, tx, 1) },
		func(ctx context.Context, tx *sqlx.Tx) error { return errors.Join(insertRow(ctx, tx, 2), refused) },
		func(ctx context.Context, tx *sqlx.Tx) error { return insertRow(ctx, tx, 1) }, // the key is taken
		func(ctx context.Context, tx *sqlx.Tx) error { panic("a mistake") },
		func(ctx context.Context, tx *sqlx.Tx) error { return insertRow(ctx, tx, 3) },
	)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], refused)
	require.ErrorContains(t, errs[2], "UNIQUE")
	require.ErrorContains(t, errs[3], "a mistake")
	require.NoError(t, errs[4])
	require.Equal(t, []int{1, 3}, rows())
}

func TestWritesThatShareATransactionWaitForALockedDatabaseOnce(t *testing.T) {
	g, rows := groupOfRows(t)
	locked := errors.Join(context.DeadlineExceeded, errors.New("locked"))
	runs := 0
	count := func(ctx context.Context, tx *sqlx.Tx) error {
		runs++
		return insertRow(ctx, tx, runs)
	}
	for _, err := range behindOne(t, g, count, func(context.Context, *sqlx.Tx) error { return locked }, count) {
		require.ErrorIs(t, err, locked)
	}
	require.Equal(t, 1, runs, "none was tried again")
	require.Empty(t, rows())
}

func TestAWriteWhoseRequestEndsWhileItWaitsIsNotMade(t *testing.T) {
	g, rows := groupOfRows(t)
	ctx, cancel := context.WithCancel(t.Context())
	errs := behindOne(t, g, func(context.Context, *sqlx.Tx) error {
		done := make(chan error)
		go func() {
			done <- g.do(ctx, func(ctx context.Context, tx *sqlx.Tx) error { return insertRow(ctx, tx, 1) })
		}()
		cancel()
		return orNil(<-done, context.Canceled)
	})
	require.NoError(t, errs[0])
	require.Empty(t, rows())
}

// orNil is nil for the error that is expected.
func orNil(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return errors.Join(err, errors.New("want "+expected.Error()))
}

func TestAWriteWhoseRequestEndsInItsTransactionIsMade(t *testing.T) {
	g, rows := groupOfRows(t)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, g.do(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		cancel()
		return insertRow(ctx, tx, 1)
	}))
	require.Equal(t, []int{1}, rows())
}
