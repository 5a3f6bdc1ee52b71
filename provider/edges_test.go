package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestRotatedRefreshTokensStayInvalidWhenTheClientMovesToReuse(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		client := s.client("clinic", nil)
		first := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access"))).member("refresh_token")
		second := s.refresh("clinic", first).member("refresh_token")
		third := s.refresh("clinic", second).member("refresh_token")
		moved := *client
		moved.Policy.Refresh = storage.RefreshReuse
		require.NoError(t, s.store.UpdateClient(t.Context(), moved))
		require.Equal(t, "invalid_grant", s.refresh("clinic", first).member("error"))
		require.Equal(t, "invalid_grant", s.refresh("clinic", second).member("error"))
		require.Equal(t, http.StatusOK, s.refresh("clinic", third).status)
	})
}

func TestDeactivatingTokensHoldsAgainstAnExchangeWithASlowClock(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		code := s.browser().code(request("clinic", "openid offline_access"))
		s.clock.Advance(time.Second)
		require.NoError(t, s.store.DeactivateTokens(t.Context(), "clinic"))
		s.clock.Advance(-time.Second)
		require.Equal(t, "invalid_grant", s.redeem("clinic", code).member("error"))
	})
}

func TestIntrospectionByAResourceServerRefusesARefreshToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("gateway", func(c *storage.Client) { c.Policy.IntrospectAny = true })
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
		ask := func(id, token string) any {
			return s.post(oauth.PathIntrospect, id, url.Values{"token": {token}}).body["active"]
		}
		require.Equal(t, false, ask("gateway", tokens.member("refresh_token")))
		require.Equal(t, true, ask("clinic", tokens.member("refresh_token")))
		require.NoError(t, s.store.BlockClient(t.Context(), "gateway", "test"))
		require.Equal(t, "invalid_client",
			s.post(oauth.PathIntrospect, "gateway", url.Values{"token": {tokens.member("access_token")}}).member("error"))
	})
}

func TestTwoConcurrentExchangesOfACodeLeaveNoTokensByThePolicyRevoke(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		code := s.browser().code(request("clinic", "openid"))
		answers := make(chan reply, 2)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { answers <- s.redeem("clinic", code) })
		}
		both.Wait()
		close(answers)
		for got := range answers {
			if token := got.member("access_token"); token != "" {
				require.Equal(t, http.StatusUnauthorized, s.userinfo(token).status)
			}
		}
	})
}

func TestBlockedClientMayStillRevokeItsTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		token := s.redeem("clinic", s.browser().code(request("clinic", "openid"))).member("access_token")
		require.NoError(t, s.store.BlockClient(t.Context(), "clinic", "test"))
		require.Equal(t, http.StatusOK, s.post(oauth.PathRevoke, "clinic", url.Values{"token": {token}}).status)
		require.NoError(t, s.store.UnblockClient(t.Context(), "clinic"))
		require.Equal(t, http.StatusUnauthorized, s.userinfo(token).status)
	})
}

func TestRefreshTokenBoundToItsConnectionIsRefusedOfAnother(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) {
			twoConnections(c)
			c.Connections[1].RefreshBoundTo = storage.RefreshBoundToClient
		})
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
		got := s.post(oauth.PathToken, "", url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {tokens.member("refresh_token")},
			"client_id": {"clinic"}, "client_secret": {"second" + secret},
		})
		require.Equal(t, "invalid_grant", got.member("error"))
	})
}

func TestRefreshLifetimeFromIssueIsNotProlongedByRotation(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) {
			c.Policy.RefreshLifetimeFrom, c.Policy.RefreshLifetime = storage.RefreshLifetimeFromIssue, time.Hour
		})
		token := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access"))).member("refresh_token")
		s.clock.Advance(50 * time.Minute)
		token = s.refresh("clinic", token).member("refresh_token")
		require.NotEmpty(t, token)
		s.clock.Advance(10 * time.Minute)
		require.Equal(t, "invalid_grant", s.refresh("clinic", token).member("error"))
	})
}

func TestAnAudienceThatTheClientLostIsLeftOutOfARefresh(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		client := s.client("clinic",
			func(c *storage.Client) { c.Metadata.Audience = []string{"https://a.example", "https://b.example"} })
		asked := request("clinic", "openid offline_access")
		asked["audience"] = []string{"https://a.example", "https://b.example"}
		tokens := s.redeem("clinic", s.browser().code(asked))
		audience := func(token string) any {
			return s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {token}}).body["aud"]
		}
		require.Equal(t, []any{"https://a.example", "https://b.example"}, audience(tokens.member("access_token")))
		moved := *client
		moved.Metadata.Audience = []string{"https://a.example"}
		require.NoError(t, s.store.UpdateClient(t.Context(), moved))
		require.Equal(t, "https://a.example",
			audience(s.refresh("clinic", tokens.member("refresh_token")).member("access_token")))
	})
}

func TestUnknownClientIDsAreNotCached(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		got := s.post(oauth.PathToken, "", url.Values{
			"grant_type": {
				"client_credentials",
			}, "client_id": {strings.Repeat("a", storage.MaximumClientID+1)}, "client_secret": {uuid.NewString()},
		})
		require.Equal(t, "invalid_client", got.member("error"))
	})
}

func TestUserWithANullProfileStillHasASubject(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		token := s.redeem("clinic", s.browser().code(request("clinic", "openid profile email"))).member("access_token")
		_, err := s.store.SQL().ExecContext(t.Context(), `UPDATE users SET profile = 'null'`)
		require.NoError(t, err)
		info := s.userinfo(token)
		require.Equal(t, http.StatusOK, info.status, info.raw)
		require.Equal(t, s.userID, info.member("sub"))
	})
}
