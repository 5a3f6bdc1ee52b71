package inbound

import (
	"context"
	"log/slog"
	"sync"
)

// Record is what becomes known of a request while it is answered, for its one line in the log. Of the client, the user
// and the error the first that is noted counts. A nil Record takes notes and forgets them. It is safe for concurrent
// use.
type Record struct {
	mutex    sync.Mutex
	clientID string
	userID   string
	code     string
	cause    string
	level    slog.Level
	failed   bool
}

// RecordOf is the record of the request that a context belongs to, nil where it belongs to none.
func RecordOf(ctx context.Context) *Record {
	if known, ok := ctx.Value(requestKey{}).(*Request); ok {
		return &known.Record
	}
	return nil
}

// About notes who asks; "" is nobody yet. Both are ids of rows, never what a request says of itself.
func (r *Record) About(clientID, userID string) {
	if r == nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.clientID == "" {
		r.clientID = clientID
	}
	if r.userID == "" {
		r.userID = userID
	}
}

// Failed notes the error that the request is answered with: its public code, and its private cause, nil where the code
// says it all. Neither may hold a credential or a token.
func (r *Record) Failed(level slog.Level, code string, cause error) {
	if r == nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.failed {
		return
	}
	r.failed, r.level, r.code = true, level, code
	if cause != nil {
		r.cause = cause.Error()
	}
}

// Code is the public code of the error that the request is answered with, "" where there is none.
func (r *Record) Code() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.code
}

// Level is how loud the line of the request is.
func (r *Record) Level() slog.Level {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return max(r.level, slog.LevelInfo)
}

// Attributes are what the line says of what became known.
func (r *Record) Attributes() []slog.Attr {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var attributes []slog.Attr
	for _, known := range [][2]string{{"client_id", r.clientID}, {"user_id", r.userID}, {"error", r.code},
		{"cause", r.cause}} {
		if known[1] != "" {
			attributes = append(attributes, slog.String(known[0], known[1]))
		}
	}
	return attributes
}
