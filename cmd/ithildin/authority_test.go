package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority signs certificates of this machine for the time of a test.
type authority struct {
	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string // its own certificate
	serial      int64  // of the last one that it signed
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, file: filepath.Join(t.TempDir(), "authority.pem"), serial: 1}
	a.certificate = &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: "Authority of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	var encoded []byte
	a.key, encoded = a.sign(a.certificate)
	writePEM(t, a.file, "CERTIFICATE", encoded)
	return a
}

// sign makes a certificate with a key of its own, which the authority's own signs, or its own where there is none yet.
func (a *authority) sign(certificate *x509.Certificate) (*ecdsa.PrivateKey, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	signer := a.key
	if signer == nil {
		signer = key
	}
	encoded, err := x509.CreateCertificate(rand.Reader, certificate, a.certificate, key.Public(), signer)
	require.NoError(a.t, err)
	return key, encoded
}

// issue writes certificate.pem and key.pem for 127.0.0.1, localhost and these hosts, good for so long, and returns
// their paths.
func (a *authority) issue(
	directory string, lifetime time.Duration, hosts ...string,
) (certificateFile, keyFile string) {
	a.serial++
	key, encoded := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: append(hosts, "localhost"), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	certificateFile, keyFile = filepath.Join(directory, "certificate.pem"), filepath.Join(directory, "key.pem")
	writePEM(a.t, certificateFile, "CERTIFICATE", encoded)
	writePEM(a.t, keyFile, "PRIVATE KEY", secret)
	return certificateFile, keyFile
}

func writePEM(t testing.TB, path, kind string, content []byte) {
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
}

// config is that of a client who trusts this authority and no other.
func (a *authority) config() *tls.Config {
	signed, err := os.ReadFile(a.file)
	require.NoError(a.t, err)
	pool := x509.NewCertPool()
	require.True(a.t, pool.AppendCertsFromPEM(signed))
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// client has connections of its own.
func (a *authority) client() *http.Client {
	transport := &http.Transport{TLSClientConfig: a.config(), ForceAttemptHTTP2: true}
	a.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// startTLS is start with a certificate of the authority.
func (a *authority) startTLS(environment []string, arguments ...string) *process {
	directory := a.t.TempDir()
	certificateFile, keyFile := a.issue(directory, 30*time.Minute)
	p := start(a.t, directory, append([]string{
		"ITHILDIN_TLS_CERTIFICATE_FILE=" + certificateFile, "ITHILDIN_TLS_KEY_FILE=" + keyFile,
	}, environment...), arguments...)
	p.issuer = "https" + p.issuer[len("http"):]
	return p
}

// clientCertificate makes a certificate for a client of that common name, with its key.
func (a *authority) clientCertificate(name string) tls.Certificate {
	a.serial++
	key, encoded := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return tls.Certificate{Certificate: [][]byte{encoded}, PrivateKey: key}
}
