package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// connector opens connections to PostgreSQL that end in bounded time when the host goes silent, and that leave the pool
// when they are no use any more. None of it is for LISTEN or COPY, which wait for the server without a bound.
type connector struct {
	postgres      atomic.Pointer[pq.Connector]
	answerTimeout time.Duration
	health        *health
}

// newConnector reads a connection string. A read or write on its connections lasts no longer than answerTimeout; zero
// is for ever.
func newConnector(dsn string, answerTimeout time.Duration) (*connector, error) {
	c := &connector{answerTimeout: answerTimeout, health: &health{}}
	postgres, err := c.by(dsn)
	c.postgres.Store(postgres)
	return c, err
}

// by reads another connection string. Once it is stored, connections are made by it; those that are open go on.
func (c *connector) by(dsn string) (*pq.Connector, error) {
	postgres, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	postgres.Dialer(newDialer(c.answerTimeout, c.health))
	return postgres, nil
}

// byURL is by for a URL.
func (c *connector) byURL(databaseURL string, o Options) (*pq.Connector, error) {
	dsn, _, err := connectionString(databaseURL, o)
	if err != nil {
		return nil, err
	}
	return c.by(dsn)
}

// connectionString is the URL with the settings that every session has; query are its parameters. Behind a transaction
// pooler the URL says binary_parameters=yes: then no session setting is sent, for none survives such a pooler.
func connectionString(databaseURL string, o Options) (dsn string, query url.Values, err error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", nil, fmt.Errorf("storage: database URL is malformed") // the error of net/url would repeat the password
	}
	query = u.Query()
	if err := splitHosts(u, query); err != nil {
		return "", nil, err
	}
	if o.StatementTimeout < 0 { // also where the URL has one for servers
		query.Del("statement_timeout")
		query.Del("lock_timeout")
	}
	if query.Get("binary_parameters") != "yes" {
		if o.StatementTimeout > 0 {
			setDefault(query, "statement_timeout", fmt.Sprint(o.StatementTimeout.Milliseconds()))
			setDefault(query, "lock_timeout", fmt.Sprint(o.StatementTimeout.Milliseconds()/2))
		}
		setDefault(query, "idle_in_transaction_session_timeout", "60000")
		setDefault(query, "application_name", "ithildin")
	}
	setDefault(query, "connect_timeout", "5")
	u.RawQuery = query.Encode()
	return u.String(), query, nil
}

// openPostgreSQL opens one pool, and that of a replica.
func (d *database) openPostgreSQL(databaseURL string, o Options) error {
	pool, c, query, err := newPostgresPool(databaseURL, o)
	if err != nil {
		return err
	}
	d.pooled = !pool.prepare
	if timeout := timeoutOf(query, o.StatementTimeout); timeout > 0 {
		d.unattended = timeout + 5*time.Second // and to connect anew
	}
	d.reconnect = func(databaseURL, replicaURL string) error {
		primary, err := c.byURL(databaseURL, o)
		if err != nil {
			return err
		}
		if d.replica != nil {
			standby, err := d.replica.connector.byURL(replicaURL, o)
			if err != nil {
				return err
			}
			d.replica.connector.postgres.Store(standby)
		}
		c.postgres.Store(primary)
		return nil
	}
	d.reader, d.writer = pool, pool
	d.replica, err = openReplica(o)
	return err
}

// newPostgresPool makes a pool of connections by a URL, whose parameters it returns. Behind a transaction pooler
// nothing is prepared.
func newPostgresPool(databaseURL string, o Options) (*pool, *connector, url.Values, error) {
	dsn, query, err := connectionString(databaseURL, o)
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := newConnector(dsn, timeoutOf(query, o.StatementTimeout))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("storage: open: %w", err)
	}
	db := sqlx.NewDb(o.openConnector(c), "postgres")
	db.SetMaxOpenConns(o.MaxConnections)
	db.SetMaxIdleConns(o.MaxConnections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(time.Hour)
	return newPool(db, query.Get("binary_parameters") != "yes"), c, query, nil
}

// splitHosts makes parameters of several hosts in a URL, as libpq takes them (host:port,host:port): lib/pq takes them
// in parameters only.
func splitHosts(u *url.URL, query url.Values) error {
	all := strings.Split(u.Host, ",")
	if len(all) == 1 {
		return nil
	}
	hosts, ports := make([]string, len(all)), make([]string, len(all))
	for i, one := range all {
		host, port := one, "5432"
		if colon := strings.LastIndexByte(one, ':'); colon > strings.LastIndexByte(one, ']') {
			host, port = one[:colon], one[colon+1:]
		}
		hosts[i], ports[i] = strings.Trim(host, "[]"), port
		if hosts[i] == "" {
			return errors.New("storage: database URL has an empty host between its commas")
		}
	}
	u.Host = ""
	setDefault(query, "host", strings.Join(hosts, ","))
	setDefault(query, "port", strings.Join(ports, ","))
	return nil
}

func setDefault(query url.Values, name, value string) {
	if !query.Has(name) {
		query.Set(name, value)
	}
}

// timeoutOf is how long an answer is waited for: a little longer than a statement may take by the parameter of the
// URL, in milliseconds or with a unit of PostgreSQL's, or else by the option. 0: where a statement may take for ever.
func timeoutOf(query url.Values, option time.Duration) time.Duration {
	timeout := option
	if given := query.Get("statement_timeout"); given != "" {
		if milliseconds, err := strconv.ParseInt(given, 10, 32); err == nil {
			timeout = time.Duration(milliseconds) * time.Millisecond
		} else if timeout, err = time.ParseDuration(strings.Replace(given, "min", "m", 1)); err != nil {
			return 0 // d, or what the server will refuse
		}
	}
	if timeout <= 0 {
		return 0
	}
	return timeout + answerMargin
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	s := &session{health: c.health, generation: c.health.generation.Load()}
	d := &dialing{caller: ctx}
	conn, err := c.postgres.Load().Connect(context.WithValue(ctx, dialingKey{}, d))
	if err != nil {
		return nil, withoutPrimary(err)
	}
	s.postgresConn, s.bounded = conn.(postgresConn), d.conn
	return s, nil
}

// withoutPrimary makes ErrUnavailable of hosts that answer and are all standbys, as they are while a cluster elects its
// primary. lib/pq has a text for that, and no type.
func withoutPrimary(err error) error {
	message := err.Error()
	if strings.Contains(message, "session is read-only") || strings.Contains(message, "server is in hot standby mode") {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.postgres.Load().Driver() }

// health is what the connections of one pool know together.
type health struct {
	generation atomic.Int64 // of connections; those of an earlier one are no use
	renewed    atomic.Int64 // when the generation was last raised, in nanoseconds since 1970
	heard      atomic.Int64 // when the latest read that was answered began, likewise
}

// renewal bounds how often all connections of a pool are given up.
const renewal = time.Second

// renew gives up every connection that is open now: what one of them met, a silent host or a session that may not
// write, awaits the others too.
func (h *health) renew() {
	now, last := time.Now().UnixNano(), h.renewed.Load()
	if now-last >= int64(renewal) && h.renewed.CompareAndSwap(last, now) {
		h.generation.Add(1)
	}
}

// postgresConn is what database/sql uses of a connection of lib/pq.
type postgresConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// session is a connection that knows when to leave the pool.
type session struct {
	postgresConn
	bounded    *boundedConn
	health     *health
	generation int64
	spoiled    bool // database/sql uses a connection from one goroutine at a time
}

// ResetSession implements driver.SessionResetter. database/sql calls it for whoever takes the connection out of the
// pool, whose context bounds every read from then on: lib/pq itself only asks the server to cancel.
func (s *session) ResetSession(ctx context.Context) error {
	if s.generation != s.health.generation.Load() {
		return driver.ErrBadConn
	}
	s.bounded.bound(ctx)
	return s.postgresConn.ResetSession(ctx)
}

// IsValid implements driver.Validator.
func (s *session) IsValid() bool {
	return !s.spoiled && !s.bounded.silent.Load() && s.generation == s.health.generation.Load() && s.postgresConn.IsValid()
}

// Close implements driver.Conn. A server that is silent is not told.
func (s *session) Close() error {
	if s.bounded.silent.Load() {
		return s.bounded.Close()
	}
	s.bounded.limit.Store(time.Now().Add(cancelTime).UnixNano())
	return s.postgresConn.Close()
}

// judge keeps a connection out of the pool whose server can't write. A failover, or a disk that has room again, may
// leave the session as it was.
func (s *session) judge(err error) error {
	if cannotWrite(err) {
		s.spoiled = true
		s.health.renew()
	}
	return err
}

// BeginTx implements driver.ConnBeginTx. lib/pq begins READ WRITE, which a standby refuses as a feature that it lacks.
func (s *session) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := s.postgresConn.BeginTx(ctx, o)
	if err == nil {
		return tx, nil
	}
	var postgres *pq.Error
	if errors.As(err, &postgres) && postgres.Code == "0A000" {
		s.spoiled = true
		s.health.renew()
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return tx, s.judge(err)
}

// QueryContext implements driver.QueryerContext.
func (s *session) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := s.postgresConn.QueryContext(ctx, query, args)
	return rows, s.judge(err)
}

// ExecContext implements driver.ExecerContext.
func (s *session) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := s.postgresConn.ExecContext(ctx, query, args)
	return result, s.judge(err)
}

// PrepareContext implements driver.ConnPrepareContext.
func (s *session) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := s.postgresConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, s.judge(err)
	}
	return &preparedStatement{postgresStmt: stmt.(postgresStmt), session: s}, nil
}

// postgresStmt is what database/sql uses of a prepared statement of lib/pq.
type postgresStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparedStatement tells its session of errors.
type preparedStatement struct {
	postgresStmt
	session *session
}

// QueryContext implements driver.StmtQueryContext.
func (p *preparedStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := p.postgresStmt.QueryContext(ctx, args)
	return rows, p.session.judge(err)
}

// ExecContext implements driver.StmtExecContext.
func (p *preparedStatement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	result, err := p.postgresStmt.ExecContext(ctx, args)
	return result, p.session.judge(err)
}
