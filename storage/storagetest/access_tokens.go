package storagetest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func accessTokens(t *testing.T, s *suite) {
	t.Run("An access token is read as it was stored, with what userinfo tells", func(t *testing.T) {
		u := User(t, s.store, func(u *storage.User) { u.Profile = json.RawMessage(`{"name": "Олена Коваль"}`) })
		grant := Grant(t, s.store, Client(t, s.store, storage.PresetEHealth), u)
		value, want := AccessToken(t, s.store, grant, func(a *storage.AccessToken) { a.Kind = storage.KindTwoFactor })
		got, err := s.store.FindAccessToken(t.Context(), storage.Hash(value))
		require.NoError(t, err)
		want.UserClaims = storage.UserClaims{Email: u.Email, Profile: u.Profile, UpdatedAt: u.UpdatedAt}
		require.Equal(t, want, *got)
	})
	t.Run("A client's own token has neither user nor grant", func(t *testing.T) {
		value, _ := AccessToken(t, s.store, storage.Grant{ClientID: "client", Session: &storage.Session{Subject: "client"}})
		got, err := s.store.FindAccessToken(t.Context(), storage.Hash(value))
		require.NoError(t, err)
		require.Empty(t, got.UserID+got.GrantID)
		require.False(t, got.UserBlocked || got.GrantRevoked)
	})
	t.Run("A token whose user or grant was deleted is inactive, as one whose user or grant was ended", func(t *testing.T) {
		gone := storage.Grant{ID: s.store.NewID(), ClientID: "client", UserID: s.store.NewID(), Session: &storage.Session{}}
		value, _ := AccessToken(t, s.store, gone)
		got, err := s.store.FindAccessToken(t.Context(), storage.Hash(value))
		require.NoError(t, err)
		require.True(t, got.UserBlocked)
		require.True(t, got.GrantRevoked)
	})
	t.Run("A token is deleted once", func(t *testing.T) {
		grant := Grant(t, s.store, Client(t, s.store, storage.PresetEHealth), User(t, s.store))
		_, token := AccessToken(t, s.store, grant)
		for _, want := range []bool{true, false} {
			existed, err := s.store.DeleteAccessToken(t.Context(), token.ID)
			require.NoError(t, err)
			require.Equal(t, want, existed)
		}
	})
	t.Run("A JWT ends with its id, its grant or its user", func(t *testing.T) { whatEndsAJWT(t, s) })
}

func whatEndsAJWT(t *testing.T, s *suite) {
	ctx := t.Context()
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
	grant, revoked := Grant(t, s.store, client, u), Grant(t, s.store, client, u)
	_, err := s.store.RevokeGrant(ctx, revoked.ID)
	require.NoError(t, err)
	blocked := User(t, s.store)
	require.NoError(t, s.store.BlockUser(ctx, blocked.ID, ""))
	ofBlocked, ofNobody := Grant(t, s.store, client, blocked), Grant(t, s.store, client, storage.User{ID: s.store.NewID()})
	for range 2 {
		require.NoError(t, s.store.RevokeJTI(ctx, "revoked", s.store.Now().Unix()+hour))
	}
	for name, c := range map[string]struct {
		jti, grantID string
		want         storage.TokenState
	}{
		"live":            {"jti", grant.ID, storage.TokenState{}},
		"a client's own":  {"jti", "", storage.TokenState{}},
		"id revoked":      {"revoked", grant.ID, storage.TokenState{Revoked: true}},
		"grant revoked":   {"jti", revoked.ID, storage.TokenState{Revoked: true}},
		"grant gone":      {"jti", s.store.NewID(), storage.TokenState{Revoked: true, UserBlocked: true}},
		"user blocked":    {"jti", ofBlocked.ID, storage.TokenState{UserBlocked: true}},
		"user gone":       {"jti", ofNobody.ID, storage.TokenState{UserBlocked: true}},
		"own, id revoked": {"revoked", "", storage.TokenState{Revoked: true}},
	} {
		got, err := s.store.FindTokenState(ctx, c.jti, c.grantID)
		require.NoError(t, err, name)
		require.Equal(t, c.want.Revoked, got.Revoked, name)
		require.Equal(t, c.want.UserBlocked, got.UserBlocked, name)
		if c.grantID == grant.ID {
			require.Equal(t, u.ID, got.UserID, name)
			require.Equal(t, grant.Session, got.Session, name)
			require.Equal(t, u.Email, got.UserClaims.Email, name)
		}
	}
}
