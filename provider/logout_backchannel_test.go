package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// longestRetry is more than any two attempts are apart.
const longestRetry = 2 * time.Hour

// waiting says how many deliveries are stored.
func (s *stack) waiting() (rows int) {
	require.NoError(s.t,
		s.store.SQL().QueryRowContext(s.t.Context(), `SELECT count(*) FROM logout_deliveries`).Scan(&rows))
	return rows
}

// toldStack is a provider with a client that wants to hear of logouts, and a browser that is signed in to it.
func toldStack(
	t *testing.T, engine storagetest.Engine, change func(*storage.Client),
) (*stack, *relyingParty, *browser, reply) {
	s, rp := newStack(t, engine), newRelyingParty(t)
	s.start(reachable(rp))
	s.client("clinic", func(c *storage.Client) {
		rp.backchannel(c)
		if change != nil {
			change(c)
		}
	})
	b, tokens := s.signedIn("clinic", "openid")
	return s, rp, b, tokens
}

func signOut(b *browser, tokens reply) page {
	return b.logout(hinted(tokens.member("id_token"), postLogoutURI))
}

func TestLogoutTokenIsNotAcceptedAsIDTokenHint(t *testing.T) {
	_, rp, b, tokens := toldStack(t, storagetest.Engines()[0], nil)
	signOut(b, tokens)
	p := b.logout(hinted(rp.received()[0], postLogoutURI))
	require.Equal(t, http.StatusBadRequest, p.status)
}

func TestBackChannelLogoutTellsEachClientOfTheSessionItsOwnSid(t *testing.T) {
	s, rp, b, tokens := toldStack(t, storagetest.Engines()[0], nil)
	s.client("pairwise", func(c *storage.Client) {
		rp.backchannel(c)
		c.Metadata.SubjectType = storage.SubjectTypePairwise
	})
	s.client("silent", nil)
	s.client("elsewhere", rp.backchannel)
	other := s.redeem("pairwise", b.code(request("pairwise", "openid")))
	s.redeem("silent", b.code(request("silent", "openid")))
	s.signedIn("elsewhere", "openid")

	signOut(b, tokens)
	heard := map[any][2]any{}
	for _, token := range rp.received() {
		claims := claimsOf(t, token)
		heard[claims["aud"]] = [2]any{claims["sid"], claims["sub"]}
	}
	first, second := claimsOf(t, tokens.member("id_token")), claimsOf(t, other.member("id_token"))
	require.Equal(t, map[any][2]any{
		"clinic": {first["sid"], first["sub"]}, "pairwise": {second["sid"], second["sub"]},
	}, heard)
	require.NotEqual(t, first["sid"], second["sid"])
}

func TestBackChannelLogoutAfterAWithdrawnApprovalTellsThatClientAlone(t *testing.T) {
	s, rp, b, tokens := toldStack(t, storagetest.Engines()[0], nil)
	s.client("other", rp.backchannel)
	s.redeem("other", b.code(request("other", "openid")))
	userID := claimsOf(t, tokens.member("id_token"))["sub"].(string)
	approval, err := s.store.FindApproval(t.Context(), userID, "clinic")
	require.NoError(t, err)

	address := s.server.URL + "/login/account"
	require.Contains(t, b.get(address).body, approval.ID)
	b.post(address, url.Values{"user": {userID}, "withdraw_approval": {approval.ID}})
	require.NotContains(t, b.get(address).body, approval.ID)

	require.NoError(t, s.provider.DeliverLogouts(t.Context()))
	require.Len(t, rp.received(), 1)
	heard, told := claimsOf(t, rp.received()[0]), claimsOf(t, tokens.member("id_token"))
	require.Equal(t, []any{"clinic", told["sid"], told["sub"]}, []any{heard["aud"], heard["sid"], heard["sub"]})
}

func TestBackChannelLogoutIsRetriedAlsoAfterARestart(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s, rp, b, tokens := toldStack(t, engine, nil)
		rp.response(http.StatusServiceUnavailable)
		require.Equal(t, postLogoutURI, signOut(b, tokens).location.String(), "a client that is down holds nobody up")
		require.Len(t, rp.received(), 1)

		s.start(reachable(rp)) // another process on the same database
		require.NoError(t, s.provider.DeliverLogouts(t.Context()))
		require.Len(t, rp.received(), 1, "it is not yet time")
		s.clock.Advance(longestRetry)
		require.NoError(t, s.provider.DeliverLogouts(t.Context()))
		require.Len(t, rp.received(), 2)
		rp.response(http.StatusNoContent)
		s.clock.Advance(longestRetry)
		require.NoError(t, s.provider.DeliverLogouts(t.Context()))
		require.Len(t, rp.received(), 3)
		require.Zero(t, s.waiting())
	})
}

func TestBackChannelLogoutIsGivenUpOnRefusalOrAfterADay(t *testing.T) {
	s, rp, b, tokens := toldStack(t, storagetest.Engines()[0], nil)
	rp.response(http.StatusBadRequest)
	signOut(b, tokens)
	require.Zero(t, s.waiting(), "refused")

	rp.response(http.StatusServiceUnavailable)
	signOut(s.signedIn("clinic", "openid"))
	require.Equal(t, 1, s.waiting())
	tried := len(rp.received())
	s.clock.Advance(storage.LogoutDeliveryLifetime)
	require.NoError(t, s.provider.DeliverLogouts(t.Context()))
	require.Len(t, rp.received(), tried)
}

func TestBackChannelLogoutIsAttemptedByOneOfTwoProcesses(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s, rp, _, _ := toldStack(t, engine, nil)
		for range 5 {
			s.signedIn("clinic", "openid")
		}
		_, err := s.store.EndLoginSessions(t.Context(), s.userID)
		require.NoError(t, err)
		first := s.provider
		s.start(reachable(rp))
		var running sync.WaitGroup
		for _, p := range []*provider.Provider{first, s.provider} {
			running.Go(func() { require.NoError(t, p.DeliverLogouts(t.Context())) })
		}
		running.Wait()
		require.Len(t, rp.received(), 6)
		require.Zero(t, s.waiting())
	})
}

func TestBackChannelLogoutTellsTheClientsOfABlockedUser(t *testing.T) {
	s, rp, _, _ := toldStack(t, storagetest.Engines()[0], nil)
	require.NoError(t, s.store.BlockUser(t.Context(), s.userID, "left"))
	require.NoError(t, s.provider.DeliverLogouts(t.Context()))
	require.Len(t, rp.received(), 1)
}

func TestBackChannelLogoutDelaysTheBrowserForTwoSecondsAtMost(t *testing.T) {
	s, rp, b, tokens := toldStack(t, storagetest.Engines()[0], nil)
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	rp.silent = silent
	begin := time.Now()
	require.Equal(t, postLogoutURI, signOut(b, tokens).location.String())
	require.Less(t, time.Since(begin), 4*time.Second)
	require.Equal(t, 1, s.waiting())
}

// TestAttackSSRFThroughBackchannelLogoutURI: the guard of package outbound stands in this way too.
func TestAttackSSRFThroughBackchannelLogoutURI(t *testing.T) {
	s, rp := newStack(t, storagetest.Engines()[0]), newRelyingParty(t)
	registry := prometheus.NewRegistry()
	s.start(func(o *provider.Options) { o.Metrics = registry })
	s.client("clinic", rp.backchannel)
	b, tokens := s.signedIn("clinic", "openid")
	require.Equal(t, postLogoutURI, signOut(b, tokens).location.String())
	require.Empty(t, rp.received())
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == "ithildin_backchannel_logouts_total" {
			for _, metric := range family.GetMetric() {
				result := metric.GetLabel()[0].GetValue()
				require.Equal(t, map[string]float64{"failed": 1}[result], metric.GetCounter().GetValue(), result)
			}
			return
		}
	}
	t.Fatal("the attempt was not counted")
}

// failing is a client's server that answers nothing before another client has heard of a logout, and then that it
// failed.
func failing(t testing.TB, heard chan struct{}) *relyingParty {
	rp := newRelyingParty(t)
	rp.silent = heard
	rp.status = http.StatusServiceUnavailable
	return rp
}

// hearing is a client's server that says when it first heard of a logout.
func hearing(t testing.TB) (*relyingParty, chan struct{}) {
	rp, heard := &relyingParty{t: t, status: http.StatusOK}, make(chan struct{})
	var once sync.Once
	rp.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rp.serve(w, r)
		once.Do(func() { close(heard) })
	}))
	t.Cleanup(rp.server.Close)
	return rp, heard
}

// sessionsEnd stores sessions of a client and ends them, so that as many logouts are due.
func (s *stack) sessionsEnd(client *storage.Client, sessions int) {
	user, err := s.store.FindUser(s.t.Context(), s.userID)
	require.NoError(s.t, err)
	for range sessions {
		_, session := storagetest.LoginSession(s.t, s.store, *user)
		storagetest.Grant(s.t, s.store, client, *user, func(g *storage.Grant) { g.SessionID = session.SessionID })
		_, err := s.store.EndLoginSession(s.t.Context(), session.ID)
		require.NoError(s.t, err)
	}
}

// A client answers none of its many logouts, which fill all that is sent at a time: the others never hear of theirs.
func TestAttackClientThatNeverAnswersLogouts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		well, heard := hearing(t)
		bad := failing(t, heard)
		s := newStack(t, engine, reachable(well, bad))
		silent, other := s.client("silent", bad.backchannel), s.client("other", well.backchannel)
		s.sessionsEnd(silent, 12)
		s.clock.Advance(time.Second)
		s.sessionsEnd(other, 2)
		require.NoError(t, s.provider.DeliverLogouts(t.Context()))
		require.Len(t, well.received(), 2)
		require.Len(t, bad.received(), 1, "the rest waits as long as the first")
		require.Equal(t, 12, s.waiting(), "and is not lost")
		require.NoError(t, s.provider.DeliverLogouts(t.Context()))
		require.Len(t, bad.received(), 1)

		bad.response(http.StatusOK)
		s.clock.Advance(longestRetry)
		require.NoError(t, s.provider.DeliverLogouts(t.Context()))
		require.Zero(t, s.waiting())
		require.Len(t, bad.received(), 13)
	})
}

// The logouts of a client that does not answer lie across two of the batches that a pass reads.
func TestAttackClientThatNeverAnswersSeveralBatchesOfLogouts(t *testing.T) {
	well, heard := hearing(t)
	bad := failing(t, heard)
	s := newStack(t, storagetest.Engines()[0], reachable(well, bad))
	silent, other := s.client("silent", bad.backchannel), s.client("other", well.backchannel)
	for _, due := range []struct {
		client   *storage.Client
		sessions int
	}{{other, 99}, {silent, 150}, {other, 1}} {
		s.sessionsEnd(due.client, due.sessions)
		s.clock.Advance(time.Second)
	}
	require.NoError(t, s.provider.DeliverLogouts(t.Context()))
	require.Len(t, well.received(), 100)
	require.Len(t, bad.received(), 1)
	require.Equal(t, 150, s.waiting())
}
