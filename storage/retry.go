package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// retries bounds how often a statement is run again after SQLSTATE 40001 or 40P01, which a replicated cluster sends as
// a matter of course. The pauses before double up to longestDoublings times: from 8 ms to a second, half of that on
// average.
const (
	retries          = 12
	longestDoublings = 8
)

func retrySerialization(ctx context.Context, f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || attempt > retries || !isSerialization(err) {
			return err
		}
		pause := time.Duration(
			rand.Int64N(int64(4*time.Millisecond) << min(attempt, longestDoublings)),
		) // longer each time: rivals spread out
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// execIdempotent runs one statement, for which the database may ask again, and whose answer may be lost. Every
// statement of this package that runs by itself has, sent twice, the effect of one. One that nobody waits for, whose
// context has no deadline, gets one here.
func (d *database) execIdempotent(ctx context.Context, statement func(context.Context) error) error {
	if _, bounded := ctx.Deadline(); !bounded && d.unattended > 0 {
		bounded, cancel := context.WithTimeout(ctx, d.unattended)
		defer cancel()
		ctx = bounded
	}
	return d.classifyWrite(retrySerialization(ctx, func() error {
		return retryBroken(ctx, func() error { return statement(ctx) })
	}))
}

// classifyWrite classifies an error, and remembers when the database took no writes.
func (d *database) classifyWrite(err error) error {
	if cannotWrite(err) {
		d.state.refusedWrite.Store(sinceStart())
	}
	return classify(err)
}

// resends bounds how often a statement is sent again after its connection broke.
const resends = 2

// retryBroken sends a statement again when its connection broke before the whole answer was there. database/sql does
// that by itself only where the driver says driver.ErrBadConn before the first row: not for a connection that was
// reset, which lib/pq reports as the network's error, and not for an answer that broke off or never came. A server that
// takes no writes has done nothing, and another connection may lead to one that does.
func retryBroken(ctx context.Context, statement func() error) error {
	for attempt := 0; ; attempt++ {
		err := statement()
		if err == nil || attempt == resends || !isBroken(err) && !cannotWrite(err) || ctx.Err() != nil {
			return err
		}
	}
}

// isBroken recognises a connection that ended while it was in use; one that can't be made is no use trying again.
func isBroken(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errSilent)
}

func isSerialization(err error) bool {
	var postgres *pq.Error
	return errors.As(err, &postgres) && (postgres.Code == "40001" || postgres.Code == "40P01")
}
