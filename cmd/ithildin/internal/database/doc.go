// Package database opens the database that a verb or the server works on, and refuses one whose schema is older than
// the program.
package database
