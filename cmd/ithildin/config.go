package main

import (
	"errors"
	"fmt"
	"strings"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/declaration"
	"ithildin/provider/login"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Check the configuration of serve and report every problem."`
	Print configPrintCommand `cmd:"" help:"Print the settings that serve would use, without secrets."`
	Texts configTextsCommand `cmd:"" help:"Print the texts of the pages, for ITHILDIN_TEXTS_FILE."`
}

type configCheckCommand struct {
	config.Flags
}

// Help shows how the verb is used.
func (configCheckCommand) Help() string {
	return `It opens no database and no listener. A variable that looks like a setting and is none is a problem too.

Example:

    ithildin config check`
}

// Run reports every problem at once, with exit code 2.
func (c *configCheckCommand) Run(terminal console.Terminal) error {
	settings, err := c.Load()
	unknown := config.WarnOfUnknownSettings(terminal.Err)
	switch {
	case err != nil:
		return err
	case unknown > 0:
		return &console.UsageError{Cause: errors.New("a variable of the environment is no setting"),
			Hint: "ithildin serve --help describes every setting"}
	case settings.Declaration != "":
		if _, err := declaration.Read(settings.Declaration, strings.NewReader("")); err != nil {
			return &console.UsageError{Cause: fmt.Errorf("ITHILDIN_DECLARATION_FILE: %w", err),
				Hint: "ithildin apply --dry-run says what it would change"}
		}
	}
	_, err = fmt.Fprintln(terminal.Out, "the configuration is right")
	return err
}

type configPrintCommand struct {
	config.Flags
	console.FormatFlag
}

// Help shows how the verb is used.
func (configPrintCommand) Help() string {
	return `Example:

    ithildin config print --dev --format json`
}

// Run prints every setting with the default it takes.
func (c *configPrintCommand) Run(terminal console.Terminal) error {
	s, err := c.Load()
	if err != nil {
		return err
	}
	return console.PrintRows(terminal.Out, c.FormatFlag, c.Describe(s))
}

type configTextsCommand struct{}

// Help shows how the verb is used.
func (configTextsCommand) Help() string {
	return `It prints the built-in texts by language and key, in the form of the file that ITHILDIN_TEXTS_FILE names. Such
a file needs to hold only the texts that it changes.

Example:

    ithildin config texts > texts.json`
}

// Run prints every text.
func (configTextsCommand) Run(terminal console.Terminal) error {
	return console.PrintJSON(terminal.Out, login.ListTexts())
}
