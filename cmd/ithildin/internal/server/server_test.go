package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/cmd/ithildin/internal/telemetry"
	"ithildin/storage/seal"
	"ithildin/storage/storagetest/requirement"
)

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// newService builds a server on a database of its own, without running it.
func newService(t *testing.T, logger *slog.Logger) *service {
	return newServiceOf(t, logger, func(*config.Settings) {})
}

// newServiceOf is newService with other settings.
func newServiceOf(t *testing.T, logger *slog.Logger, change func(*config.Settings)) *service {
	public, admin := freeAddress(t), freeAddress(t)
	issuer, err := url.Parse("http://" + public)
	require.NoError(t, err)
	s := &config.Settings{
		Issuer: issuer, Listen: public, AdminListen: admin, Database: config.Database{
			URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), Connections: 4,
			Secrets: [][]byte{bytes.Repeat([]byte("s"), seal.MinimumSecret)},
		},
	}
	change(s)
	sender, err := telemetry.Start(t.Context(), s.Telemetry, "test", logger)
	require.NoError(t, err)
	store, err := openServing(t.Context(), s, sender, logger)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	built, err := build(t.Context(), Options{Settings: s, Logger: logger}, store, sender)
	require.NoError(t, err)
	require.NoError(t, sender.ExportMetrics(t.Context(), built.registry))
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
		response, err := http.Get("http://" + s.settings.Listen)
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
	require.Eventually(t, func() bool { return s.ready.shuttingDown.Load() }, time.Minute, time.Millisecond)
	probe, err := http.Get("http://" + s.settings.AdminListen + "/readyz")
	require.NoError(t, err)
	require.NoError(t, probe.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, probe.StatusCode, "a probe sees it leave")
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
	require.True(t, s.acquireLease(t.Context(), "janitor", first, sweepInterval))
	require.False(t, s.acquireLease(t.Context(), "janitor", second, sweepInterval))
	require.True(t, s.acquireLease(t.Context(), "janitor", first, sweepInterval), "it keeps the work")
	s.releaseLeases(first, "janitor")
	require.True(t, s.acquireLease(t.Context(), "janitor", second, sweepInterval))
	s.maintainKeys(t.Context(), second)
	require.NotEmpty(t, s.keys.Keys())
}

func TestStartFailsWithAMessageWhenTheDatabaseDoesNotAnswer(t *testing.T) {
	store, err := database.Open(config.Database{URL: "postgres://user:hidden@127.0.0.1:1/db?sslmode=disable",
		Connections: 1})
	require.NoError(t, err)
	defer store.Close()
	var log bytes.Buffer
	err = awaitDatabase(t.Context(), store, slog.New(slog.NewTextHandler(&log, nil)), 10*time.Millisecond)
	require.ErrorContains(t, err, "the database did not answer within 10ms")
	require.Contains(t, log.String(), "the database does not answer yet")
	require.NotContains(t, log.String()+err.Error(), "hidden")
}

func TestStartFailsAtOnceWhenTheDatabaseRefusesTheConnection(t *testing.T) {
	server, err := url.Parse(requirement.PostgreSQL.Get(t))
	require.NoError(t, err)
	for name, change := range map[string]func(*url.URL){
		"no such database": func(u *url.URL) { u.Path = "/nowhere" },
		"no TLS there":     func(u *url.URL) { u.RawQuery = "sslmode=require" },
		"no such user":     func(u *url.URL) { u.User = url.UserPassword("nobody-known", "hidden") },
	} {
		t.Run(name, func(t *testing.T) {
			wrong := *server
			change(&wrong)
			store, err := database.Open(config.Database{URL: wrong.String(), Connections: 1})
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
