package inbound

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"strings"
)

type requestKey struct{}

// Request is what is known of a request from its beginning, and belongs to it alone.
type Request struct {
	ID      string // made here
	GivenID string // the one that the caller gave it, "" where it gave none that may be repeated
	// Address finds the address of the client.
	Address func() string
	// Record is what becomes known of the request, for its line in the log.
	Record Record
}

// NewRequest makes the identity of a request: given is the X-Request-Id that came with it, address finds the client's.
func NewRequest(given string, address func() string) *Request {
	return &Request{ID: newRequestID(), GivenID: clientRequestID(given), Address: address}
}

// WithRequest keeps the identity of a request in its context.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// Detached is a context for work that goes on behind the answer: it does not end with the request, and has its identity
// but a record of its own, for the line of the request is written meanwhile.
func Detached(ctx context.Context) context.Context {
	known := RequestFrom(ctx)
	own := &Request{ID: known.ID, GivenID: known.GivenID, Address: known.Address}
	return WithRequest(context.WithoutCancel(ctx), own)
}

// RequestFrom is the request of a context; outside one there is nothing to know.
func RequestFrom(ctx context.Context) *Request {
	if known, ok := ctx.Value(requestKey{}).(*Request); ok {
		return known
	}
	return &Request{Address: func() string { return "" }}
}

// RequestID is the id of a request, which is made here and is in its errors, in the log and in the audit. A caller
// can't choose it, so that no two requests share one.
func RequestID(r *http.Request) string { return RequestFrom(r.Context()).ID }

// ShownRequestID is the id by which the caller knows a request: the X-Request-Id that it sent, or ours (contract
// section 3).
func ShownRequestID(r *http.Request) string { return RequestFrom(r.Context()).ShownID() }

// ShownID is the id by which the caller knows the request: GivenID, or ID where there is none.
func (r *Request) ShownID() string { return cmp.Or(r.GivenID, r.ID) }

// clientRequestID is the id that a caller gave a request where it is 20 to 200 characters that mean nothing in a log, a
// page or a header; else "".
func clientRequestID(given string) string {
	if len(given) < 20 || len(given) > 200 {
		return ""
	}
	for _, c := range []byte(given) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-._~:/#+=@", rune(c)) {
			return ""
		}
	}
	return given
}

// newRequestID makes an id of 24 characters (contract section 3).
func newRequestID() string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv"
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // never fails
	for i, b := range raw {
		raw[i] = alphabet[b%32]
	}
	return string(raw)
}
