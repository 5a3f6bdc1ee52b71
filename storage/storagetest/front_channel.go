package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// frontChannel is an authorization request of a client whose tokens go through the browser, in a login session.
type frontChannel struct {
	*exchange
	grantID string
	session *storage.Session
	pushed  []byte // the id of the pushed request that it answers, nil where it answers none
}

func newFrontChannel(store *storage.Store, client *storage.Client, login storage.LoginSession) *frontChannel {
	return &frontChannel{exchange: newExchange(store, client), grantID: store.NewID(), session: &storage.Session{
		UserID: login.UserID, Subject: login.UserID, SessionID: login.SessionID, RedirectURI: RedirectURI,
		GrantType: storage.GrantTypeImplicit,
	}}
}

// issue makes what the response type "code id_token token" does.
func (f *frontChannel) issue(ctx context.Context) error {
	f.batch.RequireLiveSession(f.session.SessionID)
	f.batch.QueueGrant(storage.Grant{
		ID: f.grantID, ClientID: f.client.ID, UserID: f.session.UserID, SessionID: f.session.SessionID, Scope: "openid",
		Session: f.session, CreatedAt: f.store.Now(), ExpiresAt: f.store.Now().Add(time.Hour),
	})
	f.queueCode(f.grantID, f.session)
	f.queueAccessToken(f.grantID, f.session.UserID, "openid", f.session)
	if f.pushed != nil {
		f.batch.UsePushedRequest(f.pushed)
	}
	return f.batch.Flush(ctx)
}

func frontChannels(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	t.Run("An active session issues tokens and their grant", func(t *testing.T) {
		_, login := LoginSession(t, s.store, User(t, s.store))
		f := newFrontChannel(s.store, client, login)
		require.NoError(t, f.issue(ctx))
		grant, err := s.store.FindGrant(ctx, f.grantID)
		require.NoError(t, err)
		require.Equal(t, login.SessionID, grant.SessionID)
		token, err := s.store.FindAccessToken(ctx, storage.Hash(f.issued.accessToken))
		require.NoError(t, err)
		require.Equal(t, grant.ID, token.GrantID)
		require.Equal(t, storage.GrantTypeImplicit, token.Session.GrantType)
	})
	t.Run("A session that ended between sign-in and issuing issues nothing", func(t *testing.T) {
		_, login := LoginSession(t, s.store, User(t, s.store))
		f := newFrontChannel(s.store, client, login)
		_, err := s.store.EndLoginSession(ctx, login.ID)
		require.NoError(t, err)
		require.ErrorIs(t, f.issue(ctx), storage.ErrNotFound)
		_, err = s.store.FindGrant(ctx, f.grantID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.store.FindAccessToken(ctx, storage.Hash(f.issued.accessToken))
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.store.FindCode(ctx, storage.Hash(f.issued.code))
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("A code whose grant was revoked is not exchanged, even if it was presented before", func(t *testing.T) {
		_, login := LoginSession(t, s.store, User(t, s.store))
		f := newFrontChannel(s.store, client, login)
		require.NoError(t, f.issue(ctx))
		early, late := newExchange(s.store, client), newExchange(s.store, client)
		require.NoError(t, early.presentCode(ctx, f.issued.code))
		_, err := s.store.RevokeGrant(ctx, f.grantID)
		require.NoError(t, err)
		require.NoError(t, late.presentCode(ctx, f.issued.code))
		for _, e := range []*exchange{early, late} {
			require.ErrorIs(t, e.redeemCode(ctx), storage.ErrUsed)
			_, err = s.store.FindAccessToken(ctx, storage.Hash(e.issued.accessToken))
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
		grant, err := s.store.FindGrant(ctx, f.grantID)
		require.NoError(t, err)
		require.Zero(t, grant.RefreshExpiresAt)
		require.NotZero(t, grant.RevokedAt)
	})
	t.Run("An exchange completes the grant of its own client and user, and changes no other", func(t *testing.T) {
		completesOnlyItsOwnGrant(t, s)
	})
}

func completesOnlyItsOwnGrant(t *testing.T, s *suite) {
	ctx := t.Context()
	client, u := Client(t, s.store, storage.PresetStandard, Opaque), User(t, s.store)
	want := Grant(t, s.store, client, u, func(g *storage.Grant) { g.RefreshHash = storage.Hash(g.ID) })
	before, err := s.store.FindGrant(ctx, want.ID)
	require.NoError(t, err)
	for name, other := range map[string]storage.Grant{
		"another client's": {ClientID: Client(t, s.store, storage.PresetStandard).ID, UserID: u.ID},
		"another user's":   {ClientID: client.ID, UserID: User(t, s.store).ID},
	} {
		other.ID, other.Session, other.Scope = want.ID, &storage.Session{UserID: other.UserID, Subject: other.UserID}, "root"
		other.RefreshTokenID, other.RefreshHash = s.store.NewID(), storage.Hash("theirs")
		other.RefreshExpiresAt, other.ExpiresAt = want.RefreshExpiresAt.Add(time.Hour), want.ExpiresAt.Add(time.Hour)
		require.NoError(t, s.store.CreateGrant(ctx, other), name)
		after, err := s.store.FindGrant(ctx, want.ID)
		require.NoError(t, err)
		require.Equal(t, before, after, name)
	}
	own := want
	own.RefreshTokenID, own.RefreshExpiresAt = s.store.NewID(), want.RefreshExpiresAt.Add(time.Hour)
	require.NoError(t, s.store.CreateGrant(ctx, own))
	after, err := s.store.FindGrant(ctx, want.ID)
	require.NoError(t, err)
	require.Equal(t, own.RefreshTokenID, after.RefreshTokenID)
	require.Equal(t, own.RefreshExpiresAt, after.RefreshExpiresAt)
}

// raceOfAnEndAndItsTokens ends a session among requests that make tokens in it: what was made before is revoked with
// it, and nothing is made after.
func raceOfAnEndAndItsTokens(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	for range 3 {
		_, login := LoginSession(t, s.store, User(t, s.store))
		requests := make([]*frontChannel, racers)
		for i := range requests {
			requests[i] = newFrontChannel(s.store, client, login)
		}
		for i, err := range race(func(i int) error {
			if i == racers/2 {
				_, err := s.store.EndLoginSession(t.Context(), login.ID)
				return err
			}
			return requests[i].issue(t.Context())
		}) {
			if i == racers/2 || !errors.Is(err, storage.ErrNotFound) {
				require.NoError(t, err)
			}
		}
		require.Zero(t, s.count(t, "grants", "session_id = $1 AND revoked_at = 0", login.SessionID))
	}
}
