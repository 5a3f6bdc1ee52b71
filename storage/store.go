package storage

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the SQLite driver, in Go, so that the binary stays static

	"ithildin/storage/seal"
)

// Options are what a Store takes from outside.
type Options struct {
	// Now is the clock; by default time.Now, and for the time of a commit the database's own.
	Now    func() time.Time
	Random io.Reader    // default crypto/rand
	Sealer *seal.Sealer // seals what must be read again: private keys, random keys, factor seeds
	// MaxConnections bounds the pool; default 32. SQLite has one writer whatever it says.
	MaxConnections int
	// StatementTimeout ends a statement that takes longer; default 10 s, NoStatementTimeout for none. PostgreSQL only.
	StatementTimeout time.Duration
	// ConfigurationAge is how long clients, roles and scopes are served from memory while the database does not say
	// whether they have changed; default 10 s.
	ConfigurationAge time.Duration
	// SQLiteCache is how much of the database the one writer of SQLite keeps in memory, in bytes; default 4 MiB. Work that
	// writes all over a large database wants more; it also lets the log grow to half of that.
	SQLiteCache int64
	// EventLifetimes are how long audit events are kept by their kind, in seconds; "" is for those of other kinds. Default
	// EventLifetime. What is stored already keeps its end.
	EventLifetimes map[string]int64
}

// NoStatementTimeout lets a statement take as long as it takes, for migrations, also where the URL has a time-out.
const NoStatementTimeout time.Duration = -1

// Store reads and writes the rows of one database. It is safe for concurrent use. Its methods are those of its parts
// (parts.go).
type Store struct {
	*database
	*configuration
	*clientStore
	*connectionStore
	*registrationStore
	*userStore
	*roleStore
	*scopeStore
	*authenticationStore
	*approvalStore
	*tokenStore
	*loginSessionStore
	*keyStore
	*auditStore
	*settingStore
	*janitor
	*importer
}

// Open connects to a database of the form sqlite:PATH or postgres://…. It neither migrates nor checks that the database
// answers; a database that is away makes each call return ErrUnavailable until it is back.
func Open(databaseURL string, o Options) (*Store, error) {
	injected := o.Now != nil
	if !injected {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.MaxConnections <= 0 {
		o.MaxConnections = 32
	}
	if o.StatementTimeout == 0 {
		o.StatementTimeout = 10 * time.Second
	}
	if o.ConfigurationAge <= 0 {
		o.ConfigurationAge = 10 * time.Second
	}
	d := &database{
		now:            o.Now,
		injectedClock:  injected,
		random:         o.Random,
		cache:          newCache(),
		state:          newState(o.ConfigurationAge),
		eventLifetimes: o.EventLifetimes,
	}
	var err error
	switch {
	case strings.HasPrefix(databaseURL, "sqlite:"):
		d.engine = sqliteEngine
		err = d.openSQLite(strings.TrimPrefix(databaseURL, "sqlite:"), o)
	case strings.HasPrefix(databaseURL, "postgres://"), strings.HasPrefix(databaseURL, "postgresql://"):
		d.engine = postgresEngine
		err = d.openPostgreSQL(databaseURL, o)
	default:
		err = fmt.Errorf("storage: database URL must begin with sqlite: or postgres://")
	}
	if err != nil {
		return nil, err
	}
	return newStore(d, o.Sealer), nil
}

// sqliteBusyTimeout is how long a statement waits for the lock of another process, in milliseconds.
const sqliteBusyTimeout = 5000

// openSQLite opens one writer and a pool of readers: SQLite has one writer at a time in any case, and waiting for it in
// Go costs nothing, while waiting in the busy handler sleeps.
func (d *database) openSQLite(path string, o Options) error {
	pragmas := url.Values{"_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-4000)",
		fmt.Sprintf("busy_timeout(%d)", sqliteBusyTimeout), fmt.Sprintf("journal_size_limit(%d)", longestSQLiteLog),
	}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
	writerDSN := dsn + "&_txlock=immediate"
	if o.SQLiteCache > 0 {
		writerDSN += "&" + url.Values{"_pragma": {
			fmt.Sprintf("cache_size(-%d)", o.SQLiteCache>>10), fmt.Sprintf("wal_autocheckpoint(%d)", o.SQLiteCache>>13),
		}}.Encode()
	}
	makePrivate(path)
	writer, err := sqlx.Open("sqlite", writerDSN)
	if err != nil {
		return fmt.Errorf("storage: open: %w", err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sqlx.Open("sqlite", dsn)
	if err != nil {
		return fmt.Errorf("storage: open: %w", err)
	}
	readers := min(o.MaxConnections, 8)
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	d.writer, d.reader = newPool(writer, true), newPool(reader, true)
	return nil
}

// SQL is the writing pool, for migrations.
func (d *database) SQL() *sql.DB { return d.writer.DB.DB }

// IsPostgreSQL says whether the engine of the Store is PostgreSQL.
func (d *database) IsPostgreSQL() bool { return d.engine == postgresEngine }

// IsPooled says whether the URL is that of a transaction pooler, which keeps no session settings and no locks of
// sessions.
func (d *database) IsPooled() bool { return d.pooled }

// Now is the Store's clock in epoch seconds.
func (d *database) Now() int64 { return d.now().Unix() }

// commitTime is the SQL of the time at which a statement is executed, in epoch seconds. A request may wait for the
// database for longer than a window lasts that it opens, and the clocks of two processes differ, so a window begins,
// and is asked about, by the clock of the database. parameter is the placeholder of injectedTime.
func (d *database) commitTime(parameter string) string {
	clock := `CAST(strftime('%s', 'now') AS bigint)`
	if d.engine == postgresEngine {
		clock = `CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)`
	}
	return `coalesce(CAST(` + parameter + ` AS bigint), ` + clock + `)`
}

// injectedTime is the time of a clock that was passed to Open, NULL where there is none.
func (d *database) injectedTime() sql.NullInt64 {
	return sql.NullInt64{Int64: d.Now(), Valid: d.injectedClock}
}

// NewID makes a random UUID (version 4).
func (d *database) NewID() string {
	id, err := uuid.NewRandomFromReader(d.random)
	if err != nil {
		panic(fmt.Sprintf("storage: no randomness: %v", err)) // nothing safe can be done without it
	}
	return id.String()
}

// Close ends every connection.
func (d *database) Close() error {
	err := d.reader.Close()
	if d.writer != d.reader {
		if e := d.writer.Close(); err == nil {
			err = e
		}
	}
	return err
}

// ConnectBy makes connections to PostgreSQL from now on by another URL, as after a change of the password; those that
// are open go on until they are an hour old. On SQLite it does nothing.
func (d *database) ConnectBy(databaseURL string) error {
	if d.reconnect == nil {
		return nil
	}
	return d.reconnect(databaseURL)
}
