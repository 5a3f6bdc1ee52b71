package provider_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// family is a chain of refresh tokens of one sign-in, with what an operator is told of it.
type family struct {
	*stack
	policy storage.Policy
	first  reply
}

// newFamily signs a person in at a client of the standard policy, after change.
func newFamily(t *testing.T, engine storagetest.Engine, changes ...func(*storage.Client)) *family {
	s := newStack(t, engine)
	client := s.client("clinic", func(c *storage.Client) {
		for _, change := range changes {
			change(c)
		}
	})
	f := &family{stack: s, policy: client.Policy}
	f.first = s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access patients:view")))
	require.Equal(t, http.StatusOK, f.first.status, f.first.raw)
	return f
}

func (f *family) token() string { return f.first.member("refresh_token") }

// next refreshes and must be answered.
func (f *family) next(token string) string {
	f.t.Helper()
	got := f.refresh("clinic", token)
	require.Equal(f.t, http.StatusOK, got.status, got.raw)
	return got.member("refresh_token")
}

func (f *family) past(d time.Duration) { f.clock.Advance(d) }

// requireEnd presents a token that ends the family, of which newest is the newest token.
func (f *family) requireEnd(token, newest string) {
	f.t.Helper()
	require.Equal(f.t, "invalid_grant", f.refresh("clinic", token).member("error"))
	require.Equal(f.t, "invalid_grant", f.refresh("clinic", newest).member("error"), "the family ended")
	require.Equal(
		f.t,
		http.StatusUnauthorized,
		f.userinfo(f.first.member("access_token")).status,
		"with its access tokens",
	)
}

// events counts the audit events of a kind, each of which must name client and user.
func (f *family) events(kind string) int {
	events, err := f.store.ListEvents(context.Background(), storage.EventFilter{Kind: kind, Limit: 100})
	require.NoError(f.t, err)
	for _, e := range events {
		require.Equal(f.t, "clinic", e.ClientID)
		require.Equal(f.t, f.userID, e.UserID)
		require.NotEmpty(f.t, e.RequestID)
	}
	return len(events)
}

// eachFamily runs a test of the rule on every engine and in both forms of refresh tokens.
func eachFamily(t *testing.T, f func(t *testing.T, f *family)) {
	for _, form := range []string{storage.TokenFormOwn, storage.TokenFormLegacy} {
		t.Run(form, func(t *testing.T) {
			storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
				f(t, newFamily(t, engine, func(c *storage.Client) { c.Policy.TokenForm = form }))
			})
		})
	}
}

func TestRefreshTokenGivesTheSameSuccessorUntilTheSuccessorIsUsed(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		successor := f.next(f.token())
		for range 3 {
			f.past(f.policy.RefreshGrace + 6*time.Second)
			require.Equal(t, successor, f.next(f.token()))
		}
		require.NotEqual(t, successor, f.next(successor))
		require.Equal(t, 3, f.events("refresh_token_repeated"))
		require.Zero(t, f.events("refresh_token_reused"))
	})
}

func TestClientSurvivesLostAnswersInSeveralGenerations(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		token := f.token()
		for range 5 {
			lost := f.next(token)
			f.past(f.policy.RefreshGrace + 6*time.Second)
			token = f.next(token)
			require.Equal(t, lost, token)
		}
	})
}

func TestUsingAnAccessTokenDoesNotUseTheSuccessor(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		answered := f.refresh("clinic", f.token())
		require.Equal(t, http.StatusOK, f.userinfo(answered.member("access_token")).status)
		f.past(f.policy.RefreshGrace + 6*time.Second)
		require.Equal(t, answered.member("refresh_token"), f.next(f.token()))
	})
}

func TestRefreshTokenWhoseSuccessorWasUsedRevokesTheFamily(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine)
		third := f.next(f.next(f.token()))
		f.requireEnd(f.token(), third)
		require.Equal(t, 1, f.events("refresh_token_reused"))
	})
}

func TestRefreshTokenRepeatedAfterTheRetryTimeRevokesTheFamily(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		successor := f.next(f.token())
		f.past(f.policy.RefreshRetry)
		f.requireEnd(f.token(), successor)
		require.Equal(t, 1, f.events("refresh_token_reused"))
	})
}

func TestRepeatedRefreshTokenWithoutAGraceRevokesTheFamily(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine, func(c *storage.Client) { c.Policy.RefreshGrace = 0 })
		f.requireEnd(f.token(), f.next(f.token()))
	})
}

func TestRefreshTokenRepeatedWithinTheGraceIsNotRecorded(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		successor := f.next(f.token())
		f.past(f.policy.RefreshGrace - time.Second)
		require.Equal(t, successor, f.next(f.token()))
		require.Zero(t, f.events("refresh_token_repeated"))
	})
}

func TestOlderRefreshTokenInTheLegacyFormIsUnknownAndRevokesNothing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine, func(c *storage.Client) { c.Policy.TokenForm = storage.TokenFormLegacy })
		third := f.next(f.next(f.token()))
		require.Equal(t, "invalid_grant", f.refresh("clinic", f.token()).member("error"))
		f.next(third)
	})
}

func TestStoredPolicyWithoutARetryTimeGetsTheDefault(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine)
		_, err := f.store.SQL().ExecContext(t.Context(),
			`UPDATE clients SET policy = replace(policy, '"refresh_retry":14400,', '')`)
		require.NoError(t, err)
		f.store.Invalidate()
		client, err := f.store.Client(t.Context(), "clinic")
		require.NoError(t, err)
		require.EqualValues(t, storage.DefaultRefreshRetry, client.Policy.RefreshRetry)
	})
}

// A copy of a refresh token without the credentials of its client is refused, and nothing ends.
func TestAttackRefreshTokenWithoutTheClientsCredentials(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine)
		f.client("thief", nil)
		second := f.next(f.token())
		for _, stolen := range []string{f.token(), second} {
			require.Equal(t, "invalid_grant", f.refresh("thief", stolen).member("error"))
		}
		f.next(second)
	})
}

// A thief refreshes first and goes on: the client's next refresh ends the family, and the thief's tokens with it.
func TestAttackTheThiefRefreshesFirst(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine)
		stolen := f.next(f.next(f.token()))
		f.past(time.Hour)
		f.requireEnd(f.token(), stolen)
	})
}

// A thief takes turns with the client, so that neither presents a token whose successor was used.
func TestAttackAThiefTakesTurnsWithTheClient(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		client, thief := f.token(), f.token()
		for range 5 {
			client = f.next(client)
			f.past(time.Hour)
			thief = f.next(thief)
			require.Equal(t, client, thief)
		}
		client = f.next(client)
		f.past(time.Hour)
		f.requireEnd(thief, client)
		require.Equal(t, 5, f.events("refresh_token_repeated"))
		require.Equal(t, 1, f.events("refresh_token_reused"))
	})
}

// While a client is idle, the token before its newest is good for hours and no longer.
func TestAttackOldRefreshTokenOfAnIdleClient(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		newest := f.next(f.token())
		f.past(12 * time.Hour)
		f.requireEnd(f.token(), newest)
	})
}

// More scope than was granted is not had by a refresh.
func TestAttackARefreshAsksForMoreScope(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine)
		got := f.post(oauth.PathToken, "clinic", map[string][]string{
			"grant_type": {"refresh_token"}, "refresh_token": {f.token()}, "scope": {"openid patients:create"},
		})
		require.Equal(t, "invalid_scope", got.member("error"))
	})
}

func TestIntrospectionFollowsRefreshTokenRotation(t *testing.T) {
	eachFamily(t, func(t *testing.T, f *family) {
		introspect := func(token string) reply {
			return f.post(oauth.PathIntrospect, "clinic", url.Values{"token": {token}})
		}
		exchanged := f.store.Now()
		second := f.next(f.token())
		current, previous := introspect(second), introspect(f.token())
		require.Equal(t, true, current.body["active"], current.raw)
		require.Equal(t, true, previous.body["active"], "it may be repeated: %s", previous.raw)
		require.EqualValues(t, exchanged.Add(f.policy.RefreshRetry).Unix(), previous.body["exp"], previous.raw)
		require.NotContains(t, previous.body, "jti")
		f.past(f.policy.RefreshRetry - time.Second)
		require.Equal(t, true, introspect(f.token()).body["active"])
		f.past(time.Second)
		require.Equal(t, map[string]any{"active": false}, introspect(f.token()).body)
		require.Equal(t, true, introspect(second).body["active"], "the question ends nothing")
		third := f.next(second)
		require.Equal(t, map[string]any{"active": false}, introspect(f.token()).body)
		require.Equal(t, true, introspect(third).body["active"])
	})
}

func TestIntrospectionCallsPreviousRefreshTokenInactiveWithoutGrace(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFamily(t, engine, func(c *storage.Client) { c.Policy.RefreshGrace = 0 })
		second := f.next(f.token())
		require.Equal(t, false, f.post(oauth.PathIntrospect, "clinic", url.Values{"token": {f.token()}}).body["active"])
		f.next(second)
	})
}
