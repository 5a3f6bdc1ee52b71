package main

import (
	"errors"
	"fmt"
	"io"

	"ithildin/storage"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // the work could not be done
	exitUsage   = 2 // the command line or the configuration is wrong; nothing was begun
)

// usageError is a mistake in the command line or the configuration.
type usageError struct {
	cause error
	hint  string
}

func (e *usageError) Error() string { return e.cause.Error() }
func (e *usageError) Unwrap() error { return e.cause }

// hintedError says what can be done about it.
type hintedError struct {
	cause error
	hint  string
}

func (e *hintedError) Error() string { return e.cause.Error() }
func (e *hintedError) Unwrap() error { return e.cause }

func withHint(hint string, cause error) error { return &hintedError{cause: cause, hint: hint} }

// report writes an error for a person and returns the exit code.
func report(out io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := exitFailure, ""
	var usage *usageError
	var hinted *hintedError
	switch {
	case errors.As(err, &usage):
		code, hint = exitUsage, usage.hint
	case errors.As(err, &hinted):
		hint = hinted.hint
	case storage.IsTimeout(err):
		hint = "the database answers, but this took longer than its timeout: is it overloaded, or is a table locked?"
	case errors.Is(err, storage.ErrUnavailable):
		hint = "is the database running, and is ITHILDIN_DATABASE_URL right?"
	}
	fmt.Fprintln(out, "ithildin:", err)
	if hint != "" {
		fmt.Fprintln(out, "hint:", hint)
	}
	return code
}
