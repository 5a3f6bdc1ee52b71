package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage/storagetest"
)

// receiver is a service that takes audit events; it answers 503 while it is away.
type receiver struct {
	mu     sync.Mutex
	isAway bool
	asked  int
	kinds  []string
	token  string
}

func (s *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.isAway {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s.token = r.Header.Get("Authorization")
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != "application/x-ndjson" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for line := range bytes.Lines(body) {
		var event exportedLine
		if json.Unmarshal(line, &event) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.kinds = append(s.kinds, event.Kind)
	}
}

func (s *receiver) away(is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isAway = is
}

func TestAuditExportDeliversEachEventOnceThroughAnOutageAndARestart(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		e, service := newExported(t, engine), &receiver{isAway: true}
		server := httptest.NewServer(service)
		t.Cleanup(server.Close)
		cursor, token := filepath.Join(t.TempDir(), "cursor"), filepath.Join(t.TempDir(), "token")
		require.NoError(t, os.WriteFile(token, []byte("of the service\n"), 0o600))
		arguments := []string{"--to", server.URL, "--to-token-file", token, "--cursor-file", cursor}
		e.happened("first", 40*time.Second)
		e.happened("second", 30*time.Second)
		follow := append([]string{"--follow"}, arguments...)
		lines := e.run(follow, func() { require.NoFileExists(t, cursor); service.away(false) }, func() {})
		require.Empty(t, lines, "nothing is printed")
		require.Equal(t, []string{"first", "second"}, service.kinds)
		require.Equal(t, "Bearer of the service", service.token)
		require.Equal(t, 2, service.asked)

		e.happened("third", 20*time.Second)
		e.run(follow, func() {})
		require.Equal(t, []string{"first", "second", "third"}, service.kinds)
		information, err := os.Stat(cursor)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), information.Mode().Perm())
	})
}

func TestAuditExportSendsSyslogMessages(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	messages := make(chan string, 2)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for {
			var length int
			if _, err := fmt.Fscanf(in, "%d ", &length); err != nil {
				return
			}
			message := make([]byte, length)
			if _, err := io.ReadFull(in, message); err != nil {
				return
			}
			messages <- string(message)
		}
	}()
	e := newExported(t, storagetest.Engines()[0])
	e.happened("sign_in", 40*time.Second)
	e.happened("user_blocked", 30*time.Second)
	e.run([]string{"--follow", "--to", "syslog+tcp://" + listener.Addr().String()}, func() {})
	for _, kind := range []string{"sign_in", "user_blocked"} {
		message := <-messages
		require.Regexp(t, `^<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ ithildin \d+ `+kind+` - \x{feff}\{`, message)
		_, text, _ := strings.Cut(message, "\ufeff")
		var event exportedLine
		require.NoError(t, json.Unmarshal([]byte(text), &event))
		require.Equal(t, kind, event.Kind)
	}
}

func TestAuditExportRefusesAnAddressThatItCannotDeliverTo(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("empty", nil, 0o600))
	require.NoError(t, os.WriteFile("token", []byte("value"), 0o600))
	for name, arguments := range map[string][]string{
		"another scheme":        {"--to", "ftp://siem.example/"},
		"clear text":            {"--to", "http://siem.example/"},
		"a password":            {"--to", "https://user:password@siem.example/"},
		"syslog without a port": {"--to", "syslog+tcp://siem.example"},
		"a token for syslog":    {"--to", "syslog+tls://siem.example:6514", "--to-token-file", "token"},
		"two beginnings":        {"--after", "x", "--cursor-file", "cursor"},
		"an empty cursor":       {"--cursor-file", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			code := run(t.Context(), append([]string{"audit", "export"}, arguments...),
				console.Terminal{In: strings.NewReader(""), Out: &out, Err: &problems})
			require.NotEqual(t, console.ExitOK, code)
			require.Regexp(t, `--to|--cursor-file|empty`, problems.String())
			require.NotContains(t, problems.String(), "password@")
		})
	}
}
