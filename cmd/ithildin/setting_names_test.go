package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
)

func TestEverySettingIsPrinted(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, ignored bytes.Buffer
	require.Equal(t, console.ExitOK,
		run(t.Context(), []string{"config", "print", "--dev"},
			console.Terminal{In: os.Stdin, Out: &out, Err: &ignored}), ignored.String())
	names := config.SettingNames()
	require.Greater(t, len(names), 50)
	for _, name := range names {
		require.Regexp(t, `(?m)^`+name+`( |$)`, out.String())
	}
}
