package migrations_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/migrations"
)

// requests are transactions as servers of the first release make them, with the locks that they take, in both orders
// of the tables that more than one of them writes. They name no column that came later.
var requests = map[string][]string{
	"exchange a code": {
		`UPDATE codes SET used_at = 1 WHERE id = '\x01'`,
		`INSERT INTO grants (id, client_id, user_id, scope, session, created_at, expires_at)
		 VALUES (gen_random_uuid(), 'c', gen_random_uuid(), '', '', 0, 0)`,
		`INSERT INTO access_tokens (id, access_token_id, client_id, scope, session, created_at, expires_at)
		 VALUES (decode(md5(random()::text), 'hex'), gen_random_uuid(), 'c', '', '', 0, 0)`,
		`INSERT INTO audit_events (id, kind, created_at, expires_at) VALUES (gen_random_uuid(), 'token', 0, 0)`,
	},
	"sign in and agree": {
		`SELECT * FROM users WHERE id = '00000000-0000-4000-8000-000000000001' FOR UPDATE`,
		`UPDATE login_sessions SET last_used_at = 1 WHERE id = '\x01'`,
		`INSERT INTO approvals (id, user_id, client_id, created_at, updated_at)
		 SELECT gen_random_uuid(), id, 'c', 0, 0 FROM users WHERE id = '00000000-0000-4000-8000-000000000001'
		 ON CONFLICT (user_id, client_id) DO UPDATE SET scope = excluded.scope`,
		`UPDATE codes SET expires_at = 1 WHERE id = '\x01'`,
	},
	"end a session": {
		`UPDATE codes SET revoked_at = 1 WHERE id = '\x02'`,
		`UPDATE approvals SET updated_at = 1 WHERE client_id = 'd'`,
		`UPDATE login_sessions SET revoked_at = 1 WHERE id = '\x02'`,
		`SELECT 1 FROM connection_secrets s JOIN connections c ON c.id = s.connection_id
		JOIN clients ON clients.id = c.client_id`,
		`UPDATE users SET updated_at = 1 WHERE id = '00000000-0000-4000-8000-000000000002'`,
	},
}

// load is what became of the requests of one round.
type load struct {
	sync.Mutex
	served  int
	errs    []error
	last    map[string]time.Time // of each kind of request, the last one that was served
	longest map[string]time.Duration
}

func (l *load) add(kind string, err error) {
	l.Lock()
	defer l.Unlock()
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("%s: %w", kind, err))
		return
	}
	now := time.Now()
	l.longest[kind] = max(l.longest[kind], now.Sub(l.last[kind]))
	l.last[kind] = now
	l.served++
}

// serve makes requests until the context ends, two workers for each kind.
func (l *load) serve(ctx context.Context, db *sql.DB) (wait func()) {
	l.last, l.longest = map[string]time.Time{}, map[string]time.Duration{}
	for kind := range requests {
		l.last[kind] = time.Now()
	}
	var workers sync.WaitGroup
	for kind, statements := range requests {
		for range 2 {
			workers.Go(func() {
				for ctx.Err() == nil {
					l.add(kind, request(db, statements))
				}
			})
		}
	}
	return workers.Wait
}

func request(db *sql.DB, statements []string) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, s := range statements {
		if _, err := tx.Exec(s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// readEverything is what a backup does: it has read every table in a transaction that goes on until it is told to end.
func readEverything(t *testing.T, db *sql.DB) (end func()) {
	t.Helper()
	tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	require.NoError(t, err)
	tables := one(t, db, `SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'`)
	for _, table := range strings.Fields(tables) {
		_, err := tx.Exec("SELECT 1 FROM " + table + " LIMIT 1")
		require.NoError(t, err)
	}
	return func() { _ = tx.Rollback() }
}

// requireService migrates a database of an older version under load and beside a long reader, by three at once, and
// bounds the time in which no request of a kind was served.
func requireService(t *testing.T, db *sql.DB, reader, bound time.Duration) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var served load
	wait := served.serve(ctx, db)
	time.AfterFunc(reader, readEverything(t, db))
	began := time.Now()
	var all sync.WaitGroup
	var errs [3]error
	for i := range errs {
		all.Go(func() { _, errs[i] = migrations.Up(ctx, db, migrations.PostgreSQL) })
	}
	all.Wait()
	took := time.Since(began)
	stop()
	wait()

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Empty(t, served.errs)
	t.Logf("migrated in %v while %d requests were served; longest time without one of a kind: %v",
		took.Round(time.Millisecond), served.served, served.longest)
	for kind, longest := range served.longest {
		require.Less(t, longest, bound, kind)
	}
}

// fill makes a database of the first release with rows in the tables that grow and in those that requests use.
func fill(t *testing.T, db *sql.DB, auditRows int) {
	t.Helper()
	upTo(t, db, migrations.PostgreSQL, 1)
	exec(t, db, `INSERT INTO clients (id, name, created_at, updated_at) VALUES ('c', 'C', 0, 0), ('d', 'D', 0, 0)`)
	exec(t, db, `INSERT INTO users (id, email, created_at, updated_at)
		SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, i || '@example.org', 0, 0
		FROM generate_series(1, 1000) i`)
	exec(t, db, `INSERT INTO codes (id, code_id, grant_id, client_id, user_id, redirect_uri, scope, session, created_at,
		expires_at)
		SELECT decode(lpad(to_hex(i), 2, '0'), 'hex'), gen_random_uuid(), gen_random_uuid(), 'c', gen_random_uuid(), '', '',
'', 0, 0
		FROM generate_series(1, 2) i`)
	exec(t, db, fmt.Sprintf(`INSERT INTO audit_events
		(id, kind, client_id, user_id, request_id, address, details, created_at, expires_at)
		SELECT gen_random_uuid(), 'gateway.decision', 'client' || i %% 1000, 'user' || i %% 10000, gen_random_uuid()::text,
'192.0.2.1',
		'{"method":"GET","path":"/api/patients"}', 1700000000 + i, 1800000000 + i FROM generate_series(1, %d) i`, auditRows))
}

// asServers is a pool with the time-outs that servers have.
func asServers(t *testing.T, databaseURL string) *sql.DB {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	query := u.Query()
	query.Set("statement_timeout", "10000")
	query.Set("lock_timeout", "5000")
	u.RawQuery = query.Encode()
	return open(t, "postgres", u.String())
}

func TestRequestsAreServedWhileTheirDatabaseIsMigrated(t *testing.T) {
	databaseURL := createPostgreSQL(t)
	db := asServers(t, databaseURL)
	fill(t, db, 20_000)
	// of a machine that others use too; who waits for the reader takes 5 s
	requireService(t, db, 5*time.Second, 3*time.Second)
	require.Equal(t, newSchema(t), schemaOf(t, db))
}
