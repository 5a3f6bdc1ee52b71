package main_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	fleetIssuer  = "http://fleet.example"
	fleetWorkers = 4
	fleetUser    = "3ff33ced-69dc-415a-b231-c6446898335b"
	fleetClient  = "fleet"
)

// fleet is servers on one PostgreSQL database, and clients that use them without a pause and expect that every answer
// is the right one. It sends each request to the next server that is in service, as a balancer does.
type fleet struct {
	t           *testing.T
	program     string // of the servers that are started next, and of the verbs
	databaseURL string // as the servers have it
	database    *sql.DB
	directory   string
	environment []string
	master      string // the master secret, once it was rotated

	mu       sync.Mutex
	servers  []*serving
	next     int
	secrets  []string // of the client; worker i presents the one of its turn
	failures map[string]int
	keyIDs   map[string]bool // that signed
	flows    atomic.Int64
	stopped  atomic.Bool
	workers  sync.WaitGroup
}

// serving is a server with the requests that it has not answered.
type serving struct {
	*process
	address string
	pending sync.WaitGroup
}

// newFleet makes a database by a program and fills it by its verbs, so that it is as that release makes it.
func newFleet(t *testing.T, program string) *fleet {
	databaseURL := storagetest.PostgreSQL().Create(t)
	f := &fleet{t: t, program: program, databaseURL: databaseURL, directory: t.TempDir(), failures: map[string]int{},
		keyIDs: map[string]bool{}}
	var err error
	f.database, err = sql.Open("postgres", databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.database.Close()) })
	f.exec(`DROP SCHEMA public CASCADE`)
	f.exec(`CREATE SCHEMA public`)
	f.write("secret", string(storagetest.Secret()))
	f.write("tokens", "first:the-first-token-of-all")
	f.write("database", databaseURL)
	f.environment = []string{
		"ITHILDIN_DATABASE_URL_FILE=" + f.path("database"), "ITHILDIN_SECRET_FILE=" + f.path("secret"),
		"ITHILDIN_ADMIN_TOKEN_FILE=" + f.path("tokens"), "ITHILDIN_ISSUER=" + fleetIssuer,
		"ITHILDIN_SHUTDOWN_DELAY=0s", "ITHILDIN_DATABASE_CONNECTIONS=8",
	}
	f.verb("migrate", "up")
	f.write("password", "a password that nobody types")
	f.verb("user", "create", "doctor@fleet.example", "--id", fleetUser, "--password-file", f.path("password"))
	f.secrets = []string{f.clientSecret("client", "create", "--id", fleetClient, "--name", "Fleet", "--redirect-uri",
		crashRedirect, "--scope", "openid offline_access")}
	f.exec(`INSERT INTO approvals (id, user_id, client_id, scope, created_at, updated_at) VALUES
		('` + uuid.NewString() + `', '` + fleetUser + `', '` + fleetClient + `', 'openid offline_access', 0, 0)`)
	t.Cleanup(func() {
		f.stopped.Store(true)
		f.workers.Wait()
	})
	return f
}

func (f *fleet) path(name string) string { return filepath.Join(f.directory, name) }

func (f *fleet) write(name, content string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(f.path(name), []byte(content), 0o600))
}

func (f *fleet) exec(query string) {
	f.t.Helper()
	_, err := f.database.ExecContext(context.Background(), query)
	require.NoError(f.t, err)
}

// verb runs a verb of the program on the database and returns what it prints.
func (f *fleet) verb(arguments ...string) string {
	f.t.Helper()
	command := exec.Command(f.program, arguments...)
	command.Env = append(os.Environ(), f.environment...)
	var failed bytes.Buffer
	command.Stderr = &failed
	output, err := command.Output()
	require.NoError(f.t, err, "%s: %s", arguments, failed.String())
	return string(output)
}

// clientSecret runs a verb that makes a secret of the client.
func (f *fleet) clientSecret(arguments ...string) string {
	f.t.Helper()
	var printed struct {
		Secret string `json:"client_secret"`
	}
	require.NoError(f.t, json.Unmarshal([]byte(f.verb(append(arguments, "--format", "json")...)), &printed))
	require.NotEmpty(f.t, printed.Secret)
	return printed.Secret
}

// add starts a server and takes it into service when it is ready.
func (f *fleet) add() {
	f.t.Helper()
	address := freeAddress(f.t)
	p := startProgram(f.t, f.program, address, freeAddress(f.t), f.directory, f.environment, "serve")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.servers = append(f.servers, &serving{process: p, address: address})
}

// remove takes the server that is longest in service out of it, and ends it as an orchestrator does.
func (f *fleet) remove() {
	f.t.Helper()
	f.mu.Lock()
	s := f.servers[0]
	f.servers = f.servers[1:]
	f.mu.Unlock()
	s.pending.Wait()
	require.NoError(f.t, s.command.Process.Signal(syscall.SIGTERM))
	require.NoError(f.t, s.command.Wait(), s.output.String())
}

// replace restarts every server, one by one.
func (f *fleet) replace() {
	f.t.Helper()
	for range f.servers {
		f.add()
		f.remove()
	}
	f.awaitFlows(fleetWorkers)
}

// reload sends SIGHUP to every server, and waits until each has read its files.
func (f *fleet) reload() {
	f.t.Helper()
	for _, s := range f.servers {
		before := strings.Count(s.output.String(), `"msg":"reloaded"`)
		require.NoError(f.t, s.command.Process.Signal(syscall.SIGHUP))
		require.Eventually(f.t, func() bool { return strings.Count(s.output.String(), `"msg":"reloaded"`) > before },
			patience, 20*time.Millisecond, "%s", s.output)
	}
	f.awaitFlows(fleetWorkers)
}

// RoundTrip sends a request to the next server in service.
func (f *fleet) RoundTrip(request *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.next++
	s := f.servers[f.next%len(f.servers)]
	s.pending.Add(1)
	f.mu.Unlock()
	defer s.pending.Done()
	sent := request.Clone(request.Context())
	sent.URL.Host, sent.Host = s.address, request.URL.Host
	response, err := http.DefaultTransport.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

// work lets clients begin; they end with the test, or with stop.
func (f *fleet) work() {
	client := &http.Client{Transport: f, Timeout: 30 * time.Second}
	ctx := oidc.ClientContext(context.Background(), client)
	for i := range fleetWorkers {
		f.workers.Go(func() {
			provider, err := oidc.NewProvider(ctx, fleetIssuer)
			if err != nil {
				f.fail(err)
				return
			}
			verifier := provider.Verifier(&oidc.Config{ClientID: fleetClient})
			for !f.stopped.Load() {
				if err := f.flow(ctx, client, verifier, i); err != nil {
					f.fail(err)
				}
				f.flows.Add(1)
			}
		})
	}
	f.awaitFlows(fleetWorkers)
}

func (f *fleet) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures[err.Error()]++
}

// awaitFlows waits until so many flows more have begun and ended.
func (f *fleet) awaitFlows(n int64) {
	f.t.Helper()
	from := f.flows.Load() + fleetWorkers // those that are under way began before
	require.Eventually(f.t, func() bool { return f.flows.Load() >= from+n }, patience, 20*time.Millisecond)
}

// stop ends the clients, none of whom may have seen an error.
func (f *fleet) stop() {
	f.t.Helper()
	f.stopped.Store(true)
	f.workers.Wait()
	require.Empty(f.t, f.failures)
	f.t.Logf("%d flows without an error", f.flows.Load())
}

// flow exchanges a code, refreshes twice, and asks about each token. Each request may meet another server.
func (f *fleet) flow(ctx context.Context, client *http.Client, verifier *oidc.IDTokenVerifier, worker int) error {
	code := uuid.NewString() + uuid.NewString()
	session, err := json.Marshal(storage.Session{UserID: fleetUser, Subject: fleetUser, RedirectURI: crashRedirect,
		RedirectURIGiven: true})
	if err != nil {
		return err
	}
	// As the first release stored it.
	_, err = f.database.ExecContext(ctx, `
INSERT INTO codes (id, code_id, grant_id, client_id, user_id, redirect_uri, scope, session, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		storage.Hash(code), uuid.NewString(), uuid.NewString(), fleetClient, fleetUser, crashRedirect,
		"openid offline_access", session, time.Now().Unix(), time.Now().Add(time.Hour).Unix())
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect}}
	for range 3 {
		tokens, err := f.post(ctx, client, oauth.PathToken, form, worker)
		if err != nil {
			return err
		}
		if value, issued := tokens["id_token"].(string); issued {
			if _, err := verifier.Verify(ctx, value); err != nil {
				return fmt.Errorf("id_token: %w", err)
			}
			f.signedBy(value)
		}
		answer, err := f.post(ctx, client, oauth.PathIntrospect, url.Values{"token": {fmt.Sprint(tokens["access_token"])}},
			worker)
		if err != nil {
			return err
		}
		if answer["active"] != true {
			return fmt.Errorf("an access token that was answered is %v", answer)
		}
		form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {fmt.Sprint(tokens["refresh_token"])}}
	}
	return nil
}

// post asks an endpoint as the client.
func (f *fleet) post(
	ctx context.Context, client *http.Client, path string, form url.Values, worker int,
) (answer map[string]any, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, fleetIssuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	secret := f.secrets[worker%len(f.secrets)]
	f.mu.Unlock()
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(fleetClient, secret)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		return nil, fmt.Errorf("%s: %s: %.300s", path, response.Status, body)
	}
	return answer, json.NewDecoder(response.Body).Decode(&answer)
}

// signedBy notes which key signed a token.
func (f *fleet) signedBy(token string) {
	var header struct {
		KeyID string `json:"kid"`
	}
	first, _, _ := strings.Cut(token, ".")
	if content, err := base64.RawURLEncoding.DecodeString(first); err == nil && json.Unmarshal(content, &header) == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.keyIDs[header.KeyID] = true
	}
}

// signers is how many keys have signed.
func (f *fleet) signers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.keyIDs)
}
