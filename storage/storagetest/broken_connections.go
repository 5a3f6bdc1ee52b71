package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// RunBrokenConnections holds PostgreSQL to what the contract says of answers that are lost and of a database that goes
// away. SQLite has no connection to break: a statement and its answer are one call.
func RunBrokenConnections(t *testing.T, engine Engine) {
	for _, how := range []LostAnswer{LostByClose, LostByReset} {
		for _, l := range lostAnswers {
			t.Run("Connection "+string(how)+" before the answer: "+l.name, func(t *testing.T) {
				l.survive(t, newProxiedSuite(t, engine, how))
			})
		}
	}
	t.Run("A database that goes away and comes back", func(t *testing.T) {
		databaseComesBack(t, newProxiedSuite(t, engine, LostByReset))
	})
	t.Run("An event queue while the database is away", func(t *testing.T) {
		eventQueueOutage(t, newProxiedSuite(t, engine, LostByReset))
	})
	t.Run("Round trips", func(t *testing.T) { roundTrips(t, newProxiedSuite(t, engine, LostByReset)) })
}

// proxiedSuite is a suite behind a proxy.
type proxiedSuite struct {
	*suite
	proxy *Proxy
	how   LostAnswer
}

func newProxiedSuite(t *testing.T, engine Engine, how LostAnswer) *proxiedSuite {
	proxy := NewProxy(t, engine.Create(t))
	s := &suite{engine: engine, databaseURL: proxy.URL(), clock: NewClock()}
	s.store = s.open(t)
	return &proxiedSuite{suite: s, proxy: proxy, how: how}
}

// losing runs a call whose first answer is lost.
func (s *proxiedSuite) losing(t *testing.T, call func() error) error {
	t.Helper()
	s.proxy.SwallowAnswer(s.how)
	err := call()
	require.True(t, s.proxy.Swallowed(), "no answer was lost")
	return err
}

// lostAnswers are the writes that an attempt must win although the answer to its first try is lost.
var lostAnswers = []struct {
	name    string
	survive func(t *testing.T, s *proxiedSuite)
}{
	{"a code is exchanged", lostExchange},
	{"a family rotates", lostRotation},
	{"a token is made for a refresh token that stays", lostRefreshInPlace},
	{"a code is made with its approval and its event", lostAuthorization},
	{"a token id is used", lostTokenID},
	{"an approval is given", lostApproval},
	{"a lease is taken", lostLease},
	{"a failed sign-in is counted", lostFailure},
	{"a one-time code is verified", lostOneTimeCode},
	{"a random key is made", lostRandomKey},
	{"a row is read", lostRead},
	{"a transaction begins", lostBeginning},
}

func lostExchange(t *testing.T, s *proxiedSuite) {
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	value, code := Code(t, s.store, client, User(t, s.store))
	e := newExchange(s.store, client)
	require.NoError(t, e.presentCode(t.Context(), value))
	require.NoError(t, s.losing(t, func() error { return e.redeemCode(t.Context()) }))
	require.Equal(t, 1, s.count(t, "grants", "id = $1", code.GrantID))
	require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", code.GrantID))
	used, err := s.store.FindCode(t.Context(), code.ID)
	require.NoError(t, err)
	require.NotZero(t, used.UsedAt)
}

func lostRotation(t *testing.T, s *proxiedSuite) {
	client := Client(t, s.store, storage.PresetStandard, Opaque, withoutGrace)
	grant := Grant(t, s.store, client, User(t, s.store))
	e := newExchange(s.store, client)
	require.NoError(t, e.presentRefreshToken(t.Context(), byGeneration(grant.ID, 0)))
	require.NoError(t, s.losing(t, func() error { return e.rotate(t.Context()) }))
	found, err := s.store.FindGrant(t.Context(), grant.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, found.Generation)
	require.Zero(t, found.RevokedAt)
	require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
}

func lostRefreshInPlace(t *testing.T, s *proxiedSuite) {
	client := Client(t, s.store, storage.PresetEHealth)
	grant := Grant(t, s.store, client, User(t, s.store))
	e := newExchange(s.store, client)
	require.NoError(t, e.presentRefreshToken(t.Context(), byGeneration(grant.ID, 0)))
	require.NoError(t, s.losing(t, func() error { return e.refreshInPlace(t.Context()) }))
	require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
}

func lostAuthorization(t *testing.T, s *proxiedSuite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
	_, session := LoginSession(t, s.store, u)
	e := newExchange(s.store, client)
	code := e.queueCodeOf(t, u)
	e.batch.QueueApproval(
		storage.Approval{ID: s.store.NewID(), UserID: u.ID, ClientID: client.ID, Scope: []string{"openid"}},
		"",
		"",
	)
	e.batch.QueueEvent(storage.Event{Kind: "authorize", UserID: u.ID})
	e.batch.QueueSessionUse(session.ID, "192.0.2.1", s.store.Now().Add(time.Minute))
	require.NoError(t, s.losing(t, func() error { return e.batch.Flush(t.Context()) }))
	found, err := s.store.FindCode(t.Context(), storage.Hash(code))
	require.NoError(t, err)
	require.NotEmpty(t, found.ApprovalID)
	for _, table := range []string{"codes", "approvals", "audit_events"} {
		require.Equal(t, 1, s.count(t, table, "user_id = $1", u.ID), table)
	}
}

func lostTokenID(t *testing.T, s *proxiedSuite) {
	use := func() error {
		return s.store.UseJTI(t.Context(), "client_assertion", "client", "1", s.store.NewID(), s.store.Now().Add(time.Hour))
	}
	require.NoError(t, s.losing(t, use))
	require.ErrorIs(t, use(), storage.ErrUsed)

	client := Client(t, s.store, storage.PresetStandard, Opaque)
	value, code := Code(t, s.store, client, User(t, s.store))
	e := newExchange(s.store, client)
	require.NoError(t, e.presentCode(t.Context(), value))
	e.presentTokenID("2")
	require.NoError(t, s.losing(t, func() error { return e.redeemCode(t.Context()) }))
	require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", code.GrantID))
}

func lostApproval(t *testing.T, s *proxiedSuite) {
	a := storage.Approval{
		ID:       s.store.NewID(),
		UserID:   User(t, s.store).ID,
		ClientID: Client(t, s.store, storage.PresetStandard).ID,
	}
	require.NoError(t, s.losing(t, func() error { return s.store.Approve(t.Context(), a) }))
	require.Equal(t, 1, s.count(t, "approvals", "user_id = $1", a.UserID))
}

func lostLease(t *testing.T, s *proxiedSuite) {
	require.NoError(t, s.losing(t, func() error {
		return lost(s.store.AcquireLease(t.Context(), "janitor", s.store.NewID(), time.Minute))
	}))
}

func lostFailure(t *testing.T, s *proxiedSuite) {
	subject := storage.Hash("account")
	require.NoError(t, s.losing(t, func() error {
		_, err := s.store.RecordSignInFailure(t.Context(), [][]byte{subject}, s.store.Now().Add(time.Hour))
		return err
	}))
	counts, err := s.store.CountSignInFailures(t.Context(), [][]byte{subject}, time.Time{})
	require.NoError(t, err)
	require.Equal(t, []int64{1}, counts)
}

func lostOneTimeCode(t *testing.T, s *proxiedSuite) {
	code := s.oneTimeCode(t, "phone")
	require.NoError(t, s.losing(t, func() error {
		return lost(s.store.VerifyOneTimeCode(t.Context(), code.ID, code.CodeMAC, 1))
	}))
	found, err := s.store.FindOneTimeCode(t.Context(), "phone")
	require.NoError(t, err)
	require.EqualValues(t, 1, found.Attempts)
}

func lostRandomKey(t *testing.T, s *proxiedSuite) {
	var key []byte
	require.NoError(t, s.losing(t, func() (err error) {
		key, err = s.store.RandomKey(t.Context(), "cookies", 32)
		return err
	}))
	same, err := s.open(t).RandomKey(t.Context(), "cookies", 32)
	require.NoError(t, err)
	require.Equal(t, key, same)
}

func lostRead(t *testing.T, s *proxiedSuite) {
	client := Client(t, s.store, storage.PresetStandard)
	require.NoError(t, s.losing(t, func() error {
		_, err := s.store.LoadClient(t.Context(), client.ID)
		return err
	}))
}

func lostBeginning(t *testing.T, s *proxiedSuite) {
	require.NoError(t, s.losing(t, func() error {
		return s.store.CreateUser(t.Context(), storage.User{ID: s.store.NewID(), Email: "doctor@example.com"})
	}))
}

func databaseComesBack(t *testing.T, s *proxiedSuite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	value, code := Code(t, s.store, client, User(t, s.store))
	e := newExchange(s.store, client)
	require.NoError(t, e.presentCode(ctx, value))

	s.proxy.GoAway()
	require.ErrorIs(t, e.redeemCode(ctx), storage.ErrUnavailable)
	require.ErrorIs(t, s.store.Ping(ctx), storage.ErrUnavailable)
	_, err := s.store.Client(ctx, client.ID)
	require.ErrorIs(t, err, storage.ErrUnavailable)
	require.ErrorIs(t, s.store.DeleteUser(ctx, code.UserID), storage.ErrUnavailable)

	s.proxy.ComeBack()
	require.NoError(t, s.store.Ping(ctx))
	_, err = s.store.Client(ctx, client.ID)
	require.NoError(t, err)
	again := newExchange(s.store, client)
	require.NoError(t, again.presentCode(ctx, value))
	require.NoError(t, again.redeemCode(ctx))
}
