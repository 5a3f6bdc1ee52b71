package provider_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

// keptLog is a log that many write.
type keptLog struct {
	mutex   sync.Mutex
	content bytes.Buffer
}

func (l *keptLog) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.content.Write(line)
}

// of are the lines about a request, and all of the text.
func (l *keptLog) of(t *testing.T, requestID string) (lines []map[string]any, value string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for line := range strings.Lines(l.content.String()) {
		var read map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &read))
		if read["client_request_id"] == requestID {
			lines = append(lines, read)
		}
	}
	return lines, l.content.String()
}

func TestRequestLogHasRouteStatusClientAndError(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		log := &keptLog{}
		s := newStack(t, engine, func(o *provider.Options) { o.Logger = slog.New(slog.NewJSONHandler(log, nil)) })
		s.client("clinic", nil)
		send := func(id string, form url.Values) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathToken+"?note=not-for-logs",
				strings.NewReader(form.Encode()))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Request-Id", id)
			r.SetBasicAuth("clinic", secret+"clinic")
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		}
		one := func(id string) map[string]any {
			lines, _ := log.of(t, id)
			require.Len(t, lines, 1, id)
			require.Equal(t, "request", lines[0]["msg"])
			require.Equal(t, "POST", lines[0]["method"])
			require.Equal(t, oauth.PathToken, lines[0]["route"])
			require.Equal(t, "127.0.0.1", lines[0]["address"])
			require.Equal(t, "clinic", lines[0]["client_id"])
			require.Greater(t, lines[0]["duration_ms"], 0.0)
			return lines[0]
		}
		b := s.browser()
		code := b.code(challenged(request("clinic", "openid")))
		good := url.Values{
			"grant_type":    {"authorization_code"},
			"code":          {code},
			"redirect_uri":  {redirectURI},
			"code_verifier": {verifier},
		}
		wrong := url.Values{
			"grant_type":    {"authorization_code"},
			"code":          {code},
			"redirect_uri":  {redirectURI},
			"code_verifier": {strings.Repeat("w", 43)},
		}

		send("request-with-a-wrong-verifier", wrong)
		line := one("request-with-a-wrong-verifier")
		require.Equal(t, "invalid_grant", line["error"])
		require.EqualValues(t, 400, line["status"])
		require.Contains(t, line["cause"], "code challenge", "the reason, and not the code once more")
		require.Equal(t, s.userID, line["user_id"])

		send(
			"request-with-a-foreign-uri",
			url.Values{
				"grant_type":    {"authorization_code"},
				"code":          {code},
				"redirect_uri":  {"https://s3cret.example"},
				"code_verifier": {verifier},
			},
		)
		require.Contains(t, one("request-with-a-foreign-uri")["cause"], "redirect URI")

		send("request-with-a-made-up-code",
			url.Values{"grant_type": {"authorization_code"}, "code": {"i-made-this"}, "redirect_uri": {redirectURI}})
		require.NotEqual(t, "invalid_grant", one("request-with-a-made-up-code")["cause"])

		send("request-that-is-answered", good)
		line = one("request-that-is-answered")
		require.Equal(t, "INFO", line["level"])
		require.EqualValues(t, 200, line["status"])
		require.Equal(t, s.userID, line["user_id"])
		require.NotContains(t, line, "error")

		_, value := log.of(t, "")
		for _, hidden := range []string{code, verifier, secret, "not-for-logs", "s3cret", "i-made-this", "wwww"} {
			require.NotContains(t, value, hidden)
		}
	})
}

func TestRequestLogNamesTheDatabaseAsTheCause(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		log := &keptLog{}
		s := newStack(t, engine, func(o *provider.Options) { o.Logger = slog.New(slog.NewJSONHandler(log, nil)) })
		s.client("clinic", nil)
		b := s.browser()
		code := b.code(challenged(request("clinic", "openid")))
		require.NoError(t, s.store.Close())
		s.post(
			oauth.PathToken,
			"clinic",
			url.Values{
				"grant_type":    {"authorization_code"},
				"code":          {code},
				"redirect_uri":  {redirectURI},
				"code_verifier": {verifier},
			},
		)
		_, value := log.of(t, "")
		lines := strings.Split(strings.TrimSpace(value), "\n")
		var last map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
		require.NotContains(t, []any{"server_error", "temporarily_unavailable", nil}, last["cause"])
		require.Contains(t, last["cause"], "database is closed")
	})
}

func TestEachPageIsARouteOfItsOwnInTheLog(t *testing.T) {
	log := &keptLog{}
	s := newStack(t, storagetest.Engines()[0],
		func(o *provider.Options) { o.Logger = slog.New(slog.NewJSONHandler(log, nil)) })
	for _, c := range []struct {
		method, path, route string
		status              int
	}{
		{http.MethodGet, "/login/sign-in", "/login/sign-in", http.StatusBadRequest}, // without the request that it is for
		{http.MethodGet, "/login/account", "/login/account", http.StatusSeeOther},
		{http.MethodGet, "/login/nothing", "/login/*", http.StatusNotFound},
		{http.MethodPut, "/login/sign-in", "/login/*", http.StatusNotFound},
	} {
		id := "the-request-" + c.method + c.path
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
		r.Header.Set("X-Request-Id", id)
		w := httptest.NewRecorder()
		s.server.Config.Handler.ServeHTTP(w, r) // which returns when the line is written
		require.Equal(t, c.status, w.Code, c.path)
		lines, _ := log.of(t, id)
		require.Len(t, lines, 1, c.path)
		require.Equal(t, c.route, lines[0]["route"])
	}
}
