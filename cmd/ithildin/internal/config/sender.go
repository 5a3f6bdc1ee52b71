package config

import (
	"cmp"
	"crypto/x509"
	"os"
	"strings"

	"ithildin/provider"
	"ithildin/provider/inbound"
)

// senderFlags say what senders of requests prove to hold: keys by DPoP (RFC 9449), certificates by mutual TLS (RFC
// 8705).
type senderFlags struct {
	DPoPNonce           string `name:"dpop-nonce" env:"ITHILDIN_DPOP_NONCE" placeholder:"optional|required" help:"@dpop_nonce"`
	MTLSListen          string `name:"mtls-listen" env:"ITHILDIN_MTLS_LISTEN" placeholder:"HOST:PORT" help:"@mtls_listen"`
	MTLSCertificateFile string `name:"mtls-certificate-file" env:"ITHILDIN_MTLS_CERTIFICATE_FILE" placeholder:"PATH" help:"@mtls_certificate_file"`
	MTLSKeyFile         string `name:"mtls-key-file" env:"ITHILDIN_MTLS_KEY_FILE" placeholder:"PATH" help:"@mtls_key_file"`
	MTLSURL             string `name:"mtls-url" env:"ITHILDIN_MTLS_URL" placeholder:"URL" help:"@mtls_url"`
	MTLSProxies         string `name:"mtls-proxies" env:"ITHILDIN_MTLS_PROXIES" placeholder:"CIDR,…" help:"@mtls_proxies"`
	MTLSClientCAFile    string `name:"mtls-client-ca-file" env:"ITHILDIN_MTLS_CLIENT_CA_FILE" placeholder:"PATH" help:"@mtls_client_ca_file"`
}

// Sender are senderFlags that were found right.
type Sender struct {
	DPoPNonce   string // dpopNonceOptional or dpopNonceRequired
	MutualTLS   provider.MutualTLS
	Listen      string       // of the listener that asks for certificates; "": there is none
	Certificate *Certificate // of that listener
}

const (
	dpopNonceOptional = "optional"
	dpopNonceRequired = "required"
)

func (f senderFlags) load(p *problems, s *Settings) Sender {
	loaded := Sender{DPoPNonce: cmp.Or(f.DPoPNonce, dpopNonceOptional)}
	if loaded.DPoPNonce != dpopNonceOptional && loaded.DPoPNonce != dpopNonceRequired {
		p.add("ITHILDIN_DPOP_NONCE", "is %q: want %s or %s", f.DPoPNonce, dpopNonceOptional, dpopNonceRequired)
	}
	if f.MTLSListen != "" {
		loaded.Listen = p.address("ITHILDIN_MTLS_LISTEN", f.MTLSListen)
		if loaded.Listen != "" && (loaded.Listen == s.Listen || loaded.Listen == s.AdminListen) {
			p.add("ITHILDIN_MTLS_LISTEN", "is the address of another listener")
		}
		if f.MTLSURL == "" {
			p.add("ITHILDIN_MTLS_URL", "is required with ITHILDIN_MTLS_LISTEN")
		}
		loaded.Certificate = certificatePair{mtlsSettings, f.MTLSCertificateFile, f.MTLSKeyFile}.load(p)
		if f.MTLSCertificateFile == "" && f.MTLSKeyFile == "" {
			p.add("ITHILDIN_MTLS_CERTIFICATE_FILE", "is required with ITHILDIN_MTLS_LISTEN")
		}
	}
	loaded.MutualTLS = f.mutualTLS(p)
	return loaded
}

// mutualTLS checks where certificates of clients come from and whom they are believed.
func (f senderFlags) mutualTLS(p *problems) (m provider.MutualTLS) {
	m.Proxies = p.prefixes("ITHILDIN_MTLS_PROXIES", f.MTLSProxies)
	if f.MTLSURL != "" {
		m.Origin = inbound.HTTPSOrigin(f.MTLSURL)
		if m.Origin == "" || strings.TrimSuffix(f.MTLSURL, "/") != m.Origin {
			p.add("ITHILDIN_MTLS_URL", "is %q: want https and a host, such as https://mtls.example.com", f.MTLSURL)
		}
	}
	if f.MTLSClientCAFile != "" {
		m.Authorities = p.ownAuthorities("ITHILDIN_MTLS_CLIENT_CA_FILE", f.MTLSClientCAFile)
	}
	if f.MTLSListen == "" && f.MTLSProxies == "" {
		for name, value := range map[string]string{
			"ITHILDIN_MTLS_URL": f.MTLSURL, "ITHILDIN_MTLS_CLIENT_CA_FILE": f.MTLSClientCAFile,
			"ITHILDIN_MTLS_CERTIFICATE_FILE": f.MTLSCertificateFile, "ITHILDIN_MTLS_KEY_FILE": f.MTLSKeyFile,
		} {
			if value != "" {
				p.add(name, "is of no use without ITHILDIN_MTLS_LISTEN or ITHILDIN_MTLS_PROXIES")
			}
		}
	}
	return m
}

// ownAuthorities reads certificates of authorities, which are trusted alone: not beside those of the system, each of
// which issues certificates to anybody.
func (p *problems) ownAuthorities(name, path string) *x509.CertPool {
	certificates, err := os.ReadFile(path)
	if err != nil {
		p.add(name, "cannot be read: %v", err)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificates) {
		p.add(name, "holds no certificate in PEM")
	}
	return pool
}

// RequiresDPoPNonce says whether a DPoP proof must have a nonce.
func (s Sender) RequiresDPoPNonce() bool { return s.DPoPNonce == dpopNonceRequired }
