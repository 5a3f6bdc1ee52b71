//go:build chaos

package main_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// balancers are programs in front of several servers, with the arguments that come before their configuration.
var balancers = []struct {
	name          string
	program       requirement.Requirement
	configuration string
	arguments     []string
}{
	{"nginx", requirement.Nginx, "balancer-nginx.conf", []string{"-p", ".", "-c"}},
	{"HAProxy", requirement.HAProxy, "balancer-haproxy.cfg", []string{"-db", "-f"}},
}

const (
	replicas    = 3
	rollWorkers = 6
)

// rolled is a set of replicas on one database behind a balancer.
type rolled struct {
	t           *testing.T
	environment []string
	public      [replicas]string
	admin       [replicas]string
	processes   [replicas]*process
	balancer    string
}

func newRolled(t *testing.T, delay string) *rolled {
	databaseURL := storagetest.PostgreSQL().Create(t)
	fillForCrash(t, storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now }))
	r := &rolled{t: t, balancer: freeAddress(t), environment: []string{
		"ITHILDIN_DATABASE_URL=" + databaseURL, "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=http://rolling.example", "ITHILDIN_SHUTDOWN_DELAY=" + delay, "ITHILDIN_DATABASE_CONNECTIONS=4",
	}}
	for i := range replicas {
		r.public[i], r.admin[i] = freeAddress(t), freeAddress(t)
		r.start(i)
	}
	return r
}

func (r *rolled) start(i int) {
	r.processes[i] = startAt(r.t, r.public[i], r.admin[i], r.t.TempDir(), r.environment, "serve")
}

// guide is nginx's configuration for several servers in the guide, with the addresses of these.
func (r *rolled) guide() string {
	content, err := os.ReadFile("../../docs/operations.md")
	require.NoError(r.t, err)
	_, rest, found := strings.Cut(string(content), "```nginx\nupstream")
	require.True(r.t, found)
	block, _, _ := strings.Cut("upstream"+rest, "```")
	values := []string{"127.0.0.1:8000", r.balancer}
	for i, address := range r.public {
		values = append(values, fmt.Sprintf("10.0.0.%d:8080", i+1), address)
	}
	return strings.NewReplacer(values...).Replace(block)
}

// balance starts a balancer and waits until it listens.
func (r *rolled) balance(required requirement.Requirement, configuration string, arguments []string) {
	program := required.Get(r.t)
	directory := r.t.TempDir()
	content, err := os.ReadFile(filepath.Join("testdata", configuration))
	require.NoError(r.t, err)
	values := []string{"DIRECTORY", directory, "BALANCER", r.balancer, "GUIDE", r.guide()}
	for i := range replicas {
		_, port, err := net.SplitHostPort(r.admin[i])
		require.NoError(r.t, err)
		values = append(values, fmt.Sprint("PUBLIC", i+1), r.public[i], fmt.Sprint("ADMIN", i+1), port)
	}
	file := filepath.Join(directory, configuration)
	require.NoError(r.t, os.WriteFile(file, []byte(strings.NewReplacer(values...).Replace(string(content))), 0o600))
	runProxy(r.t, r.balancer, directory, program, append(arguments, file)...)
}

// restart ends one replica as an orchestrator does, and starts it again at its address.
func (r *rolled) restart(i int) {
	p := r.processes[i]
	require.NoError(r.t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(r.t, p.command.Wait(), p.output.String())
	r.start(i)
	time.Sleep(500 * time.Millisecond) // an orchestrator gives a balancer the time to see it
}

// introspect asks about a token that nobody knows, and says in its error what came in place of an answer.
func introspect(address string) error {
	form := strings.NewReader(url.Values{"token": {"a"}}.Encode())
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address+oauth.PathIntrospect, form)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(storage.PresetStandard, crashSecret+storage.PresetStandard)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", response.Status, body)
	}
	return err
}

// rollingRestart restarts every replica so many times under load and requires that nobody notices.
func (r *rolled) rollingRestart(rounds int) {
	var stopped atomic.Bool
	var served atomic.Int64
	var mu sync.Mutex
	failures := map[string]int{}
	var workers sync.WaitGroup
	for range rollWorkers {
		workers.Go(func() {
			for !stopped.Load() {
				err := introspect("http://" + r.balancer)
				if err == nil {
					served.Add(1)
					continue
				}
				mu.Lock()
				failures[time.Now().Format("05.000 ")+err.Error()]++
				mu.Unlock()
			}
		})
	}
	for range rounds {
		for i := range replicas {
			r.restart(i)
		}
	}
	stopped.Store(true)
	workers.Wait()
	r.t.Logf("%d requests were served in %d rolling restarts", served.Load(), rounds)
	require.Empty(r.t, failures)
	require.Greater(r.t, served.Load(), int64(100*rounds))
}

func rollBehindEveryBalancer(t *testing.T, rounds int, delay string) {
	for _, b := range balancers {
		t.Run(b.name, func(t *testing.T) {
			r := newRolled(t, delay)
			r.balance(b.program, b.configuration, b.arguments)
			r.rollingRestart(rounds)
		})
	}
}

func TestChaosNoRequestFailsWhenServersAreRestartedOneByOneNineTimes(t *testing.T) {
	rollBehindEveryBalancer(t, 9, "5s")
}
