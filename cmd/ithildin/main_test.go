package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func TestEveryVerbShowsAnExampleOfItself(t *testing.T) {
	parser, err := kong.New(&program{}, kong.Name("ithildin"))
	require.NoError(t, err)
	verbs := parser.Model.Leaves(false)
	require.NotEmpty(t, verbs)
	for _, verb := range verbs {
		name := strings.TrimSpace(strings.Join(strings.Fields(commandPath(verb)), " "))
		require.Contains(t, verb.Detail, "Example:", name)
		require.Contains(t, verb.Detail, name)
		require.NotEmpty(t, verb.Help, name)
	}
}

func TestEveryDestructiveVerbAsksOnATerminal(t *testing.T) {
	parser, err := kong.New(&program{}, kong.Name("ithildin"))
	require.NoError(t, err)
	asked := 0
	for _, verb := range parser.Model.Leaves(false) {
		if verb.Name != "delete" && verb.Name != "prune" && verb.Name != "disable" && verb.Name != "reset" {
			continue
		}
		asked++
		yes := slices.ContainsFunc(verb.Flags, func(f *kong.Flag) bool { return f.Name == "yes" })
		require.True(t, yes, "%s has no --yes", commandPath(verb))
	}
	require.GreaterOrEqual(t, asked, 10)
}

// commandPath is the verb without its arguments.
func commandPath(node *kong.Node) string {
	if node.Parent == nil {
		return node.Name
	}
	return commandPath(node.Parent) + " " + node.Name
}

func TestExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct {
		arguments []string
		want      int
	}{
		"done":                       {[]string{"version"}, exitOK},
		"help":                       {[]string{"serve", "--help"}, exitOK},
		"no database":                {[]string{"user", "list"}, exitFailure},
		"nobody answers":             {[]string{"healthcheck", "--admin-listen", "127.0.0.1:1"}, exitFailure},
		"no verb":                    {nil, exitUsage},
		"no such flag":               {[]string{"serve", "--nothing"}, exitUsage},
		"a configuration with holes": {[]string{"serve"}, exitUsage},
		"a wrong value":              {[]string{"user", "create", "no address"}, exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			code := run(t.Context(), c.arguments, console{in: strings.NewReader(""), out: &out, err: &problems})
			require.Equal(t, c.want, code, problems.String())
			if c.want == exitOK {
				require.Empty(t, problems.String())
			} else {
				require.Empty(t, out.String(), "usage is not printed over an error")
				require.True(t, strings.HasPrefix(problems.String(), "ithildin: "), problems.String())
			}
		})
	}
}

func TestErrorsComeWithAHintWhereOneHelps(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		want string
	}{
		"plain":        {errors.New("broken"), exitFailure, "ithildin: broken\n"},
		"with a hint":  {fmt.Errorf("serve: %w", withHint("mend it", errors.New("broken"))), exitFailure, "ithildin: serve: broken\nhint: mend it\n"},
		"no database":  {fmt.Errorf("list: %w", storage.ErrUnavailable), exitFailure, "ithildin: list: storage: database unavailable\nhint: is the database running, and is ITHILDIN_DATABASE_URL right?\n"},
		"wrong usage":  {&usageError{cause: errors.New("no"), hint: "ithildin --help"}, exitUsage, "ithildin: no\nhint: ithildin --help\n"},
		"nothing less": {nil, exitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.Equal(t, c.code, report(&out, c.err))
			require.Equal(t, c.want, out.String())
		})
	}
}
