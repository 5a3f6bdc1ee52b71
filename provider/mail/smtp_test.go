package mail_test

import (
	"context"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/mail"
	"ithildin/provider/mail/mailtest"
)

// sender is one that sends to a test server.
func sender(s *mailtest.Server, encryption mail.Encryption) mail.SMTP {
	host, port := s.HostPort()
	return mail.SMTP{
		Host: host, Port: port, Encryption: encryption, RootCAs: s.Roots, HelloName: "id.example",
		From: netmail.Address{Name: "Реєстр здоров’я", Address: "mail@id.example"},
	}
}

// letter is a message to a doctor.
func letter(t testing.TB) mail.Message {
	m, err := mail.BuiltIn.Write(mail.Mail{
		Purpose: mail.PasswordReset, To: "doctor@clinic.example", Link: "https://id.example/login/reset?link=a&b=c",
		ExpiresAt: time.Now().Add(25 * time.Minute),
	}, "Реєстр здоров’я", time.Now())
	require.NoError(t, err)
	return m
}

func TestMailIsSentWithTLSAndSaysNothingOfThisMachine(t *testing.T) {
	for name, c := range map[string]struct {
		server     mailtest.Options
		encryption mail.Encryption
	}{
		"implicit TLS": {mailtest.Options{ImplicitTLS: true}, mail.ImplicitTLS},
		"STARTTLS":     {mailtest.Options{}, mail.StartTLS},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, c.server)
			smtp := sender(server, c.encryption)
			smtp.ReplyTo = &netmail.Address{Address: "help@id.example"}
			m := letter(t)
			require.NoError(t, smtp.Send(t.Context(), m))
			got := server.Await(1)[0]
			require.True(t, got.TLS || c.server.ImplicitTLS)
			require.Equal(t, "id.example", got.Hello)
			require.Equal(t, "mail@id.example", got.From)
			require.Equal(t, "doctor@clinic.example", got.To)
			require.Equal(t, "Новий пароль для «Реєстр здоров’я»", got.Subject)
			require.Equal(t, m.Text, got.Text)
			require.Equal(t, m.HTML, strings.ReplaceAll(got.HTML, "\r\n", "\n"))
			from, err := got.Header.AddressList("From")
			require.NoError(t, err)
			require.Equal(t, "Реєстр здоров’я", from[0].Name)
			require.Equal(t, "<help@id.example>", got.Header.Get("Reply-To"))
			require.Equal(t, "<"+m.ID+"@id.example>", got.Header.Get("Message-Id"))
			require.Equal(t, "auto-generated", got.Header.Get("Auto-Submitted"))
			machine, err := os.Hostname()
			require.NoError(t, err)
			for name, values := range got.Header {
				require.NotContains(t, []string{"User-Agent", "X-Mailer"}, name)
				require.NotContains(t, strings.Join(values, " "), machine, name)
			}
		})
	}
}

func TestMailIsSentAfterALogin(t *testing.T) {
	for name, c := range map[string]struct {
		server     mailtest.Options
		encryption mail.Encryption
	}{
		"implicit TLS": {mailtest.Options{Login: true, ImplicitTLS: true}, mail.ImplicitTLS},
		"STARTTLS":     {mailtest.Options{Login: true}, mail.StartTLS},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, c.server)
			smtp := sender(server, c.encryption)
			require.Error(t, smtp.Send(t.Context(), letter(t)), "without a login")
			var steps []mail.Step
			smtp.Progress = func(s mail.Step) { steps = append(steps, s) }
			smtp.User, smtp.Password = mailtest.User, "wrong"
			require.ErrorIs(t, smtp.Send(t.Context(), letter(t)), mail.ErrUnreachable)
			smtp.Password = mailtest.Password
			require.Equal(t, []mail.Step{mail.StepConnected, mail.StepEncrypted}, steps)
			steps = nil
			require.NoError(t, smtp.Send(t.Context(), letter(t)))
			require.Equal(t, []mail.Step{mail.StepConnected, mail.StepEncrypted, mail.StepSignedIn, mail.StepAccepted}, steps)
			require.Equal(t, mailtest.User, server.Await(1)[0].User)
		})
	}
}

func TestAttackMailServerWithoutTLSGetsNoMail(t *testing.T) {
	server := mailtest.New(t, mailtest.Options{NoTLS: true, Login: true})
	smtp := sender(server, mail.StartTLS)
	smtp.User, smtp.Password = mailtest.User, mailtest.Password
	require.ErrorIs(t, smtp.Send(t.Context(), letter(t)), mail.ErrUnreachable, "a server that takes STARTTLS out")
	stranger := mailtest.New(t, mailtest.Options{})
	smtp = sender(stranger, mail.StartTLS)
	smtp.RootCAs = nil
	require.ErrorIs(t, smtp.Send(t.Context(), letter(t)), mail.ErrUnreachable, "a certificate of an unknown authority")
	require.Empty(t, append(server.Received(), stranger.Received()...))

	plaintext := mailtest.New(t, mailtest.Options{NoTLS: true})
	require.NoError(t, sender(plaintext, mail.Unencrypted).Send(t.Context(), letter(t)), "an operator allows it")
}

func TestMailServerThatRefusesARecipientIsToldFromOneThatIsBusy(t *testing.T) {
	server := mailtest.New(t, mailtest.Options{})
	smtp := sender(server, mail.StartTLS)
	server.Refuse(func(string) error { return mailtest.Permanently })
	require.ErrorIs(t, smtp.Send(t.Context(), letter(t)), mail.ErrRefused)
	server.Refuse(func(string) error { return mailtest.Temporarily })
	err := smtp.Send(t.Context(), letter(t))
	require.Error(t, err)
	require.NotErrorIs(t, err, mail.ErrRefused)
	require.NotErrorIs(t, err, mail.ErrUnreachable)
	server.Refuse(nil)
	require.NoError(t, smtp.Send(t.Context(), letter(t)))
	smtp.Port = 1
	require.ErrorIs(t, smtp.Send(t.Context(), letter(t)), mail.ErrUnreachable)
}

func TestSilentMailServerHoldsNoLetterForLong(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	server := &mailtest.Server{Address: listener.Addr().String()}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	require.ErrorIs(t, sender(server, mail.StartTLS).Send(ctx, letter(t)), mail.ErrUnreachable)
	require.Less(t, time.Since(begin), 10*time.Second)
}
