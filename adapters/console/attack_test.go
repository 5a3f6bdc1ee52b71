package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// route is a page of the console as its router has it.
type route struct{ method, path string }

// routes are all of them, with ids in the place of parameters.
func (s *stack) routes() (all []route) {
	router := chi.NewRouter()
	s.console.MountAdmin(router, nil)
	require.NoError(s.t, chi.Walk(router, func(
		method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler,
	) error {
		if strings.HasSuffix(path, "*") || path == "/console" {
			return nil // what is not there
		}
		all = append(all, route{method, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, s.store.NewID())})
		return nil
	}))
	require.Greater(s.t, len(all), 15)
	return all
}

// Every form of the console is refused from another origin, and without the token of the session.
func TestAttackCrossSiteRequestForgeryOnEveryForm(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	b.signIn(admin.Email)
	posts := 0
	for _, route := range s.routes() {
		if route.method != http.MethodPost {
			require.Equal(t, http.MethodGet, route.method)
			continue
		}
		posts++
		for _, origin := range []string{"https://evil.example", "null", "http://localhost", s.issuer} {
			p := b.postFrom(origin, s.admin+route.path, url.Values{"reason": {"because"}})
			require.Equal(t, http.StatusForbidden, p.status, "%s from %s", route.path, origin)
		}
		if route.path == "/console/sign-in" || route.path == "/console/preferences" {
			continue // they need no session
		}
		for _, token := range []string{"", "guessed", strings.Repeat("A", 43)} {
			p := b.post(s.admin+route.path, url.Values{"reason": {"because"}, "token": {token}})
			require.Equal(t, http.StatusForbidden, p.status, "%s with the token %q", route.path, token)
			require.Contains(t, p.body, "not sent from a page of the console")
		}
	}
	require.Greater(t, posts, 8)
}

// Who may look may not act: every action is refused to an operator who has no more than admin:read, whatever scope the
// form says.
func TestAttackReaderPostsEveryAction(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	reader, _ := s.operator("reader@example.com", operator.Read)
	b := s.browser()
	home := b.signIn(reader.Email)
	posts := 0
	for _, route := range s.routes() {
		path := strings.TrimPrefix(route.path, "/console/")
		if route.method != http.MethodPost || path == "sign-in" || path == "sign-out" || path == "preferences" ||
			path == "search" {
			continue
		}
		posts++
		p := b.post(s.admin+route.path, url.Values{
			"token": {home.hidden(t, "token")}, "reason": {"let me in"}, "scope": {"admin:users admin:clients admin:keys"},
		})
		require.Equal(t, http.StatusForbidden, p.status, path)
		require.Contains(t, p.body, "You do not have the right", path)
	}
	require.Greater(t, posts, 20)
}

// The session of an administrator who was removed does nothing any more, with the token of its forms and all.
func TestAttackSessionOfARemovedAdministrator(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		removed, role := s.operator("removed@example.com", operator.Rights()...)
		victim := s.person("victim@example.com", true)
		b := s.browser()
		home := b.signIn(removed.Email)
		require.NoError(t, s.store.RevokeRole(t.Context(), removed.ID, role.ID, ""))
		form := url.Values{"token": {home.hidden(t, "token")}, "reason": {"revenge"}}
		require.Equal(t, "/console/sign-in", b.post(s.admin+"/console/people/"+victim.ID+"/block", form).url.Path)
		require.NoError(t, s.store.GrantRole(t.Context(), removed.ID, role.ID, ""))
		require.Equal(t, "/console/sign-in", b.console("people").url.Path, "the session does not come back with the role")
		user, err := s.store.FindUser(t.Context(), victim.ID)
		require.NoError(t, err)
		require.False(t, user.IsBlocked)
	})
}

// Without a session there is the sign-in only, and without a right there is nothing to see or do.
func TestEveryPageNeedsASessionAndItsRight(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	nobody, weakest := s.browser(), s.browser()
	keys, _ := s.operator("keys@example.com", operator.Keys)
	home := weakest.signIn(keys.Email)
	for _, route := range s.routes() {
		path := strings.TrimPrefix(route.path, "/console/")
		if path == "sign-in" || path == "callback" || path == "preferences" || path == "/console" {
			continue
		}
		form := url.Values{"token": {home.hidden(t, "token")}, "reason": {"because"}}
		send := func(b *browser) page {
			if route.method == http.MethodPost {
				return b.post(s.admin+route.path, form)
			}
			return b.get(s.admin + route.path)
		}
		require.Equal(t, "/console/sign-in", send(nobody).url.Path, path)
		if path != "" && path != "sign-out" && !strings.HasSuffix(path, "rotate-keys") {
			p := send(weakest)
			require.Equal(t, http.StatusForbidden, p.status, path)
			require.Contains(t, p.body, "You do not have the right", path)
		}
	}
}

func TestAttackClickjackingOfTheConsole(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	for _, p := range []page{
		b.console(""), b.signIn(admin.Email), b.console("people"), b.console("nothing"), b.console("people/" + admin.ID),
	} {
		require.Equal(t, "DENY", p.header.Get("X-Frame-Options"))
		policy := p.header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
		} {
			require.Contains(t, policy, want)
		}
		require.NotContains(t, policy, "unsafe")
		require.NotContains(t, policy, "script-src")
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	}
}

// What people write about themselves, and operators about them, is shown as text.
func TestAttackStoredScriptInTheConsole(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		const script = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		victim := storagetest.User(t, s.store, func(u *storage.User) {
			u.Email, u.TaxID, u.PersonID = `x"><script>alert(1)</script>@example.com`, script, script
		})
		client := storagetest.Client(t, s.store, storage.PresetStandard, storagetest.Opaque,
			func(c *storage.Client) { c.Name = script })
		storagetest.LoginSession(t, s.store, victim, func(l *storage.LoginSession) {
			l.UserAgent, l.Address, l.ACR = script, script, script
		})
		grant := storagetest.Grant(t, s.store, client, victim, func(g *storage.Grant) { g.Scope = script })
		storagetest.AccessToken(t, s.store, grant, func(a *storage.AccessToken) { a.Scope = script })
		require.NoError(t, s.store.Approve(t.Context(), storage.Approval{
			ID: s.store.NewID(), UserID: victim.ID, ClientID: client.ID, Scope: []string{script},
		}))
		role := storage.Role{ID: s.store.NewID(), Name: script, Scope: []string{script}}
		require.NoError(t, s.store.CreateRole(t.Context(), role))
		require.NoError(t, s.store.GrantRole(t.Context(), victim.ID, role.ID, client.ID))
		require.NoError(t, s.store.BlockUser(t.Context(), victim.ID, script))
		require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{{
			Kind: script, UserID: victim.ID, ClientID: client.ID, RequestID: script, Address: script,
			Details: map[string]string{script: script, "operator": script},
		}}))
		require.NoError(t, s.store.PutScope(t.Context(), storage.Scope{
			Name: "x:y", TitleUkrainian: script, TitleEnglish: script, GovernedBy: storage.GovernedByRole,
			LoginForm: storage.LoginFormPassword, Assurance: storage.AssurancePassword,
		}))
		require.NoError(t, s.store.CreateInvitation(t.Context(), storage.Invitation{
			ID: s.store.NewID(), Hash: []byte("hash"), Email: script, Inviter: script, RoleIDs: []string{role.ID},
			ClientID: client.ID, CreatedAt: s.clock.Now(), ExpiresAt: s.clock.Now().Add(time.Hour),
		}))
		require.NoError(t, s.store.KeepConsoleView(t.Context(), storage.ConsoleView{
			ID: s.store.NewID(), UserID: admin.ID, Name: script, Query: `kind="><script>alert(1)</script>`,
		}))
		kind := storage.ClientType{ID: s.store.NewID(), Name: script, Scope: []string{script}}
		require.NoError(t, s.store.CreateClientType(t.Context(), kind))
		b := s.browser()
		home := b.signIn(admin.Email)
		person := "people/" + victim.ID
		pages := []page{
			b.console("people"), b.console(person), b.console("clients"), b.console("clients/" + client.ID),
			b.console("clients/" + client.ID + "/block-client"), b.console("roles"), b.console("roles/" + role.ID),
			b.console("clients/" + client.ID + "/settings"), b.console("clients/" + client.ID + "/edit-client"),
			b.console("clients/" + client.ID + "/change-policy"), b.console("invitations"), b.console("invite"),
			b.console("clients/" + client.ID + "/trial"),
			b.console(person + "/edit-person"), b.console(person + "/delete-person"), b.console("health"),
			b.act("bulk-unblock", url.Values{"people": {script + "\n" + victim.ID}}), b.console("new-person"),
			b.console("roles/" + role.ID + "/change-roles"), b.console("client-types"), b.console("scopes"),
			b.console("client-types/" + kind.ID), b.console("audit"), b.console("audit?kind=" + url.QueryEscape(script)),
			b.console("audit?address=" + url.QueryEscape(script)), b.console("new-client/mis"),
			b.console("try?" + url.Values{"person": {victim.ID}, "client": {client.ID}, "scope": {script}}.Encode()),
			b.console(person + "/unblock"), b.console(person + "/roles/give-role"),
			b.console(person + "/roles/" + role.ID + "/take-role?client=" + client.ID), b.console("people?email=" +
				url.QueryEscape(script)), b.console("people/" + url.PathEscape(script)),
			b.console("?done=" + url.QueryEscape(script)),
			b.post(s.admin+"/console/search", url.Values{"token": {home.hidden(t, "token")}, "q": {script}}),
			b.post(s.admin+"/console/"+person+"/unblock", url.Values{
				"token": {home.hidden(t, "token")}, "reason": {"\x00" + script},
			}),
			b.get(s.admin + "/console/callback?error=" + url.QueryEscape(script) + "&state=" + url.QueryEscape(script)),
		}
		for _, p := range pages {
			require.NotContains(t, p.body, "<script", p.url.Path)
			require.NotContains(t, p.body, "<img", p.url.Path)
		}
		require.Contains(t, pages[1].body, "&lt;script&gt;", "it is shown")
	})
}
