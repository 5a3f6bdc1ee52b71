package inbound

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// The headers by which a proxy passes on the certificate of a client (RFC 9440 2.2, 2.3).
const (
	headerCertificate      = "Client-Cert"
	headerCertificateChain = "Client-Cert-Chain"
)

// longestChain bounds the certificates beside the client's own.
const longestChain = 10

// Certificate is the certificate of a client, whose key it has proved to hold in its TLS handshake. A nil Certificate
// is none.
type Certificate struct {
	Leaf *x509.Certificate
	// Chain are the certificates that the client sent along, of whoever has signed its own.
	Chain []*x509.Certificate
}

// Thumbprint is the SHA-256 of the certificate, base64url (RFC 8705 3.1): x5t#S256. "" where there is none.
func (c *Certificate) Thumbprint() string {
	if c == nil {
		return ""
	}
	sum := sha256.Sum256(c.Leaf.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

type certificateKey struct{}

// ClientCertificate is the certificate of the client of a request, nil where it has presented none.
func ClientCertificate(ctx context.Context) *Certificate {
	certificate, _ := ctx.Value(certificateKey{}).(*Certificate)
	return certificate
}

// Certificates finds the certificates of clients.
type Certificates struct {
	// Proxies are believed about the certificate of a client whose TLS ends with them.
	Proxies Proxies
}

// Read keeps the certificate of the client with each request, and removes the headers that only a listed proxy may set.
func (c Certificates) Read(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		certificate := c.of(r)
		r.Header.Del(headerCertificate)
		r.Header.Del(headerCertificateChain)
		if certificate != nil {
			r = r.WithContext(context.WithValue(r.Context(), certificateKey{}, certificate))
		}
		next.ServeHTTP(w, r)
	})
}

// of is the certificate of a request. Headers that can't be read are none: whoever needs a certificate is refused then.
func (c Certificates) of(r *http.Request) *Certificate {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return &Certificate{Leaf: r.TLS.PeerCertificates[0], Chain: r.TLS.PeerCertificates[1:]}
	}
	if address, ok := peer(r); !ok || !c.Proxies.include(address) {
		return nil
	}
	leaf, err := readCertificates(r.Header.Values(headerCertificate))
	if err != nil || len(leaf) != 1 {
		return nil
	}
	chain, err := readCertificates(r.Header.Values(headerCertificateChain))
	if err != nil || len(chain) > longestChain {
		return nil
	}
	return &Certificate{Leaf: leaf[0], Chain: chain}
}

// readCertificates reads byte sequences of RFC 8941 3.3.5, each of which is a certificate in DER.
func readCertificates(values []string) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		item = strings.TrimSpace(item)
		if item == "" && len(values) == 0 {
			break
		}
		encoded, begins := strings.CutPrefix(item, ":")
		encoded, ends := strings.CutSuffix(encoded, ":")
		if !begins || !ends {
			return nil, errors.New("inbound: the header is no byte sequence")
		}
		content, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, err
		}
		certificate, err := x509.ParseCertificate(content)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}
