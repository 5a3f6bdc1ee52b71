package config

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/mail"
)

func loadMail(t *testing.T, f MailFlags) (Mail, error) {
	issuer, err := url.Parse("https://id.example")
	require.NoError(t, err)
	var p problems
	m := f.load(&p, issuer)
	return m, p.err()
}

func TestMailServerIsReachedWithTLSUnlessAnOperatorSaysOtherwise(t *testing.T) {
	t.Setenv("ITHILDIN_MAIL_PASSWORD", "secret")
	for address, want := range map[string]mail.SMTP{
		"smtps://mail.example":         {Host: "mail.example", Port: 465, Encryption: mail.ImplicitTLS},
		"smtp://mail.example":          {Host: "mail.example", Port: 587, Encryption: mail.StartTLS},
		"smtp://mail.example:2525/":    {Host: "mail.example", Port: 2525, Encryption: mail.StartTLS},
		"smtps://[2001:db8::1]:465":    {Host: "2001:db8::1", Port: 465, Encryption: mail.ImplicitTLS},
		"smtp://relay.internal:25":     {Host: "relay.internal", Port: 25, Encryption: mail.StartTLS},
		"smtps://127.0.0.1:4465":       {Host: "127.0.0.1", Port: 4465, Encryption: mail.ImplicitTLS},
		"smtps://mail-1.mail.example/": {Host: "mail-1.mail.example", Port: 465, Encryption: mail.ImplicitTLS},
	} {
		m, err := loadMail(t, MailFlags{MailURL: address, MailUser: "ithildin", MailFrom: "mail@id.example"})
		require.NoError(t, err, address)
		got := *m.Server
		require.Equal(t, "ithildin", got.User)
		require.Equal(t, "secret", got.Password)
		require.Equal(t, "id.example", got.HelloName)
		require.Equal(t, "id.example", got.From.Name, "the name of the service")
		require.Equal(t, want, mail.SMTP{Host: got.Host, Port: got.Port, Encryption: got.Encryption}, address)
	}
}

func TestMailSettingsThatAreWrongAreNamed(t *testing.T) {
	right := MailFlags{MailURL: "smtp://mail.example", MailFrom: "Портал <mail@id.example>"}
	m, err := loadMail(t, right)
	require.NoError(t, err)
	require.Equal(t, "Портал", m.Server.From.Name)
	for want, change := range map[string]func(*MailFlags){
		"ITHILDIN_MAIL_URL want smtps://HOST":             func(f *MailFlags) { f.MailURL = "https://mail.example" },
		"ITHILDIN_MAIL_URL want smtps://HOST (TLS) or":    func(f *MailFlags) { f.MailURL = "smtp://u:p@mail.example" },
		"ITHILDIN_MAIL_URL is required with the other":    func(f *MailFlags) { f.MailURL = "" },
		"ITHILDIN_MAIL_FROM is required":                  func(f *MailFlags) { f.MailFrom = "" },
		`ITHILDIN_MAIL_FROM is "nobody": want an address`: func(f *MailFlags) { f.MailFrom = "nobody" },
		`ITHILDIN_MAIL_REPLY_TO is "x": want an address`:  func(f *MailFlags) { f.MailReplyTo = "x" },
		"ITHILDIN_MAIL_USER and ITHILDIN_MAIL_PASSWORD":   func(f *MailFlags) { f.MailUser = "ithildin" },
		`ITHILDIN_MAIL_TLS is "off": want none`:           func(f *MailFlags) { f.MailTLS = "off" },
		"ITHILDIN_MAIL_TLS is none although ITHILDIN_MAIL_URL": func(f *MailFlags) {
			f.MailTLS, f.MailURL = "none", "smtps://m.example"
		},
		"ITHILDIN_MAIL_CA_FILE cannot be read":            func(f *MailFlags) { f.MailCAFile = "absent.pem" },
		`ITHILDIN_MAILS_PER_MINUTE is "0": want a number`: func(f *MailFlags) { f.MailsPerMinute = "0" },
		"ITHILDIN_SERVICE_NAME has more than one line":    func(f *MailFlags) { f.ServiceName = "a\nb" },
	} {
		f := right
		change(&f)
		_, err := loadMail(t, f)
		require.ErrorContains(t, err, want)
	}
	t.Setenv("ITHILDIN_MAIL_PASSWORD", "secret")
	f := right
	f.MailUser, f.MailTLS = "ithildin", "none"
	_, err = loadMail(t, f)
	require.ErrorContains(t, err, "would send the password of ITHILDIN_MAIL_USER in clear")
	f.MailURL = "smtp://localhost:25"
	m, err = loadMail(t, f)
	require.NoError(t, err)
	require.Equal(t, mail.Unencrypted, m.Server.Encryption)
	t.Setenv("ITHILDIN_MAIL_PASSWORD", "")
	_, err = loadMail(t, right)
	require.ErrorContains(t, err, "ITHILDIN_MAIL_PASSWORD is there and empty")
}
