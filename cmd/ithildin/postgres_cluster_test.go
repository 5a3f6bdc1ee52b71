package main_test

import (
	"database/sql"
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

	"ithildin/storage/storagetest/requirement"
)

// cluster is a PostgreSQL of a test's own, in a folder that its user owns.
type cluster struct {
	t         *testing.T
	programs  string
	directory string // of everything; data and archive are in it
	data      string
	owner     *syscall.Credential // PostgreSQL refuses to run as root; nil where the test does not
	url       string
}

// newClusterFolder makes the folder of clusters, with nothing in it.
func newClusterFolder(t *testing.T) *cluster {
	c := &cluster{t: t, programs: requirement.PostgreSQLPrograms.Get(t)}
	var err error
	c.directory, err = os.MkdirTemp("", "ithildin-cluster-") // not t.TempDir, whose parents are another user's
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(c.directory)) })
	if os.Geteuid() == 0 {
		other, err := user.Lookup("postgres")
		if err != nil {
			other, err = user.Lookup("nobody")
		}
		require.NoError(t, err)
		uid, err := strconv.ParseUint(other.Uid, 10, 32)
		require.NoError(t, err)
		gid, err := strconv.ParseUint(other.Gid, 10, 32)
		require.NoError(t, err)
		c.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		require.NoError(t, os.Chown(c.directory, int(uid), int(gid)))
	}
	return c
}

// newCluster is a cluster with nothing in it, before its first start.
func newCluster(t *testing.T) *cluster {
	c := newClusterFolder(t)
	c.data = filepath.Join(c.directory, "data")
	c.run("initdb", "-D", c.data, "-U", "ithildin", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	return c
}

// run runs a program of PostgreSQL, or of the shell, as the owner of the cluster.
func (c *cluster) run(program string, arguments ...string) {
	if !filepath.IsAbs(program) {
		program = filepath.Join(c.programs, program)
	}
	command := exec.Command(program, arguments...)
	command.Dir = c.directory
	command.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	log := filepath.Join(c.directory, "log")
	if output, err := command.CombinedOutput(); err != nil {
		written, _ := os.ReadFile(log)
		require.NoError(c.t, err, "%s %v: %s\n%s", program, arguments, output, written)
	}
}

// settings writes lines to a file of settings in the data directory.
func (c *cluster) settings(file, lines string) {
	path := filepath.Join(c.data, file)
	content, err := os.ReadFile(path)
	require.NoError(c.t, err)
	require.NoError(c.t, os.WriteFile(path, []byte(string(content)+"\n"+lines+"\n"), 0o600))
}

// start starts the cluster of a data directory at an address of its own, until the test ends.
func (c *cluster) start() {
	_, port, found := strings.Cut(freeAddress(c.t), ":")
	require.True(c.t, found)
	data := c.data
	c.run("pg_ctl", "-D", data, "-w", "-s", "-t", "120", "-l", filepath.Join(c.directory, "log"), "-o",
		"-p "+port+" -c listen_addresses=127.0.0.1 -c unix_socket_directories=", "start")
	c.t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(data, "postmaster.pid")); err == nil {
			c.stop(data)
		}
	})
	c.url = "postgres://ithildin@127.0.0.1:" + port + "/postgres?sslmode=disable"
}

func (c *cluster) stop(data string) {
	c.run("pg_ctl", "-D", data, "-w", "-s", "-m", "immediate", "stop")
}

// ask asks the cluster for one value.
func (c *cluster) ask(query string) (value string) {
	database, err := sql.Open("postgres", c.url)
	require.NoError(c.t, err)
	defer database.Close()
	require.NoError(c.t, database.QueryRowContext(c.t.Context(), query).Scan(&value), query)
	return value
}

// await waits until a query answers true.
func (c *cluster) await(query string) {
	require.Eventually(c.t, func() bool { return c.ask(query) == "true" }, patience, 50*time.Millisecond, query)
}
