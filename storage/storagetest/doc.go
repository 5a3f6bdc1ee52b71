// Package storagetest holds the test suite of package storage, which every engine must pass, and what tests of other
// packages need for a real database: engines, a clock, a proxy that loses answers, fixtures. No program imports it.
//
//   - Run is the suite: each table, then races of many attempts at once, and on PostgreSQL broken connections.
//   - RunManyRows measures lists and the janitor on millions of rows.
//   - Each runs a test on every engine that the machine has; Open makes an empty database with the current schema for
//     one test.
//   - Proxy stands between a store and PostgreSQL, and breaks or delays connections at a chosen moment.
package storagetest
