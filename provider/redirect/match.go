package redirect

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"ithildin/storage"
)

// What keeps a browser from being sent to where a request says.
var (
	ErrMissing      = errors.New("redirect: no redirect URI is named")
	ErrUnregistered = errors.New("redirect: the redirect URI is not registered")
)

// MaximumLength bounds a redirect URI, in bytes.
const MaximumLength = 2000

// Match says whether a requested redirect URI is one of the registered, by the rule of its connection.
//
// exact compares strings; a registered http loopback address matches with any port (RFC 8252 7.3). prefix is the legacy
// rule without its hole (contract section 4): the same scheme, host and port, the same path or one that goes on at a
// slash, and any query where the registered URI has none.
func Match(rule, registered, requested string) bool {
	if requested == "" || len(requested) > MaximumLength || !IsPrintableASCII(requested) {
		return false
	}
	if rule == storage.RedirectMatchPrefix {
		return matchPrefix(registered, requested)
	}
	return registered == requested || matchLoopback(registered, requested)
}

// IsPrintableASCII refuses what parsers disagree about.
func IsPrintableASCII(uri string) bool {
	for i := 0; i < len(uri); i++ {
		if c := uri[i]; c <= ' ' || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// Parse accepts an absolute URI with a host, without userinfo and fragment.
func Parse(uri string) (*url.URL, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Opaque != "" || u.User != nil || strings.Contains(uri, "#") {
		return nil, false
	}
	return u, true
}

func matchPrefix(registered, requested string) bool {
	known, ok := Parse(registered)
	if !ok {
		return false
	}
	asked, ok := Parse(requested)
	if !ok || asked.Scheme != known.Scheme || asked.Host != known.Host || hasPathTraversal(asked.EscapedPath()) {
		return false
	}
	if known.RawQuery != "" || known.ForceQuery {
		return asked.EscapedPath() == known.EscapedPath() && asked.RawQuery == known.RawQuery
	}
	base := strings.TrimSuffix(known.EscapedPath(), "/")
	rest, extends := strings.CutPrefix(asked.EscapedPath(), base)
	return extends && (rest == "" || rest[0] == '/')
}

// hasPathTraversal finds a dot segment, or a slash or backslash in disguise, however it is encoded: behind a lax server
// each of them leads out of the registered path.
func hasPathTraversal(path string) bool {
	for range 3 { // an encoding of an encoding of an encoding has no honest use
		lower := strings.ToLower(path)
		if strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") || strings.Contains(path, "\\") {
			return true
		}
		for segment := range strings.SplitSeq(path, "/") {
			name, _, _ := strings.Cut(segment, ";")
			if name == "." || name == ".." {
				return true
			}
		}
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return true
		}
		if decoded == path {
			return false
		}
		path = decoded
	}
	return true
}

func matchLoopback(registered, requested string) bool {
	known, ok := Parse(registered)
	if !ok || known.Scheme != "http" || !isLoopback(known.Hostname()) {
		return false
	}
	asked, ok := Parse(requested)
	return ok && asked.Scheme == "http" && asked.Hostname() == known.Hostname() &&
		asked.EscapedPath() == known.EscapedPath() && asked.RawQuery == known.RawQuery && asked.ForceQuery == known.ForceQuery
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// IsClaimed says that what is sent to a redirect URI reaches the client and nobody else, whoever asked for it: https,
// at a name that somebody owns (RFC 8252 8.6). A private-use scheme and a loopback address are free to any application
// of the device.
func IsClaimed(uri string) bool {
	u, ok := Parse(uri)
	if !ok || u.Scheme != "https" || isLoopback(u.Hostname()) {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	return host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// isSecure refuses schemes that a browser would run, and plain http to anything but this machine, unless the
// connection is an old one whose registered URI is plain http itself.
func isSecure(uri string, prefix bool) bool {
	u, ok := Parse(uri)
	if !ok {
		return isPrivateScheme(uri)
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		return prefix || isLoopback(u.Hostname()) || u.Hostname() == "localhost"
	}
	return isPrivateScheme(uri)
}

// isPrivateScheme accepts what native apps register: a scheme with a dot in it (RFC 8252 7.1).
func isPrivateScheme(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && strings.Contains(u.Scheme, ".") && u.Fragment == ""
}

// Resolve resolves the redirect URI of an authorization request against every connection of the client. Without one in
// the request, the client's only registered URI counts (RFC 6749 3.1.2.3), and given is false. Errors: ErrMissing,
// *Mismatch.
func Resolve(client *storage.Client, requested string) (uri string, given bool, err error) {
	var registered []string
	for _, c := range client.Connections {
		for _, known := range c.RedirectURIs {
			if requested != "" && Match(c.RedirectMatch, known, requested) &&
				isSecure(requested, c.RedirectMatch == storage.RedirectMatchPrefix) {
				return requested, true, nil
			}
			registered = append(registered, known)
		}
	}
	switch {
	case requested != "":
		return "", false, NewMismatch(registered, requested)
	case len(registered) == 1:
		return registered[0], false, nil
	default:
		return "", false, ErrMissing
	}
}

// MatchesCode compares the redirect URI of an exchange with the code's (RFC 6749 4.1.3; contract 2.1.1, check 7).
func MatchesCode(connection *storage.Connection, stored, requested string) bool {
	if connection.RedirectMatch == storage.RedirectMatchExact {
		return stored == requested
	}
	return Match(storage.RedirectMatchPrefix, stored, requested)
}

// MatchesConnection compares it with the connection's own (contract 2.1.1, check 8).
func MatchesConnection(connection *storage.Connection, requested string) bool {
	for _, registered := range connection.RedirectURIs {
		if Match(connection.RedirectMatch, registered, requested) {
			return true
		}
	}
	return false
}
