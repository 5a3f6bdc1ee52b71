package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// newReadiness is that of a process with the keys of its database, which bears a clock 30 seconds off.
func newReadiness(t *testing.T, store *storage.Store) *readiness {
	keys := jwks.New(provider.KeyStore{Store: store}, jwks.Options{})
	require.NoError(t, keys.Load(t.Context()))
	return &readiness{store: store, keys: keys, clockSkew: 30 * time.Second}
}

// failing are the checks of /readyz that fail, with their words; none where it answers 200.
func (r *readiness) failing(t *testing.T) map[string]string {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	var response struct {
		Checks map[string]string `json:"checks"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &response))
	maps.DeleteFunc(response.Checks, func(_, value string) bool { return value == "ok" })
	require.Equal(t, len(response.Checks) == 0, w.Code == http.StatusOK, w.Body)
	return response.Checks
}

func TestReadinessEndsWhereTheClockDiffersFromTheDatabases(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	for name, c := range map[string]struct {
		ahead time.Duration
		ready bool
	}{
		"as far as it bears": {25 * time.Second, true}, "ahead": {5 * time.Minute, false},
		"behind": {-5 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			ahead := c.ahead
			store := storagetest.Open(t, databaseURL, func(o *storage.Options) {
				o.Now = func() time.Time { return time.Now().Add(ahead) }
			})
			r := newReadiness(t, store)
			failing := r.failing(t)
			require.Equal(t, c.ready, len(failing) == 0, failing)
			if !c.ready {
				require.Contains(t, failing["clock"], "from the database's")
				require.Len(t, failing, 1)
			}
			r.clockSkew = 0
			require.Empty(t, r.failing(t), "any difference is borne")
		})
	}
}

func TestClockSkewIsMeasuredAsTheLeadOverTheDatabase(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	for _, ahead := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
		store := storagetest.Open(t, databaseURL, func(o *storage.Options) {
			o.Now = func() time.Time { return time.Now().Add(ahead) }
		})
		newReadiness(t, store).failing(t) // asks the database what time it is there
		registry := prometheus.NewRegistry()
		registry.MustRegister(databaseMetrics(store)...)
		measured, err := registry.Gather()
		require.NoError(t, err)
		values := map[string]float64{}
		for _, family := range measured {
			values[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
		}
		require.Contains(t, values, "ithildin_clock_skew_seconds")
		require.InDelta(t, ahead.Seconds(), values["ithildin_clock_skew_seconds"], 10, ahead)
	}
}

// refuseWrites makes an SQLite database behave as one on a disk of the kind; the pragmas hold for the connection that
// writes.
var refuseWrites = map[string]string{
	"read-only": `PRAGMA query_only = 1`,
	"full":      `PRAGMA max_page_count = 1`, // no page more than there are
}

func TestReadinessEndsWhereSQLiteTakesNoWrites(t *testing.T) {
	for kind, pragma := range refuseWrites {
		t.Run(kind, func(t *testing.T) {
			store := storagetest.Open(t, storagetest.Engines()[0].Create(t))
			r := newReadiness(t, store)
			require.NoError(t, store.TryWrite(t.Context()))
			require.Empty(t, r.failing(t))
			_, err := store.SQL().ExecContext(t.Context(), pragma)
			require.NoError(t, err)
			event := storage.Event{Kind: "test", Details: map[string]string{"a": strings.Repeat("a", 500)}}
			for i := 0; i < 1000 && err == nil; i++ { // the free space of the pages that there are is used up first
				err = store.RecordEvents(t.Context(), []storage.Event{event})
			}
			require.ErrorIs(t, err, storage.ErrUnavailable)
			require.Equal(t, map[string]string{"writes": "the database takes none"}, r.failing(t))
		})
	}
}
