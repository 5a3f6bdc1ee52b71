package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/gateway"
	"ithildin/jwks"
	"ithildin/jwks/jwkstest"
	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	hospitalID = "6498d88e-97fb-47e2-85a5-99e884f888aa"
	misID      = "7fb21983-0e7d-41dd-9769-568793dcab01"
	doctorID   = "3ff33ced-69dc-415a-b231-c6446898335a"
	personID   = "585041f5-1272-4bca-8d41-8440eefe7d26"
	misKey     = "bWlzLWFwaS1rZXktZm9yLXRoZS1taXQ9"
	now        = 1700000000
)

const rulesText = `{"rules": [
  {"path": "/public", "public": true},
  {"path": "/mis", "methods": ["GET"], "mis_only": true},
  {"path": "/api/patients/(?P<patient>[^/]+)/episodes(/(?P<episode>[^/]+))?", "methods": ["GET"],
"scopes": ["episode:read"],
   "abac": {"resource_type": "episode", "action": "read", "resource_id": "{episode}", "contexts": [{"type": "patient",
"id": "{patient}"}]}},
  {"path": "/api/entities(/.*)?", "methods": ["GET", "POST"], "scopes": ["legal_entity:read"]},
  {"path": "/api/employees", "scopes": ["employee:read", "employee:write"]}
]}`

// stack is a gateway in front of a provider, with an ABAC service that checks what it is asked.
type stack struct {
	t       testing.TB
	store   *storage.Store
	keys    *jwks.Set
	metrics *prometheus.Registry
	log     *bytes.Buffer // nil drops it
	issuer  string
	public  *httptest.Server
	admin   *httptest.Server
	gateway *gateway.Gateway
	events  *storage.EventQueue
	abac    *httptest.Server
	// allows is what the ABAC service answers; nil for an answer that is none.
	allows func(w http.ResponseWriter, asked map[string]any)
}

func newStack(
	t testing.TB, engine storagetest.Engine, mounts ...func(*stack, *provider.Provider) provider.Mount,
) *stack {
	clock := func() time.Time { return time.Unix(now, 0) }
	s := &stack{t: t, metrics: prometheus.NewRegistry(), store: engine.Open(t, func(o *storage.Options) { o.Now = clock })}
	algorithms := []string{jwks.RS256, jwks.ES256}
	jwkstest.Fill(t, provider.KeyStore{Store: s.store}, clock(), algorithms...)
	keys := jwks.New(provider.KeyStore{Store: s.store}, jwks.Options{Now: clock, Algorithms: algorithms})
	require.NoError(t, keys.Load(t.Context()))
	s.keys = keys
	s.public = httptest.NewUnstartedServer(nil)
	s.issuer = "http://" + s.public.Listener.Addr().String()
	issuer, err := url.Parse(s.issuer)
	require.NoError(t, err)
	p, err := provider.New(t.Context(), provider.Options{
		Store: s.store, Keys: keys, Issuer: issuer, Now: clock, Logger: slog.New(slog.NewJSONHandler(s, nil)),
		GatewayOrigins: []string{"https://other.example", "https://api.example"},
	})
	require.NoError(t, err)
	s.abac = httptest.NewServer(http.HandlerFunc(s.decide))
	t.Cleanup(s.abac.Close)
	s.events = s.store.NewEventQueue(slog.New(slog.DiscardHandler))
	rules, err := gateway.ParseRules([]byte(rulesText))
	require.NoError(t, err)
	s.gateway = gateway.New(gateway.Options{
		Provider: p, Rules: rules, ABAC: &gateway.ABAC{URL: s.abac.URL, Token: "abac token"}, Events: s.events,
		Metrics: s.metrics,
	})
	var public []provider.Mount
	for _, mount := range mounts {
		public = append(public, mount(s, p))
	}
	s.public.Config.Handler = p.Handler(public...)
	s.public.Start()
	t.Cleanup(s.public.Close)
	s.admin = httptest.NewServer(p.AdminHandler(unguarded, s.gateway.MountAdmin))
	t.Cleanup(s.admin.Close)
	s.fill()
	return s
}

// unguarded lets every request pass, since the guard of the admin listener is not the subject here.
func unguarded(next http.Handler) http.Handler { return next }

// Write takes the log.
func (s *stack) Write(line []byte) (int, error) {
	if s.log == nil {
		return len(line), nil
	}
	return s.log.Write(line)
}

func (s *stack) fill() {
	ctx := context.Background()
	kind := storage.ClientType{ID: uuid.NewString(), Name: "MSP", Scope: []string{"legal_entity:read"}}
	require.NoError(s.t, s.store.CreateClientType(ctx, kind))
	for id, private := range map[string]string{
		misID:      `{"access_type":"DIRECT","broker_scope":"legal_entity:read episode:read"}`,
		hospitalID: `{"access_type":"BROKER"}`,
	} {
		policy, err := storage.NewPolicy(storage.PresetMithril)
		require.NoError(s.t, err)
		connection := &storage.Connection{ID: uuid.NewString(), ClientID: id,
			RedirectURIs: []string{s.issuer + "/auth/redirect"}}
		connection.ApplyPreset(storage.PresetEHealth)
		if id == misID {
			connection.Secrets = []storage.ConnectionSecret{{ID: uuid.NewString(), Hash: storage.Hash(misKey)}}
		}
		require.NoError(s.t, s.store.CreateClient(ctx, storage.Client{
			ID: id, Name: "Лікарня " + id[:4], TypeID: kind.ID, Policy: policy, PrivateSettings: json.RawMessage(private),
			Connections: []*storage.Connection{connection},
			Metadata: storage.Metadata{
				GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
				TokenEndpointAuthMethod: storage.AuthMethodPost,
			},
		}))
	}
	require.NoError(s.t, s.store.CreateUser(ctx,
		storage.User{ID: doctorID, Email: "doctor@example.com", PersonID: personID}))
}

// token stores an access token of the doctor for a client.
func (s *stack) token(clientID, scope, kind string) string {
	return s.boundToken(clientID, scope, kind, nil)
}

// boundToken is the same for a token that is bound to a key; nil for a bearer token.
func (s *stack) boundToken(clientID, scope, kind string, bound *storage.Confirmation) string {
	value := uuid.NewString()
	require.NoError(s.t, s.store.CreateAccessToken(context.Background(), storage.AccessToken{
		ID: storage.Hash(value), AccessTokenID: uuid.NewString(), Kind: kind, ClientID: clientID, UserID: doctorID,
		Scope: scope,
		Session: &storage.Session{UserID: doctorID, Subject: doctorID, GrantType: "authorization_code",
			RedirectURI: "https://mis.example/", Confirmation: bound},
		CreatedAt: time.Unix(now, 0), ExpiresAt: time.Unix(now+3600, 0),
	}))
	return value
}

// decide is the ABAC service.
func (s *stack) decide(w http.ResponseWriter, r *http.Request) {
	assert.Equal(s.t, http.MethodPost, r.Method)
	assert.Equal(s.t, "/api/authorize", r.URL.Path)
	assert.Equal(s.t, "Bearer abac token", r.Header.Get("Authorization"))
	var asked map[string]any
	assert.NoError(s.t, json.NewDecoder(r.Body).Decode(&asked))
	if s.allows != nil {
		s.allows(w, asked)
		return
	}
	_, _ = io.WriteString(w, `{"data":{"result":false}}`)
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (a reply) message() string {
	var body struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal([]byte(a.body), &body)
	return body.Error.Message
}

// send makes a request with pairs of headers, and follows no redirect.
func (s *stack) send(method, address string, pairs ...string) reply {
	r, err := http.NewRequestWithContext(context.Background(), method, address, nil)
	require.NoError(s.t, err)
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
		if pairs[i] == "Host" {
			r.Host = pairs[i+1]
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return reply{response.StatusCode, response.Header, string(content)}
}

// ask is what nginx sends about a request.
func (s *stack) ask(method, target string, pairs ...string) reply {
	return s.send(http.MethodGet, s.admin.URL+gateway.PathAuthorize, append([]string{
		"X-Original-Method", method, "X-Original-URI", target, "X-Forwarded-Proto", "https", "X-Forwarded-Host",
		"api.example",
	}, pairs...)...)
}

func bearer(token string) []string {
	return []string{"Authorization", "Bearer " + token, "api-key", misKey}
}
