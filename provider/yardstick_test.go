package provider_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

// BenchmarkYardstick measures what the machine itself can do, in the same run and by the same means as the flows: a
// handler that does nothing else than one prepared INSERT or one prepared SELECT by key on PostgreSQL, and a signature.
// Figures of one machine and hour mean little; their ratios to these do (docs/performance.md).
func BenchmarkYardstick(b *testing.B) {
	b.Run("INSERT", func(b *testing.B) {
		database := yardstickTable(b)
		insert, err := database.PrepareContext(b.Context(), `INSERT INTO yardstick (content) VALUES ($1) RETURNING id`)
		require.NoError(b, err)
		bareHandler(b, func(ctx context.Context) (row int64, err error) {
			return row, insert.QueryRowContext(ctx, "abcdefgh").Scan(&row)
		})
	})
	b.Run("SELECT", func(b *testing.B) {
		database := yardstickTable(b)
		_, err := database.ExecContext(b.Context(),
			`INSERT INTO yardstick (content) SELECT 'abcdefgh' FROM generate_series(1, 100000)`)
		require.NoError(b, err)
		find, err := database.PrepareContext(b.Context(), `SELECT id FROM yardstick WHERE id = $1`)
		require.NoError(b, err)
		var asked atomic.Int64
		bareHandler(b, func(ctx context.Context) (row int64, err error) {
			return row, find.QueryRowContext(ctx, asked.Add(1)%100000+1).Scan(&row)
		})
	})
	digest := sha256.Sum256([]byte("header.payload"))
	b.Run("RS256", func(b *testing.B) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(b, err)
		signAtOnce(b, func() error { _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); return err })
	})
	b.Run("ES256", func(b *testing.B) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(b, err)
		signAtOnce(b, func() error { _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); return err })
	})
}

func yardstickTable(b *testing.B) *sql.DB {
	database, err := sql.Open("postgres", storagetest.PostgreSQL().Create(b))
	require.NoError(b, err)
	b.Cleanup(func() { _ = database.Close() })
	database.SetMaxIdleConns(32)
	_, err = database.ExecContext(b.Context(), `CREATE TABLE yardstick (id BIGSERIAL PRIMARY KEY, content TEXT)`)
	require.NoError(b, err)
	return database
}

// bareHandler calls a handler that answers with what row gives, as the benchmarks of the flows call theirs.
func bareHandler(b *testing.B, row func(context.Context) (int64, error)) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := row(r.Context())
		if err != nil {
			b.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]int64{"id": id})
	})
	b.ReportAllocs()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/", nil))
		}
	})
}

func signAtOnce(b *testing.B, sign func() error) {
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := sign(); err != nil {
				b.Error(err)
			}
		}
	})
}
