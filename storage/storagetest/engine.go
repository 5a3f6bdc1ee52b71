package storagetest

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/seal"
	"ithildin/storage/storagetest/requirement"
)

// Engine makes databases of one kind.
type Engine struct {
	Name string
	// create makes a migrated database that ends with the test.
	create       func(t testing.TB) string
	isPostgreSQL bool
}

// Engines are the databases that ithildin runs on. Tests need both.
func Engines() []Engine {
	return []Engine{{Name: "SQLite", create: createSQLite}, PostgreSQL()}
}

// PostgreSQL is the engine that a Proxy can stand in front of.
func PostgreSQL() Engine {
	return Engine{Name: "PostgreSQL", create: createPostgreSQL, isPostgreSQL: true}
}

// Serializable is PostgreSQL as a replicated cluster behaves, where statements that touch the same rows end with
// SQLSTATE 40001 as a matter of course and must be run again.
func Serializable() Engine {
	return Engine{Name: "PostgreSQL, serializable", isPostgreSQL: true, create: func(t testing.TB) string {
		return withParameter(t, createPostgreSQL(t), "default_transaction_isolation", "serializable")
	}}
}

// Pooled is PostgreSQL as it is met behind a transaction pooler, where nothing is prepared.
func Pooled() Engine {
	return Engine{Name: "PostgreSQL, pooled", isPostgreSQL: true, create: func(t testing.TB) string {
		return withParameter(t, createPostgreSQL(t), "binary_parameters", "yes")
	}}
}

// Refusing is PostgreSQL that refuses every third transaction that writes with SQLSTATE 40001, as a replicated cluster
// may do at any write.
func Refusing() Engine {
	return Engine{Name: "PostgreSQL that refuses", isPostgreSQL: true, create: createRefusing}
}

// Through is PostgreSQL behind a transaction pooler at an address.
func Through(pooler string) Engine {
	return Engine{Name: "PostgreSQL through " + pooler, isPostgreSQL: true, create: func(t testing.TB) string {
		u, err := url.Parse(withParameter(t, createPostgreSQL(t), "binary_parameters", "yes"))
		require.NoError(t, err)
		u.Host = pooler
		return u.String()
	}}
}

// Each runs f as a subtest on every engine.
func Each(t *testing.T, f func(t *testing.T, engine Engine)) {
	for _, engine := range Engines() {
		t.Run(engine.Name, func(t *testing.T) { f(t, engine) })
	}
}

// Require ends the test here where the engine is not there: skipped, or failed where everything is required.
func (e Engine) Require(t testing.TB) {
	t.Helper()
	if e.isPostgreSQL {
		requirement.PostgreSQL.Get(t)
	}
}

// Create makes an empty, migrated database for one test and returns its URL, as storage.Open takes it.
func (e Engine) Create(t testing.TB) (databaseURL string) {
	t.Helper()
	return e.create(t)
}

// Open opens a database of the test's own. The options are those of the function Open.
func (e Engine) Open(t testing.TB, options ...func(*storage.Options)) *storage.Store {
	t.Helper()
	return Open(t, e.Create(t), options...)
}

// Secret is the master secret of the stores that tests open.
func Secret() []byte { return []byte("the master secret of storagetest") }

// Open opens a database by its URL for the time of the test, with a Clock of its own and a Sealer under Secret where
// the options say nothing else.
func Open(t testing.TB, databaseURL string, options ...func(*storage.Options)) *storage.Store {
	t.Helper()
	sealer, err := seal.New(Secret())
	require.NoError(t, err)
	o := storage.Options{Now: NewClock().Now, Sealer: sealer}
	for _, option := range options {
		option(&o)
	}
	store, err := storage.Open(databaseURL, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// At makes a store's clock this one.
func At(clock *Clock) func(*storage.Options) {
	return func(o *storage.Options) { o.Now = clock.Now }
}
