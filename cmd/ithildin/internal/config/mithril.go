package config

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// mithrilFlags configure the listener that has the whole surface of mithril on one address.
type mithrilFlags struct {
	MithrilListen   string `env:"ITHILDIN_MITHRIL_LISTEN" placeholder:"HOST:PORT" help:"@mithril_listen"`
	MithrilHosts    string `env:"ITHILDIN_MITHRIL_HOSTS" placeholder:"HOST,…" help:"@mithril_hosts"`
	MithrilAnywhere bool   `env:"ITHILDIN_MITHRIL_ANYWHERE" help:"@mithril_anywhere"`
}

// Mithril are mithrilFlags that were found right.
type Mithril struct {
	Listen string   // "": there is no such listener
	Hosts  []string // lower case, without ports
}

// load checks the listener. It authenticates nobody, so that its address must be one that the Internet does not
// reach, and none of its names the one by which the provider is public.
func (f mithrilFlags) load(p *problems, s *Settings) (m Mithril) {
	m.Hosts = p.hosts("ITHILDIN_MITHRIL_HOSTS", f.MithrilHosts)
	if f.MithrilListen == "" {
		if f.MithrilHosts != "" || f.MithrilAnywhere {
			p.add("ITHILDIN_MITHRIL_LISTEN", "is required with ITHILDIN_MITHRIL_HOSTS and ITHILDIN_MITHRIL_ANYWHERE")
		}
		return m
	}
	const name = "ITHILDIN_MITHRIL_LISTEN"
	m.Listen = p.address(name, f.MithrilListen)
	switch {
	case m.Listen == "":
	case m.Listen == s.Listen || m.Listen == s.AdminListen:
		p.add(name, "is the address of another listener")
	case s.Dev && !IsLoopback(m.Listen):
		p.add(name, "is %s: a development server listens on loopback only", m.Listen)
	case !f.MithrilAnywhere && !isPrivate(m.Listen):
		p.add(name, "is %s: want a loopback or a private address, because whoever reaches this listener may do everything "+
			"without a token (ITHILDIN_MITHRIL_ANYWHERE=1 lifts that where a firewall protects it)", m.Listen)
	}
	if s.Issuer == nil || IsLoopback(net.JoinHostPort(s.Issuer.Hostname(), "1")) {
		return m
	}
	if slices.Contains(m.Hosts, strings.ToLower(s.Issuer.Hostname())) {
		p.add("ITHILDIN_MITHRIL_HOSTS", "has the host of ITHILDIN_ISSUER: this listener must have no public name")
	}
	if m.Listen == issuerAddress(s.Issuer) {
		p.add(name, "is the address of ITHILDIN_ISSUER, which is public")
	}
	return m
}

// isPrivate returns whether the address of a listener is one of this machine or of a private network (RFC 1918,
// RFC 4193) alone. A name is not, since what it resolves to may change.
func isPrivate(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return IsLoopback(address) || err == nil && ip.Unmap().IsPrivate()
}

// issuerAddress is the HOST:PORT of an issuer.
func issuerAddress(issuer *url.URL) string {
	port := issuer.Port()
	switch {
	case port != "":
	case issuer.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	return net.JoinHostPort(issuer.Hostname(), port)
}

// hosts reads a list of host names without ports.
func (p *problems) hosts(name, list string) []string {
	hosts := separated(strings.ToLower(list))
	for _, host := range hosts {
		if !validHost(&url.URL{Host: host}) || strings.Contains(host, ":") {
			p.add(name, "has %q: want names without a port", host)
		}
	}
	return hosts
}
