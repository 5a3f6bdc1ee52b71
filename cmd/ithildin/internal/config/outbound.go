package config

import (
	"ithildin/provider/outbound"
)

// outboundFlags bound what the provider reaches of the addresses that clients register: key sets, request objects and
// more.
type outboundFlags struct {
	OutboundAllowed string `env:"ITHILDIN_OUTBOUND_ALLOWED" placeholder:"CIDR,…" help:"@outbound_allowed"`
	OutboundCAFile  string `env:"ITHILDIN_OUTBOUND_CA_FILE" placeholder:"PATH" help:"@outbound_ca_file"`
}

func (f outboundFlags) load(p *problems) outbound.Options {
	o := outbound.Options{Allowed: p.prefixes("ITHILDIN_OUTBOUND_ALLOWED", f.OutboundAllowed)}
	if f.OutboundCAFile == "" {
		return o
	}
	o.RootCAs = p.authorities("ITHILDIN_OUTBOUND_CA_FILE", f.OutboundCAFile)
	return o
}
