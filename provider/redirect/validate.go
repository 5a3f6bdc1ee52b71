package redirect

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The parameters that an answer adds to a URI, which the URI itself must not have: the client would find two of them.
var (
	AuthorizationResponse = []string{
		"code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state", "access_token",
		"token_type",
		"expires_in", "id_token",
	}
	LogoutResponse            = []string{"state"}
	FrontchannelLogoutRequest = []string{"iss", "sid"}
)

// Validate says what keeps a URI from being registered as one that authorization responses go to.
func Validate(uri string) error {
	if err := ValidateReturnURI(uri); err != nil {
		return err
	}
	return ValidateOwnQuery(uri, AuthorizationResponse)
}

// ValidateReturnURI says what keeps a browser from being sent to a URI, whatever for.
func ValidateReturnURI(uri string) error {
	switch {
	case uri == "" || len(uri) > MaximumLength:
		return fmt.Errorf("redirect URI %.60q: want 1 to %d characters", uri, MaximumLength)
	case !IsPrintableASCII(uri):
		return fmt.Errorf("redirect URI %q: has a character that does not belong in a URI", uri)
	case strings.Contains(uri, "#"):
		return fmt.Errorf("redirect URI %q: must not have a fragment", uri)
	case hasWildcard(uri):
		return fmt.Errorf("redirect URI %q: has a wildcard, and is compared letter by letter: register each URI", uri)
	case !isSecure(uri, false):
		return fmt.Errorf("redirect URI %q: want https, http on a loopback address, or a private-use scheme with a dot", uri)
	}
	u, hasHost := Parse(uri)
	if hasHost && hasPathTraversal(u.EscapedPath()) {
		return fmt.Errorf("redirect URI %q: has a dot segment or an encoded slash", uri)
	}
	if hasHost && (u.Scheme == "https" || u.Scheme == "http") && !isHost(u.Hostname()) {
		return fmt.Errorf("redirect URI %q: has a host that no browser finds", uri)
	}
	return nil
}

// hasWildcard finds an asterisk in the authority, or one that is all of a segment of the path.
func hasWildcard(uri string) bool {
	_, rest, found := strings.Cut(uri, "://")
	if !found {
		return false
	}
	rest, _, _ = strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	return strings.Contains(authority, "*") || slices.ContainsFunc(strings.Split(path, "/"), func(segment string) bool {
		return segment != "" && strings.Trim(segment, "*") == ""
	})
}

// isHost says whether a text can be a name of the DNS, in its ASCII form, or an address.
func isHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		isName := !strings.ContainsFunc(label, func(c rune) bool {
			return c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
		})
		if label == "" || len(label) > 63 || !isName {
			return false
		}
	}
	return len(host) <= 253
}

// ValidateOwnQuery refuses a URI whose query has a parameter that will be added to it.
func ValidateOwnQuery(uri string, added []string) error {
	_, query, _ := strings.Cut(uri, "?")
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if slices.Contains(added, name) {
			return fmt.Errorf("URI %q: has the parameter %s, which the answer to the client adds itself", uri, name)
		}
	}
	return nil
}
