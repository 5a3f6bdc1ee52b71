package config

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"

	"ithildin/cmd/ithildin/internal/console"
)

// tlsFlags name the certificate with which the public listener terminates TLS by itself; without them it serves plain
// HTTP.
type tlsFlags struct {
	TLSCertificateFile string `env:"ITHILDIN_TLS_CERTIFICATE_FILE" placeholder:"PATH" help:"@tls_certificate_file"`
	TLSKeyFile         string `env:"ITHILDIN_TLS_KEY_FILE" placeholder:"PATH" help:"@tls_key_file"`
}

// speaksTLS says whether the public listener is meant to end TLS.
func (f tlsFlags) speaksTLS() bool { return f.TLSCertificateFile != "" || f.TLSKeyFile != "" }

// scheme is that of the public listener's URLs.
func (f tlsFlags) scheme() string {
	if f.speaksTLS() {
		return "https"
	}
	return "http"
}

// load reads the certificate; nil without one, or where it is wrong.
func (f tlsFlags) load(p *problems) *Certificate {
	return certificatePair{tlsSettings, f.TLSCertificateFile, f.TLSKeyFile}.load(p)
}

// What the settings of the certificates of listeners begin with.
const (
	tlsSettings  = "ITHILDIN_TLS"
	mtlsSettings = "ITHILDIN_MTLS"
)

// certificatePair names the files of a certificate and its key; settings is what the names of both settings begin with.
type certificatePair struct{ settings, certificateFile, keyFile string }

func (n certificatePair) certificateSetting() string { return n.settings + "_CERTIFICATE_FILE" }
func (n certificatePair) keySetting() string         { return n.settings + "_KEY_FILE" }

// load reads the certificate; nil without one, or where it is wrong.
func (n certificatePair) load(p *problems) *Certificate {
	switch {
	case n.certificateFile == "" && n.keyFile == "":
		return nil
	case n.keyFile == "":
		p.add(n.keySetting(), "is required with %s", n.certificateSetting())
		return nil
	case n.certificateFile == "":
		p.add(n.certificateSetting(), "is required with %s", n.keySetting())
		return nil
	}
	c := &Certificate{certificatePair: n}
	if err := c.Read(); err != nil {
		*p = append(*p, err)
		return nil
	}
	return c
}

// Certificate is that of a listener, with its key. It is safe for concurrent use.
type Certificate struct {
	certificatePair
	current atomic.Pointer[tls.Certificate]
}

// Read takes certificate and key from their files, both or neither. An error names the setting.
func (c *Certificate) Read() error {
	chain, err := console.ReadFile(c.certificateFile, nil)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", c.certificateSetting(), err)
	}
	key, err := console.ReadFile(c.keyFile, nil)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", c.keySetting(), err)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return fmt.Errorf("%s and %s are no pair: %w", c.certificateSetting(), c.keySetting(), err)
	}
	c.current.Store(&pair)
	return nil
}

// Served is the pair that was read last.
func (c *Certificate) Served() *tls.Certificate { return c.current.Load() }
