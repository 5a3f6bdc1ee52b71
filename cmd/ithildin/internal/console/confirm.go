package console

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// ConfirmFlag is for a verb that destroys what cannot be brought back.
type ConfirmFlag struct {
	Yes bool `help:"Do not ask for confirmation; without a terminal nothing is asked."`
}

// Confirm asks the question on a terminal and returns an error unless the answer is yes. Without a terminal, as in a
// script, the command line is the answer.
func (f ConfirmFlag) Confirm(terminal Terminal, format string, values ...any) error {
	file, isFile := terminal.In.(*os.File)
	if f.Yes || !isFile || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	fmt.Fprintf(terminal.Err, format+" [y/N] ", values...)
	response, err := bufio.NewReader(file).ReadString('\n')
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(response)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was changed")
}
