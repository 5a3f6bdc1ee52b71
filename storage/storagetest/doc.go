// Package storagetest owns the contract of package storage as a suite that every engine runs, races and lost answers
// included, and what the tests of other packages need for a real database: engines, a clock, a proxy, fixtures. It holds
// no code that the program runs.
package storagetest
