package storagetest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// StartNginx runs nginx for the time of the test, with its defaults and the server blocks that a configuration is made
// of, and returns its URL. listen is the address that one of the blocks must listen at.
func StartNginx(t testing.TB, servers func(listen string) string) string {
	t.Helper()
	program := requirement.Nginx.Get(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	prefix := t.TempDir()
	var paths strings.Builder
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths.WriteString(name + "_temp_path " + filepath.Join(prefix, name) + ";\n")
	}
	configuration := "daemon off;\nmaster_process off;\npid " + filepath.Join(prefix, "pid") +
		";\nerror_log stderr warn;\nevents {}\nhttp {\naccess_log off;\n" + paths.String() + servers(address) + "}\n"
	file := filepath.Join(prefix, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(configuration), 0o600))
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, "-p", prefix, "-c", file)
	var log strings.Builder
	command.Stdout, command.Stderr = &log, &log
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		cancel()
		_ = command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	dialer := net.Dialer{Timeout: 100 * time.Millisecond}
	require.Eventually(t, func() bool {
		connection, err := dialer.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond, "nginx does not listen")
	return "http://" + address
}
