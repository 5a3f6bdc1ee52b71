package inbound_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/inbound"
)

// admission answers 503 to what is not admitted, and else waits.
func admission(limit int, arrived chan<- struct{}, release <-chan struct{}) http.Handler {
	return inbound.NewRequests(limit, nil).Bound(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if inbound.Admitted(r) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-release
	}))
}

func TestRequestsBeyondTheLimitAreRefusedUntilOthersFinish(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	handler := admission(1, arrived, release)
	ask := func() int {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		return w.Code
	}
	done := make(chan int)
	go func() { done <- ask() }()
	<-arrived
	require.Equal(t, http.StatusServiceUnavailable, ask())
	release <- struct{}{}
	require.Equal(t, http.StatusOK, <-done)
	go func() { done <- ask() }()
	<-arrived
	release <- struct{}{}
	require.Equal(t, http.StatusOK, <-done, "there is room again")
}

func TestAttackSlowBodiesOccupyRequestSlots(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	handler := admission(1, arrived, release)
	slow, sender := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", slow))
	}()
	_, err := sender.Write([]byte("a")) // it is being read: the request was admitted, and waits for the rest
	require.NoError(t, err)
	w := httptest.NewRecorder()
	other := make(chan struct{})
	go func() {
		defer close(other)
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	}()
	<-arrived
	release <- struct{}{}
	<-other
	require.Equal(t, http.StatusOK, w.Code)
	require.NoError(t, sender.Close())
	<-arrived
	release <- struct{}{}
	<-done
}
