package mithril

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"ithildin/storage"
)

// mostNotes bounds what a line lists by name; the counts are whole.
const mostNotes = 50

// Report says what an import did, or would do.
type Report struct {
	DryRun bool    `json:"dry_run"`
	Lines  []*Line `json:"lines"`
}

// Line is about one kind of rows.
type Line struct {
	Name    string `json:"name"`
	Read    int64  `json:"read"`
	Written int64  `json:"written"` // new or changed here; none in a dry run
	// Repaired and Refused count rows; Notes say which, and why, up to a bound.
	Repaired int64    `json:"repaired"`
	Refused  int64    `json:"refused"`
	Notes    []string `json:"notes,omitempty"`

	mu sync.Mutex // reading and writing go on at once
}

func (r *Report) line(name string) *Line {
	l := &Line{Name: name}
	r.Lines = append(r.Lines, l)
	return l
}

func (l *Line) note(format string, values ...any) {
	message := fmt.Sprintf(format, values...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.Notes) < mostNotes && !slices.Contains(l.Notes, message) {
		l.Notes = append(l.Notes, message)
	}
}

func (l *Line) repair(format string, values ...any) {
	l.mu.Lock()
	l.Repaired++
	l.mu.Unlock()
	l.note("repaired: "+format, values...)
}

// refuse notes a row that is left out.
func (l *Line) refuse(name string, cause error) {
	l.mu.Lock()
	l.Refused++
	l.mu.Unlock()
	problem := cause.Error()
	switch {
	case errors.Is(cause, storage.ErrConflict):
		problem = "a value that must be unique belongs to another row"
	case errors.Is(cause, storage.ErrNotFound):
		problem = "it names a row that is not there"
	}
	l.note("refused: %s: %s", name, problem)
}
