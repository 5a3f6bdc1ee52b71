package migrations

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMigrationsHaveTheForm(t *testing.T) {
	list, err := readMigrations()
	require.NoError(t, err, "see the comment of the package for the form of a migration")
	for _, m := range list {
		require.NotEmpty(t, m.statements, m.name)
		require.NoError(t, m.validate(), "%s: see the comment of the package for the form of a migration", m.name)
	}
}

func TestAMigrationOfAnotherFormIsRefused(t *testing.T) {
	for name, statements := range map[string]string{
		"a statement that rewrites rows":           "UPDATE users SET tax_id = '';",
		"a statement that removes":                 "ALTER TABLE users DROP COLUMN tax_id;",
		"a column that is renamed":                 "ALTER TABLE users RENAME COLUMN a TO b;",
		"two columns in a statement":               "ALTER TABLE users ADD COLUMN a text NULL, ADD COLUMN b text NULL;",
		"a column whose rows are computed":         "ALTER TABLE users ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid();",
		"a column without a default":               "ALTER TABLE users ADD COLUMN a text NOT NULL;",
		"a column that refers to a second table":   "ALTER TABLE users ADD COLUMN a text NULL REFERENCES clients (id);",
		"a column whose rows are checked":          "ALTER TABLE users ADD COLUMN a text NOT NULL DEFAULT '' CHECK (a <> 'x');",
		"a column with an index of its own":        "ALTER TABLE users ADD COLUMN a text NULL UNIQUE;",
		"CONCURRENTLY, which SQLite does not have": "CREATE INDEX CONCURRENTLY users_a ON users (a);",
		"IF NOT EXISTS on a table":                 "CREATE TABLE IF NOT EXISTS a (\n    id uuid NOT NULL\n);",
		"an INSERT that fails the second time":     "INSERT INTO scopes (name) VALUES ('a');",
		"a comment behind a statement":             "CREATE INDEX users_a ON users (a); -- why\nCREATE INDEX users_b ON users (b);",
		"two statements on a line":                 "CREATE INDEX users_a ON users (a); CREATE INDEX users_b ON users (b);",
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := parse(fmt.Sprintf("-- +goose Up\n\n%s\n\n-- +goose Down\nSELECT 1;\n", statements))
			if err == nil {
				err = migration{version: released + 1, statements: parsed}.validate()
			}
			require.Error(t, err)
		})
	}
	_, err := parse("-- +goose Up\nCREATE INDEX users_a ON users (a);\n")
	require.Error(t, err, "without its end")
	_, err = parse("-- +goose Up\n\n-- +goose Down\nDROP TABLE users;\n")
	require.Error(t, err, "that takes back")
}

func TestEachStatementOfAMigrationIsFound(t *testing.T) {
	parsed, err := parse(`-- +goose Up

-- A comment; with a semicolon.
CREATE TABLE things (
    id   uuid NOT NULL PRIMARY KEY,
    -- A comment inside.
    name text NOT NULL DEFAULT ''
);
-- Another.
CREATE UNIQUE INDEX things_name ON things (name)
    WHERE name <> '';
ALTER TABLE users ADD COLUMN thing bigint NOT NULL DEFAULT 0;
INSERT INTO scopes (name) VALUES ('a'),
    ('b') ON CONFLICT DO NOTHING;

-- +goose Down
SELECT 1;
`)
	require.NoError(t, err)
	require.Equal(t, []statement{
		{kind: createTable, table: "things",
			text: "CREATE TABLE things (\n    id   uuid NOT NULL PRIMARY KEY,\n    name text NOT NULL DEFAULT ''\n)"},
		{kind: createIndex, table: "things", index: "things_name",
			text: "CREATE UNIQUE INDEX things_name ON things (name)\n    WHERE name <> ''"},
		{kind: addColumn, table: "users", text: "ALTER TABLE users ADD COLUMN thing bigint NOT NULL DEFAULT 0"},
		{kind: insertRows, table: "scopes", text: "INSERT INTO scopes (name) VALUES ('a'),\n    ('b') ON CONFLICT DO NOTHING"},
	}, parsed)
	require.Equal(t, "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS things_name ON things (name)\n    WHERE name <> ''",
		parsed[1].concurrent())
}
