package main_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq" // to change a role's password
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestAdminTokensTheLogLevelAndTheDatabasePasswordAreReadAgainBySIGHUP(t *testing.T) {
	engines := storagetest.Engines()
	databaseURL := engines[len(engines)-1].Create(t)
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	require.Equal(t, "postgres", u.Scheme, "the last engine is PostgreSQL")
	database, err := sql.Open("postgres", databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	exec := func(query string) {
		_, err := database.ExecContext(context.Background(), query)
		require.NoError(t, err)
	}
	role := "ithildin_reload_" + strings.ToLower(rand.Text())
	exec(`CREATE ROLE ` + role + ` SUPERUSER LOGIN PASSWORD 'first'`)
	t.Cleanup(func() { exec(`DROP ROLE ` + role) })

	directory := t.TempDir()
	path := func(name string) string { return filepath.Join(directory, name) }
	write := func(name, value string) { require.NoError(t, os.WriteFile(path(name), []byte(value), 0o600)) }
	u.User = url.UserPassword(role, "first")
	write("database", u.String())
	atHome := u.Host
	u.Host = freeAddress(t) // no replica is there
	write("replica", u.String())
	u.Host = atHome
	write("tokens", "first:the-first-token-of-all")
	write("level", "info")
	p := start(t, directory, []string{
		"ITHILDIN_ISSUER=http://reload.example", "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_DATABASE_URL_FILE=" + path("database"), "ITHILDIN_ADMIN_TOKEN_FILE=" + path("tokens"),
		"ITHILDIN_LOG_LEVEL_FILE=" + path("level"), "ITHILDIN_REPLICA_URL_FILE=" + path("replica"),
		"ITHILDIN_REPLICA_STALENESS=1s",
	}, "serve")
	ask := func(token string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.admin+"/admin/roles", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		return response.StatusCode
	}
	require.Equal(t, http.StatusOK, ask("the-first-token-of-all"))

	p.awaitLog(t, "looking at the replica failed")
	write("tokens", " ")
	require.NoError(t, p.command.Process.Signal(syscall.SIGHUP))
	p.awaitLog(t, "the previous value stays in use")
	require.Equal(t, http.StatusOK, ask("the-first-token-of-all"))

	exec(`ALTER ROLE ` + role + ` PASSWORD 'second'`)
	u.User = url.UserPassword(role, "second")
	write("database", u.String())
	write("replica", u.String())
	write("tokens", "second:another-token-by-now")
	write("level", "warn")
	require.NoError(t, p.command.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, func() bool { return ask("another-token-by-now") == http.StatusOK }, patience,
		20*time.Millisecond)
	require.Equal(t, http.StatusUnauthorized, ask("the-first-token-of-all"))
	exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + role + `'`)
	require.Equal(t, http.StatusOK, ask("another-token-by-now"), "connections are made with the new password")
	require.NotContains(t, p.output.String(), `"msg":"reloaded"`, "the log level is warn by then")
	require.NotContains(t, p.output.String(), "second@")
	require.Eventually(t, func() bool {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.admin+"/metrics", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer another-token-by-now")
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return strings.Contains(string(body), "\nithildin_replica_staleness_seconds 0.")
	}, patience, 20*time.Millisecond, "the replica is where the new URL says")
}

// awaitLog waits until the process has written a text.
func (p *process) awaitLog(t *testing.T, value string) {
	require.Eventually(t, func() bool { return strings.Contains(p.output.String(), value) }, patience,
		20*time.Millisecond)
}
