package storage

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// answerMargin is how much later than its own time-out a server's answer may come.
	answerMargin = 2 * time.Second
	// cancelTime is how long a request to cancel a statement may take, and how long the statement is waited for after it.
	cancelTime = time.Second
)

// errSilent says that a server with an open connection did not answer in time. It may have done what was asked.
var errSilent error = silence{}

type silence struct{}

// Error implements error.
func (silence) Error() string { return "the database did not answer in time" }

// Timeout and Temporary implement net.Error.
func (silence) Timeout() bool   { return true }
func (silence) Temporary() bool { return false }

// dialing is a value of the context of a dial. It has the context of the caller who wants the connection, which lib/pq
// shortens. The dialer puts the connection into it.
type dialing struct {
	caller context.Context
	link   *link
}

type dialingKey struct{}

// dialer makes links. It implements pq.Dialer and pq.DialerContext.
type dialer struct {
	net.Dialer
	answerTimeout time.Duration
	health        *health
}

func newDialer(answerTimeout time.Duration, h *health) *dialer {
	d := &dialer{answerTimeout: answerTimeout, health: h}
	d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}
	if answerTimeout > 0 {
		d.Control = func(network, _ string, c syscall.RawConn) error { return setUserTimeout(network, c, answerTimeout) }
	}
	return d
}

// DialTimeout implements pq.Dialer; lib/pq prefers DialContext.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext. A context of Connect's asks for a connection of the pool; any other is
// lib/pq's own, which wants a short connection to cancel a statement, and holds up the caller of that statement
// meanwhile.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	of, forPool := ctx.Value(dialingKey{}).(*dialing)
	if !forPool {
		short, cancel := context.WithTimeout(ctx, cancelTime)
		defer cancel()
		ctx, of = short, &dialing{caller: short}
	}
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	of.link = &link{Conn: conn, answerTimeout: d.answerTimeout, health: d.health}
	of.link.bound(of.caller)
	return of.link, nil
}

// link is a network connection whose reads and writes end in bounded time. Without that, a host that lost its power or
// its network holds a connection for as long as TCP believes in it, which is many minutes.
type link struct {
	net.Conn
	answerTimeout time.Duration // the longest read or write; 0: no bound
	health        *health
	limit         atomic.Int64 // when whoever uses the connection gives up, in nanoseconds since 1970; 0: never
	fixedRead     atomic.Int64 // what SetDeadline and the like have asked for, likewise
	fixedWrite    atomic.Int64
	silent        atomic.Bool // the server did not answer: the connection is no use
}

// bound makes every read and write end a moment after the context's deadline, so that a request to cancel has that
// moment to do its work.
func (l *link) bound(ctx context.Context) {
	limit := int64(0)
	if deadline, ok := ctx.Deadline(); ok {
		limit = deadline.Add(cancelTime).UnixNano()
	}
	l.limit.Store(limit)
}

// Read implements net.Conn.
func (l *link) Read(b []byte) (int, error) {
	began := time.Now()
	deadline, cause := l.deadline(began, &l.fixedRead)
	if err := l.Conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.health.heard.Store(began.UnixNano())
	}
	return n, l.explain(err, "read", began, cause)
}

// Write implements net.Conn.
func (l *link) Write(b []byte) (int, error) {
	began := time.Now()
	deadline, cause := l.deadline(began, &l.fixedWrite)
	if err := l.Conn.SetWriteDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(b)
	return n, l.explain(err, "write", began, cause)
}

// What may end a read or write.
type endedBy int

const (
	endedByPatience endedBy = iota
	endedByCaller
	endedByDriver // a deadline of its own, as for connecting
)

// deadline is the earliest of those that hold for a read or write that begins now; the zero time is for never.
func (l *link) deadline(now time.Time, fixed *atomic.Int64) (at time.Time, cause endedBy) {
	earliest := int64(0)
	if l.answerTimeout > 0 {
		earliest = now.Add(l.answerTimeout).UnixNano()
	}
	if limit := l.limit.Load(); limit > 0 && (earliest == 0 || limit < earliest) {
		earliest, cause = limit, endedByCaller
	}
	if own := fixed.Load(); own > 0 && (earliest == 0 || own < earliest) {
		earliest, cause = own, endedByDriver
	}
	if earliest == 0 {
		return time.Time{}, cause
	}
	return time.Unix(0, earliest), cause
}

// explain makes errSilent of a deadline that passed. lib/pq gives up a connection only for a *net.OpError. The other
// connections of the pool are given up too, unless the server has answered another one meanwhile: then only this
// statement was slow.
func (l *link) explain(err error, operation string, began time.Time, cause endedBy) error {
	if err == nil || cause == endedByDriver || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	l.silent.Store(true)
	if cause == endedByPatience || l.health.heard.Load() < began.UnixNano() {
		l.health.renew()
	}
	return &net.OpError{Op: operation, Net: l.RemoteAddr().Network(), Addr: l.RemoteAddr(), Err: errSilent}
}

// SetDeadline implements net.Conn.
func (l *link) SetDeadline(t time.Time) error {
	storeTime(&l.fixedRead, t)
	return l.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (l *link) SetReadDeadline(t time.Time) error {
	storeTime(&l.fixedRead, t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (l *link) SetWriteDeadline(t time.Time) error {
	storeTime(&l.fixedWrite, t)
	return nil
}

func storeTime(to *atomic.Int64, t time.Time) {
	if t.IsZero() {
		to.Store(0)
		return
	}
	to.Store(t.UnixNano())
}
