package storage_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// pooledConnections is how many connections a host has taken before it goes silent.
const pooledConnections = 8

// fill opens every connection of a pool.
func fill(t *testing.T, store *storage.Store) {
	t.Helper()
	var all sync.WaitGroup
	for range pooledConnections {
		all.Go(func() {
			_, err := store.SQL().ExecContext(t.Context(), "SELECT pg_sleep(0.3)")
			assert.NoError(t, err)
		})
	}
	all.Wait()
	require.Equal(t, pooledConnections, store.SQL().Stats().OpenConnections)
	require.NoError(t, store.Ping(t.Context()))
}

func withParameters(t *testing.T, databaseURL string, nameAndValue ...string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	query := u.Query()
	for i := 0; i < len(nameAndValue); i += 2 {
		query.Set(nameAndValue[i], nameAndValue[i+1])
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func impatient(o *storage.Options) {
	o.StatementTimeout, o.MaxConnections = time.Second, pooledConnections
}

func TestStatementsContinueOnAnotherHostWhenOneStopsAnswering(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	direct, err := url.Parse(databaseURL)
	require.NoError(t, err)
	proxy := storagetest.NewProxy(t, databaseURL)
	two, err := url.Parse(proxy.URL())
	require.NoError(t, err)
	two.Host += "," + direct.Host
	store := storagetest.Open(t, withParameters(t, two.String(), "connect_timeout", "1"), impatient)
	fill(t, store)

	proxy.GoSilent()
	require.NoError(t, store.Ping(t.Context()), "the statement is sent again, to the host that answers")
	for range pooledConnections {
		began := time.Now()
		require.NoError(t,
			store.CreateUser(t.Context(), storage.User{ID: store.NewID(), Email: store.NewID() + "@example.com"}))
		require.Less(t, time.Since(began), 2500*time.Millisecond, "no other connection to the silent host is tried")
	}
}

func TestStatementEndsWithItsContextWhenTheDatabaseStopsAnswering(t *testing.T) {
	proxy := storagetest.NewProxy(t, storagetest.PostgreSQL().Create(t))
	store := storagetest.Open(t, proxy.URL(), func(o *storage.Options) { o.StatementTimeout = time.Hour })
	for name, statement := range map[string]func(context.Context) error{
		"a read": store.Ping,
		"a write": func(ctx context.Context) error {
			_, err := store.AcquireLease(ctx, "lease", store.NewID(), time.Minute)
			return err
		},
		"a transaction": func(ctx context.Context) error {
			return store.CreateUser(ctx, storage.User{ID: store.NewID(), Email: store.NewID() + "@example.com"})
		},
	} {
		require.NoError(t, statement(t.Context()), name)
		proxy.GoSilent()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		began := time.Now()
		require.ErrorIs(t, statement(ctx), storage.ErrUnavailable, name)
		require.Less(t, time.Since(began), 5*time.Second, name)
		cancel()
		proxy.ComeBack()
		require.NoError(t, statement(t.Context()), name+" when the database is back")
	}
}

func TestReadOnlyConnectionsLeaveThePool(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	admin, err := sql.Open("postgres", databaseURL)
	require.NoError(t, err)
	defer admin.Close()
	database := databaseURL[strings.LastIndex(databaseURL, "/")+1:]
	database, _, _ = strings.Cut(database, "?")
	_, err = admin.ExecContext(t.Context(), "ALTER DATABASE "+database+" SET default_transaction_read_only = on")
	require.NoError(t, err)
	store := storagetest.Open(t, databaseURL, impatient)
	fill(t, store)
	write := func() error {
		_, err := store.AcquireLease(t.Context(), "lease", store.NewID(), 0)
		return err
	}
	require.ErrorIs(t, write(), storage.ErrUnavailable)

	_, err = admin.ExecContext(t.Context(),
		"SET default_transaction_read_only = off; ALTER DATABASE "+database+" RESET default_transaction_read_only")
	require.NoError(t, err)
	for range 2 * pooledConnections {
		require.NoError(t, write(), "no request meets a session that remembers")
	}
}

func TestStaleCacheIsRefusedWhenTheDatabaseCannotConfirmIt(t *testing.T) {
	proxy := storagetest.NewProxy(t, storagetest.PostgreSQL().Create(t))
	store := storagetest.Open(t, proxy.URL(), func(o *storage.Options) { o.ConfigurationAge = 500 * time.Millisecond })
	client := storagetest.Client(t, store, storage.PresetStandard)
	ctx, stop := context.WithCancel(t.Context())
	tick, watching := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(watching)
		store.Watch(ctx, tick, func(context.Context) {})
	}()
	defer func() { stop(); <-watching }()
	tick <- time.Now()
	_, err := store.Client(t.Context(), client.ID)
	require.NoError(t, err)

	proxy.GoSilent()
	require.Eventually(t, func() bool { return !store.IsCurrent() }, time.Minute, 10*time.Millisecond)
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for name, read := range map[string]func() error{
		"a client": func() error { _, err := store.Client(short, client.ID); return err },
		"roles":    func() error { _, err := store.Roles(short); return err },
		"scopes":   func() error { _, err := store.Scopes(short); return err },
	} {
		require.ErrorIs(t, read(), storage.ErrUnavailable, name)
	}
	proxy.ComeBack()
	_, err = store.Client(t.Context(), client.ID)
	require.NoError(t, err, "a request asks by itself, though nobody ticks")
	require.True(t, store.IsCurrent())
}

func TestStoreReportsWritabilityAndClockOfItsDatabase(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) {
		o.Now = func() time.Time { return time.Now().Add(5 * time.Minute) }
	})
	require.NoError(t, store.Ping(t.Context()))
	require.InDelta(t, 5*time.Minute, store.ClockSkew(), float64(time.Second))
	require.True(t, store.TakesWrites())
	readOnly := storagetest.Open(t, withParameters(t, databaseURL, "default_transaction_read_only", "on"))
	require.NoError(t, readOnly.Ping(t.Context()))
	require.False(t, readOnly.TakesWrites())
	full := storagetest.Open(t, databaseURL)
	require.NoError(t, full.Ping(t.Context()))
	_, err := full.SQL().ExecContext(t.Context(), `
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON leases FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	require.NoError(t, err)
	require.ErrorIs(t, full.TryWrite(t.Context()), storage.ErrUnavailable)
	require.False(t, full.TakesWrites())
}
