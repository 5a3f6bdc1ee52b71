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
