package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheRulesOfTheGatewayAreReadAgainBySIGHUP(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.json")
	write := func(value string) { require.NoError(t, os.WriteFile(rules, []byte(value), 0o600)) }
	write(`{"rules": [{"path": "/first", "public": true}]}`)
	p := start(t, t.TempDir(), []string{"ITHILDIN_GATEWAY_RULES=" + rules}, "serve", "--dev")
	ask := func(path string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.admin+"/gateway/authorize", nil)
		require.NoError(t, err)
		r.Header.Set("X-Original-Method", "GET")
		r.Header.Set("X-Original-URI", path)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		return response.StatusCode
	}
	require.Equal(t, http.StatusOK, ask("/first"))
	require.Equal(t, http.StatusUnauthorized, ask("/second"))
	write(`{"rules": [{"path": "/second", "public": tru`)
	require.NoError(t, p.command.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return strings.Contains(p.output.String(), "the previous value stays in use") },
		patience, 20*time.Millisecond)
	require.Equal(t, http.StatusOK, ask("/first"))
	write(`{"rules": [{"path": "/second", "public": true}]}`)
	require.NoError(t, p.command.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return ask("/second") == http.StatusOK }, patience, 20*time.Millisecond)
	require.Equal(t, http.StatusUnauthorized, ask("/first"))
}
