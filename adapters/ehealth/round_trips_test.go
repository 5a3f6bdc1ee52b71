package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// TestRefusedEnvelopeAuthenticatesItsClientAndReadsItsTokenOnce counts, with every cache and prepared statement
// warm, how often a refusal waits for the database, and how often it authenticates its client.
func TestRefusedEnvelopeAuthenticatesItsClientAndReadsItsTokenOnce(t *testing.T) {
	proxy := storagetest.NewProxy(t, storagetest.PostgreSQL().Create(t))
	given := readContract(t).state(t, nil)
	s := newStackOn(t, given.Now, func(at func(*storage.Options)) *storage.Store {
		return storagetest.Open(t, proxy.URL(), at)
	})
	s.fill(given)
	with := func(token map[string]any, name, value string) map[string]any {
		token[name] = value
		return token
	}
	const authentications = "ithildin_client_authentications_total client_secret_post"
	for _, c := range []struct {
		token   map[string]any
		message string
	}{
		{with(code(), "code", "unknown"), "Token not found."},
		{with(code(), "redirect_uri", "https://elsewhere.example"),
			"The redirection URI provided does not match a pre-registered value."},
		{refresh("unknown"), "Token not found."},
		{with(code(), "scope", "patients:view"), ""}, // uses the code up
		{code(), "Token has already been used."},
		{refresh(codeValue), "Token not found."},
	} {
		repetitions := 3 // on whichever connection of the pool: everything is prepared by the last
		if c.message == "" {
			repetitions = 1
		}
		for range repetitions {
			before := s.counters()[authentications]
			proxy.Reset()
			got := s.exchange(c.token)
			require.Equal(t, c.message, got.member("error.message"), got.raw)
			require.InDelta(t, 1, s.counters()[authentications]-before, 0, "%v", c.token)
		}
		if c.message != "" {
			require.LessOrEqual(t, proxy.RoundTrips(), int64(1), "%s: 1 read", c.message)
		}
	}
	require.Equal(t, http.StatusCreated, s.exchange(refresh(refreshValue)).status)
}
