package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func grants(t *testing.T, s *suite) {
	t.Run("A grant is read with its user's approval and roles", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		approval := s.approval(t, u, client, "openid")
		here, everywhere, both, elsewhere := Role(t, s.store), Role(t, s.store), Role(t, s.store), Role(t, s.store)
		for _, held := range []struct{ roleID, clientID string }{
			{here.ID, client.ID}, {everywhere.ID, ""}, {both.ID, ""}, {both.ID, client.ID},
			{elsewhere.ID, Client(t, s.store, storage.PresetStandard).ID},
		} {
			require.NoError(t, s.store.GrantRole(t.Context(), u.ID, held.roleID, held.clientID))
		}
		want := Grant(t, s.store, client, u)
		got, err := s.store.FindGrant(t.Context(), want.ID)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{here.ID, everywhere.ID, both.ID}, got.RoleIDs)
		require.Equal(t, u.Email, got.UserClaims.Email)
		want.ApprovalID, want.ApprovalScope, want.UserClaims, got.RoleIDs = approval.ID, "openid", got.UserClaims, nil
		require.Equal(t, want, *got)
	})
	t.Run("A grant is revoked once, with all its tokens", func(t *testing.T) {
		grant := Grant(t, s.store, Client(t, s.store, storage.PresetEHealth), User(t, s.store))
		_, token := AccessToken(t, s.store, grant)
		valid, err := s.store.RevokeGrant(t.Context(), grant.ID)
		require.NoError(t, err)
		require.True(t, valid)
		valid, err = s.store.RevokeGrant(t.Context(), grant.ID)
		require.NoError(t, err)
		require.False(t, valid)
		found, err := s.store.FindAccessToken(t.Context(), token.ID)
		require.NoError(t, err)
		require.True(t, found.GrantRevoked)
	})
	t.Run("A refresh token that does not rotate issues tokens until its grant ends", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetEHealth)
		grant := Grant(t, s.store, client, User(t, s.store))
		find := byGeneration(grant.ID, 0)
		first, second := newExchange(s.store, client), newExchange(s.store, client)
		require.NoError(t, first.presentRefreshToken(t.Context(), find))
		require.NoError(t, second.presentRefreshToken(t.Context(), find))
		require.NoError(t, first.refreshInPlace(t.Context()))
		_, err := s.store.RevokeGrant(t.Context(), grant.ID)
		require.NoError(t, err)
		require.ErrorIs(t, second.refreshInPlace(t.Context()), storage.ErrNotFound)
		require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
		late := newExchange(s.store, client)
		require.ErrorIs(t, late.presentRefreshToken(t.Context(), find), storage.ErrNotFound)
	})
}

func rotation(t *testing.T, s *suite) {
	t.Run("Repeated refreshes within the grace advance the family by one generation", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard, Opaque)
		grant := Grant(t, s.store, client, User(t, s.store))
		for range 3 {
			e := s.refresh(t, client, byGeneration(grant.ID, 0))
			require.EqualValues(t, 1, e.token.Successor())
		}
		s.clock.Advance(client.Policy.RefreshGrace - time.Second)
		e := s.refresh(t, client, byGeneration(grant.ID, 0))
		require.EqualValues(t, 1, e.token.Successor())
		e = s.refresh(t, client, byGeneration(grant.ID, 1))
		require.EqualValues(t, 2, e.token.Successor())
		found, err := s.store.FindGrant(t.Context(), grant.ID)
		require.NoError(t, err)
		require.EqualValues(t, 2, found.Generation)
		require.Equal(t, 5, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
	})
	t.Run("A rotation that is sent twice has the effect of one", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard, Opaque, withoutGrace)
		grant := Grant(t, s.store, client, User(t, s.store))
		e := s.refresh(t, client, byGeneration(grant.ID, 0))
		require.NoError(t, e.batch.Flush(t.Context()))
		found, err := s.store.FindGrant(t.Context(), grant.ID)
		require.NoError(t, err)
		require.EqualValues(t, 1, found.Generation)
		require.Zero(t, found.RevokedAt)
		require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
	})
	t.Run("A refresh token of a generation that was never issued counts as reuse", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard)
		grant := Grant(t, s.store, client, User(t, s.store))
		s.refresh(t, client, byGeneration(grant.ID, 0))
		for _, generation := range []int64{2, -1} {
			s.requireReuse(t, client, byGeneration(grant.ID, generation))
		}
	})
	t.Run("A rotation after the retry time revokes the family", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard, withoutGrace)
		grant := Grant(t, s.store, client, User(t, s.store))
		late := newExchange(s.store, client)
		require.NoError(t, late.presentRefreshToken(t.Context(), byGeneration(grant.ID, 0)))
		s.refresh(t, client, byGeneration(grant.ID, 0))
		require.ErrorIs(t, late.rotate(t.Context()), storage.ErrReuse)
		found, err := s.store.FindGrant(t.Context(), grant.ID)
		require.NoError(t, err)
		require.NotZero(t, found.RevokedAt)
	})
	t.Run("A refresh token that is known by its hash rotates to the next hash",
		func(t *testing.T) { rotationByHash(t, s) })
	repetitions(t, s)
}

func withoutGrace(c *storage.Client) { c.Policy.RefreshGrace = 0 }

// requireReuse presents a refresh token that ends its family.
func (s *suite) requireReuse(t *testing.T, client *storage.Client, find probe) {
	t.Helper()
	err := newExchange(s.store, client).presentRefreshToken(t.Context(), find)
	require.ErrorIs(t, err, storage.ErrReuse)
}

// refresh presents a refresh token and rotates.
func (s *suite) refresh(t *testing.T, client *storage.Client, find probe) *exchange {
	t.Helper()
	e := newExchange(s.store, client)
	require.NoError(t, e.presentRefreshToken(t.Context(), find))
	require.NoError(t, e.rotate(t.Context()))
	return e
}

func rotationByHash(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard, withoutGrace)
	grant := Grant(t, s.store, client, User(t, s.store), func(g *storage.Grant) { g.RefreshHash = storage.Hash("first") })
	e := newExchange(s.store, client)
	e.issued.refresh.Hash = storage.Hash("second")
	require.NoError(t, e.presentRefreshToken(ctx, byHash("first")))
	require.NoError(t, e.rotate(ctx))

	for value, current := range map[string]bool{"first": false, "second": true} {
		token, err := s.store.NewBatch().FindGrantByRefreshHash(ctx, storage.Hash(value))
		require.NoError(t, err)
		require.Equal(t, grant.ID, token.Grant.ID)
		require.Equal(t, current, token.IsCurrent(), value)
	}
	_, err := s.store.FindGrantByRefreshHash(ctx, storage.Hash("third"))
	require.ErrorIs(t, err, storage.ErrNotFound)
	reused := newExchange(s.store, client)
	require.ErrorIs(t, reused.presentRefreshToken(ctx, byHash("first")), storage.ErrReuse)
}
