package inbound

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// headerForwardedFor is where a proxy says from where a request came.
const headerForwardedFor = "X-Forwarded-For"

// Proxies are the networks of those proxies that are believed about the address of a client.
type Proxies []netip.Prefix

// ClientAddress is the address of the client: the peer's, or what a listed proxy says of it. Of a chain of proxies the
// last address that is not one of ours counts.
func (p Proxies) ClientAddress(r *http.Request) string {
	address, ok := peer(r)
	if !ok || !p.include(address) {
		return peerHost(r)
	}
	chain := strings.Split(strings.Join(r.Header.Values(headerForwardedFor), ","), ",")
	for i := len(chain) - 1; i >= 0; i-- {
		forwarded, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
		if err != nil {
			break
		}
		if address = forwarded.Unmap().WithZone(""); !p.include(address) { // a zone is text that anybody may write
			break
		}
	}
	return address.String()
}

// ofProxies are the headers in which proxies that end TLS say who the client is and in which trace its request belongs.
var ofProxies = []string{headerForwardedFor, headerCertificate, headerCertificateChain, "Traceparent", "Tracestate"}

// DropProxied removes from a request what a proxy says of its client: for a listener where TLS of clients ends, so that
// no proxy can have written it, although the request may come from the address of one that passes TLS through.
func DropProxied(header http.Header) {
	for _, name := range ofProxies {
		header.Del(name)
	}
}

// peerHost is the host of whoever is at the other end of the connection.
func peerHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// peer is the same as an address; it is not ok where that is none.
func peer(r *http.Request) (address netip.Addr, ok bool) {
	address, err := netip.ParseAddr(peerHost(r))
	return address, err == nil
}

func (p Proxies) include(address netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// ClientAddress is the address of the client of a request, as WithRequest keeps it; "" where nothing does.
func ClientAddress(r *http.Request) string { return RequestFrom(r.Context()).Address() }
