package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/console"
)

func TestEveryVerbShowsAnExampleOfItself(t *testing.T) {
	parser := commandLine()
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
	parser := commandLine()
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

func TestExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct {
		arguments []string
		want      int
	}{
		"done":                       {[]string{"version"}, console.ExitOK},
		"help":                       {[]string{"serve", "--help"}, console.ExitOK},
		"no database":                {[]string{"user", "list"}, console.ExitFailure},
		"nobody answers":             {[]string{"healthcheck", "--admin-listen", "127.0.0.1:1"}, console.ExitFailure},
		"no verb":                    {nil, console.ExitUsage},
		"no such flag":               {[]string{"serve", "--nothing"}, console.ExitUsage},
		"a configuration with holes": {[]string{"serve"}, console.ExitUsage},
		"a wrong value":              {[]string{"user", "create", "no address"}, console.ExitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			code := run(t.Context(), c.arguments, console.Terminal{In: strings.NewReader(""), Out: &out, Err: &problems})
			require.Equal(t, c.want, code, problems.String())
			if c.want == console.ExitOK {
				require.Empty(t, problems.String())
			} else {
				require.Empty(t, out.String(), "usage is not printed over an error")
				require.True(t, strings.HasPrefix(problems.String(), "ithildin: "), problems.String())
			}
		})
	}
}
