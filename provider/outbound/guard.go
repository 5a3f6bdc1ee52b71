package outbound

import (
	"fmt"
	"net/netip"
	"syscall"
)

// reserved are the networks that are nobody's on the Internet, or lead to another address in disguise (the
// special-purpose registries of RFC 6890). What net/netip knows by name is not repeated.
var reserved = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// allocated is all that the Internet has of IPv6 (RFC 4291 2.4, and IANA's registry). Beyond it lie private networks,
// and the prefixes under which translators hide IPv4: 64:ff9b::/96, ::ffff:0:0:0/96, ::/96 and more.
var allocated = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, item := range texts {
		list[i] = netip.MustParsePrefix(item)
	}
	return list
}

// guard looks at the address that a connection is really made to, after the name was resolved: a name that resolves
// differently the second time gains nothing.
func guard(allowed []netip.Prefix) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		ip := target.Addr().Unmap().WithZone("")
		for _, network := range allowed {
			if network.Contains(ip) {
				return nil
			}
		}
		if !public(ip) {
			return fmt.Errorf("%w: it is in a private network that is not named", ErrRefused)
		}
		return nil
	}
}

func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	if ip.Is6() && !allocated.Contains(ip) {
		return false
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}
