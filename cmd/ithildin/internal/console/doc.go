// Package console reads from and writes to the person at the terminal: rows as a table or as JSON, secrets without
// echo, questions before something is destroyed, and errors with a hint and an exit code.
package console
