package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
)

// post sends a request on a connection and returns the answer.
func post(t *testing.T, connection net.Conn) *http.Response {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a/", strings.NewReader("body"))
	require.NoError(t, err)
	require.NoError(t, request.Write(connection))
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "answered", string(body))
	return response
}

func TestOpenConnectionsGetALastAnswerAfterTheListenersAreClosed(t *testing.T) {
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Serving.ShutdownDelay = time.Second
	})
	response := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answered") })
	s.public, s.admin = response, response
	ctx, signal := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.run(ctx, func() { close(listening) }) }()
	<-listening
	var connections []net.Conn
	for _, address := range []string{s.settings.Listen, s.settings.AdminListen} {
		used, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer used.Close()
		require.False(t, post(t, used).Close)
		unused, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer unused.Close()
		connections = append(connections, used, unused)
	}
	signal()
	require.Eventually(t, func() bool {
		connection, err := net.DialTimeout("tcp", s.settings.AdminListen, 20*time.Millisecond)
		if err == nil {
			_ = connection.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	}, time.Minute, 5*time.Millisecond, "the listeners are never closed")
	for _, connection := range connections {
		require.True(t, post(t, connection).Close, "the answer closes its connection")
	}
	require.NoError(t, <-ended)
}
