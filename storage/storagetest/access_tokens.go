package storagetest

import (
	"encoding/json"
	"testing"
	"time"

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
	t.Run("A token of any kind is found in one read", func(t *testing.T) { tokensOfEveryKind(t, s) })
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
		require.NoError(t, s.store.RevokeJTI(ctx, "revoked", s.store.Now().Add(time.Hour)))
	}
	for name, c := range map[string]struct {
		jti, grantID     string
		isRevoked, ended bool
	}{
		"live":            {"jti", grant.ID, false, false},
		"a client's own":  {"jti", "", false, false},
		"id revoked":      {"revoked", grant.ID, true, true},
		"grant revoked":   {"jti", revoked.ID, true, true},
		"grant gone":      {"jti", s.store.NewID(), true, true},
		"user blocked":    {"jti", ofBlocked.ID, false, true},
		"user gone":       {"jti", ofNobody.ID, false, true},
		"own, id revoked": {"revoked", "", true, true},
	} {
		got, err := s.store.FindToken(ctx, storage.TokenProbe{JTI: c.jti, GrantID: c.grantID, AccessTokenOnly: true})
		require.NoError(t, err, name)
		require.Equal(t, c.isRevoked, got.IsRevoked, name)
		require.Equal(t, c.ended, got.IsEnded(), name)
		if c.grantID == grant.ID {
			session, err := got.Session()
			require.NoError(t, err, name)
			require.Equal(t, u.ID, got.UserID, name)
			require.Equal(t, grant.Session, session, name)
			require.Equal(t, u.Email, got.UserClaims.Email, name)
		}
	}
}

// tokensOfEveryKind are found by what each of them presents, with the user and whose the api-key is that came along.
func tokensOfEveryKind(t *testing.T, s *suite) {
	ctx := t.Context()
	u := User(t, s.store, func(u *storage.User) { u.PersonID = s.store.NewID() })
	client := Client(t, s.store, storage.PresetEHealth)
	grant := Grant(t, s.store, client, u, func(g *storage.Grant) { g.RefreshHash = storage.Hash("refresh") })
	_, token := AccessToken(t, s.store, grant)
	_, code := Code(t, s.store, client, u)
	key := storage.APIKeyProbe{Hash: client.Connections[0].Secrets[0].Hash}
	for name, c := range map[string]struct {
		probe    storage.TokenProbe
		kind, id string
	}{
		"access token":  {storage.TokenProbe{Hash: token.ID}, storage.KindAccessToken, token.AccessTokenID},
		"code":          {storage.TokenProbe{Hash: code.ID}, storage.KindAuthorizationCode, code.CodeID},
		"refresh token": {storage.TokenProbe{Hash: grant.RefreshHash}, storage.KindRefreshToken, grant.RefreshTokenID},
		"refresh token in our own form": {
			storage.TokenProbe{GrantID: grant.ID}, storage.KindRefreshToken, grant.RefreshTokenID,
		},
		"JWT, whose claims say its id": {storage.TokenProbe{JTI: "jti", GrantID: grant.ID}, "", ""},
	} {
		for _, withKey := range []bool{false, true} {
			keyClientID := ""
			if withKey {
				c.probe.APIKey, keyClientID = key, client.ID
			}
			got, err := s.store.FindToken(ctx, c.probe)
			require.NoError(t, err, name)
			require.Equal(t, []string{c.kind, c.id, u.ID, u.PersonID, keyClientID},
				[]string{got.Kind, got.ID, got.UserID, got.PersonID, got.KeyClientID}, name)
			require.False(t, got.IsEnded(), name)
		}
	}
	rotatedAway, err := s.store.FindToken(ctx, storage.TokenProbe{GrantID: grant.ID, Generation: 1})
	require.NoError(t, err)
	require.True(t, rotatedAway.IsRevoked)
	_, err = s.store.FindToken(ctx, storage.TokenProbe{Hash: code.ID, AccessTokenOnly: true})
	require.ErrorIs(t, err, storage.ErrNotFound)
}
