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
	switch {
	case !f.speaksTLS():
		return nil
	case f.TLSKeyFile == "":
		p.add("ITHILDIN_TLS_KEY_FILE", "is required with ITHILDIN_TLS_CERTIFICATE_FILE")
		return nil
	case f.TLSCertificateFile == "":
		p.add("ITHILDIN_TLS_CERTIFICATE_FILE", "is required with ITHILDIN_TLS_KEY_FILE")
		return nil
	}
	c := &Certificate{certificateFile: f.TLSCertificateFile, keyFile: f.TLSKeyFile}
	if err := c.Read(); err != nil {
		*p = append(*p, err)
		return nil
	}
	return c
}

// Certificate is the public listener's, with its key. It is safe for concurrent use.
type Certificate struct {
	certificateFile, keyFile string
	current                  atomic.Pointer[tls.Certificate]
}

// Read takes certificate and key from their files, both or neither. An error names the setting.
func (c *Certificate) Read() error {
	chain, err := console.ReadFile(c.certificateFile, nil)
	if err != nil {
		return fmt.Errorf("ITHILDIN_TLS_CERTIFICATE_FILE cannot be read: %w", err)
	}
	key, err := console.ReadFile(c.keyFile, nil)
	if err != nil {
		return fmt.Errorf("ITHILDIN_TLS_KEY_FILE cannot be read: %w", err)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return fmt.Errorf("ITHILDIN_TLS_CERTIFICATE_FILE and ITHILDIN_TLS_KEY_FILE are no pair: %w", err)
	}
	c.current.Store(&pair)
	return nil
}

// Served is the pair that was read last.
func (c *Certificate) Served() *tls.Certificate { return c.current.Load() }
