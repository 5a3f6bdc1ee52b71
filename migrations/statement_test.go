package migrations

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// released is the last version that was released before the form was set; the databases that have it keep it as it is.
const released = 3

var (
	addedColumn = regexp.MustCompile(`\AALTER TABLE [a-z_]+ ADD COLUMN [a-z_]+ (?:uuid|text|bigint|bytea|boolean) ` +
		`(?:NULL|NOT NULL DEFAULT (?:'[^']*'|-?[0-9]+|TRUE|FALSE))\z`)
	conflictFree = regexp.MustCompile(`ON CONFLICT (?:\([a-z_, ]+\) )?DO NOTHING\z`)
	plainView    = regexp.MustCompile(`\ACREATE VIEW [a-z_]+ AS\s+SELECT [a-z_]+(?: AS [a-z_]+)?` +
		`(?:,\s+[a-z_]+(?: ->> '[a-z_]+')?(?: AS [a-z_]+)?)*\s+FROM [a-z_]+\z`)
)

// validate returns what is wrong with the form of a migration; the comment of the package says why it matters. indexes
// are those of all migrations.
func validate(m migration, indexes map[string]statement) error {
	created := map[string]statement{}
	for _, s := range m.statements {
		switch {
		case s.kind == createIndex:
			created[s.index] = s
		case s.kind == addColumn && !addedColumn.MatchString(s.content):
			return fmt.Errorf("an added column is NULL, or NOT NULL with a constant DEFAULT, and nothing else: %s", s.content)
		case s.kind == insertRows && m.version > released && !conflictFree.MatchString(s.content):
			return fmt.Errorf("an INSERT ends with ON CONFLICT DO NOTHING, since it may run again: %.60s", s.content)
		case s.kind == createView && !plainView.MatchString(s.content):
			return fmt.Errorf("a view has columns and members of documents of one table, and no condition: %s", s.content)
		case s.kind == dropIndex && !isReplaced(indexes[s.index], created):
			return errors.New("an index is dropped where the same file has made one that begins with its columns: " + s.index)
		}
	}
	return nil
}

// replacedInPart are dropped indexes, with those of their first columns that an index of the same file begins with.
// What the release before reads along the rest it has to sort until it is upgraded.
var replacedInPart = map[string]string{
	"grants_client_expiry": "client_id,", // the list of a client's tokens, and the count of those that live
}

// isReplaced says whether an index on the same columns and more was created.
func isReplaced(dropped statement, created map[string]statement) bool {
	columns := func(s statement) string {
		_, after, _ := strings.Cut(s.content, "(")
		list, _, _ := strings.Cut(after, ")")
		return list + ","
	}
	needed, isListed := replacedInPart[dropped.index]
	if !isListed {
		needed = columns(dropped)
	}
	for _, s := range created {
		if s.table == dropped.table && !strings.Contains(s.content, " WHERE ") && strings.HasPrefix(columns(s), needed) {
			return true
		}
	}
	return false
}

func TestMigrationsHaveTheOnlineForm(t *testing.T) {
	list, err := readMigrations()
	require.NoError(t, err, "see the comment of the package for the form of a migration")
	indexes := map[string]statement{}
	for _, m := range list {
		for _, s := range m.statements {
			if s.kind == createIndex {
				indexes[s.index] = s
			}
		}
	}
	for _, m := range list {
		require.NotEmpty(t, m.statements, m.name)
		require.NoError(t, validate(m, indexes), "%s: see the comment of the package for the form of a migration", m.name)
	}
}

func TestAMigrationOfAnotherFormIsRefused(t *testing.T) {
	for name, statements := range map[string]string{
		"a statement that rewrites rows":         "UPDATE users SET tax_id = '';",
		"a statement that removes":               "ALTER TABLE users DROP COLUMN tax_id;",
		"a column that is renamed":               "ALTER TABLE users RENAME COLUMN a TO b;",
		"two columns in a statement":             "ALTER TABLE users ADD COLUMN a text NULL, ADD COLUMN b text NULL;",
		"a column whose rows are computed":       "ALTER TABLE users ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid();",
		"a column without a default":             "ALTER TABLE users ADD COLUMN a text NOT NULL;",
		"a column that refers to a second table": "ALTER TABLE users ADD COLUMN a text NULL REFERENCES clients (id);",
		"a column whose rows are checked": "ALTER TABLE users ADD COLUMN a text NOT NULL DEFAULT '' CHECK (a <> " +
			"'x');",
		"a column with an index of its own":        "ALTER TABLE users ADD COLUMN a text NULL UNIQUE;",
		"CONCURRENTLY, which SQLite does not have": "CREATE INDEX CONCURRENTLY users_a ON users (a);",
		"IF NOT EXISTS on a table":                 "CREATE TABLE IF NOT EXISTS a (\n    id uuid NOT NULL\n);",
		"an INSERT that fails the second time":     "INSERT INTO scopes (name) VALUES ('a');",
		"a view of one engine":                     "CREATE VIEW a AS SELECT id, policy::json ->> 'b' AS b FROM clients;",
		"a view that joins":                        "CREATE VIEW a AS SELECT id FROM clients, users;",
		"an index that nothing replaces":           "DROP INDEX users_tax_id;",
		"a comment behind a statement": "CREATE INDEX users_a ON users (a); -- why\nCREATE INDEX users_b ON " +
			"users (b);",
		"two statements on a line":     "CREATE INDEX users_a ON users (a); CREATE INDEX users_b ON users (b);",
		"partitions by something else": "PARTITION users BY HASH OF id;",
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := parse(fmt.Sprintf("-- +goose Up\n\n%s\n\n-- +goose Down\nSELECT 1;\n", statements))
			if err == nil {
				err = validate(migration{version: released + 1, statements: parsed}, nil)
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
CREATE VIEW thing_documents AS
SELECT id, document ->> 'member' AS member FROM things;
PARTITION things BY MONTH OF created_at;

-- +goose Down
SELECT 1;
`)
	require.NoError(t, err)
	require.Equal(t, []statement{
		{kind: createTable, table: "things",
			content: "CREATE TABLE things (\n    id   uuid NOT NULL PRIMARY KEY,\n    name text NOT NULL DEFAULT ''\n)"},
		{kind: createIndex, table: "things", index: "things_name",
			content: "CREATE UNIQUE INDEX things_name ON things (name)\n    WHERE name <> ''"},
		{kind: addColumn, table: "users", content: "ALTER TABLE users ADD COLUMN thing bigint NOT NULL DEFAULT 0"},
		{kind: insertRows, table: "scopes",
			content: "INSERT INTO scopes (name) VALUES ('a'),\n    ('b') ON CONFLICT DO NOTHING"},
		{kind: createView, table: "thing_documents",
			content: "CREATE VIEW thing_documents AS\nSELECT id, document ->> 'member' AS member FROM things"},
		{kind: partitionTable, table: "things", column: "created_at",
			content: "PARTITION things BY MONTH OF created_at"},
	}, parsed)
	require.Equal(t, "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS things_name ON things (name)\n    WHERE name <> ''",
		parsed[1].concurrent())
	require.False(t, parsed[1].hasExpression())
	expression, err := recognize("CREATE INDEX things_name ON things (a, (lower(name)), b)\n    WHERE name <> ''")
	require.NoError(t, err)
	require.True(t, expression.hasExpression())
	require.Equal(t, parsed[4].content, parsed[4].on(SQLite))
	require.Equal(t, "CREATE OR REPLACE VIEW thing_documents AS\n"+
		"SELECT id, CAST(document AS json) ->> 'member' AS member FROM things", parsed[4].repeatable())
}
