package storagetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func roles(t *testing.T, s *suite) {
	t.Run("A role is found by its unique name", func(t *testing.T) {
		want := Role(t, s.store, "patients:view", "patients:create")
		got, err := s.store.FindRoleByName(t.Context(), want.Name)
		require.NoError(t, err)
		require.Equal(t, s.store.Now().UnixMicro(), got.Position)
		want.ScopeText, want.Position = "patients:view patients:create", got.Position
		require.Equal(t, want, *got)
		again := storage.Role{ID: s.store.NewID(), Name: want.Name}
		require.ErrorIs(t, s.store.CreateRole(t.Context(), again), storage.ErrConflict)
		want.Scope = []string{"patients:view"}
		require.NoError(t, s.store.UpdateRole(t.Context(), want))
		want.ScopeText = "patients:view" // the text before says something else than the scope
		kept, err := s.store.Roles(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, kept[want.ID])
	})
	t.Run("A user holds a role for a client or everywhere, once", func(t *testing.T) {
		u, client, role := User(t, s.store), Client(t, s.store, storage.PresetStandard), Role(t, s.store)
		for range 2 {
			require.NoError(t, s.store.GrantRole(t.Context(), u.ID, role.ID, client.ID))
			require.NoError(t, s.store.GrantRole(t.Context(), u.ID, role.ID, ""))
		}
		held, err := s.store.ListUserRoles(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []storage.UserRole{
			{RoleID: role.ID, RoleName: role.Name},
			{RoleID: role.ID, RoleName: role.Name, ClientID: client.ID},
		}, held)
		require.NoError(t, s.store.RevokeRole(t.Context(), u.ID, role.ID, ""))
		require.ErrorIs(t, s.store.RevokeRole(t.Context(), u.ID, role.ID, ""), storage.ErrNotFound)
		held, err = s.store.ListUserRoles(t.Context(), u.ID)
		require.NoError(t, err)
		require.Len(t, held, 1)
	})
	t.Run("A deleted role is taken from its holders", func(t *testing.T) {
		u, role := User(t, s.store), Role(t, s.store)
		require.NoError(t, s.store.GrantRole(t.Context(), u.ID, role.ID, ""))
		require.NoError(t, s.store.DeleteRole(t.Context(), role.ID))
		held, err := s.store.ListUserRoles(t.Context(), u.ID)
		require.NoError(t, err)
		require.Empty(t, held)
		require.ErrorIs(t, s.store.DeleteRole(t.Context(), role.ID), storage.ErrNotFound)
	})
	t.Run("A role is given only where user, role and client exist", func(t *testing.T) {
		u, role := User(t, s.store), Role(t, s.store)
		for _, ids := range [][3]string{
			{s.store.NewID(), role.ID, ""}, {u.ID, s.store.NewID(), ""}, {u.ID, role.ID, s.store.NewID()},
		} {
			err := s.store.GrantRole(t.Context(), ids[0], ids[1], ids[2])
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
	})
}

// tokensOfALostRole: opaque access tokens end with a scope of a role that their user loses, unless a refresh would give
// it again.
func tokensOfALostRole(t *testing.T, s *suite) {
	for name, lose := range map[string]func(role storage.Role, userID string) error{
		"taken from its holder": func(role storage.Role, userID string) error {
			return s.store.RevokeRole(t.Context(), userID, role.ID, "")
		},
		"narrowed": func(role storage.Role, _ string) error {
			role.Scope = []string{"patients:view_all"}
			return s.store.UpdateRole(t.Context(), role)
		},
	} {
		t.Run("A role that is "+name, func(t *testing.T) {
			u, role := User(t, s.store), Role(t, s.store, "patients:view", "patients:view_all")
			require.NoError(t, s.store.GrantRole(t.Context(), u.ID, role.ID, ""))
			narrows := Client(t, s.store, storage.PresetEHealth)
			keeps := Client(t, s.store, storage.PresetEHealth, func(c *storage.Client) {
				c.Policy.RefreshScope = storage.RefreshScopeApproval
			})
			s.layOut(t, narrows)
			s.layOut(t, keeps)
			token := func(client *storage.Client, scope string) []byte {
				_, row := AccessToken(t, s.store, Grant(t, s.store, client, u), func(a *storage.AccessToken) { a.Scope = scope })
				return row.ID
			}
			ended, other, kept := token(narrows, "openid patients:view"), token(narrows, "openid patients:viewer"),
				token(keeps, "openid patients:view")
			require.NoError(t, lose(role, u.ID))
			now := s.store.Now().Unix()
			require.Equal(t, 1, s.count(t, "access_tokens", fmt.Sprintf("id = $1 AND expires_at <= %d", now), ended))
			for _, id := range [][]byte{other, kept} {
				require.Equal(t, 1, s.count(t, "access_tokens", fmt.Sprintf("id = $1 AND expires_at > %d", now), id))
			}
		})
	}
}

func catalogue(t *testing.T, s *suite) {
	t.Run("A client type in use is not deleted", func(t *testing.T) {
		kind := storage.ClientType{ID: s.store.NewID(), Name: "MIS", Scope: []string{"patients:view"}}
		require.NoError(t, s.store.CreateClientType(t.Context(), kind))
		client := Client(t, s.store, storage.PresetEHealth, func(c *storage.Client) { c.TypeID = kind.ID })
		require.Equal(t, "MIS", client.TypeName)
		require.Equal(t, []string{"patients:view"}, client.AllowedScope())
		require.ErrorIs(t, s.store.DeleteClientType(t.Context(), kind.ID), storage.ErrConflict)
		require.NoError(t, s.store.DeleteClient(t.Context(), client.ID))
		require.NoError(t, s.store.DeleteClientType(t.Context(), kind.ID))
		require.ErrorIs(t, s.store.DeleteClientType(t.Context(), kind.ID), storage.ErrNotFound)
	})
	t.Run("A client type is found by its unique name", func(t *testing.T) {
		kind := storage.ClientType{ID: s.store.NewID(), Name: "MSP"}
		require.NoError(t, s.store.CreateClientType(t.Context(), kind))
		again := storage.ClientType{ID: s.store.NewID(), Name: "MSP"}
		require.ErrorIs(t, s.store.CreateClientType(t.Context(), again), storage.ErrConflict)
		kind.Scope, kind.ScopeText = []string{"openid"}, " openid  openid"
		require.NoError(t, s.store.UpdateClientType(t.Context(), kind))
		found, err := s.store.FindClientTypeByName(t.Context(), "MSP")
		require.NoError(t, err)
		kind.Position = found.Position
		require.NotZero(t, kind.Position)
		require.Equal(t, kind, *found, "with the scope as it was written")
		list, err := s.store.ListClientTypes(t.Context())
		require.NoError(t, err)
		require.Contains(t, list, kind)
	})
	t.Run("The catalogue initially has the scopes of OpenID Connect, governed by consent, and those of operators, by role",
		func(t *testing.T) {
			scopes, err := s.store.ListScopes(t.Context())
			require.NoError(t, err)
			governed := map[string][]string{}
			for _, scope := range scopes {
				governed[scope.GovernedBy] = append(governed[scope.GovernedBy], scope.Name)
				require.NotEmpty(t, scope.TitleUkrainian)
				require.NotEmpty(t, scope.TitleEnglish)
			}
			require.Equal(t, map[string][]string{
				storage.GovernedByConsent: {"address", "email", "offline_access", "openid", "phone", "profile"},
				storage.GovernedByRole:    {"admin:audit", "admin:clients", "admin:keys", "admin:read", "admin:users"},
			}, governed)
		})
	t.Run("Putting a scope replaces the entry of that name", func(t *testing.T) {
		want := storage.Scope{
			Name:       "patients:view",
			GovernedBy: storage.GovernedByRole,
			LoginForm:  "password",
			Assurance:  "2fa",
		}
		for _, title := range []string{"View", "View patients"} {
			want.TitleEnglish = title
			require.NoError(t, s.store.PutScope(t.Context(), want))
		}
		scopes, err := s.store.Scopes(t.Context())
		require.NoError(t, err)
		require.Contains(t, scopes, want)
		require.NoError(t, s.store.DeleteScope(t.Context(), want.Name))
		require.ErrorIs(t, s.store.DeleteScope(t.Context(), want.Name), storage.ErrNotFound)
	})
}
