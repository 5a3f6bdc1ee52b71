package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/admin"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/mail"
	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// stack is a provider with the admin API behind a real HTTP server.
type stack struct {
	t      *testing.T
	store  *storage.Store
	p      *provider.Provider
	public *httptest.Server
	admin  *httptest.Server
	router chi.Routes
	api    *admin.API
	later  *atomic.Int64 // moves the clock on, in seconds
}

const (
	staticToken = "a static token of many characters"
	staticName  = "registry-console"
)

// staticGuard admits one token, and counts no failures; that the listener's own guard does is tested with it.
type staticGuard struct{}

func (staticGuard) Admits(r *http.Request) (string, bool) {
	return staticName, r.Header.Get("Authorization") == "Bearer "+staticToken
}

func (staticGuard) RefusesHost(*http.Request) string { return "" }

func (staticGuard) CountFailure(*http.Request) time.Duration { return 0 }

func newStack(t *testing.T, engine storagetest.Engine) *stack {
	return newStackOn(t, engine.Create(t))
}

func newStackOn(t *testing.T, databaseURL string) *stack {
	s := &stack{t: t, later: &atomic.Int64{}}
	begin := time.Now()
	clock := func() time.Time { return begin.Add(time.Duration(s.later.Load()) * time.Second) }
	s.store = storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = clock })
	keys := jwks.New(provider.KeyStore{Store: s.store},
		jwks.Options{Now: clock, Algorithms: []string{jwks.ES256, jwks.RS256}})
	require.NoError(t, keys.Load(t.Context()))
	s.public = httptest.NewUnstartedServer(nil)
	issuer, err := url.Parse("http://" + s.public.Listener.Addr().String())
	require.NoError(t, err)
	s.p, err = provider.New(t.Context(), provider.Options{Store: s.store, Keys: keys, Issuer: issuer, Now: clock})
	require.NoError(t, err)
	s.public.Config.Handler = s.p.Handler()
	s.public.Start()
	t.Cleanup(s.public.Close)
	s.api = admin.New(admin.Options{
		Provider: s.p, Keys: keys, Guard: staticGuard{}, Version: "v1.2.3",
		URL: &url.URL{Scheme: "https", Host: "admin.example"},
		Mail: mail.New(mail.Options{
			Store: s.store, Now: clock, Sender: mail.LogSender{Logger: slog.New(slog.DiscardHandler)},
		}),
		Checks: func() map[string]string {
			return map[string]string{"database": "ok", "clock": "3s from the database's"}
		},
		Settings: []admin.Setting{{Name: "ITHILDIN_SECRET", Value: "1 secret"}},
	})
	router := chi.NewRouter()
	s.api.MountAdmin(router, router)
	s.router = router
	nobody := func(http.Handler) http.Handler { return http.NotFoundHandler() }
	s.admin = httptest.NewServer(s.p.AdminHandler(nobody, s.api.MountAdmin))
	t.Cleanup(s.admin.Close)
	return s
}

// reply is what came back.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// ask asks the API with a token. header are names and values in turn.
func (s *stack) ask(token, method, path string, body any, header ...string) reply {
	s.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		require.NoError(s.t, err)
		content = strings.NewReader(string(encoded))
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.admin.URL+admin.Prefix+path, content)
	require.NoError(s.t, err)
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	a := reply{t: s.t, status: response.StatusCode, header: response.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body)
	return a
}

// do is ask with the static token, for an answer with a status.
func (s *stack) do(want int, method, path string, body any, header ...string) reply {
	s.t.Helper()
	a := s.ask(staticToken, method, path, body, header...)
	require.Equal(s.t, want, a.status, "%s %s: %s", method, path, a.raw)
	return a
}

// text is a member of the body.
func (a reply) text(name string) string { return fmt.Sprint(a.body[name]) }

// items are those of a list.
func (a reply) items() (items []map[string]any) {
	a.t.Helper()
	list, ok := a.body["items"].([]any)
	require.True(a.t, ok, a.raw)
	for _, item := range list {
		items = append(items, item.(map[string]any))
	}
	return items
}

// isProblem checks that an answer is a problem of RFC 9457 with a status and words.
func (a reply) isProblem(status int, words ...string) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.raw)
	require.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"))
	require.InDelta(a.t, status, a.body["status"], 0)
	require.NotEmpty(a.t, a.text("title"))
	require.Equal(a.t, a.header.Get("X-Request-Id"), a.text("request_id"))
	for _, word := range words {
		require.Contains(a.t, a.raw, word)
	}
}

// clientToken is an access token of a client that acts for itself, by the token endpoint.
func (s *stack) clientToken(scope string, changes ...func(*storage.Client)) (token string, client *storage.Client) {
	s.t.Helper()
	client = storagetest.Client(s.t, s.store, storage.PresetStandard, append([]func(*storage.Client){
		func(c *storage.Client) { c.Scope = storage.SplitScope(scope) },
	}, changes...)...)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.public.URL+"/oauth2/token",
		strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(client.ID), url.QueryEscape(storagetest.SecretOf(client.Connections[0].ID)))
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
		Scope string `json:"scope"`
	}
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&answer))
	require.Equal(s.t, scope, answer.Scope)
	return answer.Token, client
}

// userToken is an opaque access token of a user with a scope, whose role has it too.
func (s *stack) userToken(user storage.User, scope ...string) (token string, role storage.Role) {
	s.t.Helper()
	role = storagetest.Role(s.t, s.store, scope...)
	require.NoError(s.t, s.store.GrantRole(s.t.Context(), user.ID, role.ID, ""))
	client := storagetest.Client(s.t, s.store, storage.PresetStandard, storagetest.Opaque)
	token = "opaque " + s.store.NewID()
	require.NoError(s.t, s.store.CreateAccessToken(s.t.Context(), storage.AccessToken{
		ID: storage.Hash(token), AccessTokenID: s.store.NewID(), Kind: storage.KindAccessToken, ClientID: client.ID,
		UserID: user.ID, Scope: strings.Join(scope, " "), Session: &storage.Session{UserID: user.ID, Subject: user.ID},
		CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(time.Hour),
	}))
	return token, role
}

// events are the audit events of a kind, the newest first.
func (s *stack) events(kind string) []storage.Event {
	s.t.Helper()
	events, err := s.store.ListEvents(context.WithoutCancel(s.t.Context()), storage.EventFilter{Kind: kind})
	require.NoError(s.t, err)
	return events
}

// allRights are the names of all rights.
func allRights() (names []string) {
	for _, right := range operator.Rights() {
		names = append(names, string(right))
	}
	return names
}
