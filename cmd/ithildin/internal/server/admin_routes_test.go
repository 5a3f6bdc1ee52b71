package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/ehealth"
	"ithildin/adapters/gateway"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	routesToken    = "a-token-of-many-characters-0123456789"
	routesOperator = "registry-console"
)

// administered is a service whose admin listener asks for a token, and the routes that adapters mount on it.
type administered struct {
	t             *testing.T
	s             *service
	open, guarded chi.Router
	known         map[string]string // what earlier answers said, for the paths and bodies of later requests
	seen          map[string]bool   // ids of events
}

func newAdministration(t *testing.T, engine storagetest.Engine) *administered {
	s := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
		s.Database.URL, s.AdminTokens = engine.Create(t), []string{routesOperator + ":" + routesToken}
	})
	a := &administered{
		t: t, s: s, open: chi.NewRouter(), guarded: chi.NewRouter(), known: map[string]string{}, seen: map[string]bool{},
	}
	ehealth.New(s.provider, s.settings.Legacy).MountAdmin(a.open, a.guarded)
	gateway.New(gateway.Options{Provider: s.provider}).MountAdmin(a.open, a.guarded)
	return a
}

// route is a method and the template of a path.
type route struct{ method, template string }

// routesOf are those of a router, each with and without a slash at its end. The last of the guarded ones takes what no
// other does.
func (a *administered) routesOf(router chi.Router) (routes []route) {
	require.NoError(a.t, chi.Walk(router, func(
		method, template string, _ http.Handler, _ ...func(http.Handler) http.Handler,
	) error {
		routes = append(routes, route{method, template})
		return nil
	}))
	return routes
}

func (a *administered) ask(method, path, body, token string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.s.admin.ServeHTTP(w, r)
	return w
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// path is one that the template of a route matches.
func (r route) path() string {
	return placeholder.ReplaceAllString(r.template, uuid.NewString())
}

// asksForToken returns whether the admin listener refuses a request because it has no token.
func (a *administered) asksForToken(method, path string) bool {
	got := a.ask(method, path, "{}", "")
	return got.Code == http.StatusUnauthorized && got.Header().Get("WWW-Authenticate") == `Bearer realm="ithildin admin"`
}

func TestEveryGuardedRouteOfTheAdminListenerAsksForTheAdminToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newAdministration(t, engine)
		routes := a.routesOf(a.guarded)
		require.Greater(t, len(routes), 100)
		for _, route := range routes {
			require.True(t, a.asksForToken(route.method, route.path()), "%v without a token", route)
			got := a.ask(route.method, route.path(), "{}", "wrong")
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusTooManyRequests}, got.Code,
				"%v with a wrong one", route)
			require.NotContains(t, got.Body.String(), `"meta"`, "%v reached the API", route)
			require.NotContains(t, a.ask(route.method, route.path(), "{}", routesToken).Body.String(), "admin token",
				"%v with the token", route)
		}
	})
}

func TestOpenRoutesOfTheAdminListenerAreThoseOfGatewaysAndProbes(t *testing.T) {
	a := newAdministration(t, storagetest.Engines()[0])
	var open []string
	for _, route := range append(a.routesOf(a.open), route{"GET", "/healthz"}, route{"GET", "/readyz"},
		route{"GET", "/metrics"}) {
		require.False(t, a.asksForToken(route.method, route.path()), "%v", route)
		if template := strings.TrimSuffix(route.template, "/"); !slices.Contains(open, template) {
			open = append(open, template)
		}
	}
	// Whoever holds the token or the key in question may ask what it stands for, and anybody whose tokens an API takes.
	require.ElementsMatch(t, []string{
		"/admin/tokens/{token}/verify", "/admin/tokens/{token}/user", "/admin/api_key/{key}/verify",
		"/gateway/authorize", "/gateway/envoy/*", "/gateway/protected-resource", "/healthz", "/readyz", "/metrics",
	}, open)
}

func TestAttackPathNextToAnOpenOneOfTheAdminListenerAsksForTheAdminToken(t *testing.T) {
	a := newAdministration(t, storagetest.Engines()[0])
	for _, r := range []route{
		{"POST", "/admin/tokens/a/verify"}, {"DELETE", "/admin/tokens/a/user"}, {"POST", "/readyz"}, {"GET", "/readyz/"},
		{"GET", "/gateway"}, {"GET", "/gateway/"}, {"GET", "/gateway/envoy"}, {"GET", "/gateway/../admin/users"},
		{"GET", "//admin/tokens/a/verify"}, {"GET", "/admin/tokens/a/verify/../../users"}, {"GET", "/admin/tokens//verify"},
		{"GET", "/admin/users?/verify"}, {"GET", "/admin/tokens/a/verify%2f.."}, {"GET", "/"}, {"GET", "/unknown"},
	} {
		require.True(t, a.asksForToken(r.method, r.template), "%v", r)
	}
}

// adminChange is a request that changes something, and the event that it must leave. Names in braces are answers of
// others.
type adminChange struct {
	method, path, body string
	kind               string
	learn              string // the name under which the id of the answer is known
}

var adminChanges = []adminChange{
	{"POST", "client_types", `{"client_type":{"name":"NEW","scope":"a:b app:authorize"}}`, "client_type_created", "type"},
	{"PUT", "client_types/{type}", `{"client_type":{"scope":"a:c app:authorize"}}`, "client_type_updated", ""},
	{"PATCH", "client_types/{type}", `{"client_type":{"scope":"a:d app:authorize"}}`, "client_type_updated", ""},
	{"POST", "roles", `{"role":{"name":"NEW","scope":"a:b"}}`, "role_created", "role"},
	{"PUT", "roles/{role}", `{"role":{"scope":"a:c"}}`, "role_updated", ""},
	{"PATCH", "roles/{role}", `{"role":{"scope":"a:d"}}`, "role_updated", ""},
	{"POST", "users", `{"user":{"email":"a@example.com","password":"Somepassword1","2fa_enable":false}}`, "user_created",
		"user"},
	{"PUT", "users/{user}", `{"user":{"tax_id":"1"}}`, "user_updated", ""},
	{"PATCH", "users/{user}", `{"user":{"tax_id":"2"}}`, "user_updated", ""},
	{"PATCH", "users/{user}/actions/change_password",
		`{"user":{"current_password":"Somepassword1","password":"Somepassword2"}}`, "password_set", ""},
	{"PATCH", "users/{user}/actions/block", ``, "user_blocked", ""},
	{"PATCH", "users/{user}/actions/unblock", ``, "user_unblocked", ""},
	{"POST", "clients", `{"client":{"name":"A","client_type_id":"{type}","user_id":"{user}",
		"settings":{"allowed_grant_types":["password"]}}}`, "client_created", "client"},
	{"PUT", "clients/{client}", `{"client":{"name":"B"}}`, "client_updated", ""},
	{"PATCH", "clients/{client}", `{"client":{"name":"C","priv_settings":{"access_type":"DIRECT"}}}`, "client_updated",
		""},
	{"PATCH", "clients/{client}/actions/block", ``, "client_blocked", ""},
	{"PATCH", "clients/{client}/actions/unblock", ``, "client_unblocked", ""},
	{"PUT", "clients/{client}/connections", `{"consumer_id":"{client}","redirect_uri":"https://a.example/cb"}`,
		"connection_created", "connection"},
	{"PATCH", "clients/{client}/connections/{connection}", `{"redirect_uri":"https://b.example/cb"}`,
		"connection_updated", ""},
	{"PATCH", "clients/{client}/connections/{connection}/actions/refresh_secret", ``, "connection_secret_replaced", ""},
	{"POST", "users/{user}/roles", `{"user_role":{"role_id":"{role}","client_id":"{client}"}}`, "role_granted", "held"},
	{"DELETE", "users/{user}/roles/{held}", ``, "role_revoked", ""},
	{"POST", "users/{user}/roles", `{"user_role":{"role_id":"{role}","client_id":"{client}"}}`, "role_granted", "held"},
	{"DELETE", "users/roles/{held}", ``, "role_revoked", ""},
	{"POST", "users/{user}/roles", `{"user_role":{"role_id":"{role}","client_id":"{client}"}}`, "role_granted", ""},
	{"DELETE", "users/{user}/roles?client_id={client}&role_name=NEW", ``, "role_revoked", ""},
	{"POST", "users/{user}/global_roles", `{"global_user_role":{"role_id":"{role}"}}`, "role_granted", "global"},
	{"DELETE", "users/{user}/global_roles/{global}", ``, "role_revoked", ""},
	{"POST", "users/{user}/tokens/access", `{"token":{"client_id":"{client}","scope":"app:authorize"}}`,
		"session_token_issued", "token"},
	{"DELETE", "tokens/{token}", ``, "token_deleted", ""},
	{"POST", "tokens", `{"token":{"name":"access_token","value":"a","user_id":"{user}","expires_at":1,"details":{}}}`,
		"token_created", "token"},
	{"PUT", "tokens/{token}", `{"token":{"expires_at":2}}`, "token_changed", ""},
	{"PATCH", "tokens/{token}", `{"token":{"value":"b"}}`, "token_changed", ""},
	{"POST", "users/{user}/tokens/access", `{"token":{"client_id":"{client}","scope":"app:authorize"}}`,
		"session_token_issued", ""},
	{"DELETE", "users/{user}/tokens?client_id={client}", ``, "tokens_deleted", ""},
	{"POST", "users/{user}/tokens/access", `{"token":{"client_id":"{client}","scope":"app:authorize"}}`,
		"session_token_issued", ""},
	{"DELETE", "tokens?user_ids={user}", ``, "tokens_deleted", ""},
	{"PATCH", "clients/{client}/actions/deactivate_tokens", ``, "tokens_deactivated", ""},
	{"POST", "users/{user}/authentication_factors", `{"type":"SMS","factor":"+380501234567"}`, "factor_created",
		"factor"},
	{"PATCH", "users/{user}/authentication_factors/{factor}/actions/reset", ``, "factor_changed", ""},
	{"PATCH", "users/{user}/authentication_factors/{factor}/actions/disable", ``, "factor_changed", ""},
	{"PATCH", "users/{user}/authentication_factors/{factor}/actions/enable", ``, "factor_changed", ""},
	{"POST", "apps", `{"app":{"user_id":"{user}","client_id":"{client}","scope":"a:b"}}`, "approval_created", "approval"},
	{"PUT", "apps/{approval}", `{"app":{"scope":"a:c"}}`, "approval_updated", ""},
	{"PATCH", "apps/{approval}", `{"app":{"scope":"a:d"}}`, "approval_updated", ""},
	{"DELETE", "apps/{approval}", ``, "approval_deleted", ""},
	{"DELETE", "users/{user}/apps?client_id={client}", ``, "approval_deleted", ""},
	{"DELETE", "clients/{client}/connections/{connection}", ``, "connection_deleted", ""},
	{"DELETE", "clients/{client}", ``, "client_deleted", ""},
	{"DELETE", "client_types/{type}", ``, "client_type_deleted", ""},
	{"DELETE", "roles/{role}", ``, "role_deleted", ""},
	{"DELETE", "users/{user}", ``, "user_deleted", ""},
}

func TestEveryChangeByTheAdminAPIIsAuditedWithItsOperator(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newAdministration(t, engine)
		covered := map[route]bool{}
		for _, change := range adminChanges {
			if strings.HasSuffix(change.path, "/apps?client_id={client}") {
				a.approve()
			}
			a.newEvents()
			covered[a.change(change)] = true
			found := false
			for _, e := range a.newEvents() {
				require.Equal(t, storage.ByLegacyAPI, e.Details["by"], "%s of %s %s", e.Kind, change.method, change.path)
				require.Equal(t, routesOperator, e.Details["operator"], "%s of %s %s", e.Kind, change.method, change.path)
				require.NotEmpty(t, e.RequestID)
				found = found || e.Kind == change.kind
			}
			require.True(t, found, "%s %s leaves no event %s", change.method, change.path, change.kind)
		}
		for _, r := range a.routesOf(a.guarded) {
			r.template = strings.TrimSuffix(r.template, "/")
			isRead := r.method == http.MethodGet || r.method == http.MethodHead
			if !isRead && strings.HasPrefix(r.template, "/admin/") {
				require.True(t, covered[r], "no change is tried by %s %s", r.method, r.template)
			}
		}
	})
}

// approve lets the client do something for the user, as by the consent page.
func (a *administered) approve() {
	a.known["approval"] = uuid.NewString()
	require.NoError(a.t, a.s.store.Approve(a.t.Context(), storage.Approval{
		ID: a.known["approval"], UserID: a.known["user"], ClientID: a.known["client"], Scope: []string{"a:b"},
	}))
}

// change makes a change, which must succeed, and returns its route.
func (a *administered) change(c adminChange) route {
	fill := func(content string) string {
		for name, value := range a.known {
			content = strings.ReplaceAll(content, "{"+name+"}", value)
		}
		return content
	}
	path := fill("/admin/" + c.path)
	got := a.ask(c.method, path, fill(c.body), routesToken, "api-key", a.known["secret"], "x-consumer-id", a.known["user"])
	require.Less(a.t, got.Code, 300, "%s %s: %s", c.method, path, got.Body)
	var response struct {
		Data struct {
			ID     string `json:"id"`
			Secret string `json:"secret"`
		} `json:"data"`
	}
	if c.learn != "" {
		require.NoError(a.t, json.Unmarshal(got.Body.Bytes(), &response))
		require.NotEmpty(a.t, response.Data.ID, got.Body)
		a.known[c.learn] = response.Data.ID
		if response.Data.Secret != "" {
			a.known["secret"] = response.Data.Secret
		}
	}
	address, _, _ := strings.Cut(path, "?")
	template := a.guarded.Find(chi.NewRouteContext(), c.method, address)
	require.NotEmpty(a.t, template, path)
	return route{c.method, template}
}

// newEvents are those since the last call.
func (a *administered) newEvents() (events []storage.Event) {
	all, err := a.s.store.ListEvents(a.t.Context(), storage.EventFilter{Limit: 1000})
	require.NoError(a.t, err)
	for _, e := range all {
		if !a.seen[e.ID] {
			a.seen[e.ID] = true
			events = append(events, e)
		}
	}
	return events
}
