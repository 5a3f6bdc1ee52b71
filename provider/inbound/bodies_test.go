package inbound_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/inbound"
)

func TestConcurrentBodiesShareOneMemoryBudget(t *testing.T) {
	holding, release := make(chan struct{}), make(chan struct{})
	var failed error
	handler := inbound.NewBodies(inbound.Limits{Ordinary: 100,
		Large: 50}).Bound(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			inbound.Allow(r, 1<<20)
		}
		_, failed = io.ReadAll(r.Body)
		if r.URL.Path == "/hold" {
			holding <- struct{}{}
			<-release
		}
	}))
	send := func(path string, size int) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(strings.Repeat("a", size)))
		r.ContentLength = -1 // it does not say
		handler.ServeHTTP(w, r)
		return w
	}
	go send("/hold", 60)
	<-holding
	require.Empty(t, send("/", 40).Header().Get("Connection"))
	require.NoError(t, failed)
	require.Equal(t, "close", send("/", 41).Header().Get("Connection"), "nobody reads the rest")
	require.ErrorIs(t, failed, inbound.ErrBusy)
	send("/", 40)
	require.NoError(t, failed, "what failed has given back what it took")
	release <- struct{}{}
	require.Eventually(t, func() bool { send("/", 100); return failed == nil }, time.Minute, time.Millisecond)
}

func TestBodySizeIsLimitedByItsEndpoint(t *testing.T) {
	var failed error
	var large bool
	handler := inbound.NewBodies(inbound.Limits{}).Bound(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			inbound.Allow(r, 100_000)
		}
		_, failed = io.ReadAll(r.Body)
		large = inbound.IsLarge(r)
	}))
	for _, c := range []struct {
		path     string
		size     int
		declared bool
		rejected bool
		large    bool
	}{
		{"/", inbound.Ordinary, true, false, false}, {"/", inbound.Ordinary, false, false, false},
		{"/", inbound.Ordinary + 1, true, true, false}, {"/", inbound.Ordinary + 1, false, true, true},
		{"/large", 100_000, false, false, true}, {"/large", 100_001, false, true, true},
		{"/large", 100_001, true, true, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path,
			strings.NewReader(strings.Repeat("a", c.size)))
		if !c.declared {
			r.ContentLength = -1
		}
		handler.ServeHTTP(httptest.NewRecorder(), r)
		var tooLarge *http.MaxBytesError
		if c.rejected {
			require.ErrorAs(t, failed, &tooLarge)
		} else {
			require.NoError(t, failed)
		}
		require.Equal(t, c.large, large, c)
	}
}
