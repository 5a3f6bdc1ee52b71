package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/identity"
	"ithildin/storage"
)

type setupCommand struct {
	Administrator string `placeholder:"EMAIL" help:"Email address of the first administrator."`
	Role          string `default:"ADMINISTRATOR" placeholder:"NAME" help:"@setup_role"`
	ConfigFile    string `default:"ithildin.env" placeholder:"PATH" help:"@setup_config_file"`
	Overwrite     bool   `help:"Replace the configuration file if it is there."`
	TestPhone     string `placeholder:"NUMBER" help:"@setup_test_phone"`
	passwordLinkFlag
	config.Flags
}

// Help shows how the verb is used.
func (setupCommand) Help() string {
	return `It prepares a new installation: it brings the database up to date, makes the first administrator, checks the
database, the clock, mail and SMS, writes the settings that it was given to a file, and prints what is left to do. On
a terminal it asks for what is missing; otherwise flags and variables must say all of it.

The administrator gets no password but a link, which is printed this once. It opens a page on which they choose their
password, works once, and is the only way in. Where it has expired, run setup again.

Example:

    ithildin setup --issuer https://id.example.org --administrator admin@example.org \
        --database-url postgres://ithildin@db.example.org/ithildin --config-file /etc/ithildin/ithildin.env`
}

// Run sets up what is missing, and makes nothing where the settings are wrong or the database is not reached.
func (c *setupCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if c.Dev {
		return &console.UsageError{Cause: errors.New("a development server needs no setup: ithildin serve --dev")}
	}
	if err := c.ask(terminal); err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return err
	}
	if c.DatabaseURL == "" && c.DatabaseURLFile == "" {
		c.DatabaseURL = config.DefaultDatabaseURL // so that it is in the file
	}
	secretFile, madeSecret, err := c.ProvideMasterSecret(c.ConfigFile)
	if err != nil {
		problem := &console.UsageError{Cause: fmt.Errorf("the file of the master secret: %w", err)}
		if errors.Is(err, fs.ErrNotExist) {
			problem.Hint = "make the folder of --config-file first, for this user alone"
		}
		return problem
	}
	settings, err := c.Load()
	if err != nil {
		if madeSecret {
			err = errors.Join(err, os.Remove(secretFile))
		}
		return err
	}
	s := setup{Terminal: terminal, command: c, settings: settings, secretFile: secretFile, madeSecret: madeSecret}
	return s.run(ctx)
}

// ask asks a person for what no flag and no variable says.
func (c *setupCommand) ask(terminal console.Terminal) error {
	questions := []struct {
		answer    *string
		question  string
		isMissing bool
	}{
		{&c.Issuer, "URL by which people and applications reach the provider, such as https://id.example.org:",
			c.Issuer == ""},
		{&c.Administrator, "Email address of the first administrator:", c.Administrator == ""},
		{&c.DatabaseURL, "Database, postgres://… or sqlite:PATH [sqlite:ithildin.db]:",
			c.DatabaseURL == "" && c.DatabaseURLFile == ""},
		{&c.MailURL, "Mail server, smtps://HOST or smtp://HOST [none]:", c.MailURL == ""},
	}
	if !terminal.IsInteractive() {
		if c.Issuer == "" || c.Administrator == "" {
			return &console.UsageError{
				Cause: errors.New("without a terminal to ask at, --issuer and --administrator are required"),
				Hint:  "ithildin setup --help",
			}
		}
		return nil
	}
	var err error
	for _, q := range questions {
		if !q.isMissing {
			continue
		}
		if *q.answer, err = terminal.Ask(q.question); err != nil {
			return err
		}
	}
	if c.MailURL != "" && c.MailFrom == "" {
		c.MailFrom, err = terminal.Ask("Sender of mails, such as mail@example.org:")
	}
	return err
}

func (c *setupCommand) validate() error {
	if err := checkEmail(c.Administrator); err != nil {
		return err
	}
	if err := checkText("--role", c.Role); err != nil {
		return err
	}
	if err := c.passwordLinkFlag.validate(); err != nil {
		return err
	}
	if c.TestPhone != "" {
		number, isNumber := identity.NormalizePhone(c.TestPhone)
		if !isNumber {
			return &console.UsageError{Cause: fmt.Errorf("--test-phone is %q: want a number such as +380501234567",
				c.TestPhone)}
		}
		c.TestPhone = number
	}
	if _, err := os.Stat(c.ConfigFile); !c.Overwrite && !errors.Is(err, fs.ErrNotExist) {
		return &console.UsageError{Cause: fmt.Errorf("the configuration file %s is there already", c.ConfigFile),
			Hint: "--overwrite replaces it, --config-file names another one"}
	}
	return nil
}

// setup is a setup whose settings were found right.
type setup struct {
	console.Terminal
	command    *setupCommand
	settings   *config.Settings
	secretFile string // "": the master secret is configured
	madeSecret bool
	left       []string // what is left to do
}

func (s *setup) run(ctx context.Context) error {
	store, err := s.openDatabase(ctx)
	if err != nil {
		if s.madeSecret {
			err = errors.Join(err, os.Remove(s.secretFile))
		}
		return err
	}
	defer store.Close()
	if err := refuseSecondAdministrator(ctx, store, s.command.Administrator); err != nil {
		return err
	}
	s.checkClock(store)
	s.checkMail(ctx)
	s.checkSMS(ctx)
	if err := s.command.WriteEnvironmentFile(s.command.ConfigFile, s.command.Overwrite); err != nil {
		return fmt.Errorf("the configuration file: %w", err)
	}
	if s.madeSecret {
		s.say("master secret: made, in %s", s.secretFile)
	}
	s.say("configuration: written to %s", s.command.ConfigFile)
	link, expires, err := s.createAdministrator(ctx, store)
	if err != nil {
		return err
	}
	s.say("\nLink by which %s chooses a password, once, until %s:\n\n    %s\n", s.command.Administrator,
		expires.UTC().Format(time.RFC3339), link)
	return s.sayWhatIsLeft()
}

// say prints a line of the report.
func (s *setup) say(format string, values ...any) {
	_, _ = fmt.Fprintf(s.Out, format+"\n", values...) // a terminal that is gone needs no report
}

// sayWhatIsLeft prints what is left to do, beginning with what a check has found.
func (s *setup) sayWhatIsLeft() error {
	path, err := filepath.Abs(s.command.ConfigFile)
	if err != nil {
		return err
	}
	s.left = append(s.left,
		"Start the server: set -a; . "+path+"; set +a; ithildin serve (systemd: EnvironmentFile="+path+").",
		"Open the link, choose a password, and add a second factor on the account page: administration needs one.",
	)
	if s.secretFile != "" {
		s.left = append(s.left, "Keep a copy of "+s.secretFile+" apart from the database: without it the database is lost.")
	}
	for _, name := range config.SecretsOfEnvironment() {
		s.left = append(s.left, name+" is in this environment and not in the file: keep it in a file of its own, and name "+
			"that in "+name+"_FILE.")
	}
	if s.settings.Certificate == nil {
		s.left = append(s.left, "Let a proxy end TLS for "+s.settings.Issuer.String()+" and pass requests on to "+
			s.settings.Listen+", or name a certificate in ITHILDIN_TLS_CERTIFICATE_FILE.")
	}
	if len(s.settings.AdminTokens) == 0 {
		s.left = append(s.left, "Put tokens for the admin listener into a file, and name it in ITHILDIN_ADMIN_TOKEN_FILE: "+
			"without one, whoever has an account on this machine administers.")
	}
	if s.settings.Console == nil {
		s.left = append(s.left, "For pages for operators, set ITHILDIN_CONSOLE=on and ITHILDIN_CONSOLE_URL.")
	}
	s.say("Left to do:")
	for i, line := range s.left {
		s.say("  %d. %s", i+1, line)
	}
	return nil
}

// hasPassword says whether a user could sign in already.
func hasPassword(user *storage.User) bool { return strings.TrimSpace(user.Password) != "" }
