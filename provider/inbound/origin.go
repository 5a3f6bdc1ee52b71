package inbound

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
)

// plainHost has nothing in it that means something to a Content-Security-Policy.
var plainHost = regexp.MustCompile(`^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]+)?$`)

// SourceHash names an inline style or script to a Content-Security-Policy (CSP Level 3, 2.3.1).
func SourceHash(inline string) string {
	hash := sha256.Sum256([]byte(inline))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// Origin is the origin of an http or https URL as a browser writes it (RFC 6454 section 6.1): in lower case and without
// the default port. "" for a URL of another scheme or with user information, and for what is no URL.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return ""
	}
	if !plainHost.MatchString(host) {
		return ""
	}
	return u.Scheme + "://" + host
}

// HTTPSOrigin is the same of an https URL, and "" for every other.
func HTTPSOrigin(address string) string {
	if origin := Origin(address); strings.HasPrefix(origin, "https://") {
		return origin
	}
	return ""
}
