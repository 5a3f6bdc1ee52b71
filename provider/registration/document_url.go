package registration

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"ithildin/provider/redirect"
	"ithildin/storage"
)

// isDocumentURL says whether a client_id is meant as the URL of a document.
func isDocumentURL(id string) bool { return strings.HasPrefix(id, "https://") }

// documentHost is the host of a client_id that is the URL of a document, without a port. One text alone names a
// document: what programs or people could take for another URL is refused (Client ID Metadata Document 3).
func documentHost(id string) (string, error) {
	u, err := url.Parse(id)
	switch {
	case err != nil || !isDocumentURL(id) || !redirect.IsPrintableASCII(id) || len(id) > storage.MaximumClientID:
		return "", errors.New("want an https URL in ASCII of 255 characters at most")
	case u.User != nil || strings.ContainsAny(id, "?#%"):
		return "", errors.New("want no user, query, fragment or escaped character")
	case u.Path == "" || slices.ContainsFunc(strings.Split(u.Path, "/"), isDots):
		return "", errors.New("want a path, without . and .. in it")
	case u.Port() == "443" || strings.HasSuffix(u.Host, ":") || !isHostName(u.Hostname()):
		return "", errors.New("want the name of a host in small letters, and a port only where it is not 443")
	}
	return u.Hostname(), nil
}

func isDots(segment string) bool { return segment == "." || segment == ".." }

// isHostName accepts names of hosts, and no address in any of its forms, of which the last label is a number.
func isHostName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return false
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}
