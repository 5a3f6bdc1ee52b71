package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/console"
)

func TestReferenceOfTheCommandLineIsWhatTheVerbsSay(t *testing.T) {
	kept, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)
	var out, problems bytes.Buffer
	require.Equal(t, console.ExitOK,
		run(t.Context(), []string{"reference"}, console.Terminal{In: os.Stdin, Out: &out, Err: &problems}), problems.String())
	require.Equal(t, string(kept), out.String(), "write what ithildin reference prints to docs/cli.md: make docs")
	for _, verb := range commandLine().Model.Leaves(false) {
		require.Contains(t, out.String(), "\n## "+commandPath(verb)+"\n")
		for _, flag := range verb.Flags {
			require.Contains(t, out.String(), "`--"+flag.Name, commandPath(verb))
		}
	}
}

func TestReferenceOfTheSettingsIsWhatTheServerReads(t *testing.T) {
	kept, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	var out, problems bytes.Buffer
	require.Equal(t, console.ExitOK, run(t.Context(), []string{"reference", "--settings"},
		console.Terminal{In: os.Stdin, Out: &out, Err: &problems}), problems.String())
	for name, byDefault := range map[string]string{
		"ITHILDIN_LISTEN": "`127.0.0.1:8080`", "ITHILDIN_ISSUER": "required", "ITHILDIN_TRUSTED_PROXIES": "none",
		"ITHILDIN_SHUTDOWN_DELAY": "`5s`; `0s` with `--dev`", "ITHILDIN_SIGN_IN_FAILURES": "`10`",
	} {
		require.Contains(t, out.String(), "\n| `"+name+"` | "+byDefault+" | ")
	}
	require.Contains(t, string(kept), "\n\n"+out.String()+"\n", "the table of settings is another: make docs")
}
