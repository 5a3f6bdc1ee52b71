package console

import (
	"errors"
	"fmt"
	"io"

	"ithildin/storage"
)

// The exit codes.
const (
	ExitOK      = 0
	ExitFailure = 1 // the work could not be done
	ExitUsage   = 2 // the command line or the configuration is wrong; nothing was begun
)

// UsageError is a mistake in the command line or the configuration. Report prints Hint, if there is one, below the
// cause, and the process ends with ExitUsage.
type UsageError struct {
	Cause error
	Hint  string
}

// Error implements error.
func (e *UsageError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Cause }

// hintedError says what can be done about it.
type hintedError struct {
	cause error
	hint  string
}

func (e *hintedError) Error() string { return e.cause.Error() }
func (e *hintedError) Unwrap() error { return e.cause }

// WithHint adds to an error what the person can do about it; Report prints it below the error.
func WithHint(hint string, cause error) error { return &hintedError{cause: cause, hint: hint} }

// Report writes an error for a person and returns the exit code.
func Report(out io.Writer, err error) int {
	if err == nil {
		return ExitOK
	}
	code, hint := ExitFailure, ""
	var usage *UsageError
	var hinted *hintedError
	switch {
	case errors.As(err, &usage):
		code, hint = ExitUsage, usage.Hint
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
