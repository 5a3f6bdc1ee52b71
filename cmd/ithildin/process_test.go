package main_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// binary builds the program once, with the race detector where the tests have it.
var binary = sync.OnceValues(func() (string, error) {
	directory, err := os.MkdirTemp("", "ithildin-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, "ithildin")
	output, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return path, nil
})

// process is a running server.
type process struct {
	t       testing.TB
	issuer  string
	admin   string
	command *exec.Cmd
	output  *output
	// timeout is how long a client waits for an answer; 0: for ever.
	timeout time.Duration
}

// output is what a process has written so far, also while it runs.
type output struct {
	mu      sync.Mutex
	content bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.content.Write(b)
}

// String is what was written.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.content.String()
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// start runs the program with arguments in a directory of its own until the test ends, and waits until it is ready.
func start(t testing.TB, directory string, environment []string, arguments ...string) *process {
	return startAt(t, freeAddress(t), freeAddress(t), directory, environment, arguments...)
}

// startAt is start with the addresses of the public and the admin listener.
func startAt(t testing.TB, public, admin, directory string, environment []string, arguments ...string) *process {
	path, err := binary()
	require.NoError(t, err)
	p := &process{t: t, issuer: "http://" + public, admin: "http://" + admin, output: &output{}}
	p.command = exec.Command(path, arguments...)
	p.command.Dir = directory
	p.command.Env = append(append(os.Environ(), "ITHILDIN_LISTEN="+public, "ITHILDIN_ADMIN_LISTEN="+admin), environment...)
	p.command.Stdout, p.command.Stderr = p.output, p.output
	require.NoError(t, p.command.Start())
	t.Cleanup(p.kill)
	p.awaitReady()
	return p
}

func (p *process) awaitReady() {
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.admin+"/readyz", nil)
		require.NoError(p.t, err)
		response, err := http.DefaultClient.Do(request)
		cancel()
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond) // polling another process; nothing is asserted by it
	}
	p.kill()
	p.t.Fatalf("the server was not ready in 30 seconds:\n%s", p.output)
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	if p.command.ProcessState == nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
	}
}

// verb runs the program once on the database of a development server.
func (p *process) verb(arguments ...string) {
	path, err := binary()
	require.NoError(p.t, err)
	command := exec.Command(path, append(arguments, "--database-url",
		"sqlite:"+filepath.Join(p.command.Dir, "ithildin-dev.db"))...)
	output, err := command.CombinedOutput()
	require.NoError(p.t, err, string(output))
}
