package server

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestReplicaThatIsAwayIsLoggedOnceAMinute(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	proxy := storagetest.NewProxy(t, databaseURL)
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Database.URL, s.NewIssuer = databaseURL, true
		s.Replica = storage.ReplicaOptions{URL: proxy.URL(), Staleness: time.Second}
	})
	served := func() string {
		w := httptest.NewRecorder()
		s.admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		return w.Body.String()
	}
	require.Contains(t, served(), "\nithildin_replica_staleness_seconds +Inf\n")
	require.Contains(t, served(), "\nithildin_replica_reads_total{source=\"replica\"} 0\n")
	now := time.Now()
	var log bytes.Buffer
	watch := &replicaWatch{
		store: s.store, logger: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now },
	}
	watch.look(t.Context())
	require.Empty(t, log.String())
	require.NotContains(t, served(), "\nithildin_replica_staleness_seconds +Inf\n")

	proxy.GoAway()
	warnings := func() int { return strings.Count(log.String(), "looking at the replica failed") }
	for range 3 {
		watch.look(t.Context())
		require.Equal(t, 1, warnings())
	}
	now = now.Add(replicaNoticeInterval)
	watch.look(t.Context())
	require.Equal(t, 2, warnings())
	proxy.ComeBack()
	now = now.Add(replicaNoticeInterval)
	watch.look(t.Context())
	require.Equal(t, 2, warnings(), log.String())
}
