package main

import (
	"fmt"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
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
	return `It opens no database and no listener.

Example:

    ithildin config check`
}

// Run reports every problem at once, with exit code 2.
func (c *configCheckCommand) Run(terminal console.Terminal) error {
	config.WarnOfUnknownSettings(terminal.Err)
	if _, err := c.Load(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(terminal.Out, "the configuration is right")
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
