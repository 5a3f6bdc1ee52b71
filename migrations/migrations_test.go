package migrations_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"ithildin/migrations"
	"ithildin/storage/storagetest/requirement"
)

// eachEngine runs f on an empty database of each engine.
func eachEngine(t *testing.T, f func(t *testing.T, db *sql.DB, engine migrations.Engine)) {
	t.Run("SQLite", func(t *testing.T) { f(t, emptySQLite(t), migrations.SQLite) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, emptyPostgreSQL(t), migrations.PostgreSQL) })
}

func emptySQLite(t *testing.T) *sql.DB {
	return open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "ithildin.db")+"?_pragma=foreign_keys(1)")
}

func emptyPostgreSQL(t *testing.T) *sql.DB { return open(t, "postgres", createPostgreSQL(t)) }

// createPostgreSQL makes an empty database and returns its URL.
func createPostgreSQL(t *testing.T) string { return copyPostgreSQL(t, "") }

// copyPostgreSQL makes a database that is a copy of the one at a URL, to which nobody is connected.
func copyPostgreSQL(t *testing.T, original string) string {
	server := requirement.PostgreSQL.Get(t)
	u, err := url.Parse(server)
	require.NoError(t, err)
	admin := open(t, "postgres", server)
	name := "ithildin_test_" + strings.ToLower(rand.Text())
	create := "CREATE DATABASE " + name
	if original != "" {
		template, err := url.Parse(original)
		require.NoError(t, err)
		create += " TEMPLATE " + strings.TrimPrefix(template.Path, "/")
	}
	_, err = admin.ExecContext(t.Context(), create)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
	})
	u.Path = "/" + name
	return u.String()
}

func open(t *testing.T, driver, name string) *sql.DB {
	db, err := sql.Open(driver, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestAnEmptyDatabaseIsBroughtUpOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sql.DB, engine migrations.Engine) {
		ctx := t.Context()
		pending, err := migrations.Unapplied(ctx, db, engine)
		require.NoError(t, err)
		require.True(t, pending)

		applied, err := migrations.Up(ctx, db, engine)
		require.NoError(t, err)
		require.NotEmpty(t, applied)
		pending, err = migrations.Unapplied(ctx, db, engine)
		require.NoError(t, err)
		require.False(t, pending)
		list, err := migrations.List(ctx, db, engine)
		require.NoError(t, err)
		require.Equal(t, applied, list)

		applied, err = migrations.Up(ctx, db, engine)
		require.NoError(t, err)
		require.Empty(t, applied)
	})
}

func TestWhatIsPendingIsListedInOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sql.DB, engine migrations.Engine) {
		list, err := migrations.List(t.Context(), db, engine)
		require.NoError(t, err)
		for i, status := range list {
			if i > 0 {
				require.Greater(t, status.Version, list[i-1].Version)
			}
			require.Equal(t, migrationFiles(t)[i], status.Name)
			require.False(t, status.Applied)
		}
		require.Len(t, list, len(migrationFiles(t)))
	})
}

func TestADatabaseThatIsAwayIsAnError(t *testing.T) {
	away := open(t, "postgres", "postgres://user@127.0.0.1:1/ithildin?sslmode=disable")
	_, err := migrations.Up(t.Context(), away, migrations.PostgreSQL)
	require.Error(t, err)
	_, err = migrations.List(t.Context(), away, migrations.PostgreSQL)
	require.Error(t, err)
	_, err = migrations.Unapplied(t.Context(), away, migrations.PostgreSQL)
	require.Error(t, err)
}

// Both engines take these types, and so does CockroachDB.
func TestColumnsHaveTheTypesOfTheSharedDialect(t *testing.T) {
	column := regexp.MustCompile(`(?m)(?:^    |ADD COLUMN )([a-z_]+) +([a-z]+)[ ,]`)
	for _, name := range migrationFiles(t) {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		found := column.FindAllStringSubmatch(string(content), -1)
		require.True(t, len(found) > 0 || !strings.Contains(string(content), "TABLE"), name)
		for _, c := range found {
			require.Contains(t, []string{"uuid", "text", "bigint", "bytea", "boolean"}, c[2], "%s: %s", name, c[1])
		}
	}
}

func TestExpiredRowsAreFoundByAnIndex(t *testing.T) {
	db := emptySQLite(t)
	_, err := migrations.Up(t.Context(), db, migrations.SQLite)
	require.NoError(t, err)
	indexed := strings.Fields(one(t, db, `
SELECT group_concat(m.name, ' ') FROM sqlite_master m
WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_index_list(m.name) l
      WHERE (SELECT i.name FROM pragma_index_info(l.name) i WHERE i.seqno = 0) = 'expires_at')`))
	for _, table := range strings.Fields(one(t, db, `
SELECT group_concat(m.name, ' ') FROM sqlite_master m
WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'expires_at')`)) {
		if table != "leases" { // a handful of rows, each taken over by the next holder
			require.Contains(t, indexed, table)
		}
	}
}

func TestDocumentsThatTheReleaseBeforeWritesAreReadByTheViews(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *sql.DB, engine migrations.Engine) {
		write := func(id string) {
			exec(t, db, `INSERT INTO clients (id, name, policy, created_at, updated_at) VALUES
				('`+id+`', 'C', '{"access_token":"jwt","refresh_issued":"always","token_form" : "legacy"}', 0, 0)`)
			exec(t, db, `INSERT INTO access_tokens (id, access_token_id, client_id, scope, session, created_at, expires_at)
				VALUES ('`+id+`', '00000000-0000-4000-8000-00000000000`+id+`', 'C', '',
				'{"nonce":"\"grant_type\":\"password\"","grant_type":"implicit"}', 0, 0)`)
		}
		requireRead := func(id, refreshIssued string) {
			require.Equal(t, "legacy "+refreshIssued, one(t, db, `
SELECT token_form || ' ' || refresh_issued FROM client_policies WHERE client_id = '`+id+`' AND refresh_scope IS NULL`))
			require.Equal(t, "implicit", one(t, db, `SELECT grant_type FROM access_token_sessions WHERE id = '`+id+`'`))
		}
		upTo(t, db, engine, 10)
		write("1")
		upTo(t, db, engine, 11)
		requireRead("1", "always")
		write("2") // it goes on after the migration
		requireRead("2", "always")
		exec(t, db, `UPDATE clients SET policy = '{"refresh_issued":"offline_access","token_form":"legacy"}'`)
		requireRead("1", "offline_access")
		requireRead("2", "offline_access")
	})
}

func one(t *testing.T, db *sql.DB, query string) (value string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&value))
	return value
}

// migrationFiles are the migrations beside this test, in order.
func migrationFiles(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.sql")
	require.NoError(t, err)
	require.True(t, slices.IsSorted(names))
	return names
}
