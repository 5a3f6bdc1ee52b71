package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// roundTrips counts what each call costs once its statements are prepared.
func roundTrips(t *testing.T, s *proxiedSuite) {
	ctx := t.Context()
	u, opaque := User(t, s.store), Client(t, s.store, storage.PresetStandard, Opaque)
	grant := Grant(t, s.store, opaque, u)
	value, _ := AccessToken(t, s.store, grant)
	cookie, session := LoginSession(t, s.store, u)
	exchangeCode := func() {
		value, _ := Code(t, s.store, opaque, u)
		e := newExchange(s.store, opaque)
		s.proxy.Reset()
		require.NoError(t, e.presentCode(ctx, value))
		require.NoError(t, e.redeemCode(ctx))
	}
	refresh := func() {
		grant := Grant(t, s.store, opaque, u)
		s.proxy.Reset()
		s.refresh(t, opaque, byGeneration(grant.ID, 0))
	}
	authorize := func() {
		e := newExchange(s.store, opaque)
		_, err := s.store.FindLogin(ctx, storage.Hash(cookie), opaque.ID)
		require.NoError(t, err)
		e.queueCodeOf(t, u)
		e.batch.QueueSessionUse(session.ID, "192.0.2.1", s.store.Now())
		e.batch.QueueEvent(storage.Event{Kind: "authorize"})
		require.NoError(t, e.batch.Flush(ctx))
	}
	exchangeCodeWithTokenID := func() {
		value, _ := Code(t, s.store, opaque, u)
		e := newExchange(s.store, opaque)
		s.proxy.Reset()
		require.NoError(t, e.presentCode(ctx, value))
		e.presentTokenID(s.store.NewID())
		require.NoError(t, e.redeemCode(ctx))
	}
	for name, c := range map[string]struct {
		most int64
		call func()
	}{
		"code exchange":                 {2, exchangeCode},
		"code exchange with a token id": {2, exchangeCodeWithTokenID},
		"refresh":                       {2, refresh},
		"authorize":                     {2, authorize},
		"access token": {1, func() {
			_, err := s.store.FindAccessToken(ctx, storage.Hash(value))
			require.NoError(t, err)
		}},
		"state of a JWT": {1, func() {
			_, err := s.store.FindToken(ctx, storage.TokenProbe{JTI: "jti", GrantID: grant.ID})
			require.NoError(t, err)
		}},
		"client": {3, func() {
			_, err := s.store.LoadClient(ctx, opaque.ID)
			require.NoError(t, err)
		}},
		"kept client": {0, func() {
			_, err := s.store.Client(ctx, opaque.ID)
			require.NoError(t, err)
		}},
	} {
		c.call()
		s.proxy.Reset()
		c.call()
		require.LessOrEqual(t, s.proxy.RoundTrips(), c.most, name)
	}
}
