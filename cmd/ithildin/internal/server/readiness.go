package server

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"ithildin/jwks"
	"ithildin/storage"
)

// readyTimeout bounds the query by which readiness checks the database, so that it answers within two seconds.
const readyTimeout = 1500 * time.Millisecond

// readiness says whether this process can serve.
type readiness struct {
	store        *storage.Store
	keys         *jwks.Set
	clockSkew    time.Duration // the most that is borne; 0: any
	shuttingDown atomic.Bool   // the process is shutting down
	asking       singleflight.Group
}

// checks are the checks by name, each "ok" or what is wrong.
func (r *readiness) checks() map[string]string {
	checks := map[string]string{
		"database": "ok", "writes": "ok", "configuration": "ok", "clock": "ok", "keys": "ok", "process": "ok",
	}
	if !r.databaseAnswers() {
		checks["database"] = "does not answer"
	}
	if !r.store.TakesWrites() {
		checks["writes"] = "the database takes none"
	}
	if !r.store.IsCurrent() {
		checks["configuration"] = fmt.Sprintf("%v old", r.store.ConfigurationAge().Round(time.Second))
	}
	if skew := r.store.ClockSkew(); r.clockSkew > 0 && skew.Abs() > r.clockSkew {
		checks["clock"] = fmt.Sprintf("%v from the database's", skew.Round(time.Millisecond))
	}
	if len(r.keys.Keys()) == 0 {
		checks["keys"] = "not loaded"
	}
	if r.shuttingDown.Load() {
		checks["process"] = "shutting down"
	}
	return checks
}

// ServeHTTP answers 200, or 503 with the name of each check that failed.
func (r *readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	checks := r.checks()
	status, value := http.StatusOK, "ready"
	for _, check := range checks {
		if check != "ok" {
			status, value = http.StatusServiceUnavailable, "unavailable"
			w.Header().Set("Retry-After", "5")
		}
	}
	respond(w, status, map[string]any{"status": value, "checks": checks})
}

// databaseAnswers asks one question for all who want to know at once, and waits no longer than readyTimeout for its
// answer: a read on a connection whose host is silent ends later than its context.
func (r *readiness) databaseAnswers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	response := r.asking.DoChan("ping", func() (any, error) {
		defer cancel()
		return nil, r.store.Ping(ctx)
	})
	select {
	case a := <-response:
		return a.Err == nil
	case <-time.After(readyTimeout):
		return false
	}
}
