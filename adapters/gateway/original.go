package gateway

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ithildin/provider/inbound"
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

// describedBy reads the request from headers. Errors: inbound.ErrNotDescribed.
func describedBy(header http.Header) (original, error) {
	described, err := inbound.DescribedBy(header)
	if err != nil {
		return original{}, err
	}
	o := original{method: described.Method, target: described.Target, scheme: header.Get("X-Forwarded-Proto"),
		host: header.Get("X-Forwarded-Host")}
	return o, o.decodePath()
}

// decodePath decodes the path. It does not judge it: an ambiguous one matches no rule.
func (o *original) decodePath() error {
	if o.scheme != "http" {
		o.scheme = "https"
	}
	if len(o.target) > maximumTarget || !strings.HasPrefix(o.target, "/") {
		return inbound.ErrNotDescribed
	}
	raw, _, _ := strings.Cut(o.target, "?")
	path, err := url.PathUnescape(raw)
	if err != nil || ambiguous(raw, path) {
		return nil
	}
	o.path = path
	return nil
}

// ambiguous finds what the API behind, or a proxy on the way there, may read differently from us: what is no plain text
// of RFC 3986, what was encoded without need, and what a second decoding, a normalization or a file system makes
// another path of.
func ambiguous(raw, path string) bool {
	return encodedWithoutNeed(raw) || !utf8.ValidString(path) || !norm.NFKC.IsNormalString(path) ||
		strings.ContainsFunc(path, isAmbiguous) || strings.Contains(path, "//") ||
		slices.ContainsFunc(strings.Split(path, "/"), isDots)
}

// encodedWithoutNeed says that a path has octets that must be encoded and are not, or the other way round (RFC 3986
// 2.3).
func encodedWithoutNeed(raw string) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] <= ' ' || raw[i] > '~' {
			return true
		}
		if raw[i] != '%' || i+2 >= len(raw) {
			continue
		}
		octet, err := strconv.ParseUint(raw[i+1:i+3], 16, 8)
		if c := byte(octet); err != nil || c == '/' || c == '-' || c == '.' || c == '_' || isAlphanumeric(c) {
			return true
		}
	}
	return false
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isAmbiguous finds characters of a decoded path that end or begin something elsewhere: a parameter, a query, a
// fragment, one more encoding, a segment on Windows; and beyond ASCII all but letters, their marks, digits and the
// apostrophe of names, for some of the others look like a dot or a slash and are made one.
func isAmbiguous(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f || strings.ContainsRune(`;?#%\`, r)
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) && r != '\u2019'
}

// isDots finds a segment that is nothing but dots, or becomes so, or another one, where blanks and dots at an end are
// cut off.
func isDots(segment string) bool {
	return strings.Trim(segment, " +") != segment || strings.HasSuffix(segment, ".")
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
