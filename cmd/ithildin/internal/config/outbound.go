package config

import (
	"crypto/x509"
	"os"

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
	certificates, err := os.ReadFile(f.OutboundCAFile)
	if err != nil {
		p.add("ITHILDIN_OUTBOUND_CA_FILE", "cannot be read: %v", err)
		return o
	}
	if o.RootCAs, err = x509.SystemCertPool(); err != nil {
		p.add("ITHILDIN_OUTBOUND_CA_FILE", "cannot stand beside the system's authorities: %v", err)
		return o
	}
	if !o.RootCAs.AppendCertsFromPEM(certificates) {
		p.add("ITHILDIN_OUTBOUND_CA_FILE", "holds no certificate in PEM")
	}
	return o
}
