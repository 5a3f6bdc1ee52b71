package main

import (
	"context"
	"errors"
	"fmt"
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
	return `It sends at once, without the queue, by the settings that serve would use.

Example:

    ithildin mail test doctor@example.org`
}

// Run sends the mail.
func (c *mailTestCommand) Run(ctx context.Context, terminal console.Terminal) error {
	s, err := config.LoadMail(c.MailFlags, c.Issuer)
	if err != nil {
		return err
	}
	message, err := s.Letters.Write(mail.Mail{
		Purpose: mail.Test, To: c.Address, Language: c.Language, ExpiresAt: time.Now().Add(time.Hour),
	}, s.ServiceName, time.Now())
	if err != nil {
		return &console.UsageError{Cause: fmt.Errorf("ADDRESS: %w", err)}
	}
	switch err := s.Server.Send(ctx, message); {
	case errors.Is(err, mail.ErrUnreachable):
		return console.WithHint("ITHILDIN_MAIL_URL, ITHILDIN_MAIL_USER and ITHILDIN_MAIL_PASSWORD_FILE say how the mail "+
			"server is reached", err)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(terminal.Out, "the mail server has taken the mail for %s\n", c.Address)
	return err
}
