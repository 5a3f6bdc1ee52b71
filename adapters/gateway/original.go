package gateway

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maximumTarget bounds the path and query of a request, in bytes.
const maximumTarget = 8 << 10

// original is the request that a gateway asks about.
type original struct {
	method string
	scheme string
	host   string // with a port, where one was given
	target string // path and query as they were received
	path   string // decoded; rules match it
}

// errOriginal says that the gateway does not describe the request, or in two ways that differ.
var errOriginal = errors.New("gateway: the request is not described: want X-Original-Method and X-Original-URI, or X-Forwarded-Method and X-Forwarded-Uri")

// describedBy reads the request from headers. nginx is configured to send X-Original-…, Traefik sends X-Forwarded-…; if
// both are there, a client has sent one of them, and they must be the same.
func describedBy(header http.Header) (original, error) {
	method, err := one(header, "X-Original-Method", "X-Forwarded-Method")
	if err != nil {
		return original{}, err
	}
	target, err := one(header, "X-Original-Uri", "X-Forwarded-Uri")
	if err != nil {
		return original{}, err
	}
	o := original{method: method, target: target, scheme: header.Get("X-Forwarded-Proto"), host: header.Get("X-Forwarded-Host")}
	return o, o.settle()
}

func one(header http.Header, names ...string) (string, error) {
	value := ""
	for _, name := range names {
		for _, given := range header.Values(name) {
			if given == "" || value != "" && value != given {
				return "", errOriginal
			}
			value = given
		}
	}
	if value == "" {
		return "", errOriginal
	}
	return value, nil
}

// settle decodes the path. It does not judge it: an ambiguous one matches no rule.
func (o *original) settle() error {
	if o.scheme != "http" {
		o.scheme = "https"
	}
	if len(o.target) > maximumTarget || !strings.HasPrefix(o.target, "/") {
		return errOriginal
	}
	raw, _, _ := strings.Cut(o.target, "?")
	path, err := url.PathUnescape(raw)
	if err != nil || ambiguous(raw, path) {
		return nil
	}
	o.path = path
	return nil
}

// ambiguous finds what the API behind may read differently from us: a dot segment, an empty one, an encoded slash, a
// backslash, a parameter, a control character, and anything that is encoded twice.
func ambiguous(raw, path string) bool {
	lower := strings.ToLower(raw)
	for _, part := range []string{"%2f", "%5c", "%25", "%2e", "%00", "#", "\\", ";", "//"} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' })
}

// url is how an answer names the request: with the port, always (contract section 7.5).
func (o original) url() string {
	host, port, err := net.SplitHostPort(o.host)
	if err != nil {
		host, port = o.host, "443"
		if o.scheme == "http" {
			port = "80"
		}
	}
	return o.scheme + "://" + net.JoinHostPort(host, port) + o.target
}

// pathOnly is the request without its query, for the audit.
func (o original) pathOnly() string {
	path, _, _ := strings.Cut(o.target, "?")
	return path
}
