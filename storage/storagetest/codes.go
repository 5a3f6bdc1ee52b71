package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func codes(t *testing.T, s *suite) {
	t.Run("A code is read as it was stored, with its user's approval", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		approval := s.approval(t, u, client, "openid", "email")
		value, want := Code(t, s.store, client, u)
		got, err := s.store.FindCode(t.Context(), storage.Hash(value))
		require.NoError(t, err)
		require.Equal(t, u.Email, got.UserClaims.Email)
		want.ApprovalID, want.UserClaims = approval.ID, got.UserClaims
		require.Equal(t, want, *got)
	})
	t.Run("The value of a code is not in its row", func(t *testing.T) {
		value, _ := Code(t, s.store, Client(t, s.store, storage.PresetStandard), User(t, s.store))
		require.Zero(t, s.count(t, "codes", "session LIKE '%' || $1 || '%'", value))
		_, err := s.store.FindCode(t.Context(), []byte(value))
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("A code is exchanged once for a grant and a token", func(t *testing.T) { aCodeIsExchangedOnce(t, s) })
	t.Run("An exchange that is sent twice has the effect of one", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, Opaque)
		value, code := Code(t, s.store, client, u)
		e := newExchange(s.store, client)
		require.NoError(t, e.presentCode(t.Context(), value))
		require.NoError(t, e.redeemCode(t.Context()))
		require.NoError(t, e.batch.Flush(t.Context()))
		require.Equal(t, 1, s.count(t, "grants", "id = $1", code.GrantID))
		require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", code.GrantID))
	})
	t.Run("An expired code is not exchanged", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, Opaque)
		value, code := Code(t, s.store, client, u)
		e := newExchange(s.store, client)
		require.NoError(t, e.presentCode(t.Context(), value))
		s.clock.Advance(client.Policy.CodeLifetime)
		require.ErrorIs(t, e.redeemCode(t.Context()), storage.ErrUsed)
		require.Zero(t, s.count(t, "grants", "id = $1", code.GrantID))
		require.Zero(t, s.count(t, "access_tokens", "grant_id = $1", code.GrantID))
	})
	t.Run("A code that was revoked is not exchanged, even where the clock is slow", func(t *testing.T) {
		aRevokedCodeIsNotExchanged(t, s)
	})
	t.Run("A used code says so", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard)
		value, _ := Code(t, s.store, client, User(t, s.store))
		e := newExchange(s.store, client)
		require.NoError(t, e.presentCode(t.Context(), value))
		require.NoError(t, e.redeemCode(t.Context()))
		require.ErrorIs(t, newExchange(s.store, client).presentCode(t.Context(), value), storage.ErrUsed)
	})
}

func aCodeIsExchangedOnce(t *testing.T, s *suite) {
	ctx := t.Context()
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, Opaque)
	value, code := Code(t, s.store, client, u)
	first, second := newExchange(s.store, client), newExchange(s.store, client)
	require.NoError(t, first.presentCode(ctx, value))
	require.NoError(t, second.presentCode(ctx, value))
	require.NoError(t, first.redeemCode(ctx))
	require.ErrorIs(t, second.redeemCode(ctx), storage.ErrUsed)

	grant, err := s.store.FindGrant(ctx, code.GrantID)
	require.NoError(t, err)
	require.Equal(t, client.Connections[0].ID, grant.ConnectionID)
	require.Equal(t, code.Scope, grant.Scope)
	require.Equal(t, code.Session, grant.Session)
	require.Equal(t, first.issued.refresh.ID, grant.RefreshTokenID)
	require.Equal(t, first.issued.refresh.ExpiresAt, grant.RefreshExpiresAt)
	require.Greater(t, grant.ExpiresAt, grant.RefreshExpiresAt, "the row outlives what looks it up")

	token, err := s.store.FindAccessToken(ctx, storage.Hash(first.issued.accessToken))
	require.NoError(t, err)
	require.Equal(t, grant.ID, token.GrantID)
	require.Equal(t, u.ID, token.UserID)
	_, err = s.store.FindAccessToken(ctx, storage.Hash(second.issued.accessToken))
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func aRevokedCodeIsNotExchanged(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard)
	value, code := Code(t, s.store, client, User(t, s.store))
	slow := NewClock()
	slow.Advance(s.clock.Now().Sub(slow.Now()) - 10*time.Second)
	e := newExchange(s.open(t, At(slow)), client)
	require.NoError(t, e.presentCode(ctx, value))
	require.NoError(t, s.store.DeactivateTokens(ctx, client.ID))
	require.ErrorIs(t, e.redeemCode(ctx), storage.ErrUsed)
	require.Zero(t, s.count(t, "grants", "id = $1", code.GrantID))

	value, code = Code(t, s.store, client, User(t, s.store))
	_, forgotten := Code(t, s.store, client, User(t, s.store), func(c *storage.Code) {
		c.ExpiresAt = s.clock.Now().Add(-time.Hour)
	})
	s.clock.Advance(9 * time.Minute)
	e = newExchange(s.open(t, At(slow)), client)
	require.NoError(t, e.presentCode(ctx, value), "for a server whose clock is nine minutes behind it is good")
	require.NoError(t, s.store.DeactivateTokens(ctx, client.ID))
	require.ErrorIs(t, e.redeemCode(ctx), storage.ErrUsed)
	require.Zero(t, s.count(t, "codes", "code_id = $1 AND revoked_at > 0", forgotten.CodeID),
		"a client may have millions that expired long ago")

	late := NewClock()
	late.Advance(25 * 365 * 24 * time.Hour)
	require.NoError(t, s.open(t, At(late)).DeactivateTokens(ctx, client.ID), "when seconds have outgrown 32 bits")
}
