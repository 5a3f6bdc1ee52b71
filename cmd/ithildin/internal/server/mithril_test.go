package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// startMithril serves with the mithril listener until the test ends, and returns the service.
func startMithril(t *testing.T, engine storagetest.Engine, change func(*config.Settings)) *service {
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Database.URL, s.Mithril.Listen = engine.Create(t), freeAddress(t)
		s.AdminTokens = []string{routesOperator + ":" + routesToken}
		change(s)
	})
	runService(t, s)
	return s
}

// runService runs a service until the test ends or the function that it returns is called, which waits for its end.
func runService(t *testing.T, s *service) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.run(ctx, func() { close(listening) }) }()
	<-listening
	stop = func() {
		cancel()
		if err, waits := <-ended; waits {
			require.NoError(t, err)
			close(ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

// request sends JSON to a listener and returns the answer with its body; redirects are not followed.
func request(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(content)
}

// mithrilPaths has a request of each group of paths of mithril, and what only its endpoint answers.
var mithrilPaths = []struct{ method, path, body, response string }{
	{"POST", "/oauth/tokens", `{"token":{}}`, `"type":`},
	{"POST", "/oauth/nonce", `{"client_id":"nobody"}`, `$.client_id`},
	{"POST", "/oauth/apps/authorize", `{"app":{}}`, `Missing header x-consumer-id`},
	{"GET", "/oauth/user", ``, `"code":401`},
	{"POST", "/auth/login", `{"token":{"grant_type":"password"}}`, `"invalid"`},
	{"POST", "/api/oauth/tokens", `{"token":{}}`, `"type":`},
	{"GET", "/admin/users", ``, `"paging":`},
	{"GET", "/admin/clients/", ``, `"paging":`},
	{"GET", "/admin/tokens/unknown/verify", ``, `"not_found"`},
}

func TestMithrilListenerAnswersEveryGroupOfPathsWithoutAuthentication(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := startMithril(t, engine, func(*config.Settings) {})
		base := "http://" + s.settings.Mithril.Listen
		for _, want := range mithrilPaths {
			response, body := request(t, want.method, base+want.path, want.body)
			require.Contains(t, body, want.response, want.path)
			require.Contains(t, body, `"request_id"`, "%s is answered in the envelope", want.path)
			require.NotEqual(t, http.StatusInternalServerError, response.StatusCode, want.path)
		}
		for _, path := range []string{"/sign-in", "/sign-in/"} {
			response, _ := request(t, "GET", base+path+"?client_id=a%20b;c&state=%D1%97", "")
			require.Equal(t, http.StatusSeeOther, response.StatusCode)
			require.Equal(t, s.settings.Issuer.String()+"/sign-in?client_id=a%20b%3Bc&state=%D1%97",
				response.Header.Get("Location"), "the pages are at the issuer")
		}
		for _, path := range []string{
			"/oauth2/token", "/.well-known/openid-configuration", "/login/sign-in", "/metrics", "/readyz", "/gateway/authorize",
			"/oauth/unknown", "/",
		} {
			response, body := request(t, "GET", base+path, "")
			require.Equal(t, http.StatusNotFound, response.StatusCode, path)
			require.Contains(t, body, `"not_found"`, path)
		}
		response, _ := request(t, "GET", "http://"+s.settings.AdminListen+"/admin/users", "")
		require.Equal(t, http.StatusUnauthorized, response.StatusCode, "the admin listener still requires its token")
	})
}

func TestMithrilListenerIsOffByDefault(t *testing.T) {
	s := newService(t, slog.New(slog.DiscardHandler))
	require.Nil(t, s.mithril)
	require.Len(t, s.endpoints(), 2)
	runService(t, s)
	for _, path := range []string{"/admin/users", "/admin/roles"} {
		response, body := request(t, "GET", "http://"+s.settings.Listen+path, "")
		require.Equal(t, http.StatusNotFound, response.StatusCode, body)
	}
}

func TestMithrilListenerAcceptsTheConsumerThatAGatewayNames(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := startMithril(t, engine, func(*config.Settings) {})
		for address, want := range map[string]string{
			s.settings.Mithril.Listen: "Invalid client id.",
			s.settings.Listen:         "Authorization header is not set",
		} {
			response, body := request(t, "POST", "http://"+address+"/oauth/apps/authorize",
				`{"app":{"client_id":"`+uuid.NewString()+`","redirect_uri":"https://a.example/","scope":"a:b"}}`,
				"X-Consumer-Id", uuid.NewString())
			require.Equal(t, http.StatusUnauthorized, response.StatusCode)
			require.Contains(t, body, want)
		}
	})
}

func TestChangeByTheMithrilListenerIsAuditedAsItsOwn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := startMithril(t, engine, func(*config.Settings) {})
		response, body := request(t, "POST", "http://"+s.settings.Mithril.Listen+"/admin/roles",
			`{"role":{"name":"DOCTOR","scope":"a:b"}}`)
		require.Equal(t, http.StatusCreated, response.StatusCode, body)
		var reply struct {
			Data struct {
				ID string `json:"id"`
			} `json:"data"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &reply))
		events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, storage.EventRoleCreated, events[0].Kind)
		require.Equal(t, mithrilOperator, events[0].Details["operator"])
	})
}

func TestAttackWebPageReachesNoMithrilListener(t *testing.T) {
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Mithril = config.Mithril{Listen: "10.0.0.5:4000", Hosts: []string{"mithril.svc.example"}}
	})
	ask := func(method, path, host, origin string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(`{}`))
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		s.mithril.ServeHTTP(w, r)
		return w.Code
	}
	for _, host := range []string{"evil.example", "evil.example:4000", "10.0.0.5.evil.example", "", "id.example"} {
		require.Equal(t, http.StatusForbidden, ask("GET", "/admin/users", host, ""), host)
		require.Equal(t, http.StatusForbidden, ask("POST", "/oauth/apps/authorize", host, "http://"+host), host)
	}
	for _, host := range []string{"10.0.0.5:4000", "mithril", "mithril:4000", "mithril.svc.example:4000"} {
		require.Equal(t, http.StatusOK, ask("GET", "/admin/users", host, ""), host)
		require.Equal(t, http.StatusForbidden, ask("POST", "/admin/users", host, "https://evil.example"), host)
		require.NotEqual(t, http.StatusForbidden, ask("POST", "/oauth/tokens", host, "https://front.example"),
			"a front end may call the token endpoint through the gateway")
	}
}

func TestStartWarnsOfTheMithrilListener(t *testing.T) {
	var log bytes.Buffer
	warnOfMithrilListener(config.Mithril{}, slog.New(slog.NewTextHandler(&log, nil)))
	require.Empty(t, log.String())
	warnOfMithrilListener(config.Mithril{Listen: "10.0.0.5:4000"}, slog.New(slog.NewTextHandler(&log, nil)))
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "authenticates nobody")
	require.Contains(t, log.String(), "mithril_listen=10.0.0.5:4000")
}

func TestMithrilListenerDrainsAsTheOthersDo(t *testing.T) {
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Mithril.Listen, s.Serving.ShutdownDelay = freeAddress(t), 500*time.Millisecond
	})
	arrived, release := make(chan struct{}), make(chan struct{})
	mithril := s.mithril
	s.mithril = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(arrived)
			<-release
		}
		mithril.ServeHTTP(w, r)
	})
	stop := runService(t, s)
	base := "http://" + s.settings.Mithril.Listen
	answered := make(chan int, 1)
	go func() {
		response, err := http.Get(base + "/slow")
		if err != nil {
			answered <- 0
			return
		}
		_ = response.Body.Close()
		answered <- response.StatusCode
	}()
	<-arrived
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	require.Eventually(t, func() bool { return s.ready.shuttingDown.Load() }, time.Minute, time.Millisecond)
	response, _ := request(t, "GET", base+"/admin/users", "")
	require.Equal(t, http.StatusOK, response.StatusCode, "requests are served during the shutdown delay")
	require.True(t, response.Close, "and each answer closes its connection")
	close(release)
	require.Equal(t, http.StatusNotFound, <-answered)
	<-ended
	_, err := net.Dial("tcp", s.settings.Mithril.Listen)
	require.Error(t, err)
}

func TestStartFailsWhenTheAddressOfTheMithrilListenerIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Mithril.Listen = taken.Addr().String()
	})
	err = s.run(t.Context(), func() { t.Error("it must not serve") })
	require.ErrorContains(t, err, "mithril listener")
	public, err := net.Listen("tcp", s.settings.Listen)
	require.NoError(t, err, "no other listener is left open")
	require.NoError(t, public.Close())
}
