//go:build chaos

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
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

const (
	patroniNodes    = 3
	clusterPassword = "of-a-cluster-that-ends-with-its-test"
)

// patroniNode is a machine of a cluster: an agent and the PostgreSQL that it runs.
type patroniNode struct {
	name     string
	database string // address
	agent    string // address
	folder   string
	command  *exec.Cmd
}

// patroniCluster is PostgreSQL under Patroni and etcd, with the configuration of docs/high-availability.md.
type patroniCluster struct {
	t      *testing.T
	folder string
	etcd   string // address
	nodes  []*patroniNode
	owner  *syscall.Credential // who runs PostgreSQL, which root may not
}

func newPatroniCluster(t *testing.T) *patroniCluster {
	folder, err := os.MkdirTemp("", "ithildin-patroni-")
	require.NoError(t, err)
	c := &patroniCluster{t: t, folder: folder, etcd: freeAddress(t)}
	if os.Getuid() == 0 {
		c.owner = ownerOfDatabases(t)
		require.NoError(t, os.Chown(folder, int(c.owner.Uid), int(c.owner.Gid)))
	}
	t.Cleanup(c.end)
	peers := "http://" + freeAddress(t)
	c.run(exec.Command(requirement.Etcd.Get(t), "--name", "etcd1", "--data-dir", filepath.Join(folder, "etcd"),
		"--listen-client-urls", "http://"+c.etcd, "--advertise-client-urls", "http://"+c.etcd,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "etcd1="+peers,
	), "etcd")
	for i := range patroniNodes {
		n := &patroniNode{name: fmt.Sprint("db", i+1), database: freeAddress(t), agent: freeAddress(t)}
		n.folder = filepath.Join(folder, n.name)
		c.nodes = append(c.nodes, n)
	}
	for _, n := range c.nodes {
		c.start(n)
	}
	c.await("a leader with a synchronous standby", func(members []member) bool { return complete(members) })
	return c
}

// ownerOfDatabases is the user of the distribution's PostgreSQL.
func ownerOfDatabases(t *testing.T) *syscall.Credential {
	t.Helper()
	owner, err := user.Lookup("postgres")
	require.NoError(t, err)
	uid, err := strconv.ParseUint(owner.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(owner.Gid, 10, 32)
	require.NoError(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// run starts a program of the cluster, whose output is a file of its folder.
func (c *patroniCluster) run(command *exec.Cmd, name string) {
	log, err := os.OpenFile(filepath.Join(c.folder, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(c.t, err)
	defer log.Close()
	home := filepath.Join(c.folder, name+".home") // Patroni keeps passwords there
	require.NoError(c.t, os.MkdirAll(home, 0o700))
	if c.owner != nil {
		require.NoError(c.t, os.Chown(home, int(c.owner.Uid), int(c.owner.Gid)))
	}
	command.Env = append(os.Environ(), "HOME="+home)
	command.Dir, command.Stdout, command.Stderr = c.folder, log, log
	command.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	require.NoError(c.t, command.Start())
	c.t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
}

// guide is a block of the page about high availability, found by its first line, with other values.
func guide(t *testing.T, language, first string, values ...string) string {
	content, err := os.ReadFile("../../docs/high-availability.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(content), "```"+language+"\n"+first)
	require.True(t, found, "%s", first)
	block, _, _ := strings.Cut(first+rest, "```")
	for i := 0; i < len(values); i += 2 {
		require.Contains(t, block, values[i])
	}
	return strings.NewReplacer(values...).Replace(block)
}

func (c *patroniCluster) start(n *patroniNode) {
	file := filepath.Join(c.folder, n.name+".yaml")
	configuration := guide(c.t, "yaml", "scope: ithildin",
		"name: db1", "name: "+n.name,
		"10.0.1.1:8008", n.agent, "10.0.1.1:5432", n.database, "10.0.2.1:2379", c.etcd,
		"10.0.1.0/24", "127.0.0.0/8", "10.0.0.0/16", "127.0.0.0/8",
		"/var/lib/postgresql/15/ithildin", n.folder, "/usr/lib/postgresql/15/bin", postgresPrograms(c.t),
		"the-password-of-the-superuser", clusterPassword, "the-password-of-replication", clusterPassword,
		"      parameters:\n", "      parameters:\n        unix_socket_directories: "+c.folder+"\n",
	)
	require.NoError(c.t, os.WriteFile(file, []byte(configuration), 0o644))
	n.command = exec.Command(requirement.Patroni.Get(c.t), file)
	c.run(n.command, n.name)
}

// postgresPrograms is the folder of PostgreSQL's programs, which distributions keep out of PATH.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	require.NoError(t, err)
	if len(found) == 0 {
		found = []string{requirement.Program(t, "initdb")}
	}
	return filepath.Dir(found[len(found)-1])
}

// killMachine ends an agent and its PostgreSQL at once, as a power cut does.
func (c *patroniCluster) killMachine(n *patroniNode) {
	require.NoError(c.t, n.command.Process.Kill())
	c.killDatabase(n)
	_ = n.command.Wait()
}

// killDatabase ends PostgreSQL by SIGKILL; its backends end by themselves when they notice.
func (c *patroniCluster) killDatabase(n *patroniNode) {
	pid := n.postmaster()
	require.NotZero(c.t, pid)
	require.NoError(c.t, syscall.Kill(pid, syscall.SIGKILL))
}

// postmaster is the process of PostgreSQL, 0 where none is known.
func (n *patroniNode) postmaster() int {
	content, err := os.ReadFile(filepath.Join(n.folder, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, _ := strconv.Atoi(first)
	return pid
}

func (c *patroniCluster) end() {
	for _, n := range c.nodes {
		if n.command != nil {
			_ = n.command.Process.Kill()
		}
		if pid := n.postmaster(); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		}
	}
	if c.t.Failed() {
		for _, name := range []string{"etcd", "db1", "db2", "db3"} {
			content, _ := os.ReadFile(filepath.Join(c.folder, name+".log"))
			c.t.Logf("%s: %s", name, content[max(0, len(content)-3000):])
		}
	}
	for range 50 {
		if os.RemoveAll(c.folder) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond) // a process writes while it ends
	}
}

// member is a node as Patroni reports it.
type member struct {
	Name, Role, State string
}

// complete says whether every node works, and one of them is a standby that has every commit.
func complete(members []member) bool {
	running, leaders, synchronous := 0, 0, 0
	for _, m := range members {
		if m.State == "running" || m.State == "streaming" {
			running++
		}
		if m.Role == "leader" {
			leaders++
		}
		if m.Role == "sync_standby" {
			synchronous++
		}
	}
	return running == patroniNodes && leaders == 1 && synchronous > 0
}

// members asks every agent until one answers.
func (c *patroniCluster) members() []member {
	for _, n := range c.nodes {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.agent+"/cluster", nil)
		require.NoError(c.t, err)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			cancel()
			continue
		}
		var cluster struct{ Members []member }
		err = json.NewDecoder(response.Body).Decode(&cluster)
		response.Body.Close()
		cancel()
		if err == nil && len(cluster.Members) > 0 {
			return cluster.Members
		}
	}
	return nil
}

func (c *patroniCluster) await(what string, met func([]member) bool) {
	c.t.Helper()
	var last []member
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if last = c.members(); met(last) {
			return
		}
		time.Sleep(200 * time.Millisecond) // polling other processes
	}
	require.FailNow(c.t, "the cluster has not reached: "+what, "%v", last)
}

// leader is the node that takes writes.
func (c *patroniCluster) leader() *patroniNode {
	name := ""
	c.await("a leader", func(members []member) bool {
		for _, m := range members {
			if m.Role == "leader" {
				name = m.Name
			}
		}
		return name != ""
	})
	for _, n := range c.nodes {
		if n.name == name {
			return n
		}
	}
	c.t.Fatalf("no node is called %s", name)
	return nil
}

// switchOver asks the leader to let a standby take its place.
func (c *patroniCluster) switchOver(n *patroniNode) {
	body, err := json.Marshal(map[string]string{"leader": n.name})
	require.NoError(c.t, err)
	response, err := http.Post("http://"+n.agent+"/switchover", "application/json", bytes.NewReader(body))
	require.NoError(c.t, err)
	defer response.Body.Close()
	require.Equal(c.t, http.StatusOK, response.StatusCode)
}

// multiHost is the URL that names every node.
func (c *patroniCluster) multiHost() string {
	var addresses []string
	for _, n := range c.nodes {
		addresses = append(addresses, n.database)
	}
	return "postgres://postgres:" + clusterPassword + "@" + strings.Join(addresses, ",") +
		"/postgres?sslmode=disable&target_session_attrs=read-write&connect_timeout=2"
}

// throughHAProxy starts HAProxy before the cluster and returns the URL that leads through it.
func (c *patroniCluster) throughHAProxy() string {
	address := freeAddress(c.t)
	values := []string{"127.0.0.1:6432", address}
	for i, n := range c.nodes {
		_, port, err := net.SplitHostPort(n.agent)
		require.NoError(c.t, err)
		values = append(values, fmt.Sprintf("10.0.1.%d:5432 check port 8008", i+1), n.database+" check port "+port)
	}
	file := filepath.Join(c.folder, "haproxy.cfg")
	require.NoError(c.t, os.WriteFile(file, []byte(guide(c.t, "haproxy", "defaults", values...)), 0o644))
	c.run(exec.Command(requirement.HAProxy.Get(c.t), "-db", "-f", file), "haproxy")
	return "postgres://postgres:" + clusterPassword + "@" + address + "/postgres?sslmode=disable&connect_timeout=2"
}
