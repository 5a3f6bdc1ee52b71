package storagetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/migrations"
	"ithildin/storage"
	"ithildin/storage/storagetest/requirement"
)

// server is a PostgreSQL server with a migrated database, made once for all tests of a process, of which theirs are
// copies. The template stays behind on the server: no test is the last one to know it.
type server struct {
	base     *url.URL // of the maintenance database
	admin    *sql.DB
	template string
}

var startedServer = sync.OnceValues(func() (*server, error) {
	base, err := url.Parse(requirement.PostgreSQL.Value())
	if err != nil {
		return nil, errors.New("the URL of the PostgreSQL of tests is malformed") // err would show its password
	}
	admin, err := sql.Open("postgres", base.String())
	if err != nil {
		return nil, err
	}
	admin.SetMaxOpenConns(2)
	s := &server{base: base, admin: admin, template: newName()}
	ctx := context.Background()
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+s.template); err != nil {
		return nil, err
	}
	store, err := storage.Open(s.url(s.template), storage.Options{})
	if err != nil {
		return nil, err
	}
	_, err = migrations.Up(ctx, store.SQL(), migrations.PostgreSQL)
	if closed := store.Close(); err == nil {
		err = closed
	}
	return s, err
})

// newName makes the name of a database; leftovers are known by its beginning.
func newName() string { return "ithildin_test_" + strings.ToLower(rand.Text()) }

func (s *server) url(database string) string {
	u := *s.base
	u.Path = "/" + database
	return u.String()
}

func createPostgreSQL(t testing.TB) string {
	t.Helper()
	requirement.PostgreSQL.Get(t)
	s, err := startedServer()
	require.NoError(t, err)
	name := newName()
	_, err = s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+s.template)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := s.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
	})
	return s.url(name)
}

// withParameter sets a parameter of a database URL.
func withParameter(t testing.TB, databaseURL, name, value string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}
