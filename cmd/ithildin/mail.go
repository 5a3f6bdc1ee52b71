package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/mail"
)

type mailCommand struct {
	Test mailTestCommand `cmd:"" help:"Send a test mail and report what the mail server answers."`
}

type mailTestCommand struct {
	Address  string `arg:"" placeholder:"ADDRESS" help:"Who gets the mail."`
	Language string `default:"uk" enum:"uk,en" help:"Language of the mail: uk (default) or en."`
	Issuer   string `env:"ITHILDIN_ISSUER" placeholder:"URL" help:"@mail_issuer"`
	config.MailFlags
}

// Help shows how the verb is used.
func (mailTestCommand) Help() string {
	return `It sends at once, without the queue, by the settings that serve would use, and reports each step: the
connection, TLS, the login, and that the server has taken the mail. If one fails, it says which and why.

Example:

    ithildin mail test doctor@example.org`
}

// Run sends the mail.
func (c *mailTestCommand) Run(ctx context.Context, terminal console.Terminal) error {
	s, err := config.LoadMail(c.MailFlags, c.Issuer)
	if err != nil {
		return err
	}
	return sendTestMail(ctx, s, c.Address, c.Language, func(step string) {
		_, _ = fmt.Fprintln(terminal.Out, step) // a terminal that is gone needs no report
	})
}

// sendTestMail sends a test mail at once, and reports each step that succeeds.
func sendTestMail(ctx context.Context, s config.Mail, address, language string, report func(string)) error {
	message, err := s.Letters.Write(mail.Mail{
		Purpose: mail.Test, To: address, Language: language, ExpiresAt: time.Now().Add(time.Hour),
	}, s.ServiceName, time.Now())
	if err != nil {
		return &console.UsageError{Cause: fmt.Errorf("ADDRESS: %w", err)}
	}
	server := *s.Server
	failing := "connecting to " + net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	server.Progress = func(step mail.Step) {
		report(reportOfStep(step, &server, address))
		failing = stepAfter(step, &server)
	}
	err = server.Send(ctx, message)
	if err != nil {
		err = fmt.Errorf("%s failed: %w", failing, err)
	}
	if errors.Is(err, mail.ErrUnreachable) {
		return console.WithHint("ITHILDIN_MAIL_URL, ITHILDIN_MAIL_USER and ITHILDIN_MAIL_PASSWORD_FILE say how the mail "+
			"server is reached", err)
	}
	return err
}

// reportOfStep says what was reached.
func reportOfStep(step mail.Step, server *mail.SMTP, address string) string {
	switch step {
	case mail.StepConnected:
		return "connected to " + net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	case mail.StepEncrypted:
		return "the connection is encrypted, and the certificate is good"
	case mail.StepSignedIn:
		return "signed in as " + server.User
	}
	return "the mail server has taken the mail for " + address
}

// stepAfter is what a session does after a step.
func stepAfter(step mail.Step, server *mail.SMTP) string {
	switch {
	case step == mail.StepConnected && server.Encryption != mail.Unencrypted:
		return "TLS"
	case step != mail.StepSignedIn && server.User != "":
		return "signing in"
	}
	return "sending"
}
