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

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	program "ithildin/cmd/ithildin"
)

// tests are those of this package. They share the binary, which goes with the last one.
type tests struct{ *testing.M }

// Run implements testscript.TestingM.
func (t tests) Run() int {
	defer func() { _ = os.RemoveAll(binaryDirectory) }()
	return t.M.Run()
}

func TestMain(m *testing.M) { testscript.Main(tests{m}, map[string]func(){"ithildin": program.Main}) }

// binaryDirectory is where the binary is, once there is one.
var binaryDirectory string

// binary builds the program once, without the race detector: it watches the same code in the tests that run it in their
// own process, and what these tests measure and wait for is then what users would.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryDirectory, err = os.MkdirTemp("", "ithildin-test-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaryDirectory, "ithildin")
	output, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return path, nil
})

// patience is how long a test waits for what must come. The wait ends when it comes, so only a busy machine needs much.
const patience = 2 * time.Minute

// process is a running server.
type process struct {
	t       testing.TB
	issuer  string
	admin   string
	command *exec.Cmd
	output  outputFile
	// timeout is how long a client waits for an answer; 0: for ever.
	timeout time.Duration
}

// outputFile is the path of what a process writes. Whoever has an answer of the process reads there what it wrote
// before.
type outputFile string

// String is what was written so far.
func (f outputFile) String() string {
	content, err := os.ReadFile(string(f))
	if err != nil {
		return err.Error()
	}
	return string(content)
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
	return startProgram(t, path, public, admin, directory, environment, arguments...)
}

// startProgram is startAt with the program, such as that of another release.
func startProgram(
	t testing.TB, path, public, admin, directory string, environment []string, arguments ...string,
) *process {
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	require.NoError(t, err)
	defer output.Close()
	p := &process{t: t, issuer: "http://" + public, admin: "http://" + admin, output: outputFile(output.Name())}
	p.command = exec.Command(path, arguments...)
	p.command.Dir = directory
	p.command.Env = append(append(os.Environ(), "ITHILDIN_LISTEN="+public, "ITHILDIN_ADMIN_LISTEN="+admin), environment...)
	p.command.Stdout, p.command.Stderr = output, output
	require.NoError(t, p.command.Start())
	t.Cleanup(p.kill)
	p.awaitReady()
	return p
}

func (p *process) awaitReady() {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
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
	p.t.Fatalf("the server was not ready in %v:\n%s", patience, p.output)
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
