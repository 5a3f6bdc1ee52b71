// Package mailtest runs a mail server for tests: it takes mails by SMTP with TLS, keeps them, and can be told to refuse
// some.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// The login that the server accepts.
const (
	User     = "ithildin"
	Password = "the-password-of-the-mail-account"
)

// Received is a mail that the server has taken.
type Received struct {
	From, To string // of the envelope
	Header   netmail.Header
	Subject  string // decoded
	Text     string
	HTML     string
	Hello    string // what the client called itself
	TLS      bool   // the connection was encrypted
	User     string // who was logged in
}

// Server is a mail server on loopback.
type Server struct {
	t        testing.TB
	Address  string // HOST:PORT
	Roots    *x509.CertPool
	CAFile   string // the certificate of the server in PEM
	mu       sync.Mutex
	received []Received
	// refuse is asked for each recipient; nil takes all.
	refuse func(to string) error
	server *smtp.Server
}

// Options are how the server behaves.
type Options struct {
	ImplicitTLS bool // from the first byte; otherwise STARTTLS is offered
	NoTLS       bool // STARTTLS is not offered
	Login       bool // mails are taken after a login only
}

// New runs a server until the test ends.
func New(t testing.TB, o Options) *Server {
	s := &Server{t: t}
	certificate := s.makeCertificate()
	configuration := &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.Address = listener.Addr().String()
	if o.ImplicitTLS {
		listener = tls.NewListener(listener, configuration)
	}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, encrypted := c.TLSConnectionState()
		return &session{server: s, login: o.Login, mail: Received{TLS: encrypted, Hello: c.Hostname()}}, nil
	}))
	s.server.Domain, s.server.ReadTimeout, s.server.WriteTimeout = "mail.test", 10*time.Second, 10*time.Second
	s.server.ErrorLog = silent{}
	if !o.NoTLS && !o.ImplicitTLS {
		s.server.TLSConfig = configuration
	}
	ended := make(chan struct{})
	go func() {
		_ = s.server.Serve(listener)
		close(ended)
	}()
	t.Cleanup(func() {
		_ = s.server.Close()
		_ = listener.Close() // a server that was closed before it served knows no listener
		<-ended
	})
	return s
}

// HostPort splits the Address, which is that of a listener.
func (s *Server) HostPort() (host string, port int) {
	address := netip.MustParseAddrPort(s.Address)
	return address.Addr().String(), int(address.Port())
}

// Refuse makes the server ask for each recipient whether it is refused; nil takes all.
func (s *Server) Refuse(refuse func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// Permanently is a refusal for good, and Temporarily one that may pass.
var (
	Permanently = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	Temporarily = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
)

// Received returns the mails that were taken so far, in their order.
func (s *Server) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.received...)
}

// Await waits until so many mails were taken, and returns them.
func (s *Server) Await(n int) []Received {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return len(s.Received()) >= n }, 15*time.Second, 10*time.Millisecond)
	return s.Received()
}

// makeCertificate makes a certificate for 127.0.0.1 that is its own authority.
func (s *Server) makeCertificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{{127, 0, 0, 1}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(s.t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(s.t, err)
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(parsed)
	s.CAFile = filepath.Join(s.t.TempDir(), "mail-ca.pem")
	require.NoError(s.t, os.WriteFile(s.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: parsed}
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// session is one connection of a client.
type session struct {
	server *Server
	login  bool
	mail   Received
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.login {
		return []string{sasl.Plain}
	}
	return nil
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.mail.User = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.login && s.mail.User == "" {
		return smtp.ErrAuthRequired
	}
	s.mail.From = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	refuse := s.server.refuse
	s.server.mu.Unlock()
	if refuse != nil {
		if err := refuse(to); err != nil {
			return err
		}
	}
	s.mail.To = to
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	mail := s.mail
	if err := mail.parse(content); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.received = append(s.server.received, mail)
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() {}

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// parse reads the header and both forms of the text.
func (m *Received) parse(content []byte) error {
	message, err := netmail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return err
	}
	m.Header = message.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return err
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return errors.Join(errors.New("the mail is not multipart/alternative"), err)
	}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = string(body)
		} else {
			m.Text = strings.ReplaceAll(string(body), "\r\n", "\n")
		}
	}
}
