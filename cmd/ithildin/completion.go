package main

import (
	"fmt"
	"os"

	"ithildin/cmd/ithildin/internal/console"
)

type completionCommand struct {
	Shell   string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
	Program string `placeholder:"PATH" help:"Where the program is; default: where it is now."`
}

// Help shows how the verb is used.
func (completionCommand) Help() string {
	return `The packages for Debian and Red Hat install it for bash and fish.

Example:

    source <(ithildin completion bash)`
}

// The lines by which a shell asks the program itself, through the variable COMP_LINE, how a command line may go on.
var completionLines = map[string]string{
	"bash": "complete -C '%s' ithildin\n",
	"zsh":  "autoload -U +X bashcompinit && bashcompinit\ncomplete -C '%s' ithildin\n",
	"fish": `function __complete_ithildin
    set -lx COMP_LINE (commandline -cp)
    test -z (commandline -ct)
    and set COMP_LINE "$COMP_LINE "
    '%s'
end
complete -f -c ithildin -a "(__complete_ithildin)"
`,
}

// Run prints what the shell's start file takes.
func (c *completionCommand) Run(terminal console.Terminal) error {
	program := c.Program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return fmt.Errorf("where this program is: %w", err)
		}
	}
	_, err := fmt.Fprintf(terminal.Out, completionLines[c.Shell], program)
	return err
}
