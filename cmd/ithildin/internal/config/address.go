package config

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// address checks HOST:PORT of a listener; the host may be empty for all interfaces, the port must not be 0.
func (p *problems) address(name, value string) string {
	host, port, err := net.SplitHostPort(value)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || number == 0 {
		p.add(name, "is %q: want HOST:PORT", value)
		return ""
	}
	return net.JoinHostPort(host, port)
}

// HostName is the host of a Host header in lower case, without the port, a last dot and the brackets of IPv6.
func HostName(host string) string {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return strings.ToLower(strings.Trim(strings.TrimSuffix(name, "."), "[]"))
}

// IsLoopback says whether only this machine reaches the address.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Reachable is an address under which this machine reaches a listener.
func Reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// AdminAddress is where this machine reaches the admin listener that ITHILDIN_ADMIN_LISTEN names, or the default one.
func AdminAddress(listen string) (string, error) {
	var p problems
	address := p.address("ITHILDIN_ADMIN_LISTEN", cmp.Or(listen, defaultAdminListen))
	return Reachable(address), p.err()
}

// isPrintable says whether a URL has only the characters that RFC 3986 gives it.
func isPrintable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' })
}

// asciiForm proposes how an issuer with other characters is written: clients compare it byte by byte.
func asciiForm(u *url.URL) string {
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil || host == u.Hostname() {
		return "has a blank or another character that no URL has"
	}
	ascii := *u
	if ascii.Host = host; u.Port() != "" {
		ascii.Host = net.JoinHostPort(host, u.Port())
	}
	return "write the name of the host in its ASCII form, " + ascii.String()
}

// validHost says whether a host can be a name of the DNS or an address, with a port from 1 to 65535 where there is one.
func validHost(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return false
		}
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label ||
			strings.Trim(strings.ToLower(label), hostCharacters) != "" {
			return false
		}
	}
	return true
}

// hostCharacters are those of a name of the DNS; the underscore is for names inside of networks that use it.
const hostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_"

func (p *problems) prefixes(name, list string) []netip.Prefix {
	var prefixes []netip.Prefix
	for item := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := netip.ParsePrefix(item)
		if ip, ipErr := netip.ParseAddr(item); ipErr == nil {
			prefix, err = ip.Prefix(ip.BitLen())
		}
		if err != nil {
			p.add(name, "has %q: want networks such as 10.0.0.0/8", item)
			continue
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes
}
