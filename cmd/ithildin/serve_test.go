package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/migrations"
	"ithildin/provider/login"
	"ithildin/storage"
)

// lockedBuffer may be written by a server while a test reads it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// startDevelopmentServer runs serve --dev in this process until the test ends, and returns its issuer.
func startDevelopmentServer(t *testing.T) string {
	public, admin, err := freeAddresses()
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	t.Setenv("ITHILDIN_LISTEN", public)
	t.Setenv("ITHILDIN_ADMIN_LISTEN", admin)
	ctx, cancel := context.WithCancel(context.Background())
	output := &lockedBuffer{}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--dev"}, console{out: output, err: output}) }()
	t.Cleanup(func() {
		cancel()
		require.Equal(t, exitOK, <-ended, output.String())
	})
	code := run(ctx, []string{"healthcheck", "--wait", "20s"}, console{out: output, err: output})
	require.Equal(t, exitOK, code, output.String())
	return "http://" + public
}

var hiddenRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)

// browse begins an authorization, answers every page as the demo user who allows everything, and returns the page at the
// end with its address.
func browse(t *testing.T, begin string) (landed *url.URL, body string) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	read := func(response *http.Response, err error) (*url.URL, string) {
		require.NoError(t, err)
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode, string(content))
		return response.Request.URL, string(content)
	}
	landed, body = read(browser.Get(begin))
	for strings.HasPrefix(landed.Path, "/login/") {
		request := hiddenRequest.FindStringSubmatch(body)
		require.NotNil(t, request, body)
		landed, body = read(browser.PostForm(landed.Scheme+"://"+landed.Host+landed.Path, url.Values{
			"request": {request[1]}, "username": {demoEmail}, "password": {demoPassword}, "decision": {"accept"},
		}))
	}
	return landed, body
}

func TestEachButtonOfTheCallbackPageExchangesTheCode(t *testing.T) {
	issuer := startDevelopmentServer(t)
	base, err := url.Parse(issuer)
	require.NoError(t, err)
	data := newDemo(base)
	for name, c := range map[string]struct{ begin, face, want string }{
		"the printed URL":                             {data.authorizeURL(data.standard), faceStandard, `"id_token":`},
		"the eHealth client by the book, standard":    {data.authorizeURL(data.eHealth), faceStandard, `"refresh_token":`},
		"the eHealth client by the book, legacy face": {data.authorizeURL(data.eHealth), faceLegacy, `"grant_type": "authorization_code"`},
		"the eHealth client's sign-in, standard face": {data.signInURL(data.eHealth), faceStandard, `"refresh_token":`},
		"the eHealth client's sign-in, legacy face":   {data.signInURL(data.eHealth), faceLegacy, `"grant_type": "authorization_code"`},
	} {
		t.Run(name, func(t *testing.T) {
			landed, page := browse(t, c.begin)
			require.Equal(t, devCallback, landed.Path)
			require.Contains(t, page, `id="exchange-`+c.face+`"`)
			require.Contains(t, page, `<pre id="curl-`+c.face+`">curl `)
			response, err := http.PostForm(issuer+"/dev/exchange", url.Values{"code": {landed.Query().Get("code")}, "face": {c.face}})
			require.NoError(t, err)
			defer response.Body.Close()
			answer, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Contains(t, strings.ReplaceAll(string(answer), "&#34;", `"`), c.want)
		})
	}
}

func TestTheCallbackPageEscapesWhatItShows(t *testing.T) {
	issuer := startDevelopmentServer(t)
	for name, query := range map[string]string{
		"an error":         "error=access_denied&error_description=<script>&state=<script>",
		"an unknown code":  "code=<script>&state=<script>",
		"nothing whatever": "state=<script>",
	} {
		t.Run(name, func(t *testing.T) {
			response, err := http.Get(issuer + devCallback + "?" + strings.ReplaceAll(query, "<script>", "%3Cscript%3E"))
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NotContains(t, string(body), "<script>")
			require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
		})
	}
}

func TestAPersonGetsTokensAtATerminal(t *testing.T) {
	issuer := startDevelopmentServer(t)
	t.Setenv("ITHILDIN_ISSUER", issuer)
	require.NoError(t, os.WriteFile("secret", []byte("demo-secret\n"), 0o600))
	asked, ask := io.Pipe()
	var out, ignored bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(context.Background(), []string{
			"token", "authorization-code", "--client-id", "demo", "--client-secret-file", "secret",
			"--redirect-uri", "http://127.0.0.1/dev/callback", "--scope", "openid offline_access",
		}, console{out: &out, err: ask})
	}()
	text := make([]byte, 4096)
	n, err := asked.Read(text)
	require.NoError(t, err)
	go io.Copy(io.Discard, asked)
	begin := regexp.MustCompile(`http://\S+`).FindString(string(text[:n]))

	_, page := browse(t, begin)
	require.Contains(t, page, "You can close this page")
	require.Equal(t, exitOK, <-ended)
	var answer map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &answer))
	require.NotEmpty(t, answer["id_token"])

	refreshToken, _ := answer["refresh_token"].(string)
	out.Reset()
	code := run(context.Background(), []string{
		"token", "refresh", "--client-id", "demo", "--client-secret-file", "secret", "--token-file", "-",
	}, console{in: strings.NewReader(refreshToken), out: &out, err: &ignored})
	require.Equal(t, exitOK, code, ignored.String())
	require.Contains(t, out.String(), `"access_token"`)
}

// newService builds a server on a database of its own, without running it.
func newService(t *testing.T, logger *slog.Logger) *service {
	public, admin, err := freeAddresses()
	require.NoError(t, err)
	issuer, err := url.Parse("http://" + public)
	require.NoError(t, err)
	s := &settings{
		issuer: issuer, listen: public, adminListen: admin, database: databaseSettings{
			url: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), connections: 4,
			secrets: [][]byte{bytes.Repeat([]byte("s"), storage.MinimumSecret)},
		},
	}
	store, err := openServing(t.Context(), s, logger)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	built, err := build(t.Context(), serveOptions{settings: s, logger: logger}, store)
	require.NoError(t, err)
	return built
}

func TestRequestsUnderWayAreAnsweredAfterTheStopSignal(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	s := newService(t, logger)
	arrived, release := make(chan struct{}), make(chan struct{})
	s.public = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = io.WriteString(w, "answered")
	})
	ctx, signal := context.WithCancel(context.Background())
	listening, ended, answered := make(chan struct{}), make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.run(ctx, func() { close(listening) }) }()
	<-listening
	go func() {
		response, err := http.Get("http://" + s.settings.listen)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answered <- string(body)
	}()
	<-arrived
	signal()
	require.Eventually(t, func() bool { return s.ready.leaving.Load() }, 5*time.Second, time.Millisecond)
	require.Error(t, askReady(context.Background(), "http://"+s.settings.adminListen+"/readyz"), "a probe sees it leave")
	close(release)
	require.Equal(t, "answered", <-answered)
	require.NoError(t, <-ended)
}

func TestReadinessNamesTheCheckThatFails(t *testing.T) {
	s := newService(t, slog.New(slog.DiscardHandler))
	ask := func() (int, string, http.Header) {
		w := httptest.NewRecorder()
		s.admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String(), w.Header()
	}
	status, _, _ := ask()
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, s.store.Close())
	status, body, header := ask()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"status":"unavailable","checks":{"database":"does not answer","writes":"ok",
		"configuration":"ok","clock":"ok","keys":"ok","process":"ok"}}`, body)
	require.NotEmpty(t, header.Get("Retry-After"))
}

func TestLeaseIsHeldByOneReplicaAndTakenOverWhenItStops(t *testing.T) {
	s := newService(t, slog.New(slog.DiscardHandler))
	first, second := s.store.NewID(), s.store.NewID()
	require.True(t, s.holds(t.Context(), "janitor", first, sweepInterval))
	require.False(t, s.holds(t.Context(), "janitor", second, sweepInterval))
	require.True(t, s.holds(t.Context(), "janitor", first, sweepInterval), "it keeps the work")
	s.releaseLeases(first, "janitor")
	require.True(t, s.holds(t.Context(), "janitor", second, sweepInterval))
	s.maintainKeys(t.Context(), second)
	require.NotEmpty(t, s.keys.Keys())
}

func TestDevelopmentSecretIsCreatedOnceWithOwnerOnlyMode(t *testing.T) {
	directory := t.TempDir()
	s := &settings{database: databaseSettings{url: "sqlite:" + filepath.Join(directory, "dev.db")}}
	require.NoError(t, s.keepDevelopmentSecret())
	information, err := os.Stat(filepath.Join(directory, devSecretFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), information.Mode().Perm())
	again := &settings{database: databaseSettings{url: s.database.url}}
	require.NoError(t, again.keepDevelopmentSecret())
	require.Equal(t, s.database.secrets, again.database.secrets)
	configured := &settings{database: databaseSettings{url: s.database.url, secrets: [][]byte{[]byte("configured")}}}
	require.NoError(t, configured.keepDevelopmentSecret())
	require.Equal(t, "configured", string(configured.database.secrets[0]))
	require.NoError(t, os.WriteFile(filepath.Join(directory, devSecretFile), []byte("short"), 0o600))
	require.ErrorContains(t, (&settings{database: databaseSettings{url: s.database.url}}).keepDevelopmentSecret(), "holds less than 32 bytes")
}

func TestStartFailsWithAMessageWhenTheDatabaseDoesNotAnswer(t *testing.T) {
	store, err := openStore(databaseSettings{url: "postgres://user:hidden@127.0.0.1:1/db?sslmode=disable", connections: 1})
	require.NoError(t, err)
	defer store.Close()
	var log bytes.Buffer
	err = awaitDatabase(t.Context(), store, slog.New(slog.NewTextHandler(&log, nil)), 10*time.Millisecond)
	require.ErrorContains(t, err, "the database did not answer within 10ms")
	require.Contains(t, log.String(), "the database does not answer yet")
	require.NotContains(t, log.String()+err.Error(), "hidden")
}

func TestStartFailsAtOnceWhenTheDatabaseRefusesTheConnection(t *testing.T) {
	server, err := url.Parse(os.Getenv("ITHILDIN_TEST_POSTGRES_URL"))
	require.NoError(t, err)
	for name, change := range map[string]func(*url.URL){
		"no such database": func(u *url.URL) { u.Path = "/nowhere" },
		"no TLS there":     func(u *url.URL) { u.RawQuery = "sslmode=require" },
		"no such user":     func(u *url.URL) { u.User = url.UserPassword("nobody-known", "hidden") },
	} {
		t.Run(name, func(t *testing.T) {
			wrong := *server
			change(&wrong)
			store, err := openStore(databaseSettings{url: wrong.String(), connections: 1})
			require.NoError(t, err)
			defer store.Close()
			var log bytes.Buffer
			err = awaitDatabase(t.Context(), store, slog.New(slog.NewTextHandler(&log, nil)), time.Hour)
			require.ErrorContains(t, err, "the database refuses the connection")
			require.NotContains(t, log.String()+err.Error(), "hidden")
			require.Empty(t, log.String(), "nothing is tried again")
		})
	}
}

func TestDevelopmentServerKeepsChangesAndFollowsItsAddress(t *testing.T) {
	ctx := t.Context()
	store, err := openStore(databaseSettings{
		url: "sqlite:" + filepath.Join(t.TempDir(), "dev.db"), connections: 1, secrets: [][]byte{bytes.Repeat([]byte("s"), 32)},
	})
	require.NoError(t, err)
	defer store.Close()
	_, err = migrations.Up(ctx, store.SQL(), migrations.SQLite)
	require.NoError(t, err)
	fill := func(issuer string) *storage.Client {
		u, err := url.Parse(issuer)
		require.NoError(t, err)
		require.NoError(t, newDemo(u).fill(ctx, store, login.NewPasswords(login.PasswordOptions{})))
		client, err := store.LoadClient(ctx, "demo")
		require.NoError(t, err)
		return client
	}
	client := fill("http://127.0.0.1:8080")
	client.Name = "Mine"
	require.NoError(t, store.UpdateClient(ctx, *client))
	client = fill("http://127.0.0.1:9090")
	require.Equal(t, "Mine", client.Name)
	require.Equal(t, []string{"http://127.0.0.1:9090/dev/callback"}, client.Connections[0].RedirectURIs)
	require.Len(t, client.Connections[0].Secrets, 1)
}
