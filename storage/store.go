package storage

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

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
	// EventLifetimes are how long audit events are kept by their kind; "" is for those of other kinds. Default
	// EventLifetime. What is stored already keeps its end.
	EventLifetimes map[string]time.Duration
	// Tracing makes a span of each statement of a request that is recorded; nil: no statement is watched.
	Tracing trace.TracerProvider
	Replica ReplicaOptions
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
	*resourceStore
	*detailTypeStore
	*authenticationStore
	*passkeyStore
	*secondFactorStore
	*approvalStore
	*tokenStore
	*loginSessionStore
	*consoleStore
	*invitationStore
	*passwordResetStore
	*mailStore
	*noticeStore
	*keyStore
	*auditStore
	*settingStore
	*rateStore
	*replicaStore
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
		if o.Replica.URL != "" {
			return nil, fmt.Errorf("storage: a replica is one of PostgreSQL")
		}
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
