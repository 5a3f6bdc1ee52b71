package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"ithildin/adapters/console"
	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAnOperatorSignsInThroughTheProviderWithASecondFactor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Read, operator.Users)
		b := s.browser()
		p := b.console("people?state=blocked")
		require.Equal(t, "/console/sign-in", p.url.Path)
		require.Equal(t, "/console/people?state=blocked", p.hidden(t, "to"))
		p = b.prove(b.pressed(p.hidden(t, "to")), admin.Email)
		require.Contains(t, p.body, `content="0; url=/console/people?state=blocked"`)
		require.Equal(t, http.StatusOK, b.console("people").status)

		p = b.console("")
		for _, want := range []string{"admin@example.com", "People and roles", `href="/console/people"`} {
			require.Contains(t, p.body, want)
		}
		require.NotContains(t, p.body, ">Audit<", "a right that the operator has not")
		require.Equal(t, admin.ID, s.lastEvent(storage.EventConsoleSignedIn).UserID)

		p = b.post(s.admin+"/console/sign-out", url.Values{"token": {p.hidden(t, "token")}})
		require.Contains(t, p.body, "You have signed out")
		require.Equal(t, "/console/sign-in", b.console("").url.Path)
	})
}

func TestASignInIsRefusedWithoutRightsOrSecondFactor(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.person("nobody@example.com", true)
	p := s.browser()
	refused := p.prove(p.pressed("/console/"), "nobody@example.com")
	require.Equal(t, http.StatusForbidden, refused.status)
	require.Contains(t, refused.body, "no rights in the console")
	require.Equal(t, "no_rights", s.lastEvent(storage.EventConsoleRefused).Details["reason"])

	// Who has no second factor is told so before, by the provider.
	weak := s.person("weak@example.com", false)
	role := storagetest.Role(t, s.store, string(operator.Read))
	require.NoError(t, s.store.GrantRole(t.Context(), weak.ID, role.ID, ""))
	b := s.browser()
	refused = b.prove(b.pressed("/console/"), weak.Email)
	require.NotEqual(t, "/console/callback", refused.url.Path)
	require.Equal(t, "/console/sign-in", b.console("").url.Path)
}

// ownRequest begins a sign-in and returns an authorization request that a person has written for it, without the demand
// for a second factor: the console has pushed its own, and what is to come back stands in the cookie.
func (b *browser) ownRequest(scope string) string {
	t := b.stack.t
	var begun *url.URL
	b.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		begun = r.URL
		return http.ErrUseLastResponse
	}
	b.pressed("/console/")
	b.http.CheckRedirect = nil
	require.Len(t, begun.Query(), 2, "client_id and request_uri: %s", begun)
	admin, err := url.Parse(b.stack.admin)
	require.NoError(t, err)
	var flow []string
	for _, cookie := range b.http.Jar.Cookies(admin) {
		if strings.HasSuffix(cookie.Name, "ithildin-console-flow") {
			flow = strings.Split(cookie.Value, ".")
		}
	}
	require.Len(t, flow, 4)
	begun.RawQuery = url.Values{
		"response_type": {"code"}, "client_id": {console.ClientID}, "scope": {scope},
		"redirect_uri": {b.stack.admin + "/console/callback"}, "state": {flow[0]}, "nonce": {flow[1]},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(flow[2])}, "code_challenge_method": {"S256"},
	}.Encode()
	return begun.String()
}

// A person who takes the demand for a second factor out of the request gets a code, and no session.
func TestAttackConsoleSignInWithoutTheDemandForASecondFactor(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	weak := s.person("weak@example.com", false)
	role := storagetest.Role(t, s.store, string(operator.Read))
	require.NoError(t, s.store.GrantRole(t.Context(), weak.ID, role.ID, ""))
	b := s.browser()
	p := b.prove(b.get(b.ownRequest("openid")), weak.Email)
	require.Equal(t, http.StatusForbidden, p.status)
	require.Contains(t, p.body, "needs a sign-in with a second factor")
	require.Equal(t, "/console/sign-in", b.console("").url.Path)
}

// The rights are those of the roles: a scope that somebody adds to the request gives none, nor does a role that only
// looks like one of an operator.
func TestAttackPrivilegeByACraftedScope(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	reader, _ := s.operator("reader@example.com", operator.Read)
	crafted := storagetest.Role(t, s.store, "admin:users:read", "Admin:Users", "admin:users/", "xadmin:users")
	require.NoError(t, s.store.GrantRole(t.Context(), reader.ID, crafted.ID, ""))
	// Of another client, the role says nothing about the console.
	other := storagetest.Client(t, s.store, storage.PresetStandard)
	users := storagetest.Role(t, s.store, string(operator.Users))
	require.NoError(t, s.store.GrantRole(t.Context(), reader.ID, users.ID, other.ID))
	b := s.browser()
	p := b.prove(b.get(b.ownRequest("openid admin:users")), reader.Email)
	require.Equal(t, http.StatusForbidden, p.status, "the client may not ask for it")

	victim := s.person("victim@example.com", true)
	b.signIn(reader.Email)
	require.Equal(t, http.StatusForbidden, b.console("people/"+victim.ID+"/block").status)
	require.NoError(t, s.store.GrantRole(t.Context(), reader.ID, users.ID, console.ClientID))
	require.Equal(t, http.StatusOK, b.console("people/"+victim.ID+"/block").status, "a role for the console counts")
}

func TestASessionIsOverAtOnceWhenItsOperatorIs(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		for name, end := range map[string]func(storage.User, storage.Role){
			"the role is taken away": func(u storage.User, r storage.Role) {
				require.NoError(t, s.store.RevokeRole(t.Context(), u.ID, r.ID, ""))
			},
			"the role loses its rights": func(_ storage.User, r storage.Role) {
				r.Scope = []string{"patients:view"}
				require.NoError(t, s.store.UpdateRole(t.Context(), r))
			},
			"the role is deleted": func(_ storage.User, r storage.Role) {
				require.NoError(t, s.store.DeleteRole(t.Context(), r.ID))
			},
			"the person is blocked": func(u storage.User, _ storage.Role) {
				require.NoError(t, s.store.BlockUser(t.Context(), u.ID, "left"))
			},
			"the person is deleted": func(u storage.User, _ storage.Role) {
				require.NoError(t, s.store.DeleteUser(t.Context(), u.ID))
			},
			"the person gets another password": func(u storage.User, _ storage.Role) {
				s.clock.Advance(time.Minute)
				require.NoError(t, s.store.SetPassword(t.Context(), u.ID, s.hash))
			},
			"fifteen minutes pass": func(storage.User, storage.Role) { s.clock.Advance(15 * time.Minute) },
		} {
			t.Run(name, func(t *testing.T) {
				u, role := s.operator(strings.ReplaceAll(name, " ", "-")+"@example.com", operator.Read)
				b := s.browser()
				require.Equal(t, "/console/", b.signIn(u.Email).url.Path)
				end(u, role)
				p := b.console("people")
				require.Equal(t, "/console/sign-in", p.url.Path)
				require.Contains(t, p.body, "Your session in the console is over")
			})
		}
	})
}

func TestASessionEndsAfterEightHours(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Read)
	b := s.browser()
	b.signIn(admin.Email)
	for range 8*60/14 - 1 {
		s.clock.Advance(14 * time.Minute)
		require.Equal(t, "/console/people", b.console("people").url.Path)
	}
	s.clock.Advance(14 * time.Minute)
	s.clock.Advance(time.Minute)
	s.clock.Advance(14 * time.Minute)
	require.Equal(t, "/console/sign-in", b.console("people").url.Path)
}

// Whoever sets a cookie in the browser of an operator beforehand does not know the one of the session.
func TestAttackConsoleSessionFixation(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Read)
	b := s.browser()
	at, err := url.Parse(s.admin)
	require.NoError(t, err)
	b.http.Jar.SetCookies(at, []*http.Cookie{{Name: "ithildin-console", Value: "chosen-by-the-attacker", Path: "/"}})
	b.signIn(admin.Email)
	session := func(b *browser) string {
		for _, cookie := range b.http.Jar.Cookies(at) {
			if cookie.Name == "ithildin-console" {
				return cookie.Value
			}
		}
		return ""
	}
	first := session(b)
	require.NotEqual(t, "chosen-by-the-attacker", first)

	// A second sign-in has another session, and the first is over.
	b.signIn(admin.Email)
	require.NotEqual(t, first, session(b))
	thief := s.browser()
	thief.http.Jar.SetCookies(at, []*http.Cookie{{Name: "ithildin-console", Value: first, Path: "/"}})
	require.Equal(t, "/console/sign-in", thief.console("").url.Path)
}

// A code that was made for one browser signs in no other.
func TestAttackConsoleSignInWithACodeOfSomebodyElse(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Read)
	attacker := s.browser()
	var callback string
	attacker.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/console/callback" {
			callback = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}
	attacker.prove(attacker.pressed("/console/"), admin.Email)
	require.NotEmpty(t, callback)
	begun := s.browser()
	begun.pressed("/console/")
	for _, victim := range []*browser{s.browser(), begun} {
		p := victim.get(callback)
		require.Equal(t, http.StatusForbidden, p.status)
		require.Contains(t, p.body, "not begun in this browser")
		require.Equal(t, "/console/sign-in", victim.console("").url.Path)
	}
}

func TestAttackOpenRedirectAtTheConsoleSignIn(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Read)
	for _, target := range []string{
		"https://evil.example/", "//evil.example/console/", "/\\evil.example/", "/console//evil.example", "/console/../x",
		"/other", "javascript:alert(1)", "/console/\\evil", "https:/console/", "/console/?x#y",
		"http://localhost@evil.example/", "/console/%0d%0aSet-Cookie:a=b", "/console/" + strings.Repeat("a", 2000),
	} {
		b := s.browser()
		p := b.get(s.admin + "/console/sign-in?" + url.Values{"to": {target}}.Encode())
		shown := p.hidden(t, "to")
		p = b.prove(b.pressed(target), admin.Email)
		require.Equal(t, http.StatusOK, p.status, target)
		for _, where := range []string{shown, redirected(t, p)} {
			u, err := url.Parse(where)
			require.NoError(t, err)
			require.Empty(t, u.Host, target)
			require.True(t, strings.HasPrefix(where, "/console/"), "%s leads to %s", target, where)
		}
		p = b.post(s.admin+"/console/preferences", url.Values{"back": {target}, "theme": {"dark"}})
		require.Equal(t, s.admin, p.url.Scheme+"://"+p.url.Host, target)
		require.True(t, strings.HasPrefix(p.url.Path, "/console/"), target)
	}
}

// redirected is where the page after a sign-in leads.
func redirected(t *testing.T, p page) string {
	_, rest, found := strings.Cut(p.body, `http-equiv="refresh" content="0; url=`)
	require.True(t, found, p.body)
	where, _, _ := strings.Cut(rest, `"`)
	return where
}

func TestCookiesOfTheConsoleAreStrictAndHidden(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Read)
	b := s.browser()
	p := b.prove(b.pressed("/console/"), admin.Email)
	cookies := strings.Join(p.header.Values("Set-Cookie"), "\n")
	require.Regexp(t, `(?m)^ithildin-console=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`, cookies)
	require.Regexp(t, `(?m)^ithildin-console-flow=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax$`, cookies)
}

func TestTheClientOfTheConsoleIsMendedAtStart(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	client, err := s.store.LoadClient(t.Context(), console.ClientID)
	require.NoError(t, err)
	require.Equal(t, []string{s.admin + "/console/callback"}, client.Connections[0].RedirectURIs)
	client.Scope, client.Policy.RequirePKCE = []string{"openid", "admin:users"}, false
	require.NoError(t, s.store.UpdateClient(t.Context(), *client))
	client.Connections[0].RedirectURIs = []string{"https://evil.example/console/callback"}
	require.NoError(t, s.store.UpdateConnection(t.Context(), *client.Connections[0]))

	s.restart()
	client, err = s.store.LoadClient(t.Context(), console.ClientID)
	require.NoError(t, err)
	require.Equal(t, []string{"openid"}, client.Scope)
	require.True(t, client.Policy.RequirePKCE)
	require.Equal(t, []string{s.admin + "/console/callback"}, client.Connections[0].RedirectURIs)
	require.Len(t, client.Connections[0].Secrets, 1)
}
