package migrations

import (
	"embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed *.sql
var files embed.FS

// migration is one file.
type migration struct {
	version    int64
	name       string
	statements []statement
}

// kind is what a statement does.
type kind int

const (
	createTable kind = iota
	addColumn
	createIndex
	dropIndex
	insertRows
	createView
	partitionTable
)

// statement is one statement of a file, without comments and the final semicolon.
type statement struct {
	kind    kind
	table   string
	index   string // of createIndex and dropIndex
	column  string // of partitionTable
	content string
}

var (
	upSection    = regexp.MustCompile(`(?ms)^-- \+goose Up\n(.*?)^-- \+goose Down\nSELECT 1;\n\z`)
	comment      = regexp.MustCompile(`(?m)^\s*--.*\n`)
	statementEnd = regexp.MustCompile(`;[ \t]*(?:\n|\z)`)

	createTableForm = regexp.MustCompile(`\ACREATE TABLE ([a-z_]+) \(`)
	addColumnForm   = regexp.MustCompile(`\AALTER TABLE ([a-z_]+) ADD COLUMN [a-z_]+ `)
	createIndexForm = regexp.MustCompile(`\ACREATE (?:UNIQUE )?INDEX ([a-z_]+) ON ([a-z_]+) \(`)
	dropIndexForm   = regexp.MustCompile(`\ADROP INDEX ([a-z_]+)\z`)
	insertRowsForm  = regexp.MustCompile(`\AINSERT INTO ([a-z_]+) `)
	createViewForm  = regexp.MustCompile(`\ACREATE VIEW ([a-z_]+) AS\s`)
	partitionForm   = regexp.MustCompile(`\APARTITION ([a-z_]+) BY MONTH OF ([a-z_]+)\z`)

	// jsonMember is a member of a document in a text column, as SQLite reads it.
	jsonMember = regexp.MustCompile(`([a-z_]+) ->> '`)
)

// readMigrations reads the embedded files, in the order of their versions.
func readMigrations() ([]migration, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var list []migration
	for _, entry := range entries { // sorted by name
		m, err := readMigration(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		if len(list) > 0 && list[len(list)-1].version == m.version { // only one of them would be applied
			return nil, fmt.Errorf("%s has the number of %s", entry.Name(), list[len(list)-1].name)
		}
		list = append(list, m)
	}
	return list, nil
}

func readMigration(name string) (migration, error) {
	number, _, _ := strings.Cut(name, "_")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return migration{}, fmt.Errorf("the name must begin with a number and _")
	}
	content, err := files.ReadFile(name)
	if err != nil {
		return migration{}, err
	}
	statements, err := parse(string(content))
	return migration{version: version, name: name, statements: statements}, err
}

// parse splits the content of a file into its statements.
func parse(content string) ([]statement, error) {
	section := upSection.FindStringSubmatch(content)
	if section == nil {
		return nil, fmt.Errorf("the file must be -- +goose Up, statements, -- +goose Down, SELECT 1;")
	}
	var statements []statement
	for _, item := range statementEnd.Split(comment.ReplaceAllString(section[1], ""), -1) {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		s, err := recognize(item)
		if err != nil {
			return nil, err
		}
		statements = append(statements, s)
	}
	return statements, nil
}

func recognize(value string) (statement, error) {
	if strings.Contains(value, ";") || strings.Contains(value, "--") {
		return statement{}, fmt.Errorf(
			"a statement ends with ; at the end of a line, and a comment has a line of its own: %.60s", value)
	}
	if m := createTableForm.FindStringSubmatch(value); m != nil {
		return statement{kind: createTable, table: m[1], content: value}, nil
	}
	if m := addColumnForm.FindStringSubmatch(value); m != nil {
		return statement{kind: addColumn, table: m[1], content: value}, nil
	}
	if m := createIndexForm.FindStringSubmatch(value); m != nil {
		return statement{kind: createIndex, index: m[1], table: m[2], content: value}, nil
	}
	if m := dropIndexForm.FindStringSubmatch(value); m != nil {
		return statement{kind: dropIndex, index: m[1], content: value}, nil
	}
	if m := insertRowsForm.FindStringSubmatch(value); m != nil {
		return statement{kind: insertRows, table: m[1], content: value}, nil
	}
	if m := createViewForm.FindStringSubmatch(value); m != nil {
		return statement{kind: createView, table: m[1], content: value}, nil
	}
	if m := partitionForm.FindStringSubmatch(value); m != nil {
		return statement{kind: partitionTable, table: m[1], column: m[2], content: value}, nil
	}
	return statement{}, fmt.Errorf("not a statement of the seven kinds that a migration may hold: %.60s", value)
}

// on returns the text for an engine. PostgreSQL takes the members of a document from a json only.
func (s statement) on(engine Engine) string {
	if engine == SQLite || s.kind != createView {
		return s.content
	}
	return jsonMember.ReplaceAllString(s.content, "CAST($1 AS json) ->> '")
}

// repeatable returns the text for PostgreSQL that does nothing where it was done before.
func (s statement) repeatable() string {
	switch s.kind {
	case createTable:
		return strings.Replace(s.content, "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1)
	case addColumn:
		return strings.Replace(s.content, " ADD COLUMN ", " ADD COLUMN IF NOT EXISTS ", 1)
	case createIndex:
		return strings.Replace(s.content, "INDEX ", "INDEX IF NOT EXISTS ", 1)
	case dropIndex:
		return strings.Replace(s.content, "INDEX ", "INDEX IF EXISTS ", 1)
	case createView:
		return strings.Replace(s.on(PostgreSQL), "CREATE VIEW ", "CREATE OR REPLACE VIEW ", 1)
	default:
		return s.content
	}
}

// hasExpression says whether an index is on more than columns.
func (s statement) hasExpression() bool {
	_, columns, _ := strings.Cut(s.content, "(")
	columns, _, _ = strings.Cut(columns, " WHERE ")
	return strings.Contains(columns, "(")
}

// concurrent returns the text for PostgreSQL that builds or drops the index while its table is read and written.
func (s statement) concurrent() string {
	if s.kind == dropIndex {
		return strings.Replace(s.content, "INDEX ", "INDEX CONCURRENTLY IF EXISTS ", 1)
	}
	return strings.Replace(s.content, "INDEX ", "INDEX CONCURRENTLY IF NOT EXISTS ", 1)
}
