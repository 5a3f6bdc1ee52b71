package inbound

import "net/netip"

// Network is what of an address counts as one: an IPv6 subscriber has a /64 to choose from. What is no address is
// returned as it is.
func Network(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	parsed = parsed.Unmap().WithZone("")
	if prefix, err := parsed.Prefix(64); err == nil && parsed.Is6() {
		return prefix.String()
	}
	return parsed.String()
}
