package migrations_test

import (
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/migrations"
)

// upTo brings a database to a version that was released.
func upTo(t *testing.T, db *sql.DB, engine migrations.Engine, version int64) {
	t.Helper()
	_, err := migrations.Up(t.Context(), db, engine, migrations.UpTo(version))
	require.NoError(t, err)
}

// schemaOf is every column, index and constraint of a PostgreSQL database, as text.
func schemaOf(t *testing.T, db *sql.DB) string {
	t.Helper()
	return one(t, db, `
SELECT string_agg(line, E'\n' ORDER BY line) FROM (
    SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS line
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef || ' ' || i.indisvalid FROM pg_indexes
JOIN pg_index i ON i.indexrelid = indexname::regclass
    WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace) AS lines`)
}

func newSchema(t *testing.T) string {
	db := emptyPostgreSQL(t)
	_, err := migrations.Up(t.Context(), db, migrations.PostgreSQL)
	require.NoError(t, err)
	return schemaOf(t, db)
}

func TestADatabaseInUseGetsTheSchemaOfANewOne(t *testing.T) {
	want := newSchema(t)
	for version := int64(1); version <= 3; version++ {
		db := emptyPostgreSQL(t)
		upTo(t, db, migrations.PostgreSQL, version)
		applied, err := migrations.Up(t.Context(), db, migrations.PostgreSQL)
		require.NoError(t, err)
		require.Len(t, applied, len(migrationFiles(t))-int(version))
		require.Equal(t, want, schemaOf(t, db), "from version %d", version)
	}
}

func TestInterruptedMigrationIsContinued(t *testing.T) {
	db := emptyPostgreSQL(t)
	upTo(t, db, migrations.PostgreSQL, 1)
	exec(t, db, `ALTER TABLE users ADD COLUMN one_time_code_failures bigint NOT NULL DEFAULT 0`)
	exec(t, db, `INSERT INTO users (id, email, created_at, updated_at) VALUES
		(gen_random_uuid(), 'a@example.org', 0, 0), (gen_random_uuid(), 'b@example.org', 0, 0)`)
	_, err := db.ExecContext(t.Context(), `CREATE UNIQUE INDEX CONCURRENTLY users_tax_id ON users (tax_id)`)
	require.Error(t, err, "two rows are equal, which leaves an index that is not valid")
	require.Equal(t, "false", one(t, db, `SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_tax_id'::regclass`))

	_, err = migrations.Up(t.Context(), db, migrations.PostgreSQL)
	require.NoError(t, err)
	require.Equal(t, newSchema(t), schemaOf(t, db))
}

func TestConcurrentMigrationsAreAppliedByOneAndAwaitedByTheOthers(t *testing.T) {
	for from := range int64(4) {
		t.Run(fmt.Sprintf("from version %d", from), func(t *testing.T) {
			eachEngine(t, func(t *testing.T, db *sql.DB, engine migrations.Engine) {
				if from > 0 {
					upTo(t, db, engine, from)
				}
				var all sync.WaitGroup
				var errs [3]error
				var applied [3][]migrations.Status
				for i := range errs {
					all.Go(func() { applied[i], errs[i] = migrations.Up(t.Context(), db, engine) })
				}
				all.Wait()
				done := 0
				for i := range errs {
					require.NoError(t, errs[i])
					done += len(applied[i])
				}
				require.Equal(t, len(migrationFiles(t))-int(from), done, "each is applied once")
			})
		})
	}
}

func TestMigrationReportsWhoHoldsALockThatItCannotGet(t *testing.T) {
	db := emptyPostgreSQL(t)
	upTo(t, db, migrations.PostgreSQL, 1)
	reader, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer reader.Rollback()
	_, err = reader.ExecContext(t.Context(), `LOCK TABLE users IN ACCESS SHARE MODE`)
	require.NoError(t, err)
	applied, err := migrations.Up(t.Context(), db, migrations.PostgreSQL, migrations.LockWait(time.Second))
	require.Empty(t, applied)
	require.ErrorContains(t, err, "users is in use by process")
	require.NoError(t, reader.Rollback())
	_, err = migrations.Up(t.Context(), db, migrations.PostgreSQL)
	require.NoError(t, err)
	require.Equal(t, newSchema(t), schemaOf(t, db))
}

func exec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), query)
	require.NoError(t, err)
}
