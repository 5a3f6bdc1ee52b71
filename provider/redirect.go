package provider

import (
	"net/netip"
	"net/url"
	"strings"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// maximumURI bounds a redirect URI, in bytes.
const maximumURI = 2000

// MatchRedirectURI says whether a requested redirect URI is one of the registered, by the rule of its connection.
//
// exact compares strings; a registered http loopback address matches with any port (RFC 8252 7.3). prefix is the legacy
// rule without its hole (contract section 4): the same scheme, host and port, the same path or one that goes on at a
// slash, and any query where the registered URI has none.
func MatchRedirectURI(rule, registered, requested string) bool {
	if requested == "" || len(requested) > maximumURI || !plain(requested) {
		return false
	}
	if rule == storage.RedirectMatchPrefix {
		return matchPrefix(registered, requested)
	}
	return registered == requested || matchLoopback(registered, requested)
}

// plain refuses what parsers disagree about.
func plain(uri string) bool {
	for i := 0; i < len(uri); i++ {
		if c := uri[i]; c <= ' ' || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// parse accepts an absolute URI with a host, without userinfo and fragment.
func parse(uri string) (*url.URL, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Host == "" || u.Opaque != "" || u.User != nil || strings.Contains(uri, "#") {
		return nil, false
	}
	return u, true
}

func matchPrefix(registered, requested string) bool {
	known, ok := parse(registered)
	if !ok {
		return false
	}
	asked, ok := parse(requested)
	if !ok || asked.Scheme != known.Scheme || asked.Host != known.Host || climbs(asked.EscapedPath()) {
		return false
	}
	if known.RawQuery != "" || known.ForceQuery {
		return asked.EscapedPath() == known.EscapedPath() && asked.RawQuery == known.RawQuery
	}
	base := strings.TrimSuffix(known.EscapedPath(), "/")
	rest, extends := strings.CutPrefix(asked.EscapedPath(), base)
	return extends && (rest == "" || rest[0] == '/')
}

// climbs finds a dot segment, or a slash or backslash in disguise, however it is encoded: behind a lax server each of
// them leads out of the registered path.
func climbs(path string) bool {
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
	known, ok := parse(registered)
	if !ok || known.Scheme != "http" || !isLoopback(known.Hostname()) {
		return false
	}
	asked, ok := parse(requested)
	return ok && asked.Scheme == "http" && asked.Hostname() == known.Hostname() &&
		asked.EscapedPath() == known.EscapedPath() && asked.RawQuery == known.RawQuery && asked.ForceQuery == known.ForceQuery
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// isClaimed says that what is sent to a redirect URI reaches the client and nobody else, whoever asked for it: https, at a name
// that somebody owns (RFC 8252 8.6). A private-use scheme and a loopback address are free to any application of the device.
func isClaimed(uri string) bool {
	u, ok := parse(uri)
	if !ok || u.Scheme != "https" || isLoopback(u.Hostname()) {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	return host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// secureRedirect refuses schemes that a browser would run, and plain http to anything but this machine, unless the
// connection is an old one whose registered URI is plain http itself.
func secureRedirect(uri string, prefix bool) bool {
	u, ok := parse(uri)
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

// matchClient settles the redirect URI of an authorization request against every connection of the client. Without one
// in the request, the client's only registered URI counts (RFC 6749 3.1.2.3), and given is false.
func matchClient(client *storage.Client, requested string) (uri string, given bool, err *oauth.Error) {
	var registered []string
	for _, c := range client.Connections {
		for _, known := range c.RedirectURIs {
			if requested != "" && MatchRedirectURI(c.RedirectMatch, known, requested) &&
				secureRedirect(requested, c.RedirectMatch == storage.RedirectMatchPrefix) {
				return requested, true, nil
			}
			registered = append(registered, known)
		}
	}
	if requested == "" {
		if len(registered) == 1 {
			return registered[0], false, nil
		}
		return "", false, oauth.InvalidRequest("The request names no redirect_uri.").Because(ErrRedirectMissing)
	}
	return "", false, mismatch("redirect_uri", registered, requested)
}
