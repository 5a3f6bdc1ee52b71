package migrations_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/migrations"
)

// withoutPartitions is the last version in which audit_events is a plain table.
const withoutPartitions = 56

// withEvents makes a database of that version with a thousand events.
func withEvents(t *testing.T) *sql.DB {
	t.Helper()
	db := emptyPostgreSQL(t)
	upTo(t, db, migrations.PostgreSQL, withoutPartitions)
	exec(t, db, `INSERT INTO audit_events (id, kind, client_id, request_id, details, created_at, expires_at, changes)
SELECT gen_random_uuid(), 'kind ' || i % 3, 'c', 'r' || i, '{}', 1700000000 + i, 1800000000 + i, '{"before":1}'
FROM generate_series(1, 1000) AS i`)
	return db
}

// eventsOf is a digest of every event.
func eventsOf(t *testing.T, db *sql.DB) string {
	t.Helper()
	return one(t, db, `SELECT count(*) || ' ' || md5(string_agg(concat_ws('|', id, kind, client_id, user_id, request_id,
address, details, created_at, expires_at, changes), E'\n' ORDER BY id)) FROM audit_events`)
}

func up(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := migrations.Up(t.Context(), db, migrations.PostgreSQL)
	require.NoError(t, err)
}

func TestEventsOfTheReleaseBeforeAreThereWhenTheirTableHasPartitions(t *testing.T) {
	db := withEvents(t)
	role := "ithildin_test_" + strings.ToLower(rand.Text())
	exec(t, db, `CREATE ROLE `+role)
	t.Cleanup(func() {
		_, err := db.ExecContext(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role)
		require.NoError(t, err)
	})
	exec(t, db, `GRANT SELECT ON audit_events TO PUBLIC`)
	exec(t, db, `ALTER TABLE audit_events OWNER TO `+role)
	before := eventsOf(t, db)
	file := one(t, db, `SELECT pg_relation_filepath('audit_events')`)
	up(t, db)
	require.Equal(t, before, eventsOf(t, db))
	require.Equal(t, file, one(t, db, `SELECT pg_relation_filepath('audit_events_before')`), "no row was copied")
	require.Equal(t, newSchema(t), schemaOf(t, db))
	for _, relation := range []string{"audit_events", "audit_events_before", "audit_events_other"} {
		require.Equal(t, role, one(t, db, `SELECT pg_get_userbyid(relowner) FROM pg_class
WHERE oid = '`+relation+`'::regclass`), relation)
	}
	require.Equal(t, "1", one(t, db, `SELECT count(*) FROM pg_class, aclexplode(relacl)
WHERE oid = 'audit_events'::regclass AND grantee = 0 AND privilege_type = 'SELECT'`))
	exec(t, db, `INSERT INTO audit_events (id, kind, created_at, expires_at)
VALUES (gen_random_uuid(), 'of a time without a partition', 1099511627776, 1099511627776)`)
	require.Equal(t, "audit_events_other", one(t, db, `SELECT tableoid::regclass FROM audit_events WHERE kind LIKE 'of%'`))
}

func TestEventsOfALaterTimeStayInTheFirstPartition(t *testing.T) {
	db := withEvents(t)
	exec(t, db, `INSERT INTO audit_events (id, kind, created_at, expires_at)
VALUES (gen_random_uuid(), 'by a wrong clock', 4102444800, 4102444800)`)
	before := eventsOf(t, db)
	up(t, db)
	require.Equal(t, before, eventsOf(t, db))
	require.Equal(t, "FOR VALUES FROM (MINVALUE) TO ('4107542400')", one(t, db, `SELECT pg_get_expr(relpartbound, oid)
FROM pg_class WHERE oid = 'audit_events_before'::regclass`), "the second month after it")
}

func TestStatementsOfTheReleaseBeforeGoOnWhenTheirTableHasPartitions(t *testing.T) {
	db := withEvents(t)
	ctx := t.Context()
	conn, err := db.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	prepare := func(query string) *sql.Stmt {
		s, err := conn.PrepareContext(ctx, query)
		require.NoError(t, err)
		return s
	}
	insert := prepare(`WITH s0 AS (INSERT INTO audit_events (id, kind, created_at, expires_at)
SELECT $1, 'prepared', $2, $3 ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM s0`)
	list := prepare(`SELECT count(*) FROM audit_events WHERE kind = $1`)
	sweep := prepare(`DELETE FROM audit_events WHERE (id) IN (
SELECT id FROM audit_events WHERE expires_at >= $1 AND expires_at < $2 ORDER BY expires_at LIMIT $3)`)
	var n int
	for round, events := range []int{1, 2} { // each statement was executed before the migration, and is after it
		id := "00000000-0000-4000-8000-00000000000" + string(rune('1'+round))
		for _, stored := range []int{1, 0} { // sent twice
			require.NoError(t, insert.QueryRowContext(ctx, id, 1750000000, 1900000000).Scan(&n))
			require.Equal(t, stored, n)
		}
		require.NoError(t, list.QueryRowContext(ctx, "prepared").Scan(&n))
		require.Equal(t, events, n)
		result, err := sweep.ExecContext(ctx, 1800000000+round*10, 1800000000+round*10+10, 100)
		require.NoError(t, err)
		deleted, err := result.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, 9+round, deleted)
		if round == 0 {
			up(t, db)
		}
	}
}

func TestPartitioningIsContinued(t *testing.T) {
	for name, left := range map[string]string{
		"with the index": `CREATE UNIQUE INDEX audit_events_before_pkey ON audit_events (id, created_at)`,
		"with an index that is not valid": `CREATE UNIQUE INDEX audit_events_before_pkey ON audit_events (id, created_at);
UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'audit_events_before_pkey'::regclass`,
		"with the constraint of another time": `ALTER TABLE audit_events ADD CONSTRAINT audit_events_before_end
CHECK (created_at < 5) NOT VALID`,
		"after its last step": `DELETE FROM goose_db_version WHERE version_id = 57`,
	} {
		t.Run(name, func(t *testing.T) {
			db := withEvents(t)
			before := eventsOf(t, db)
			if strings.HasPrefix(left, "DELETE") {
				up(t, db)
			}
			exec(t, db, left)
			up(t, db)
			require.Equal(t, before, eventsOf(t, db))
			require.Equal(t, newSchema(t), schemaOf(t, db))
		})
	}
}

func TestPartitioningThatFailsLeavesTheTableAsItWas(t *testing.T) {
	db := withEvents(t)
	before := eventsOf(t, db)
	exec(t, db, `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'not today'; END $$`)
	exec(t, db, `CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('ALTER INDEX') EXECUTE FUNCTION refuse()`)
	_, err := migrations.Up(t.Context(), db, migrations.PostgreSQL)
	require.ErrorContains(t, err, "not today")
	require.Equal(t, "r", one(t, db, `SELECT relkind FROM pg_class WHERE oid = 'audit_events'::regclass`))
	require.Equal(t, "0", one(t, db, `SELECT count(*) FROM pg_constraint WHERE conname = 'audit_events_before_end'`),
		"it would refuse events one day")
	exec(t, db, `DROP EVENT TRIGGER refuse`)
	exec(t, db, `DROP FUNCTION refuse`)
	up(t, db)
	require.Equal(t, before, eventsOf(t, db))
	require.Equal(t, newSchema(t), schemaOf(t, db))
}

func TestIndexOfATableWithPartitionsIsBuiltAndDropped(t *testing.T) {
	db := withEvents(t)
	up(t, db)
	const statements = `
CREATE INDEX audit_events_address_kind ON audit_events (address, kind) WHERE address <> '';
DROP INDEX audit_events_created_at;
`
	for range 2 { // the second time it is all there
		require.NoError(t, migrations.ApplyOnline(t.Context(), db, statements))
	}
	require.Equal(t, "3", one(t, db, `SELECT count(*) FROM pg_index
WHERE indexrelid::regclass::text LIKE 'audit_events%_address_kind' AND indisvalid`))
	exec(t, db, `CREATE TABLE audit_events_later (LIKE audit_events)`)
	exec(t, db, `ALTER TABLE audit_events ATTACH PARTITION audit_events_later
FOR VALUES FROM (5000000000) TO (6000000000)`)
	require.Equal(t, "1", one(t, db, `SELECT count(*) FROM pg_indexes
WHERE tablename = 'audit_events_later' AND indexdef LIKE '%(address, kind)%'`))
	require.Equal(t, "0", one(t, db, `SELECT count(*) FROM pg_indexes WHERE indexname = 'audit_events_before_created_at'`))
}
