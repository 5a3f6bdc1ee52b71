package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
)

type referenceCommand struct {
	Settings bool `help:"Print the table of settings of docs/configuration.md in place of the command line."`
}

// Help shows how the verb is used.
func (referenceCommand) Help() string {
	return `It is docs/cli.md of this release. The packages make the manual page from it.

With --settings it is the table of settings of docs/configuration.md.

Example:

    ithildin reference > cli.md`
}

// Run prints the reference.
func (c referenceCommand) Run(parsed *kong.Context, terminal console.Terminal) error {
	if c.Settings {
		return config.WriteSettings(terminal.Out)
	}
	return writeReference(terminal.Out, parsed.Model)
}

// writeReference writes every verb with its help, arguments and flags to w, as Markdown.
func writeReference(w io.Writer, model *kong.Application) error {
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n\n%s\n\n%s\n\nWritten by `ithildin reference`.\n", model.Name, model.Help,
		strings.TrimSpace(model.Detail))
	verbs := model.Leaves(true)
	for _, verb := range verbs {
		writeVerb(&text, verb, firstWithFlagsOf(verbs, verb))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// firstWithFlagsOf returns the first of the verbs that has the same flags as the given one, and many of them: several
// verbs take all settings of the server, which are listed once.
func firstWithFlagsOf(verbs []*kong.Node, verb *kong.Node) *kong.Node {
	const many = 20
	if len(verb.Flags) < many {
		return verb
	}
	return verbs[slices.IndexFunc(verbs, func(other *kong.Node) bool {
		return slices.EqualFunc(other.Flags, verb.Flags, func(a, b *kong.Flag) bool { return a.Name == b.Name })
	})]
}

// writeVerb writes one verb. Where it is not the one that lists its flags, it refers to that one.
func writeVerb(text *strings.Builder, verb, listed *kong.Node) {
	fmt.Fprintf(text, "\n## %s\n\n%s\n\n    %s %s\n", commandPath(verb), verb.Help, "ithildin", verb.Summary())
	if verb.Detail != "" {
		fmt.Fprintf(text, "\n%s\n", strings.TrimSpace(verb.Detail))
	}
	if len(verb.Positional) > 0 {
		text.WriteString("\n| argument | meaning |\n|---|---|\n")
		for _, argument := range verb.Positional {
			fmt.Fprintf(text, "| `%s` | %s |\n", cell(argument.Summary()), cell(argument.Help))
		}
	}
	if listed != verb {
		fmt.Fprintf(text, "\nThe flags are those of `%s`.\n", commandPath(listed))
		return
	}
	flags := slices.DeleteFunc(slices.Clone(verb.Flags), func(flag *kong.Flag) bool { return flag.Hidden })
	if len(flags) == 0 {
		return
	}
	text.WriteString("\n| flag | variable | meaning |\n|---|---|---|\n")
	for _, flag := range flags {
		fmt.Fprintf(text, "| `%s` | %s | %s |\n", cell(flag.Summary()), variables(flag), cell(flag.Help))
	}
}

// commandPath is the verb without its arguments.
func commandPath(node *kong.Node) string {
	if node.Parent == nil {
		return node.Name
	}
	return commandPath(node.Parent) + " " + node.Name
}

func variables(flag *kong.Flag) string {
	if len(flag.Envs) == 0 {
		return ""
	}
	return "`" + strings.Join(flag.Envs, "`, `") + "`"
}

// cell escapes what would end a cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(text, "|", `\|`)
}
