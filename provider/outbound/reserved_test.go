package outbound_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"github.com/stretchr/testify/require"

	"ithildin/provider/outbound"
)

// reachable are networks of the registries that anybody may reach by intention: AS112 and AMT.
var reachable = []netip.Prefix{
	netip.MustParsePrefix("192.31.196.0/24"), netip.MustParsePrefix("192.52.193.0/24"),
	netip.MustParsePrefix("192.175.48.0/24"), netip.MustParsePrefix("2620:4f:8000::/48"),
}

// The library follows IANA's registries of special-purpose addresses (RFC 6890): where a newer version has a network
// that is missing here, this test names it.
func TestOutboundRequestsToEveryNetworkOfTheRegistriesAreRefused(t *testing.T) {
	client := outbound.New(outbound.Options{Timeout: time.Second})
	for _, network := range slices.Concat(ssrf.IPv4DeniedPrefixes, ssrf.IPv6DeniedPrefixes) {
		if slices.Contains(reachable, network) {
			continue
		}
		for _, address := range []netip.Addr{network.Masked().Addr(), last(network)} {
			_, err := client.Get(t.Context(), "https://"+netip.AddrPortFrom(address, 1).String()+"/", 10)
			require.ErrorIs(t, err, outbound.ErrRefused, "%s of %s", address, network)
		}
	}
}

// last is the highest address of a network.
func last(network netip.Prefix) netip.Addr {
	bytes := network.Masked().Addr().AsSlice()
	for bit := network.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	address, _ := netip.AddrFromSlice(bytes) // has the length of one
	return address
}
