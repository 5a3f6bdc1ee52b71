// Package migrations holds the database schema as embedded SQL that both PostgreSQL and SQLite accept, and applies it.
// It imports no other package of this module, and knows no row type.
//
//   - Up applies every pending migration; of several processes at once one works, and the others wait for it.
//   - List says which migrations a database has.
//
// # How a migration is written
//
// A file is NNNNN_name.sql: the line "-- +goose Up", statements, the line "-- +goose Down" and SELECT 1; nothing is
// taken back. Servers of the release before keep serving while it is applied, and go on with the new schema afterwards.
// So a file holds statements of seven kinds only, each beginning at the start of a line and ending with a semicolon at
// the end of one (TestMigrationsHaveTheOnlineForm says what is wrong):
//
//	CREATE TABLE name (…);
//	ALTER TABLE name ADD COLUMN column type …;            one column a statement, NULL or with a constant DEFAULT
//	CREATE [UNIQUE] INDEX name ON table (…) [WHERE …];
//	DROP INDEX name;                                      that one created above it in the file replaces
//	INSERT INTO table … ON CONFLICT DO NOTHING;
//	CREATE VIEW name AS SELECT … FROM table;              for members of JSON documents: document ->> 'member'
//	PARTITION table BY MONTH OF column;                   of PostgreSQL only, and no SQL; SQLite keeps the table
//
// They are written plainly: no IF NOT EXISTS and no CONCURRENTLY, which SQLite does not have, and no cast to json,
// which PostgreSQL wants. Up puts in what the engine needs. In a PostgreSQL database that is in use each statement is
// a transaction of its own that locks one table, gives way to requests after a quarter of a second and tries again,
// and an index is built concurrently. On SQLite, and in a database that is new, each file is one transaction. Existing
// rows are never rewritten here: a column that has to be filled is filled by the program.
package migrations
