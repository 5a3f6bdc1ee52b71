package ehealth_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/ehealth"
	"ithildin/jwks"
	"ithildin/jwks/jwkstest"
	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/outbound"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// stack is a provider with the legacy face behind a real HTTP server, at a fixed time.
type stack struct {
	adapter *ehealth.Adapter
	// provider is what the adapter serves.
	provider *provider.Provider
	t        testing.TB
	store    *storage.Store
	server   *httptest.Server
	admin    *httptest.Server
	now      int64
	// later moves the clock on, in seconds.
	later      *atomic.Int64
	components *components
	metrics    *prometheus.Registry
}

// registrationSecret is the secret of the JWTs of the patients' cabinet.
const registrationSecret = "a secret that the cabinet shares, of 64 bytes or more, for HS512."

func newStack(t testing.TB, engine storagetest.Engine, now int64, options ...func(*provider.Options)) *stack {
	return newStackOn(t, now, func(at func(*storage.Options)) *storage.Store { return engine.Open(t, at) }, options...)
}

// newStackOn is newStack on a store that open makes, with the option that fixes its time.
func newStackOn(
	t testing.TB, now int64, open func(at func(*storage.Options)) *storage.Store, changes ...func(*provider.Options),
) *stack {
	s := &stack{t: t, now: now, components: newComponents(t), later: &atomic.Int64{}, metrics: prometheus.NewRegistry()}
	clock := func() time.Time { return time.Unix(now+s.later.Load(), 0) }
	s.store = open(func(o *storage.Options) { o.Now = clock })
	ctx := context.Background()
	algorithms := []string{jwks.RS256, jwks.ES256}
	jwkstest.Fill(t, provider.KeyStore{Store: s.store}, clock(), algorithms...)
	keys := jwks.New(provider.KeyStore{Store: s.store}, jwks.Options{Now: clock, Algorithms: algorithms})
	require.NoError(t, keys.Load(ctx))
	s.server = httptest.NewUnstartedServer(nil)
	issuer, err := url.Parse("http://" + s.server.Listener.Addr().String())
	require.NoError(t, err)
	options := provider.Options{
		Store: s.store, Keys: keys, Issuer: issuer, Now: clock, Components: s.components.options(), Metrics: s.metrics,
		Passwords: identity.NewPasswords(identity.PasswordOptions{CheapForTests: true}),
	}
	for _, change := range changes {
		change(&options)
	}
	p, err := provider.New(ctx, options)
	require.NoError(t, err)
	s.provider, s.adapter = p, ehealth.New(p, ehealth.Options{
		RegistrationSecret: []byte(registrationSecret),
		Verifications: identity.HTTPVerifications{Service: outbound.Service{
			URL: s.components.server.URL + "/otp/", Token: "otp token",
		}},
	})
	s.server.Config.Handler = p.Handler(s.adapter.Mount)
	s.server.Start()
	t.Cleanup(s.server.Close)
	s.admin = httptest.NewServer(p.AdminHandler(unguarded, s.adapter.MountAdmin))
	t.Cleanup(s.admin.Close)
	return s
}

// unguarded lets every request pass, since the guard of the admin listener is not the subject here.
func unguarded(next http.Handler) http.Handler { return next }

// configure gives the admin listener other options.
func (s *stack) configure(o ehealth.Options) {
	s.admin.Config.Handler = s.provider.AdminHandler(unguarded, ehealth.New(s.provider, o).MountAdmin)
}

// reply is what came back, decoded as far as it is JSON.
type reply struct {
	status int
	header http.Header
	raw    string
	body   any
}

// at follows a path of names, such as data.details.scope.
func (a reply) at(path string) (any, bool) {
	value := a.body
	for name := range strings.SplitSeq(path, ".") {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil, false
		}
		var known bool
		if value, known = object[name]; !known {
			return nil, false
		}
	}
	return value, true
}

// send asks the public listener.
func (s *stack) send(method, path string, header map[string]string, body string) reply {
	return s.sendTo(s.server, method, path, header, body)
}

// ask asks the admin listener.
func (s *stack) ask(method, path string, header map[string]string, body string) reply {
	return s.sendTo(s.admin, method, path, header, body)
}

func (s *stack) sendTo(server *httptest.Server, method, path string, header map[string]string, body string) reply {
	r, err := http.NewRequestWithContext(context.Background(), method, server.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	a := reply{status: response.StatusCode, header: response.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body)
	return a
}

var asJSON = map[string]string{"Content-Type": "application/json"}

// exchange posts a token object.
func (s *stack) exchange(token map[string]any) reply {
	body, err := json.Marshal(map[string]any{"token": token})
	require.NoError(s.t, err)
	return s.send(http.MethodPost, "/oauth/tokens", asJSON, string(body))
}

// state is what a case presupposes, in the words of the old system.
type state struct {
	Now    int64 `json:"now"`
	Config struct {
		CodeLifetime    int64 `json:"code_lifetime"`
		AccessLifetime  int64 `json:"access_lifetime"`
		RefreshLifetime int64 `json:"refresh_lifetime"`
	} `json:"config"`
	Clients []struct {
		ID        string `json:"id"`
		IsBlocked bool   `json:"is_blocked"`
	} `json:"clients"`
	Connections []struct {
		ClientID    string `json:"client_id"`
		ConsumerID  string `json:"consumer_id"`
		Secret      string `json:"secret"`
		RedirectURI string `json:"redirect_uri"`
	} `json:"connections"`
	Users []struct {
		ID        string `json:"id"`
		IsBlocked bool   `json:"is_blocked"`
	} `json:"users"`
	Approvals []struct {
		UserID   string `json:"user_id"`
		ClientID string `json:"client_id"`
		Scope    string `json:"scope"`
	} `json:"apps"`
	Tokens []struct {
		Name      string `json:"name"`
		Value     string `json:"value"`
		UserID    string `json:"user_id"`
		ExpiresAt int64  `json:"expires_at"`
		Details   struct {
			ClientID     string `json:"client_id"`
			RedirectURI  string `json:"redirect_uri"`
			ScopeRequest string `json:"scope_request"`
			Used         bool   `json:"used"`
		} `json:"details"`
	} `json:"tokens"`
}

// fill puts a state into the database as the importer would: with the preset mithril.
func (s *stack) fill(given state) {
	ctx := context.Background()
	for _, user := range given.Users {
		require.NoError(s.t, s.store.CreateUser(ctx,
			storage.User{ID: user.ID, Email: user.ID + "@example.com", IsBlocked: user.IsBlocked}))
	}
	policy, err := storage.ImportedPolicy()
	require.NoError(s.t, err)
	policy.CodeLifetime = time.Duration(given.Config.CodeLifetime) * time.Second
	policy.AccessLifetime = time.Duration(given.Config.AccessLifetime) * time.Second
	policy.RefreshLifetime = time.Duration(given.Config.RefreshLifetime) * time.Second
	for _, client := range given.Clients {
		require.NoError(s.t, s.store.CreateClient(ctx, storage.Client{
			ID: client.ID, Name: client.ID, Policy: policy, IsBlocked: client.IsBlocked,
			Metadata: storage.Metadata{
				GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
				TokenEndpointAuthMethod: storage.AuthMethodPost,
			},
		}))
	}
	for _, c := range given.Connections {
		connection := storage.Connection{
			ID: uuid.NewString(), ClientID: c.ClientID, ConsumerID: c.ConsumerID, RedirectURIs: []string{c.RedirectURI},
			Secrets: []storage.ConnectionSecret{{ID: uuid.NewString(), Hash: storage.Hash(c.Secret)}},
		}
		connection.ApplyPreset(storage.PresetMithril)
		require.NoError(s.t, s.store.CreateConnection(ctx, connection))
	}
	for _, approval := range given.Approvals {
		require.NoError(s.t, s.store.Approve(ctx, storage.Approval{
			ID: uuid.NewString(), UserID: approval.UserID, ClientID: approval.ClientID,
			Scope: storage.SplitScope(approval.Scope),
		}))
	}
	s.fillTokens(given)
}

func (s *stack) fillTokens(given state) {
	ctx := context.Background()
	for _, token := range given.Tokens {
		session := &storage.Session{UserID: token.UserID, Subject: token.UserID, RedirectURIGiven: true}
		switch token.Name {
		case "authorization_code":
			code := storage.Code{
				ID: storage.Hash(token.Value), CodeID: uuid.NewString(), GrantID: uuid.NewString(),
				ClientID: token.Details.ClientID,
				UserID:   token.UserID, RedirectURI: token.Details.RedirectURI, Scope: token.Details.ScopeRequest, Session: session,
				ExpiresAt: storage.FromEpochSeconds(token.ExpiresAt),
			}
			require.NoError(s.t, s.store.CreateCode(ctx, code))
			if token.Details.Used {
				_, err := s.store.SQL().ExecContext(ctx, `UPDATE codes SET used_at = $1 WHERE id = $2`, given.Now-1, code.ID)
				require.NoError(s.t, err)
			}
		case "refresh_token":
			require.NoError(s.t, s.store.CreateGrant(ctx, storage.Grant{
				ID: uuid.NewString(), ClientID: token.Details.ClientID, UserID: token.UserID, Session: session,
				RefreshTokenID: uuid.NewString(), RefreshHash: storage.Hash(token.Value),
				RefreshExpiresAt: storage.FromEpochSeconds(token.ExpiresAt),
				ExpiresAt:        storage.FromEpochSeconds(token.ExpiresAt + 86400),
			}))
		default:
			s.t.Fatalf("a token of the kind %q", token.Name)
		}
	}
}
