package config

import (
	"crypto/x509"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"ithildin/provider/mail"
)

// MailFlags name the mail server, and what letters say of their sender.
type MailFlags struct {
	MailURL          string `name:"mail-url" env:"ITHILDIN_MAIL_URL" placeholder:"URL" help:"@mail_url"`
	MailTLS          string `name:"mail-tls" env:"ITHILDIN_MAIL_TLS" placeholder:"none" help:"@mail_tls"`
	MailCAFile       string `name:"mail-ca-file" env:"ITHILDIN_MAIL_CA_FILE" placeholder:"PATH" help:"@mail_ca_file"`
	MailUser         string `env:"ITHILDIN_MAIL_USER" placeholder:"NAME" help:"Login at the mail server; default none."`
	MailPasswordFile string `env:"ITHILDIN_MAIL_PASSWORD_FILE" placeholder:"PATH" help:"@mail_password_file"`
	MailFrom         string `env:"ITHILDIN_MAIL_FROM" placeholder:"ADDRESS" help:"@mail_from"`
	MailReplyTo      string `env:"ITHILDIN_MAIL_REPLY_TO" placeholder:"ADDRESS" help:"@mail_reply_to"`
	MailTemplates    string `env:"ITHILDIN_MAIL_TEMPLATES" placeholder:"DIR" help:"@mail_templates"`
	MailsPerMinute   string `env:"ITHILDIN_MAILS_PER_MINUTE" placeholder:"N" help:"@mails_per_minute"`
	ServiceName      string `env:"ITHILDIN_SERVICE_NAME" placeholder:"TEXT" help:"@service_name"`
}

// Mail are MailFlags that were found right.
type Mail struct {
	Server      *mail.SMTP // nil: there is none
	ServiceName string
	Letters     *mail.Letters
	PerMinute   int // how many mails all servers send in a minute at most
}

const (
	portOfImplicitTLS  = 465 // RFC 8314 7.3
	portOfSubmission   = 587 // RFC 6409 3.1
	longestServiceName = 60  // characters
	mostMailsPerMinute = 100_000
)

// LoadMail reads the flags of a verb that sends a mail by itself. issuer is ITHILDIN_ISSUER as it was given, or "".
func LoadMail(f MailFlags, issuer string) (Mail, error) {
	var p problems
	u, err := url.Parse(issuer)
	if err != nil {
		u = nil
	}
	m := f.load(&p, u)
	if m.Server == nil {
		p.add("ITHILDIN_MAIL_URL", "is required")
	}
	return m, p.err()
}

func (f MailFlags) load(p *problems, issuer *url.URL) (m Mail) {
	host := "localhost"
	if issuer != nil && issuer.Hostname() != "" {
		host = issuer.Hostname()
	}
	if m.ServiceName = strings.TrimSpace(f.ServiceName); m.ServiceName == "" {
		m.ServiceName = host
	}
	if utf8.RuneCountInString(m.ServiceName) > longestServiceName || strings.ContainsAny(m.ServiceName, "\r\n") {
		p.add("ITHILDIN_SERVICE_NAME", "has more than one line of %d characters", longestServiceName)
	}
	m.Letters = p.letters("ITHILDIN_MAIL_TEMPLATES", f.MailTemplates)
	m.PerMinute = p.number("ITHILDIN_MAILS_PER_MINUTE", f.MailsPerMinute, mail.DefaultPerMinute, mostMailsPerMinute)
	password := strings.TrimSpace(p.secret("ITHILDIN_MAIL_PASSWORD", f.MailPasswordFile))
	if f.MailURL == "" {
		if password != "" || f.MailUser+f.MailFrom+f.MailReplyTo+f.MailTLS+f.MailCAFile != "" {
			p.add("ITHILDIN_MAIL_URL", "is required with the other settings of mail")
		}
		return m
	}
	m.Server = &mail.SMTP{User: f.MailUser, Password: password, HelloName: host}
	f.loadServer(p, m.Server)
	if (password == "") != (f.MailUser == "") {
		p.add("ITHILDIN_MAIL_USER", "and ITHILDIN_MAIL_PASSWORD are only set together")
	}
	if f.MailFrom == "" {
		p.add("ITHILDIN_MAIL_FROM", "is required with ITHILDIN_MAIL_URL")
	} else if from := p.mailAddress("ITHILDIN_MAIL_FROM", f.MailFrom); from != nil {
		m.Server.From = *from
		if from.Name == "" {
			m.Server.From.Name = m.ServiceName
		}
	}
	if f.MailReplyTo != "" {
		m.Server.ReplyTo = p.mailAddress("ITHILDIN_MAIL_REPLY_TO", f.MailReplyTo)
	}
	if f.MailCAFile != "" {
		m.Server.RootCAs = p.authorities("ITHILDIN_MAIL_CA_FILE", f.MailCAFile)
	}
	return m
}

// loadServer reads where the server is and how the connection to it is encrypted.
func (f MailFlags) loadServer(p *problems, s *mail.SMTP) {
	u, err := url.Parse(f.MailURL)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || !validHost(u) || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		p.add("ITHILDIN_MAIL_URL", "want smtps://HOST (TLS) or smtp://HOST (STARTTLS), with :PORT where it is another one; "+
			"the login is in ITHILDIN_MAIL_USER and ITHILDIN_MAIL_PASSWORD_FILE")
		return
	}
	s.Host, s.Port, s.Encryption = u.Hostname(), portOfSubmission, mail.StartTLS
	if u.Scheme == "smtps" {
		s.Port, s.Encryption = portOfImplicitTLS, mail.ImplicitTLS
	}
	if port := u.Port(); port != "" {
		s.Port, _ = strconv.Atoi(port) // validHost has checked it
	}
	switch {
	case f.MailTLS == "":
	case f.MailTLS != "none":
		p.add("ITHILDIN_MAIL_TLS", "is %q: want none, or nothing", f.MailTLS)
	case u.Scheme == "smtps":
		p.add("ITHILDIN_MAIL_TLS", "is none although ITHILDIN_MAIL_URL is smtps://")
	case f.MailUser != "" && !IsLoopback(net.JoinHostPort(s.Host, "1")):
		p.add("ITHILDIN_MAIL_TLS", "is none, which would send the password of ITHILDIN_MAIL_USER in clear to another machine")
	default:
		s.Encryption = mail.Unencrypted
	}
}

func (p *problems) mailAddress(name, value string) *netmail.Address {
	address, err := netmail.ParseAddress(value)
	if err != nil {
		p.add(name, `is %q: want an address such as "Clinic <mail@example.org>"`, value)
		return nil
	}
	return address
}

// letters reads an operator's letters; those that are built in where there is no folder.
func (p *problems) letters(name, folder string) *mail.Letters {
	if folder == "" {
		return mail.BuiltIn
	}
	letters, err := mail.LoadLetters(os.DirFS(folder))
	if err != nil {
		p.add(name, "is %q, whose letters cannot be used:\n%v", folder, err)
	}
	return letters
}

// authorities reads certificates in PEM of authorities that are trusted beside those of the system.
func (p *problems) authorities(name, path string) *x509.CertPool {
	certificates, err := os.ReadFile(path)
	if err != nil {
		p.add(name, "cannot be read: %v", err)
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		p.add(name, "cannot stand beside the system's authorities: %v", err)
		return nil
	}
	if !pool.AppendCertsFromPEM(certificates) {
		p.add(name, "holds no certificate in PEM")
	}
	return pool
}
