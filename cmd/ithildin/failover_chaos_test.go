//go:build chaos

package main_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/migrations"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	failoverServers = 2
	failoverWorkers = 8
	// failoverBound is how long a failover may take: the lease of the leader (20 s), an election, and what the servers
	// need to notice.
	failoverBound = 45 * time.Second
)

// failoverLoad is clients that exchange codes and refresh while the primary fails.
type failoverLoad struct {
	t         *testing.T
	store     *storage.Store
	processes []*process
	all       []*received
	stopped   atomic.Bool
	workers   sync.WaitGroup

	mu       sync.Mutex
	served   int
	missed   int // requests without an answer, or with 503
	last     time.Time
	longest  time.Duration
	refusals []string
}

func (l *failoverLoad) begin() {
	l.last = time.Now()
	for i := range failoverWorkers {
		r := &received{client: []string{storage.PresetStandard, storage.PresetEHealth}[i%2]}
		l.all = append(l.all, r)
		l.workers.Go(func() {
			for !l.stopped.Load() {
				l.step(r, l.processes[i%len(l.processes)])
			}
		})
	}
}

// step begins a family with a code, or goes on with the newest one. A refresh that got no answer is repeated.
func (l *failoverLoad) step(r *received, p *process) {
	form := url.Values{"grant_type": {"refresh_token"}}
	fresh := len(r.refresh)%8 == 0
	code := ""
	if fresh {
		if code = l.newCode(r.client); code == "" {
			return
		}
		form = url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect}}
	} else {
		form.Set("refresh_token", r.refresh[len(r.refresh)-1])
	}
	status, response := p.token(r.client, form)
	l.count(status, response)
	switch {
	case status != http.StatusOK && fresh:
		r.unsure = append(r.unsure, code)
	case status != http.StatusOK:
	default:
		if fresh {
			r.codes, r.refresh = append(r.codes, code), nil
		}
		r.access = append(r.access, response["access_token"].(string))
		r.refresh = append(r.refresh, response["refresh_token"].(string))
	}
}

// newCode stores a code, "" where the database takes none now.
func (l *failoverLoad) newCode(client string) string {
	value := uuid.NewString() + uuid.NewString()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := l.store.CreateCode(ctx, storage.Code{
		ID: storage.Hash(value), CodeID: uuid.NewString(), GrantID: uuid.NewString(), ClientID: client, UserID: crashUser,
		RedirectURI: crashRedirect, Scope: "openid offline_access", ExpiresAt: time.Now().Add(time.Hour),
		Session: &storage.Session{UserID: crashUser, Subject: crashUser, RedirectURI: crashRedirect, RedirectURIGiven: true},
	})
	if err != nil {
		return ""
	}
	return value
}

func (l *failoverLoad) count(status int, response map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch status {
	case http.StatusOK:
		now := time.Now()
		l.longest = max(l.longest, now.Sub(l.last))
		l.last = now
		l.served++
	case 0, http.StatusServiceUnavailable:
		l.missed++
	default:
		l.refusals = append(l.refusals, response["error"].(string))
	}
}

// through lets the primary fail, waits until clients are answered again, and says how long no client was.
func (l *failoverLoad) through(what string, fail func()) {
	l.t.Helper()
	l.awaitAnswers(200)
	l.mu.Lock()
	l.longest, l.missed = 0, 0
	l.mu.Unlock()
	fail()
	l.awaitAnswers(400)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Logf("%s: no client was answered for %v; %d requests were to be repeated", what,
		l.longest.Round(time.Millisecond), l.missed)
	require.Less(l.t, l.longest, failoverBound)
	require.Empty(l.t, l.refusals)
}

// awaitAnswers waits for so many more answers; those that are under way when the primary fails are fewer.
func (l *failoverLoad) awaitAnswers(n int) {
	l.t.Helper()
	served := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.served
	}
	from := served()
	require.Eventually(l.t, func() bool { return served() >= from+n }, patience, 50*time.Millisecond)
}

// check holds the database to every answer that a client had.
func (l *failoverLoad) check() {
	l.stopped.Store(true)
	l.workers.Wait()
	codes, access, unsure := 0, 0, 0
	for i, r := range l.all {
		r.check(l.t, l.processes[i%len(l.processes)])
		codes, access, unsure = codes+len(r.codes), access+len(r.access), unsure+len(r.unsure)
	}
	_ = l.store.Close() // a connection may be to a primary that is gone
	l.t.Logf("checked: %d codes exchanged, %d answers with tokens, %d codes without an answer", codes, access, unsure)
}

// beginFailoverLoad starts servers on a database and clients that use them.
func beginFailoverLoad(t *testing.T, databaseURL, direct string) *failoverLoad {
	l := &failoverLoad{t: t}
	l.store = storagetest.Open(t, direct, func(o *storage.Options) { o.Now = time.Now })
	for range failoverServers {
		p := start(t, t.TempDir(), []string{
			"ITHILDIN_DATABASE_URL=" + databaseURL, "ITHILDIN_SECRET=" + string(storagetest.Secret()),
			"ITHILDIN_ISSUER=http://failover.example", "ITHILDIN_DATABASE_CONNECTIONS=8",
		}, "serve")
		p.timeout = 25 * time.Second
		l.processes = append(l.processes, p)
	}
	l.begin()
	return l
}

// TestChaosNothingIsLostWhenThePrimaryFails kills the primary of a Patroni cluster under load, in each way and by each
// way to the primary, and holds what comes after it to every answer that a client had.
func TestChaosNothingIsLostWhenThePrimaryFails(t *testing.T) {
	cluster := newPatroniCluster(t)
	direct := cluster.multiHost()
	store := storagetest.Open(t, direct, func(o *storage.Options) {
		o.Now, o.StatementTimeout = time.Now, storage.NoStatementTimeout
	})
	_, err := migrations.Up(t.Context(), store.SQL(), migrations.PostgreSQL)
	require.NoError(t, err)
	fillForCrash(t, store)
	require.NoError(t, store.Close())
	for _, way := range []struct{ name, databaseURL string }{
		{"several hosts in the URL", direct}, {"HAProxy", cluster.throughHAProxy()},
	} {
		t.Run(way.name, func(t *testing.T) {
			l := beginFailoverLoad(t, way.databaseURL, direct)
			l.through("the machine of the primary ends", func() {
				failed := cluster.leader()
				cluster.killMachine(failed)
				l.awaitAnswers(1)
				cluster.start(failed)
			})
			cluster.await("every node again", complete)
			l.through("PostgreSQL of the primary ends", func() { cluster.killDatabase(cluster.leader()) })
			cluster.await("every node again", complete)
			l.through("a standby takes over as planned", func() { cluster.switchOver(cluster.leader()) })
			l.check()
			cluster.await("every node again", complete)
		})
	}
}
