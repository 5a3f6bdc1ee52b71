package main_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// mithrilDatabase is a database of the old system with one hospital, one doctor, and one live token.
func mithrilDatabase(t *testing.T) string {
	server := requirement.PostgreSQL.Get(t)
	admin, err := sql.Open("postgres", server)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	name := "mithril_test_" + strings.ToLower(rand.Text())
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	source, err := sql.Open("postgres", u.String())
	require.NoError(t, err)
	defer source.Close()
	schema, err := os.ReadFile("../../adapters/mithril/testdata/schema.sql")
	require.NoError(t, err)
	_, err = source.ExecContext(t.Context(), string(schema)+`
INSERT INTO users (id, email, password, inserted_at, updated_at)
 VALUES ('3ff33ced-69dc-415a-b231-c6446898335a', 'doctor@example.com', '', now(), now());
INSERT INTO client_types VALUES ('11111111-1111-4111-8111-111111111111', 'MSP', 'legal_entity:read', now(), now());
INSERT INTO clients (id, name, priv_settings, client_type_id, inserted_at, updated_at) VALUES
 ('6498d88e-97fb-47e2-85a5-99e884f888aa', 'Hospital', '{"access_type":"DIRECT"}',
  '11111111-1111-4111-8111-111111111111', now(), now());
INSERT INTO tokens VALUES ('a0000000-0000-4000-8000-000000000004', 'access_token', 'SnNRdCtvU0tTOENBV2dLRUZwNmIzZz09',
 extract(epoch FROM now())::int + 3600,
 '{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa","grant_type":"password","scope":"legal_entity:read"}',
 '3ff33ced-69dc-415a-b231-c6446898335a', now(), now());`)
	require.NoError(t, err)
	return u.String()
}

// importer runs the verb from a source into a file of SQLite, which it makes.
type importer struct {
	t           *testing.T
	directory   string
	environment []string
	source      string
}

func newImporter(t *testing.T) *importer {
	directory := t.TempDir()
	return &importer{t: t, directory: directory, source: mithrilDatabase(t), environment: []string{
		"ITHILDIN_DATABASE_URL=sqlite:" + filepath.Join(directory, "imported.db"),
		"ITHILDIN_SECRET=" + strings.Repeat("secret ", 8),
	}}
}

func (i *importer) ithildin(arguments ...string) (string, error) {
	path, err := binary()
	require.NoError(i.t, err)
	command := exec.Command(path, arguments...)
	command.Env = append(os.Environ(), i.environment...)
	output, err := command.CombinedOutput()
	return string(output), err
}

func (i *importer) run(arguments ...string) string {
	i.t.Helper()
	output, err := i.ithildin(append([]string{"import", "mithril", "--from", i.source}, arguments...)...)
	require.NoError(i.t, err, output)
	return output
}

// change runs statements in the source.
func (i *importer) change(statements string) {
	source, err := sql.Open("postgres", i.source)
	require.NoError(i.t, err)
	defer source.Close()
	_, err = source.ExecContext(i.t.Context(), statements)
	require.NoError(i.t, err)
}

func TestImportPrunesAfterSayingWhat(t *testing.T) {
	i := newImporter(t)
	output, err := i.ithildin("import", "mithril", "--from", i.source, "--prune", "--dry-run")
	require.Error(t, err)
	require.Contains(t, output, "there is no database", "a dry run makes none")
	require.NotContains(t, i.run("--prune"), "absent")
	i.change(`DELETE FROM tokens; DELETE FROM clients`)
	said := i.run("--prune", "--dry-run")
	require.Regexp(t, `access tokens +1 absent +0 deleted`, said)
	require.Regexp(t, `clients +1 absent +0 deleted`, said)
	require.Contains(t, said, "clients: absent: Hospital")
	require.Contains(t, said, "nothing was written")
	require.NotContains(t, i.run(), "absent", "an import without the flag deletes nothing")
	require.Contains(t, i.run("--prune", "--dry-run", "--format", "json"), `"absent": 1`)
	require.Regexp(t, `access tokens +1 absent +1 deleted`, i.run("--prune", "--yes"))
	require.NotContains(t, i.run("--prune", "--dry-run"), "absent")
	for kind, want := range map[string]string{
		"import_pruned": `"access tokens":"1"`, "client_deleted": `"name":"Hospital"`,
	} {
		events, err := i.ithildin("audit", "list", "--kind", kind, "--format", "json")
		require.NoError(t, err, events)
		require.Contains(t, strings.ReplaceAll(events, `": "`, `":"`), want)
		require.Contains(t, events, "import mithril")
	}
	i.change(`TRUNCATE users CASCADE`)
	output, err = i.ithildin("import", "mithril", "--from", i.source, "--prune", "--yes")
	require.Error(t, err)
	require.Contains(t, output, "is it the right database?")
}

// indexes are those of a SQLite database by their names.
func (i *importer) indexes(file string) (names []string) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(i.directory, file)+"?mode=ro")
	require.NoError(i.t, err)
	defer db.Close()
	rows, err := db.QueryContext(i.t.Context(), `SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name`)
	require.NoError(i.t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(i.t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(i.t, rows.Err())
	return names
}

func TestImportFillsANewSQLiteDatabaseUnderAnotherName(t *testing.T) {
	i := newImporter(t)
	file := filepath.Join(i.directory, "imported.db")
	require.NoError(t, os.WriteFile(file+".import", nil, 0o600))
	output, err := i.ithildin("import", "mithril", "--from", i.source)
	require.Error(t, err)
	require.Contains(t, output, "imported.db.import is there: another import is filling the new database")
	require.NoFileExists(t, file)
	require.NoError(t, os.Remove(file+".import"))

	i.environment[0] = "ITHILDIN_DATABASE_URL=sqlite:" + filepath.Join(i.directory, "migrated.db")
	output, err = i.ithildin("migrate", "up")
	require.NoError(t, err, output)
	i.environment[0] = "ITHILDIN_DATABASE_URL=sqlite:" + file
	output, err = i.ithildin("import", "mithril", "--from", strings.Replace(i.source, "mithril_test_", "gone_", 1))
	require.Error(t, err)
	require.Contains(t, output, "gone_")
	require.Equal(t, i.indexes("migrated.db"), i.indexes("imported.db"), "after an import that failed")
	require.NoError(t, os.Remove(file))
	i.run()
	require.Contains(t, i.indexes("migrated.db"), "access_tokens_grant_id")
	require.Equal(t, i.indexes("migrated.db"), i.indexes("imported.db"))
	left, err := filepath.Glob(file + ".import*")
	require.NoError(t, err)
	require.Empty(t, left)
	require.Regexp(t, `access tokens +1 read +0 written`, i.run(), "the second import into it")
}

// TestServerContinuesWithADatabaseImportedFromMithril runs the verb twice into a file that it makes, and asks a
// server on it about a token.
func TestServerContinuesWithADatabaseImportedFromMithril(t *testing.T) {
	i := newImporter(t)
	require.Contains(t, i.run("--dry-run"), "nothing was written")
	require.Regexp(t, `access tokens +1 read +1 written`, i.run())
	require.Regexp(t, `access tokens +1 read +0 written`, i.run())
	require.Contains(t, i.run("--format", "json"), `"name": "access tokens"`)

	p := start(t, i.directory, append(i.environment, "ITHILDIN_ISSUER=http://127.0.0.1:1"), "serve")
	response, err := http.Get(p.admin + "/admin/tokens/SnNRdCtvU0tTOENBV2dLRUZwNmIzZz09/verify")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	require.Contains(t, string(body), `"scope":"legal_entity:read"`)
}
