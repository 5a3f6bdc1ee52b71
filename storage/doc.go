// Package storage owns the rows: their types, the contract under which they are read and written, and the SQL for
// PostgreSQL and SQLite. It speaks fosite's storage interfaces. It decides nothing about protocols: what a client may do
// is settled in package provider.
//
// Three rules hold everywhere. Single use is one conditional write and a row count, never a read followed by a write.
// A write that is sent twice, because a connection died before its answer came, has the effect of one: every attempt
// carries an id that the row keeps. And nothing that opens a door is stored in clear.
package storage
