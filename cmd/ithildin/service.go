package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/storage"
)

// drainTime is how long requests have to end after the signal.
const drainTime = 30 * time.Second

// service is a provider that is ready to run.
type service struct {
	settings *settings
	store    *storage.Store
	keys     *jwks.Set
	provider *provider.Provider
	logger   *slog.Logger
	ready    *readiness
	public   http.Handler
	admin    http.Handler
	events   *storage.EventQueue
	reloads  []reloadable
	janitor  *janitor
}

// run serves until the first SIGINT or SIGTERM, then lets requests end and returns. A second signal ends the process at
// once.
func (s *service) run(ctx context.Context, listening func()) error {
	ctx, restoreSignals := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer restoreSignals()
	public, err := net.Listen("tcp", s.settings.listen)
	if err != nil {
		return withHint("ITHILDIN_LISTEN names another address", fmt.Errorf("public listener: %w", err))
	}
	admin, err := net.Listen("tcp", s.settings.adminListen)
	if err != nil {
		public.Close()
		return withHint("ITHILDIN_ADMIN_LISTEN names another address", fmt.Errorf("admin listener: %w", err))
	}
	stopBackground := s.startBackground()
	publicServer, adminServer := s.newServer(s.public), s.newServer(s.admin)
	servePublic := s.servePublic(publicServer, public)
	failed := make(chan error, 2)
	go func() { failed <- servePublic() }()
	go func() { failed <- adminServer.Serve(admin) }()
	listening()
	select {
	case <-ctx.Done():
		s.logger.Info("shutting down: requests have 30 seconds to end, a second signal ends them now")
	case err = <-failed:
	}
	restoreSignals()
	s.ready.leaving.Store(true)
	s.drain(publicServer, adminServer)
	stopBackground()
	return err
}

// newServer bounds what a connection may cost.
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

// drain takes the admin listener down last, so that a probe sees the server leave.
func (s *service) drain(servers ...*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			s.logger.Warn("requests were cut off: they did not end in time")
			server.Close()
		}
	}
}
