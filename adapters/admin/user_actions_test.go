package admin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// session stores a live session of a user.
func (s *stack) session(user storage.User) (id string) {
	s.t.Helper()
	now := s.store.Now()
	id = s.store.NewID()
	require.NoError(s.t, s.store.CreateLoginSession(s.t.Context(), storage.LoginSession{
		ID: storage.Hash("cookie " + id), SessionID: id, UserID: user.ID, AuthTime: now, AMR: []string{"pwd"},
		UserAgent: "Firefox", Address: "192.0.2.7", LastUsedAt: now, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}))
	return id
}

func TestUserIsBlockedWithAReasonAndUnblocked(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		s.session(user)
		path := "/users/" + user.ID
		s.ask(staticToken, http.MethodPost, path+"/block", map[string]any{}).
			isProblem(http.StatusUnprocessableEntity, "reason")
		blocked := s.do(http.StatusOK, http.MethodPost, path+"/block", map[string]any{"reason": "left the clinic"})
		require.Equal(t, "blocked", blocked.text("state"))
		require.Equal(t, "left the clinic", blocked.text("block_reason"))
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, path+"/sessions", nil).items(), "a block ends sessions")
		s.ask(staticToken, http.MethodPost, path+"/block", map[string]any{"reason": "again"}).
			isProblem(http.StatusConflict, "blocked already")
		require.Equal(t, "active", s.do(http.StatusOK, http.MethodPost, path+"/unblock", nil).text("state"))
		require.Equal(t, "left the clinic", s.events(storage.EventUserBlocked)[0].Details["reason"])
		unknown := "/users/" + s.store.NewID()
		s.ask(staticToken, http.MethodPost, unknown+"/block", map[string]any{"reason": "x"}).isProblem(http.StatusNotFound)
		s.ask(staticToken, http.MethodPost, unknown+"/unblock", nil).isProblem(http.StatusNotFound)
	})
}

func TestSessionsOfAUserAreListedAndEnded(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		first, second, path := s.session(user), s.session(user), "/users/"+user.ID+"/sessions"
		sessions := s.do(http.StatusOK, http.MethodGet, path, nil).items()
		require.Len(t, sessions, 2)
		require.Equal(t, "Firefox", sessions[0]["user_agent"])
		require.Equal(t, []any{"pwd"}, sessions[0]["amr"])
		s.do(http.StatusNoContent, http.MethodDelete, path+"/"+first, nil)
		s.ask(staticToken, http.MethodDelete, path+"/"+first, nil).isProblem(http.StatusNotFound)
		sessions = s.do(http.StatusOK, http.MethodGet, path, nil).items()
		require.Len(t, sessions, 1)
		require.Equal(t, second, sessions[0]["id"])
		s.do(http.StatusNoContent, http.MethodDelete, path, nil)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, path, nil).items())
		require.Len(t, s.events(storage.EventSessionEnded), 1)
		require.Len(t, s.events(storage.EventUserSignedOut), 1)
	})
}

func TestTokensOfAUserAreEndedForOneClientOrForAll(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		first, _ := s.userToken(user, "admin:read")
		second, _ := s.userToken(user, "admin:read")
		info, err := s.p.Tokens().Inspect(t.Context(), first)
		require.NoError(t, err)
		opens := func(token string) bool { return s.ask(token, http.MethodGet, "/users", nil).status == http.StatusOK }
		require.True(t, opens(first) && opens(second))
		s.do(http.StatusNoContent, http.MethodDelete, "/users/"+user.ID+"/tokens?client_id="+info.ClientID, nil)
		require.False(t, opens(first))
		require.True(t, opens(second))
		s.do(http.StatusNoContent, http.MethodDelete, "/users/"+user.ID+"/tokens", nil)
		require.False(t, opens(second))
		s.ask(staticToken, http.MethodDelete, "/users/"+s.store.NewID()+"/tokens", nil).isProblem(http.StatusNotFound)
	})
}

func TestPasswordIsSetOrMadeAndShownOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		s.session(user)
		path := "/users/" + user.ID
		made := s.do(http.StatusOK, http.MethodPost, path+"/password", map[string]any{})
		require.Len(t, made.text("password"), 43)
		read := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.Equal(t, true, read.body["must_change_password"])
		require.NotContains(t, read.raw, made.text("password"))
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, path+"/sessions", nil).items())
		stored, err := s.store.FindUser(t.Context(), user.ID)
		require.NoError(t, err)
		right, err := s.p.Identity().IsPasswordOf(t.Context(), stored, made.text("password"))
		require.NoError(t, err)
		require.True(t, right)

		set := s.do(http.StatusOK, http.MethodPost, path+"/password", map[string]any{"password": "довгий пароль 2026"})
		require.NotContains(t, set.body, "password")
		require.Equal(t, false, s.do(http.StatusOK, http.MethodGet, path, nil).body["must_change_password"])
		again := s.ask(staticToken, http.MethodPost, path+"/password", map[string]any{"password": "довгий пароль 2026"})
		again.isProblem(http.StatusUnprocessableEntity, "used recently")
		require.NotContains(t, again.raw, "2026")
		s.ask(staticToken, http.MethodPost, "/users/"+s.store.NewID()+"/password", map[string]any{}).
			isProblem(http.StatusNotFound)
	})
}

func TestFactorOfAUserIsResetDisabledAndEnabled(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user, other := storagetest.User(t, s.store), storagetest.User(t, s.store)
		now := s.store.Now()
		factor := storage.AuthenticationFactor{
			ID: s.store.NewID(), UserID: user.ID, Type: identity.FactorSMS, Factor: "+380881234567", IsActive: true,
			CreatedAt: now, UpdatedAt: now,
		}
		require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), factor))
		path := "/users/" + user.ID + "/factors"
		listed := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.Equal(t, "+38088*****67", listed.items()[0]["factor"])
		require.NotContains(t, listed.raw, "1234567")

		path += "/" + factor.ID
		require.Equal(t, false, s.do(http.StatusOK, http.MethodPost, path+"/disable", nil).body["active"])
		s.ask(staticToken, http.MethodPost, path+"/disable", nil).isProblem(http.StatusConflict)
		s.ask(staticToken, http.MethodPost, path+"/reset", nil).isProblem(http.StatusConflict, "not active")
		require.Equal(t, true, s.do(http.StatusOK, http.MethodPost, path+"/enable", nil).body["active"])
		require.NotContains(t, s.do(http.StatusOK, http.MethodPost, path+"/reset", nil).body, "factor")
		s.ask(staticToken, http.MethodPost, "/users/"+other.ID+"/factors/"+factor.ID+"/reset", nil).
			isProblem(http.StatusNotFound)
		require.Len(t, s.events(storage.EventFactorChanged), 3)
	})
}

func TestFactorsOfEveryTypeAreListedAndRemoved(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		ctx, user, now := t.Context(), storagetest.User(t, s.store), s.store.Now()
		app := storage.Authenticator{
			ID: s.store.NewID(), UserID: user.ID, Name: "Телефон", Secret: []byte("a secret"), IsActive: true, CreatedAt: now,
		}
		require.NoError(t, s.store.CreateAuthenticator(ctx, app))
		key := storage.Passkey{
			ID: s.store.NewID(), UserID: user.ID, Name: "Ключ", CredentialID: []byte("a credential"),
			UserHandle: []byte("a handle"), PublicKey: []byte("a key"), AAGUID: s.store.NewID(),
			CreatedAt: now,
		}
		require.NoError(t, s.store.CreatePasskey(ctx, key))
		mac, err := s.store.RecoveryCodeMAC(ctx, user.ID, "one")
		require.NoError(t, err)
		set := s.store.NewID()
		require.NoError(t, s.store.ReplaceRecoveryCodes(ctx, user.ID, set, [][]byte{mac}))

		path := "/users/" + user.ID + "/factors"
		listed := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.NotContains(t, listed.raw, "secret")
		items := listed.items()
		require.Len(t, items, 3)
		require.Equal(t, []any{"TOTP", "Телефон"}, []any{items[0]["type"], items[0]["factor"]})
		require.Equal(t, []any{"passkey", "Ключ"}, []any{items[1]["type"], items[1]["factor"]})
		require.Equal(t, []any{"recovery_code", float64(1)}, []any{items[2]["type"], items[2]["left"]})

		require.Equal(t, false, s.do(http.StatusOK, http.MethodPost, path+"/"+app.ID+"/disable", nil).body["active"])
		require.Equal(t, true, s.do(http.StatusOK, http.MethodPost, path+"/"+app.ID+"/enable", nil).body["active"])
		for _, id := range []string{key.ID, set} {
			s.ask(staticToken, http.MethodPost, path+"/"+id+"/disable", nil).isProblem(http.StatusConflict, "remove it")
			s.ask(staticToken, http.MethodPost, path+"/"+id+"/reset", nil).isProblem(http.StatusConflict, "Only a phone")
		}
		helpDesk, _ := s.userToken(storagetest.User(t, s.store), "admin:users")
		s.userToken(user, "admin:keys")
		s.ask(helpDesk, http.MethodDelete, path+"/"+app.ID, nil).isProblem(http.StatusForbidden, "admin:keys")

		s.do(http.StatusNoContent, http.MethodDelete, path+"/"+app.ID, nil)
		s.ask(staticToken, http.MethodDelete, path+"/"+app.ID, nil).isProblem(http.StatusNotFound)
		require.Len(t, s.do(http.StatusOK, http.MethodGet, path, nil).items(), 2)
		s.do(http.StatusNoContent, http.MethodDelete, path+"/"+key.ID, nil)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, path, nil).items(), "recovery codes go with the last other one")
	})
}

func TestSessionsOfAllUsersAreListedFilteredAndEnded(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		first := s.session(storagetest.User(t, s.store))
		s.later.Store(10)
		user := storagetest.User(t, s.store)
		second := s.session(user)
		page := s.do(http.StatusOK, http.MethodGet, "/sessions?limit=1", nil)
		require.Equal(t, second, page.items()[0]["id"], "the newest first")
		require.InDelta(t, 2, page.body["total"], 0)
		rest := s.do(http.StatusOK, http.MethodGet, "/sessions?limit=1&cursor="+page.text("next_cursor"), nil)
		require.Equal(t, first, rest.items()[0]["id"])
		require.Len(t, s.do(http.StatusOK, http.MethodGet, "/sessions?user_id="+user.ID, nil).items(), 1)
		require.Len(t, s.do(http.StatusOK, http.MethodGet, "/sessions?address=192.0.2.7", nil).items(), 2)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, "/sessions?address=192.0.2.8", nil).items())
		s.do(http.StatusNoContent, http.MethodDelete, "/sessions/"+first, nil)
		s.ask(staticToken, http.MethodDelete, "/sessions/"+first, nil).isProblem(http.StatusNotFound)
		require.Len(t, s.do(http.StatusOK, http.MethodGet, "/sessions", nil).items(), 1)
		require.Len(t, s.events(storage.EventSessionEnded), 1)
		s.later.Store(24 * 3600)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, "/sessions", nil).items(), "they have expired")
	})
}

func TestRolesAreGivenAndTaken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user, role := storagetest.User(t, s.store), storagetest.Role(t, s.store, "patients:view")
		client := storagetest.Client(t, s.store, storage.PresetStandard)
		path := "/users/" + user.ID + "/roles"
		everywhere := s.do(http.StatusCreated, http.MethodPost, path, map[string]any{"role_id": role.ID})
		require.Equal(t, role.Name, everywhere.text("role_name"))
		require.NotContains(t, everywhere.body, "client_id")
		at := s.do(http.StatusCreated, http.MethodPost, path, map[string]any{"role_id": role.ID, "client_id": client.ID})
		require.Equal(t, "Клініка", at.text("client_name"))
		require.Equal(t, []any{"patients:view"}, at.body["scope"])
		require.Len(t, s.do(http.StatusOK, http.MethodGet, path, nil).items(), 2)

		s.ask(staticToken, http.MethodPost, path, map[string]any{"role_id": role.ID}).isProblem(http.StatusConflict)
		s.ask(staticToken, http.MethodPost, path, map[string]any{"role_id": s.store.NewID()}).
			isProblem(http.StatusUnprocessableEntity, "body.role_id")
		s.ask(staticToken, http.MethodPost, path, map[string]any{"role_id": role.ID, "client_id": "nobody"}).
			isProblem(http.StatusUnprocessableEntity, "body.client_id")
		s.do(http.StatusNoContent, http.MethodDelete, path+"/"+at.text("id"), nil)
		s.ask(staticToken, http.MethodDelete, path+"/"+at.text("id"), nil).isProblem(http.StatusNotFound)
		require.Len(t, s.events(storage.EventRoleGranted), 2)
		require.Len(t, s.events(storage.EventRoleRevoked), 1)
	})
}
