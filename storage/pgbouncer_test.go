package storage_test

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// TestStorageSuitePassesThroughPgBouncer has a PgBouncer in transaction mode, with the settings of the guide, between
// the store and PostgreSQL.
func TestStorageSuitePassesThroughPgBouncer(t *testing.T) {
	storagetest.Run(t, storagetest.Through(startPgBouncer(t)))
}

// startPgBouncer starts one for every database of the PostgreSQL of the tests, and returns its address.
func startPgBouncer(t *testing.T) (address string) {
	program := requirement.PgBouncer.Get(t)
	server, err := url.Parse(requirement.PostgreSQL.Get(t))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address = listener.Addr().String()
	require.NoError(t, listener.Close())
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	directory, err := os.MkdirTemp("", "ithildin-pgbouncer-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(directory)) })
	login := " user=" + server.User.Username()
	if password, given := server.User.Password(); given {
		login += " password=" + password
	}
	file := filepath.Join(directory, "pgbouncer.ini")
	require.NoError(t, os.WriteFile(file, []byte("[databases]\n* = host="+server.Hostname()+" port="+server.Port()+
		login+"\n"+guideOfPgBouncer(t)+
		"listen_addr = 127.0.0.1\nlisten_port = "+port+"\nunix_socket_dir =\nauth_type = any\nmax_client_conn = 2000\n"),
		0o600))
	command := exec.Command(program, file)
	if os.Getuid() == 0 { // as which it does not run
		command.SysProcAttr = &syscall.SysProcAttr{Credential: nobody(t, directory, file)}
	}
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	require.NoError(t, err)
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	require.Eventually(t, func() bool {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			connection.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond, "PgBouncer does not listen")
	return address
}

// guideOfPgBouncer is the section of its configuration that the guide has.
func guideOfPgBouncer(t *testing.T) string {
	content, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(content), "```ini\n[pgbouncer]")
	require.True(t, found)
	block, _, _ := strings.Cut("[pgbouncer]"+rest, "```")
	return block
}

// nobody owns the paths from now on.
func nobody(t *testing.T, paths ...string) *syscall.Credential {
	owner, err := user.Lookup("nobody")
	require.NoError(t, err)
	uid, err := strconv.ParseUint(owner.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(owner.Gid, 10, 32)
	require.NoError(t, err)
	for _, path := range paths {
		require.NoError(t, os.Chown(path, int(uid), int(gid)))
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
