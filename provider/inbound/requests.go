package inbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// defaultRequests is how many requests may be worked on at once, by default.
const defaultRequests = 512

// ErrOverloaded says that as many requests are worked on as may be: this one may be sent again later.
var ErrOverloaded = errors.New("inbound: too many requests at once")

// Requests are those that a listener works on. Beyond a number of them an answer would come too late to be of use, and
// making it would delay all others.
type Requests struct {
	limit   int64
	working atomic.Int64
	refused func()
}

// NewRequests makes the bound of one listener; 0 for the default. refused is told of each request beyond it; nil:
// nobody is.
func NewRequests(limit int, refused func()) *Requests {
	if limit <= 0 {
		limit = defaultRequests
	}
	if refused == nil {
		refused = func() {}
	}
	return &Requests{limit: int64(limit), refused: refused}
}

type overloadedKey struct{}

// Bound marks what is beyond the limit; its endpoint refuses it in its own words, as Admitted tells it. A request whose
// body is still on its way is not worked on: slow clients keep nobody out.
func (q *Requests) Bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer q.working.Add(-1)
		if q.working.Add(1) > q.limit {
			q.refused()
			r = r.WithContext(context.WithValue(r.Context(), overloadedKey{}, true))
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &awaited{ReadCloser: r.Body, requests: q}
		}
		next.ServeHTTP(w, r)
	})
}

// Admitted returns ErrOverloaded for a request beyond the limit.
func Admitted(r *http.Request) error {
	if r.Context().Value(overloadedKey{}) != nil {
		return ErrOverloaded
	}
	return nil
}

// awaited is the body of a request, which does not count while it is waited for.
type awaited struct {
	io.ReadCloser
	requests *Requests
}

// Read implements io.Reader.
func (a *awaited) Read(p []byte) (int, error) {
	a.requests.working.Add(-1)
	defer a.requests.working.Add(1)
	return a.ReadCloser.Read(p)
}
