package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/telemetry"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/mail"
	"ithildin/storage"
)

const (
	// shutdownTime is the time from the signal to the end of the process, even if the database does not answer.
	shutdownTime = 30 * time.Second
	// closingTime is the part of shutdownTime for the background jobs: writing the last audit events, releasing leases.
	closingTime = 6 * time.Second
	// flushTime is the part of closingTime for sending the last traces and metrics.
	flushTime = 2 * time.Second
	// handshakeTime is for connections that were begun before new ones were ignored: a lost segment is sent again after
	// 200 ms. With the rest of closing it is less than a second, when whoever was ignored tries again and is refused.
	handshakeTime = 300 * time.Millisecond
	// queueTime is the maximum time to accept the connections that wait in the queue of a listener.
	queueTime = 2 * time.Second
)

// service is a provider that is ready to run.
type service struct {
	settings *config.Settings
	store    *storage.Store
	keys     *jwks.Set
	provider *provider.Provider
	logger   *slog.Logger
	ready    *readiness
	public   http.Handler
	admin    http.Handler
	mutual   http.Handler // of the listener that asks for certificates, where there is one
	mithril  http.Handler // nil where there is no such listener
	events   *storage.EventQueue
	reloads  []reloadable
	janitor  *janitor
	mail     *mail.Service

	telemetry *telemetry.Telemetry
	registry  *prometheus.Registry
	rates     *provider.RateSharing
}

// run serves until the first SIGINT or SIGTERM, then lets requests end and returns. A second signal ends the process at
// once.
func (s *service) run(ctx context.Context, listening func()) error {
	ctx, restoreSignals := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer restoreSignals()
	endpoints := s.endpoints()
	if err := s.open(ctx, endpoints); err != nil {
		return err
	}
	stopBackground := s.startBackground()
	failed := make(chan error, len(endpoints))
	for _, e := range endpoints {
		go func() { failed <- e.accept() }()
	}
	listening()
	var err error
	select {
	case <-ctx.Done():
		s.logger.Info("shutting down: the process ends within 30 seconds, a second signal ends it now",
			"delay", s.settings.Serving.ShutdownDelay)
	case err = <-failed:
	}
	restoreSignals()
	s.shutDown(endpoints, stopBackground)
	return err
}

// shutDown ends the service without refusing requests. First /readyz answers 503 and each answer closes its
// connection, so that load balancers send requests elsewhere; after the shutdown delay the listeners are closed, and
// the connections when they have had their last request, or have had none for as long again.
func (s *service) shutDown(endpoints []*endpoint, stopBackground func()) {
	end := time.Now().Add(shutdownTime)
	drained, cancel := context.WithDeadline(context.Background(), end.Add(-closingTime))
	defer cancel()
	s.ready.shuttingDown.Store(true)
	if delay := s.settings.Serving.ShutdownDelay; delay > 0 {
		time.Sleep(delay)
		for _, e := range endpoints {
			if err := dropNewConnections(e.listener); err != nil {
				s.logger.Warn("connections that wait when the listener closes will be reset", "listener", e.name, "cause", err)
			}
		}
		time.Sleep(handshakeTime)
		for _, e := range endpoints {
			e.stopAccepting()
		}
		last := time.Now().Add(min(delay, time.Until(end)-closingTime))
		for _, e := range endpoints {
			e.connections.awaitLastRequests(last)
		}
	}
	s.drain(drained, endpoints)
	waitAtMost(time.Until(end)-flushTime, func() {
		stopBackground()
		if err := s.store.Close(); err != nil {
			s.logger.Warn("closing the database failed", "cause", err)
		}
	})
	flushed, cancelFlush := context.WithTimeout(context.Background(), min(flushTime, time.Until(end)))
	defer cancelFlush()
	if err := s.telemetry.Stop(flushed); err != nil {
		s.logger.Warn("the last traces and metrics were not sent", "cause", err)
	}
}

// waitAtMost runs work and waits for its end, but no longer than the given time, so that a database that does not
// answer can't keep the process from ending.
func waitAtMost(longest time.Duration, work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
}

// closing makes each answer close its connection while the process shuts down.
func (r *readiness) closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if r.shuttingDown.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, request)
	})
}

// newServer makes an HTTP server with time limits and a limit on the size of headers.
func (s *service) newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
}

// drain shuts the servers down in their order.
func (s *service) drain(ctx context.Context, endpoints []*endpoint) {
	for _, e := range endpoints {
		if err := e.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			s.logger.Warn("requests were aborted: they did not end in time")
			_ = e.server.Close() // whoever is cut off is not told more
		}
	}
}
