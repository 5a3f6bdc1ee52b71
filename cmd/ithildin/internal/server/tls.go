package server

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/cmd/ithildin/internal/config"
)

const (
	// expiryNotice is how long before its expiry a certificate is logged, and expiryInterval is how often.
	expiryNotice   = 14 * 24 * time.Hour
	expiryInterval = 24 * time.Hour
	// strictTransport is a year (RFC 6797 6.1), without includeSubDomains: other hosts of the domain may not have TLS.
	strictTransport = "max-age=31536000"
)

// reloadable lets handshakes after a SIGHUP use the new pair. Connections that are open go on as they are.
func reloadCertificate(c *config.Certificate, logger *slog.Logger) reloadable {
	return reloadable{what: "the TLS certificate", reload: func() error {
		if err := c.Read(); err != nil {
			return err
		}
		checkExpiry(notAfter(c), time.Now(), logger)
		return nil
	}}
}

// reloadCertificates are those of all listeners that end TLS. Each has a metric.
func reloadCertificates(s *config.Settings, registry *prometheus.Registry, logger *slog.Logger) (all []reloadable) {
	for listener, c := range listenerCertificates(s) {
		registry.MustRegister(certificateMetric(listener, c))
		all = append(all, reloadCertificate(c, logger))
	}
	return all
}

// listenerCertificates are those that are served, by the name of the listener.
func listenerCertificates(s *config.Settings) map[string]*config.Certificate {
	certificates := map[string]*config.Certificate{}
	if s.Certificate != nil {
		certificates["public"] = s.Certificate
	}
	if s.Sender.Certificate != nil {
		certificates["mutual_tls"] = s.Sender.Certificate
	}
	return certificates
}

func notAfter(c *config.Certificate) time.Time { return c.Served().Leaf.NotAfter }

// certificateEnds tells when the certificate that is served now expires; nil where there is none.
func certificateEnds(c *config.Certificate) func() time.Time {
	if c == nil {
		return nil
	}
	return func() time.Time { return notAfter(c) }
}

// checkExpiry logs that the certificate that ends then has expired, or will within expiryNotice.
func checkExpiry(end, now time.Time, logger *slog.Logger) {
	switch {
	case !now.Before(end):
		logger.Error("the TLS certificate has expired", "not_after", end)
	case end.Sub(now) < expiryNotice:
		logger.Warn("the TLS certificate expires soon", "not_after", end)
	}
}

func certificateMetric(listener string, c *config.Certificate) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "ithildin_tls_certificate_not_after_seconds",
		Help:        "When the certificate of a listener (public, mutual_tls) expires, in seconds since the epoch.",
		ConstLabels: prometheus.Labels{"listener": listener},
	}, func() float64 { return float64(notAfter(c).Unix()) })
}

// tlsConfig follows RFC 9325 (BCP 195): TLS 1.2 with the cipher suites of its section 4.2, or TLS 1.3, all of whose
// suites are secure.
func tlsConfig(c *config.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.Served(), nil },
	}
}

// ownClient makes an HTTP client for requests of this process to its own public listener. It trusts exactly the
// certificate that is served, whatever its issuer and its names are.
func ownClient(c *config.Certificate) *http.Client {
	if c == nil {
		return http.DefaultClient
	}
	verify := func(state tls.ConnectionState) error {
		if !state.PeerCertificates[0].Equal(c.Served().Leaf) {
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
	if s.settings.Certificate == nil {
		return func() error { return server.Serve(listener) }
	}
	server.TLSConfig = tlsConfig(s.settings.Certificate)
	if !s.settings.Dev { // a browser would remember it of every server on localhost
		server.Handler = withStrictTransport(server.Handler)
	}
	return func() error { return server.ServeTLS(listener, "", "") }
}

// serveMutualTLS makes the function that answers on the listener that asks clients for certificates. Any certificate is
// taken, and none too: who is whose is for the provider to say, by what each client has registered.
func serveMutualTLS(server *http.Server, listener net.Listener, c *config.Certificate) func() error {
	server.TLSConfig = tlsConfig(c)
	server.TLSConfig.ClientAuth = tls.RequestClientCert
	return func() error { return server.ServeTLS(listener, "", "") }
}

// withStrictTransport adds the header by which browsers use TLS for all later requests (RFC 6797).
func withStrictTransport(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = []string{strictTransport}
		next.ServeHTTP(w, r)
	})
}
