package inbound

import (
	"errors"
	"net/http"
)

// Described is a request that a gateway asks about, as headers describe it.
type Described struct {
	Method string
	Target string // path and query as they were received
}

// ErrNotDescribed says that a gateway does not describe the request that it asks about, or in two ways that differ.
var ErrNotDescribed = errors.New("the request is not described: want X-Original-Method and X-Original-URI, or " +
	"X-Forwarded-Method and X-Forwarded-Uri")

// DescribedBy reads the request that a gateway asks about from headers. nginx is configured to send X-Original-…,
// Traefik sends X-Forwarded-…; if both are there, a client has sent one of them, and they must be the same. Errors:
// ErrNotDescribed.
func DescribedBy(header http.Header) (d Described, err error) {
	if d.Method, err = single(header, "X-Original-Method", "X-Forwarded-Method"); err != nil {
		return Described{}, err
	}
	if d.Target, err = single(header, "X-Original-Uri", "X-Forwarded-Uri"); err != nil {
		return Described{}, err
	}
	return d, nil
}

// single is the one value that all headers of these names have.
func single(header http.Header, names ...string) (string, error) {
	value := ""
	for _, name := range names {
		for _, given := range header.Values(name) {
			if given == "" || value != "" && value != given {
				return "", ErrNotDescribed
			}
			value = given
		}
	}
	if value == "" {
		return "", ErrNotDescribed
	}
	return value, nil
}
