package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/console"
)

// Whoever tries a client or a conformance suite must see each claim that a scope opens.
func TestTheDemoUserHasEveryStandardClaim(t *testing.T) {
	startDevelopmentServer(t)
	var out, problems bytes.Buffer
	code := run(t.Context(), []string{
		"user", "show", "doctor@example.com", "--format", "json", "--database-url", "sqlite:ithildin-dev.db",
	}, console.Terminal{Out: &out, Err: &problems})
	require.Equal(t, console.ExitOK, code, problems.String())
	var shown struct{ Profile json.RawMessage }
	require.NoError(t, json.Unmarshal(out.Bytes(), &shown))
	requireEveryClaim(t, shown.Profile)
}
