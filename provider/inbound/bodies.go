package inbound

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// Ordinary bounds the body of a request, in bytes, unless its endpoint allows more.
const Ordinary = 64 << 10

// The bytes of bodies that may be in memory at once, by default: the first Ordinary bytes of each, and what is beyond
// them. A body of JSON costs some ten times its size while it is read.
const (
	defaultOrdinary = 16 << 20
	defaultLarge    = 32 << 20
)

// ErrBusy says that the bodies that are read now leave no room for more: the request may be sent again later.
var ErrBusy = errors.New("inbound: too many bodies are read at once")

// Limits are how many bytes of bodies may be in memory at once; 0 for the default of each.
type Limits struct {
	Ordinary int64 // of the first Ordinary bytes of each body
	Large    int64 // of what is beyond them
	// Refused is told of each body that there was no room for. nil: nobody is.
	Refused func()
}

// budget counts bytes that are in use.
type budget struct {
	limit int64
	used  atomic.Int64
}

func (b *budget) take(n int64) bool {
	if b.used.Add(n) <= b.limit {
		return true
	}
	b.used.Add(-n)
	return false
}

// Bodies are all bodies that a listener reads.
type Bodies struct {
	ordinary, large budget
	refused         func()
}

// NewBodies makes the bounds of one listener.
func NewBodies(l Limits) *Bodies {
	b := &Bodies{refused: l.Refused}
	if b.refused == nil {
		b.refused = func() {}
	}
	if b.ordinary.limit = l.Ordinary; l.Ordinary == 0 {
		b.ordinary.limit = defaultOrdinary
	}
	if b.large.limit = l.Large; l.Large == 0 {
		b.large.limit = defaultLarge
	}
	return b
}

// Bound lets a handler read no more than Ordinary bytes of a body, and only while there is room for them. What was read
// counts until the handler has returned: a client that sends slowly takes up no more than it has sent.
func (b *Bodies) Bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			bounded := &body{ReadCloser: r.Body, all: b, w: w, declared: r.ContentLength, maximum: Ordinary}
			r.Body = bounded
			defer bounded.release()
		}
		next.ServeHTTP(w, r)
	})
}

// Allow lets the body of a request be larger than Ordinary, before any of it is read.
func Allow(r *http.Request, maximum int64) {
	if bounded, ok := r.Body.(*body); ok {
		bounded.maximum = maximum
	}
}

// IsLarge says that more than Ordinary bytes were read of the body of a request.
func IsLarge(r *http.Request) bool {
	bounded, ok := r.Body.(*body)
	return ok && bounded.size > Ordinary
}

type body struct {
	io.ReadCloser
	all      *Bodies
	w        http.ResponseWriter
	declared int64 // -1 where the request does not say
	maximum  int64
	size     int64 // what was read
	ordinary int64 // taken of each budget
	large    int64
	failed   error
}

// Read fails with *http.MaxBytesError for a body that is too large, and with ErrBusy where there is no room for it now.
func (b *body) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, b.failed
	}
	if b.declared > b.maximum {
		return 0, b.fail(&http.MaxBytesError{Limit: b.maximum})
	}
	if room := b.maximum - b.size + 1; int64(len(p)) > room {
		p = p[:room] // the one byte more says that it is too large
	}
	n, err := b.ReadCloser.Read(p)
	b.size += int64(n)
	switch {
	case b.size > b.maximum:
		return 0, b.fail(&http.MaxBytesError{Limit: b.maximum})
	case !b.take():
		b.all.refused()
		return 0, b.fail(ErrBusy)
	}
	return n, err
}

// take takes what was read and is not taken yet from the budgets.
func (b *body) take() bool {
	if more := min(b.size, Ordinary) - b.ordinary; more > 0 {
		if !b.all.ordinary.take(more) {
			return false
		}
		b.ordinary += more
	}
	if more := b.size - Ordinary - b.large; more > 0 {
		if !b.all.large.take(more) {
			return false
		}
		b.large += more
	}
	return true
}

// fail ends the connection after the answer, so that nobody reads the rest.
func (b *body) fail(err error) error {
	b.failed = err
	b.w.Header().Set("Connection", "close")
	return err
}

func (b *body) release() {
	b.all.ordinary.used.Add(-b.ordinary)
	b.all.large.used.Add(-b.large)
}
