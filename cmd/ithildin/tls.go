package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// tlsFlags name the certificate with which the public listener ends TLS by itself; with neither it speaks plain HTTP.
type tlsFlags struct {
	TLSCertificateFile string `name:"tls-certificate-file" env:"ITHILDIN_TLS_CERTIFICATE_FILE" placeholder:"PATH" help:"PEM file with the public listener's certificate and its chain; SIGHUP reads it again. Without one the listener speaks plain HTTP."`
	TLSKeyFile         string `name:"tls-key-file" env:"ITHILDIN_TLS_KEY_FILE" placeholder:"PATH" help:"PEM file with the private key of that certificate."`
}

const (
	// expiryNotice is how long before its end a certificate is complained of, and expiryInterval how often.
	expiryNotice   = 14 * 24 * time.Hour
	expiryInterval = 24 * time.Hour
	// strictTransport is a year (RFC 6797 6.1). What other hosts of the domain speak is not ours to say.
	strictTransport = "max-age=31536000"
)

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
func (f tlsFlags) load(p *problems) *certificate {
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
	c := &certificate{certificateFile: f.TLSCertificateFile, keyFile: f.TLSKeyFile}
	if err := c.read(); err != nil {
		*p = append(*p, err)
		return nil
	}
	return c
}

// certificate is the public listener's, with its key. It is safe for concurrent use.
type certificate struct {
	certificateFile, keyFile string
	current                  atomic.Pointer[tls.Certificate]
}

// read takes certificate and key from their files, both or neither. An error names the setting.
func (c *certificate) read() error {
	chain, err := readBounded(c.certificateFile, nil)
	if err != nil {
		return fmt.Errorf("ITHILDIN_TLS_CERTIFICATE_FILE cannot be read: %w", err)
	}
	key, err := readBounded(c.keyFile, nil)
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

// reloadable lets handshakes after a SIGHUP use the new pair. Connections that are open go on as they are.
func (c *certificate) reloadable(logger *slog.Logger) reloadable {
	return reloadable{what: "the TLS certificate", reload: func() error {
		if err := c.read(); err != nil {
			return err
		}
		c.checkExpiry(time.Now(), logger)
		return nil
	}}
}

func (c *certificate) notAfter() time.Time { return c.current.Load().Leaf.NotAfter }

// checkExpiry complains of a certificate that ends within expiryNotice.
func (c *certificate) checkExpiry(now time.Time, logger *slog.Logger) {
	end := c.notAfter()
	switch {
	case !now.Before(end):
		logger.Error("the TLS certificate has expired", "not_after", end)
	case end.Sub(now) < expiryNotice:
		logger.Warn("the TLS certificate expires soon", "not_after", end)
	}
}

func (c *certificate) metric() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ithildin_tls_certificate_not_after_seconds",
		Help: "When the public listener's certificate expires, in seconds since the epoch.",
	}, func() float64 { return float64(c.notAfter().Unix()) })
}

// config holds clients to what RFC 9325 (BCP 195) recommends: TLS 1.2 with the suites of its section 4.2, or TLS 1.3,
// whose suites are all good.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// client reaches the listener from within this process: it trusts the very certificate that is served, whoever signed it
// and whatever name is in it.
func (c *certificate) client() *http.Client {
	if c == nil {
		return http.DefaultClient
	}
	verify := func(state tls.ConnectionState) error {
		if !state.PeerCertificates[0].Equal(c.current.Load().Leaf) {
			return errors.New("somebody else answers at the public listener's address")
		}
		return nil
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, VerifyConnection: verify,
	}}}
}

// servePublic makes the function that answers on the public listener until the server is shut down.
func (s *service) servePublic(server *http.Server, listener net.Listener) func() error {
	if s.settings.certificate == nil {
		return func() error { return server.Serve(listener) }
	}
	server.TLSConfig = s.settings.certificate.config()
	if !s.settings.dev { // a browser would remember it of every server on localhost
		server.Handler = withStrictTransport(server.Handler)
	}
	return func() error { return server.ServeTLS(listener, "", "") }
}

// withStrictTransport makes browsers come by TLS only (RFC 6797).
func withStrictTransport(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = []string{strictTransport}
		next.ServeHTTP(w, r)
	})
}
