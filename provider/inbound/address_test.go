package inbound_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/inbound"
)

// The proxies of these tests are 10.0.0.0/8 and 2001:db8:1::/48; everybody else is somewhere on the Internet.
func TestClientAddressIsTheLastOneThatNoTrustedProxyHas(t *testing.T) {
	proxies := inbound.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"nobody in between":                  {"192.0.2.7:4711", nil, "192.0.2.7"},
		"a proxy that says nothing":          {"10.0.0.1:80", nil, "10.0.0.1"},
		"a proxy that says something empty":  {"10.0.0.1:80", []string{""}, "10.0.0.1"},
		"one proxy":                          {"10.0.0.1:80", []string{"192.0.2.7"}, "192.0.2.7"},
		"two proxies":                        {"10.0.0.1:80", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		"two proxies that add a line each":   {"10.0.0.1:80", []string{"192.0.2.7", "10.0.0.2"}, "192.0.2.7"},
		"no space, and much of it":           {"10.0.0.1:80", []string{"192.0.2.7,\t 10.0.0.2 "}, "192.0.2.7"},
		"a client among the proxies":         {"10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"IPv6":                               {"[2001:db8:1::1]:80", []string{"2001:db8:7::7"}, "2001:db8:7::7"},
		"IPv6, long":                         {"[2001:db8:1::1]:80", []string{"2001:DB8:7:0:0::7"}, "2001:db8:7::7"},
		"IPv6 and IPv4":                      {"[2001:db8:1::1]:80", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		"an IPv4 proxy, mapped":              {"[::ffff:10.0.0.1]:80", []string{"192.0.2.7"}, "192.0.2.7"},
		"addresses that are mapped":          {"10.0.0.1:80", []string{"::ffff:192.0.2.7, ::ffff:10.0.0.2"}, "192.0.2.7"},
		"IPv6 of a mapped proxy's neighbour": {"[::ffff:192.0.2.9]:80", []string{"192.0.2.7"}, "::ffff:192.0.2.9"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, clientAddress(proxies, c.peer, c.forwarded)) })
	}
}

func TestAttackSpoofedForwardedAddress(t *testing.T) {
	proxies := inbound.Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"past the proxy":             {"192.0.2.66:4711", []string{"192.0.2.7"}, "192.0.2.66"},
		"past the proxy, as a proxy": {"192.0.2.66:4711", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.66"},
		"before what the proxy adds": {"10.0.0.1:80", []string{"192.0.2.7, 192.0.2.66"}, "192.0.2.66"},
		"in a line of its own":       {"10.0.0.1:80", []string{"192.0.2.7", "192.0.2.66"}, "192.0.2.66"},
		"as a proxy before the proxy's": {
			"10.0.0.1:80", []string{"192.0.2.7, 10.0.0.9, 192.0.2.66, 10.0.0.2"}, "192.0.2.66",
		},
		"garbage alone":                      {"10.0.0.1:80", []string{"unknown"}, "10.0.0.1"},
		"garbage behind which an address":    {"10.0.0.1:80", []string{"192.0.2.7, unknown, 10.0.0.2"}, "10.0.0.2"},
		"an obfuscated identifier":           {"10.0.0.1:80", []string{"_hidden, 192.0.2.66"}, "192.0.2.66"},
		"a number that is no address":        {"10.0.0.1:80", []string{"0x7f000001"}, "10.0.0.1"},
		"leading zeros":                      {"10.0.0.1:80", []string{"192.0.2.007"}, "10.0.0.1"},
		"a name":                             {"10.0.0.1:80", []string{"localhost"}, "10.0.0.1"},
		"markup":                             {"10.0.0.1:80", []string{"<script>"}, "10.0.0.1"},
		"a line end that was smuggled in":    {"10.0.0.1:80", []string{"192.0.2.7\r\nX: y"}, "10.0.0.1"},
		"a zone, which is text of anybody’s": {"10.0.0.1:80", []string{"fe80::1%\" onload=x"}, "fe80::1"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, clientAddress(proxies, c.peer, c.forwarded)) })
	}
}

// clientAddress is what is taken for the address of a client whose request came from a peer.
func clientAddress(proxies inbound.Proxies, peer string, forwarded []string) string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = peer
	for _, line := range forwarded {
		r.Header.Add("X-Forwarded-For", line)
	}
	return proxies.ClientAddress(r)
}
