package admin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAccessTokenOpensWhatItsScopeNames(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		reader, _ := s.clientToken("admin:read")
		require.Equal(t, http.StatusOK, s.ask(reader, http.MethodGet, "/users", nil).status)
		refused := s.ask(reader, http.MethodPost, "/users", map[string]any{"email": "a@example.com"})
		refused.isProblem(http.StatusForbidden, "admin:users")
		require.Contains(t, refused.header.Get("WWW-Authenticate"), `error="insufficient_scope", scope="admin:users"`)

		writer, client := s.clientToken("admin:users")
		require.Equal(t, http.StatusCreated,
			s.ask(writer, http.MethodPost, "/users", map[string]any{"email": "a@example.com"}).status)
		s.ask(writer, http.MethodGet, "/users", nil).isProblem(http.StatusForbidden, "admin:read")
		event := s.events(storage.EventUserCreated)[0]
		require.Equal(t, "admin API", event.Details["by"])
		require.Equal(t, "client "+client.ID, event.Details["operator"])
		require.NotEmpty(t, event.RequestID)
		require.NotEmpty(t, event.Address)
	})
}

func TestStaticTokenHasEveryRightAndItsName(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.do(http.StatusCreated, http.MethodPost, "/users", map[string]any{"email": "a@example.com"})
		s.do(http.StatusOK, http.MethodGet, "/users", nil)
		require.Equal(t, staticName, s.events(storage.EventUserCreated)[0].Details["operator"])
	})
}

func TestAttackEveryTokenThatIsNotGoodHereIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		ctx := t.Context()
		user := storagetest.User(t, s.store)
		good, _ := s.userToken(user, "admin:read")
		require.Equal(t, http.StatusOK, s.ask(good, http.MethodGet, "/users", nil).status)

		s.ask("", http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)
		s.ask("wrong", http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)
		s.ask(staticToken+"x", http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)
		s.ask(good+"x", http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)
		s.ask("", http.MethodGet, "/users?access_token="+strings.ReplaceAll(good, " ", "+"), nil).
			isProblem(http.StatusUnauthorized)

		elsewhere := "for another resource"
		require.NoError(t, s.store.CreateAccessToken(ctx, storage.AccessToken{
			ID: storage.Hash(elsewhere), AccessTokenID: s.store.NewID(), Kind: storage.KindAccessToken,
			ClientID: storagetest.Client(t, s.store, storage.PresetStandard).ID, UserID: user.ID, Scope: "admin:read",
			Session:   &storage.Session{UserID: user.ID, Subject: user.ID, Audience: []string{"https://api.example"}},
			CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(3600e9),
		}))
		s.ask(elsewhere, http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized, "another resource")

		blocked, client := s.clientToken("admin:read")
		require.NoError(t, s.store.BlockClient(ctx, client.ID, "stolen"))
		s.ask(blocked, http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)

		require.NoError(t, s.store.EndTokensOfUser(ctx, user.ID, ""))
		s.ask(good, http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)
		another, _ := s.userToken(user, "admin:read")
		require.NoError(t, s.store.BlockUser(ctx, user.ID, "left"))
		s.ask(another, http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)

		expired, _ := s.clientToken("admin:read")
		s.later.Store(24 * 3600)
		s.ask(expired, http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)
	})
}

func TestAttackOperatorWhoLostARoleLosesTheRightAtOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		token, role := s.userToken(user, "admin:read")
		// Tokens of this client live on when a role is lost, as JWTs do.
		_, err := s.store.SQL().ExecContext(t.Context(), `DELETE FROM global_user_roles WHERE role_id = $1`, role.ID)
		require.NoError(t, err)
		s.ask(token, http.MethodGet, "/users", nil).isProblem(http.StatusForbidden, "admin:read", "has none")

		crafted, client := s.clientToken("admin:read")
		client.Scope = []string{"openid"}
		require.NoError(t, s.store.UpdateClient(t.Context(), *client))
		s.ask(crafted, http.MethodGet, "/users", nil).isProblem(http.StatusForbidden, "has none")
	})
}

func TestAttackOperatorGivesNobodyARightBeyondTheirOwn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		helpDesk, _ := s.userToken(storagetest.User(t, s.store), "admin:read", "admin:users")
		victim := storagetest.User(t, s.store)
		powerful := storagetest.Role(t, s.store, "admin:keys")
		path := "/users/" + victim.ID
		s.ask(helpDesk, http.MethodPost, path+"/roles", map[string]any{"role_id": powerful.ID}).
			isProblem(http.StatusForbidden, "admin:keys")

		require.NoError(t, s.store.GrantRole(t.Context(), victim.ID, powerful.ID, ""))
		for _, attempt := range []struct {
			method, path string
			body         any
		}{
			{http.MethodPatch, path, map[string]any{"email": "mine@example.com"}},
			{http.MethodDelete, path, nil},
			{http.MethodPost, path + "/password", map[string]any{}},
			{http.MethodPost, path + "/block", map[string]any{"reason": "because"}},
			{http.MethodPost, path + "/unblock", nil},
		} {
			got := s.ask(helpDesk, attempt.method, attempt.path, attempt.body, "If-Match", "*")
			got.isProblem(http.StatusForbidden, "admin:keys")
		}
		held := s.do(http.StatusOK, http.MethodGet, path+"/roles", nil).items()[0]["id"].(string)
		s.ask(helpDesk, http.MethodDelete, path+"/roles/"+held, nil).isProblem(http.StatusForbidden, "admin:keys")
		s.do(http.StatusNoContent, http.MethodDelete, path+"/roles/"+held, nil)
		got := s.ask(helpDesk, http.MethodPatch, path, map[string]any{"email": "theirs@example.com"}, "If-Match", "*")
		require.Equal(t, http.StatusOK, got.status, got.raw)
	})
}

func TestEveryOperationDeclaresItsRightAndRefusesOperatorsWithoutIt(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	tokens := map[operator.Right]string{}
	for _, right := range operator.Rights() {
		others := slices.DeleteFunc(allRights(), func(name string) bool { return name == string(right) })
		tokens[right], _ = s.clientToken(strings.Join(others, " "))
	}
	for _, o := range s.operations() {
		require.NotEmpty(t, o.right, o)
		path := o.examplePath()
		s.ask("", o.method, path, "{}").isProblem(http.StatusUnauthorized)
		s.ask(tokens[o.right], o.method, path, "{}").isProblem(http.StatusForbidden, string(o.right))
	}
}
