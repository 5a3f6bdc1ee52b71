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
	conn   *boundedConn
}

type dialingKey struct{}

// dialer makes bounded connections. It implements pq.Dialer and pq.DialerContext.
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
	of.conn = &boundedConn{Conn: conn, answerTimeout: d.answerTimeout, health: d.health}
	of.conn.bound(of.caller)
	return of.conn, nil
}

// boundedConn is a network connection whose reads and writes end in bounded time. Without that, a host that lost its
// power or its network holds a connection for as long as TCP believes in it, which is many minutes.
type boundedConn struct {
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
func (c *boundedConn) bound(ctx context.Context) {
	limit := int64(0)
	if deadline, ok := ctx.Deadline(); ok {
		limit = deadline.Add(cancelTime).UnixNano()
	}
	c.limit.Store(limit)
}

// Read implements net.Conn.
func (c *boundedConn) Read(b []byte) (int, error) {
	began := time.Now()
	deadline, cause := c.deadline(began, &c.fixedRead)
	if err := c.Conn.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.health.heard.Store(began.UnixNano())
	}
	return n, c.silenceOf(err, "read", began, cause)
}

// Write implements net.Conn.
func (c *boundedConn) Write(b []byte) (int, error) {
	began := time.Now()
	deadline, cause := c.deadline(began, &c.fixedWrite)
	if err := c.Conn.SetWriteDeadline(deadline); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	return n, c.silenceOf(err, "write", began, cause)
}

// What may end a read or write.
type endedBy int

const (
	endedByTimeout endedBy = iota
	endedByCaller
	endedByDriver // a deadline of its own, as for connecting
)

// deadline is the earliest of those that hold for a read or write that begins now; the zero time is for never.
func (c *boundedConn) deadline(now time.Time, fixed *atomic.Int64) (at time.Time, cause endedBy) {
	earliest := int64(0)
	if c.answerTimeout > 0 {
		earliest = now.Add(c.answerTimeout).UnixNano()
	}
	if limit := c.limit.Load(); limit > 0 && (earliest == 0 || limit < earliest) {
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

// silenceOf makes errSilent of a deadline that passed. lib/pq gives up a connection only for a *net.OpError. The other
// connections of the pool are given up too, unless the server has answered another one meanwhile: then only this
// statement was slow.
func (c *boundedConn) silenceOf(err error, operation string, began time.Time, cause endedBy) error {
	if err == nil || cause == endedByDriver || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	c.silent.Store(true)
	if cause == endedByTimeout || c.health.heard.Load() < began.UnixNano() {
		c.health.renew()
	}
	return &net.OpError{Op: operation, Net: c.RemoteAddr().Network(), Addr: c.RemoteAddr(), Err: errSilent}
}

// SetDeadline implements net.Conn.
func (c *boundedConn) SetDeadline(t time.Time) error {
	storeTime(&c.fixedRead, t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *boundedConn) SetReadDeadline(t time.Time) error {
	storeTime(&c.fixedRead, t)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *boundedConn) SetWriteDeadline(t time.Time) error {
	storeTime(&c.fixedWrite, t)
	return nil
}

func storeTime(to *atomic.Int64, t time.Time) {
	if t.IsZero() {
		to.Store(0)
		return
	}
	to.Store(t.UnixNano())
}
