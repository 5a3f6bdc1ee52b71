package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAnOperatorFindsAndHelpsAPerson(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		doctor := s.person("olena.koval@clinic.example", true)
		for range 3 {
			s.person(s.store.NewID()+"@other.example", false)
		}
		client := storagetest.Client(t, s.store, storage.PresetStandard, storagetest.Opaque)
		storagetest.LoginSession(t, s.store, doctor)
		token, _ := storagetest.AccessToken(t, s.store, storagetest.Grant(t, s.store, client, doctor))
		b := s.browser()
		home := b.signIn(admin.Email)
		search := func(wanted string) page {
			return b.post(s.admin+"/console/search", url.Values{"token": {home.hidden(t, "token")}, "q": {wanted}})
		}
		for name, wanted := range map[string]string{
			"a part of the address": "KOVAL", "the whole of it": " olena.koval@clinic.example ", "the id": doctor.ID,
			"a pasted token": token,
		} {
			require.Equal(t, "/console/people/"+doctor.ID, search(wanted).url.Path, name)
		}
		require.Contains(t, search("nobody at all").body, "Nothing was found")
		require.NotContains(t, search("%").body, "koval", "a pattern is a text")

		p := b.console("people?email=koval&state=active&factor=yes")
		require.Contains(t, p.body, "olena.koval@clinic.example")
		require.NotContains(t, p.body, "other.example")
		require.Contains(t, b.console("people?state=blocked").body, "Nobody was found")

		p = b.console("people/" + doctor.ID)
		require.Contains(t, p.body, "380 ••• ••• 67")
		require.NotContains(t, p.body, phone)
		require.NotContains(t, p.body, token)
		require.NotContains(t, p.body, s.hash)
		viewed := s.lastEvent(storage.EventUserViewed)
		require.Equal(t, doctor.ID, viewed.UserID)
		require.Equal(t, "admin@example.com", viewed.Details["operator"])
		require.Equal(t, storage.ByConsole, viewed.Details["by"])

		person := "people/" + doctor.ID + "/"
		p = b.console(person + "block")
		for _, want := range []string{"Sessions that will end", "Grants that will end", "<bdi>1</bdi>"} {
			require.Contains(t, p.body, want)
		}
		p = b.post(s.admin+"/console/"+person+"block", url.Values{"token": {p.hidden(t, "token")}, "reason": {" "}})
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Contains(t, p.body, "Give a reason")
		p = b.act(person+"block", nil)
		require.Contains(t, p.body, "The person is blocked.")
		require.Contains(t, p.body, "Reason: ticket 4711")
		blocked := s.lastEvent(storage.EventUserBlocked)
		require.Equal(t, "ticket 4711", blocked.Details["reason"])
		require.Equal(t, admin.ID, blocked.Details["operator_id"])
		sessions, err := s.store.ListLoginSessions(t.Context(), doctor.ID)
		require.NoError(t, err)
		require.Empty(t, sessions)

		require.Contains(t, b.act(person+"unblock", nil).body, "The person is unblocked.")
		require.Equal(t, "ticket 4711", s.lastEvent(storage.EventUserUnblocked).Details["reason"])
		p = b.console(person + "unblock")
		require.Contains(t, p.body, "The account is not blocked.")

		factors, err := s.store.ListAuthenticationFactors(t.Context(), doctor.ID)
		require.NoError(t, err)
		storagetest.LoginSession(t, s.store, doctor)
		require.Contains(t, b.act(person+"factors/"+factors[0].ID+"/reset-factor", nil).body, "The second factor was reset.")
		factors, err = s.store.ListAuthenticationFactors(t.Context(), doctor.ID)
		require.NoError(t, err)
		require.Empty(t, factors[0].Factor)
		sessions, err = s.store.ListLoginSessions(t.Context(), doctor.ID)
		require.NoError(t, err)
		require.Empty(t, sessions, "none from before may set the new phone")
		app := storage.Authenticator{
			ID: s.store.NewID(), UserID: doctor.ID, Name: "tablet", Secret: []byte("secret"), IsActive: true,
			CreatedAt: s.store.Now(),
		}
		require.NoError(t, s.store.CreateAuthenticator(t.Context(), app))
		require.Contains(t, b.console(person[:len(person)-1]).body, "Authenticator app")
		storagetest.LoginSession(t, s.store, doctor)
		require.Equal(t, http.StatusNotFound, b.console(person+"factors/"+app.ID+"/reset-factor").status)
		require.Equal(t, http.StatusNotFound, b.console(person+"factors/"+factors[0].ID+"/remove-factor").status)
		require.Contains(t, b.act(person+"factors/"+app.ID+"/remove-factor", nil).body, "The second factor was removed.")
		removed := s.lastEvent(storage.EventFactorDeleted)
		require.Equal(t, "ticket 4711", removed.Details["reason"])
		apps, err := s.store.ListAuthenticators(t.Context(), doctor.ID)
		require.NoError(t, err)
		require.Empty(t, apps)
		sessions, err = s.store.ListLoginSessions(t.Context(), doctor.ID)
		require.NoError(t, err)
		require.Empty(t, sessions)

		storagetest.LoginSession(t, s.store, doctor)
		require.Contains(t, b.act(person+"end-sessions", nil).body, "The sessions have ended.")
		storagetest.Grant(t, s.store, client, doctor)
		require.Contains(t, b.act(person+"end-tokens", nil).body, "The tokens have ended.")
		count, err := s.store.CountLiveOfUser(t.Context(), doctor.ID)
		require.NoError(t, err)
		require.Zero(t, count)

		role := storagetest.Role(t, s.store, "patients:view")
		p = b.act(person+"roles/give-role", url.Values{"role": {role.ID}, "client": {"nobody"}})
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Contains(t, p.body, "no client with this id")
		p = b.act(person+"roles/give-role", url.Values{"role": {role.ID}, "client": {client.ID}})
		require.Contains(t, p.body, "The role was given.")
		require.Contains(t, p.body, role.Name)
		p = b.act(person+"roles/"+role.ID+"/take-role?client="+client.ID, nil)
		require.Contains(t, p.body, "The role was taken away.")
		require.Equal(t, "ticket 4711", s.lastEvent(storage.EventRoleRevoked).Details["reason"])

		approval := storage.Approval{ID: s.store.NewID(), UserID: doctor.ID, ClientID: client.ID, Scope: []string{"openid"}}
		require.NoError(t, s.store.Approve(t.Context(), approval))
		require.Contains(t, b.act(person+"approvals/"+approval.ID+"/withdraw", nil).body, "The approval was withdrawn.")
		require.Contains(t, b.console(person+"send-reset-link").body, "No mail server is configured")
	})
}

// An operator gains no right by what an operator may do.
func TestAttackOperatorWidensTheirOwnRights(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	desk, _ := s.operator("desk@example.com", operator.Read, operator.Users)
	admin, adminRole := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	b.signIn(desk.Email)
	token := b.console("").hidden(t, "token")
	act := func(path string, more url.Values) page {
		form := url.Values{"token": {token}, "reason": {"let me in"}}
		for name, values := range more {
			form[name] = values
		}
		return b.post(s.admin+"/console/people/"+path, form)
	}
	factors, err := s.store.ListAuthenticationFactors(t.Context(), admin.ID)
	require.NoError(t, err)
	friend := s.person("friend@example.com", true)
	for path, form := range map[string]url.Values{
		desk.ID + "/roles/give-role":                             {"role": {adminRole.ID}},
		friend.ID + "/roles/give-role":                           {"role": {adminRole.ID}},
		admin.ID + "/block":                                      nil,
		admin.ID + "/factors/" + factors[0].ID + "/reset-factor": nil,
		admin.ID + "/roles/" + adminRole.ID + "/take-role":       nil,
		admin.ID + "/send-reset-link":                            nil,
		desk.ID + "/block":                                       nil,
	} {
		p := act(path, form)
		require.GreaterOrEqual(t, p.status, 400, path)
		require.NotContains(t, p.url.RawQuery, "done", path)
	}
	for _, u := range []storage.User{desk, friend} {
		roles, err := s.store.ListUserRoles(t.Context(), u.ID)
		require.NoError(t, err)
		for _, role := range roles {
			require.NotEqual(t, adminRole.ID, role.RoleID)
		}
	}
}

// An action that lets somebody in needs a sign-in of the last five minutes, and comes back to its page after it.
func TestDangerousActionsAskForAFreshSignIn(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, adminRole := s.operator("admin@example.com", operator.Rights()...)
	doctor := s.person("doctor@example.com", true)
	factors, err := s.store.ListAuthenticationFactors(t.Context(), doctor.ID)
	require.NoError(t, err)
	b := s.browser()
	b.signIn(admin.Email)
	path := "people/" + doctor.ID + "/factors/" + factors[0].ID + "/reset-factor"
	token := b.console(path).hidden(t, "token")
	s.clock.Advance(6 * 60e9)
	form := url.Values{"token": {token}, "reason": {"ticket"}}
	for _, p := range []page{b.console(path), b.post(s.admin+"/console/"+path, form)} {
		require.Equal(t, "/console/sign-in", p.url.Path)
		require.Contains(t, p.body, "Confirm that it is you")
		require.Equal(t, "/console/"+path, p.hidden(t, "to"))
		require.Equal(t, "yes", p.hidden(t, "again"))
	}
	p := b.post(s.admin+"/console/people/"+doctor.ID+"/roles/give-role", url.Values{
		"token": {token}, "reason": {"ticket"}, "role": {adminRole.ID},
	})
	require.Equal(t, "/console/sign-in", p.url.Path, "a role of operators is dangerous too")
	factors, err = s.store.ListAuthenticationFactors(t.Context(), doctor.ID)
	require.NoError(t, err)
	require.Equal(t, phone, factors[0].Factor)

	p = b.post(s.admin+"/console/sign-in", url.Values{"to": {"/console/" + path}, "again": {"yes"}})
	require.Equal(t, "/login/sign-in", p.url.Path, "the session of the provider is not enough")
	p = b.prove(p, admin.Email)
	require.Contains(t, p.body, "url=/console/"+path)
	require.Contains(t, b.act(path, nil).body, "The second factor was reset.")
}
