package console

import (
	"errors"
	"fmt"
	"strings"
)

// ConfirmFlag is for a verb that destroys what cannot be brought back.
type ConfirmFlag struct {
	Yes bool `help:"Do not ask for confirmation; without a terminal nothing is asked."`
}

// Confirm asks the question on a terminal and returns an error unless the answer is yes. Without a terminal, as in a
// script, the command line is the answer.
func (f ConfirmFlag) Confirm(terminal Terminal, format string, values ...any) error {
	if f.Yes || !terminal.IsInteractive() {
		return nil
	}
	answer, err := terminal.Ask(fmt.Sprintf(format, values...) + " [y/N]")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was changed")
}
