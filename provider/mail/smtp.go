package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Encryption is how the connection to a mail server is encrypted.
type Encryption string

// The kinds of encryption.
const (
	ImplicitTLS Encryption = "tls"      // from the first byte (RFC 8314 3.3)
	StartTLS    Encryption = "starttls" // by STARTTLS, without which nothing is sent (RFC 3207)
	Unencrypted Encryption = "none"     // for a server on the same machine or in a protected network
)

// Step is how far a session with a mail server has come.
type Step string

// The steps, in their order. StepEncrypted is left out without TLS, and StepSignedIn without a login.
const (
	StepConnected Step = "connected"
	StepEncrypted Step = "encrypted" // and the certificate of the server is good
	StepSignedIn  Step = "signed in"
	StepAccepted  Step = "accepted" // the server has taken the message over
)

func (s SMTP) reached(step Step) {
	if s.Progress != nil {
		s.Progress(step)
	}
}

// sendTime bounds one session with a mail server.
const sendTime = 30 * time.Second

// SMTP sends messages through a mail server (RFC 5321, RFC 6409), each in a session of its own.
type SMTP struct {
	Host       string
	Port       int
	Encryption Encryption
	// User and Password are the login; none where User is "". It is never sent unencrypted but to this machine.
	User, Password string
	From           netmail.Address
	ReplyTo        *netmail.Address // nil: none
	// HelloName is what the sender calls itself in EHLO; a name of this machine would tell it to every recipient.
	HelloName string
	// Progress is told of each step of a session as it is reached; nil: nobody is.
	Progress func(Step)
	// RootCAs are the authorities that may have issued the server's certificate; nil: those of the system.
	RootCAs *x509.CertPool
}

// Send implements Sender. Errors: ErrRefused, ErrUnreachable, or another that may pass.
func (s SMTP) Send(ctx context.Context, m Message) error {
	message, err := s.compose(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer client.Close()
	switch {
	case s.User != "":
		s.reached(StepSignedIn)
	case s.Encryption == StartTLS:
		s.reached(StepEncrypted)
	}
	err = client.Send(message)
	var failed *gomail.SendError
	if errors.As(err, &failed) && !failed.IsTemp() && failed.ErrorCode() >= 500 &&
		(failed.Reason == gomail.ErrSMTPRcptTo || failed.Reason == gomail.ErrSMTPDataClose) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	s.reached(StepAccepted)
	return nil
}

func (s SMTP) client() (*gomail.Client, error) {
	configuration := &tls.Config{ServerName: s.Host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(sendTime), gomail.WithHELO(s.HelloName),
		gomail.WithTLSConfig(configuration), gomail.WithDialContextFunc(s.dial(configuration)), gomail.WithoutNoop(),
	}
	switch s.Encryption {
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuthCustom(&smtpLogin{sender: s}))
	}
	return gomail.NewClient(s.Host, options...)
}

// smtpLogin logs in by PLAIN (RFC 4616), or by LOGIN where the server has nothing else. Both refuse a connection that
// is not encrypted, unless it is to this machine. The library's own choice takes a connection that dial has encrypted
// for one that is not.
type smtpLogin struct {
	sender SMTP
	smtp.Auth
}

// Start implements smtp.Auth.
func (l *smtpLogin) Start(server *smtp.ServerInfo) (mechanism string, response []byte, err error) {
	if l.sender.Encryption == StartTLS {
		l.sender.reached(StepEncrypted)
	}
	l.Auth = smtp.PlainAuth("", l.sender.User, l.sender.Password, l.sender.Host, false)
	if !slices.Contains(server.Auth, "PLAIN") && slices.Contains(server.Auth, "LOGIN") {
		l.Auth = smtp.LoginAuth(l.sender.User, l.sender.Password, l.sender.Host, false)
	}
	return l.Auth.Start(server)
}

// dial connects with a deadline for the whole session, so that a server that falls silent holds no letter.
func (s SMTP) dial(configuration *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		s.reached(StepConnected)
		deadline, _ := ctx.Deadline() // Send has set one
		if s.Encryption != ImplicitTLS {
			return connection, connection.SetDeadline(deadline)
		}
		encrypted := tls.Client(connection, configuration)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, connection.Close())
		}
		s.reached(StepEncrypted)
		return encrypted, encrypted.SetDeadline(deadline)
	}
}

// compose makes the message of RFC 5322. It says nothing of this machine.
func (s SMTP) compose(m Message) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(&s.From)
	if err := message.To(m.To); err != nil {
		return nil, err
	}
	if s.ReplyTo != nil {
		message.ReplyToMailAddress(s.ReplyTo)
	}
	_, domain, _ := strings.Cut(s.From.Address, "@")
	message.SetMessageIDWithValue(m.ID + "@" + domain)
	message.SetDate()
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic answer is wanted
	message.Subject(m.Subject)
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return message, nil
}
