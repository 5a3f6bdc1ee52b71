package config

import (
	"net/url"
	"path"
	"strings"
)

// loadIssuer reads the URL that clients compare letter by letter (OIDC Discovery 3, RFC 8414 2).
func (c Flags) loadIssuer(p *problems, listen string) *url.URL {
	value := c.Issuer
	if value == "" {
		if !c.Dev {
			p.add("ITHILDIN_ISSUER", "is required, such as https://auth.example.com")
			return nil
		}
		value = c.scheme() + "://" + Reachable(listen)
	}
	u, err := url.Parse(value)
	switch {
	case err == nil && !isPrintable(value):
		p.add("ITHILDIN_ISSUER", "is %q: %s", value, asciiForm(u))
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		p.add("ITHILDIN_ISSUER", "is %q: want a URL such as https://auth.example.com", value)
	case u.User != nil:
		p.add("ITHILDIN_ISSUER", "must not have user information")
	case strings.ContainsAny(value, "?#"):
		p.add("ITHILDIN_ISSUER", "is %q: must have neither query nor fragment", value)
	case !validHost(u):
		p.add("ITHILDIN_ISSUER", "is %q: the host is no name, address or port that others can reach", value)
	case strings.HasSuffix(value, "/"):
		p.add("ITHILDIN_ISSUER", "is %q: must not end in a slash, write %s", value, strings.TrimRight(value, "/"))
	case u.Path != "" && path.Clean(u.Path) != u.Path:
		p.add("ITHILDIN_ISSUER", "is %q: the path has an empty or a dot segment, which clients and proxies take out", value)
	case u.EscapedPath() != u.Path:
		p.add("ITHILDIN_ISSUER", "is %q: the path must need no percent-encoding", value)
	case u.Scheme == "http" && c.speaksTLS():
		p.add("ITHILDIN_ISSUER", "is %q: want https, which the listener speaks by ITHILDIN_TLS_CERTIFICATE_FILE", value)
	case u.Scheme == "http" && !c.Dev && !IsLoopback(listen) && c.TrustedProxies == "":
		p.add("ITHILDIN_ISSUER", "is %q: want https, unless only this machine or named proxies reach the listener", value)
	}
	return u
}
