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

func TestAnOperatorSeesWhatAChangeOfARoleDoesBeforeItIsMade(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		b := s.browser()
		b.signIn(admin.Email)
		p := b.act("create-roles", url.Values{"name": {"NURSE"}, "scope": {"patients:view\r\npatients:create"}})
		require.Contains(t, p.body, "The role was created.")
		role, err := s.store.FindRoleByName(t.Context(), "NURSE")
		require.NoError(t, err)
		require.Equal(t, []string{"patients:view", "patients:create"}, role.Scope)
		require.NoError(t, s.store.GrantRole(t.Context(), s.person("nurse@example.com", true).ID, role.ID, ""))

		path := "roles/" + role.ID + "/change-roles"
		form := url.Values{"name": {"NURSE"}, "scope": {"patients:view labs:view"}}
		p = b.act(path, form)
		for _, want := range []string{
			"What will change", "labs:view", "patients:create", "<bdi>1</bdi>", "nurse@example.com",
		} {
			require.Contains(t, p.body, want)
		}
		unchanged, err := s.store.FindRoleByName(t.Context(), "NURSE")
		require.NoError(t, err)
		require.Equal(t, role.Scope, unchanged.Scope, "nothing is done before it was shown")

		form.Set("seen", p.hidden(t, "seen"))
		other := url.Values{"name": {"NURSE"}, "scope": {"everything"}, "seen": form["seen"]}
		require.Contains(t, b.act(path, other).body, "What will change", "other values are shown again")
		require.Contains(t, b.act(path, form).body, "The role was changed.")
		changed, err := s.store.FindRoleByName(t.Context(), "NURSE")
		require.NoError(t, err)
		require.Equal(t, []string{"patients:view", "labs:view"}, changed.Scope)
		require.Equal(t, "ticket 4711", s.lastEvent(storage.EventRoleUpdated).Details["reason"])

		for name, wrong := range map[string]url.Values{
			"no name": {"name": {" "}, "scope": {"a:b"}}, "a scope that is none": {"name": {"NURSE"}, "scope": {`a"b`}},
			"the name of another": {"name": {"DOCTOR"}, "scope": {"a:b"}},
		} {
			if name == "the name of another" {
				require.Contains(t, b.act("create-roles", url.Values{"name": {"DOCTOR"}}).body, "The role was created.")
				p := b.act(path, wrong)
				wrong.Set("seen", p.hidden(t, "seen"))
			}
			require.GreaterOrEqual(t, b.act(path, wrong).status, 400, name)
		}
		p = b.act("roles/"+role.ID+"/delete-roles", nil)
		require.Equal(t, "/console/roles", p.url.Path)
		require.Contains(t, p.body, "The role was deleted.")
		_, err = s.store.FindRoleByName(t.Context(), "NURSE")
		require.ErrorIs(t, err, storage.ErrNotFound)

		require.Contains(t, b.act("create-client-types", url.Values{"name": {"MSP"}, "scope": {"a:b"}}).body,
			"The client type was created.")
		kind, err := s.store.FindClientTypeByName(t.Context(), "MSP")
		require.NoError(t, err)
		storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) { c.TypeID = kind.ID })
		require.Contains(t, b.console("client-types/"+kind.ID+"/delete-client-types").body, "Clients are of this type")
	})
}

// A role or a client type can't be made a way to rights that its maker has not.
func TestAttackOperatorMakesARoleWithMoreRights(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	desk, own := s.operator("desk@example.com", operator.Read, operator.Users, operator.Clients)
	_, strong := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	b.signIn(desk.Email)
	for path, form := range map[string]url.Values{
		"create-roles":                         {"name": {"X"}, "scope": {"a:b admin:keys"}},
		"create-client-types":                  {"name": {"X"}, "scope": {"admin:audit"}},
		"roles/" + own.ID + "/change-roles":    {"name": {"X"}, "scope": {"admin:read admin:users admin:keys"}},
		"roles/" + strong.ID + "/change-roles": {"name": {"X"}, "scope": {"a:b"}},
	} {
		p := b.act(path, form)
		require.Equal(t, http.StatusUnprocessableEntity, p.status, path)
		require.Contains(t, p.body, "rights that you do not have")
	}
	require.Contains(t, b.console("roles/"+strong.ID+"/delete-roles").body, "rights that you do not have")
	stored, err := s.store.ListRoles(t.Context())
	require.NoError(t, err)
	require.Len(t, stored, 2)
	for _, role := range stored {
		require.Contains(t, [][]string{own.Scope, strong.Scope}, role.Scope)
	}
}

func TestTheAnswerForAPersonAndAClientIsExplained(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Read)
		doctor := s.person("doctor@example.com", true)
		client := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
			c.Scope = []string{"openid", "patients:view", "patients:create"}
		})
		role := storagetest.Role(t, s.store, "patients:view", "labs:view")
		require.NoError(t, s.store.GrantRole(t.Context(), doctor.ID, role.ID, client.ID))
		b := s.browser()
		b.signIn(admin.Email)
		try := func(person, scope string) string {
			return b.console("try?" + url.Values{"person": {person}, "client": {client.ID}, "scope": {scope}}.Encode()).body
		}
		require.Contains(t, try("doctor@example.com", "patients:view"), "Given by the roles: "+role.Name)
		require.Contains(t, try(doctor.ID, "patients:create"), "The catalogue does not have this scope")
		require.Contains(t, try("doctor@example.com", "labs:view"), "Neither the client nor its type")
		require.Contains(t, try("doctor@example.com", "openid"), "consent alone decides")
		require.Contains(t, try("nobody@example.com", ""), "There is no such person")
		all := try("doctor@example.com", "")
		for _, name := range client.Scope {
			require.Contains(t, all, "<code>"+name+"</code>")
		}
		require.NoError(t, s.store.BlockUser(t.Context(), doctor.ID, "left"))
		require.Contains(t, try("doctor@example.com", "openid"), "cannot sign in at all")
	})
}

func TestAnOperatorRotatesASigningKey(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	reader, _ := s.operator("reader@example.com", operator.Read)
	b := s.browser()
	b.signIn(reader.Email)
	require.NotContains(t, b.console("health").body, "rotate-keys")
	require.Equal(t, http.StatusForbidden, b.console("health/rotate-keys").status)

	admin, _ := s.operator("admin@example.com", operator.Rights()...)
	b = s.browser()
	b.signIn(admin.Email)
	before := len(s.keys.Keys())
	require.Contains(t, b.act("health/rotate-keys", url.Values{"algorithm": {"RS256"}}).body, "The new key is published.")
	require.Len(t, s.keys.Keys(), before+1)
	require.Equal(t, "ticket 4711", s.lastEvent(storage.EventSigningKeyReplaced).Details["reason"])
	p := b.act("health/rotate-keys", url.Values{"algorithm": {"RS256"}})
	require.Equal(t, http.StatusUnprocessableEntity, p.status)
	require.Contains(t, p.body, "published already")
	p = b.act("health/rotate-keys", url.Values{"algorithm": {"none"}})
	require.Equal(t, http.StatusUnprocessableEntity, p.status)
	require.Contains(t, b.console("health").body, "Pending")
}
