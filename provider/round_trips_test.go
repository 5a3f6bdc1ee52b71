package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// proxiedStack is a stack whose PostgreSQL is behind a proxy that counts its answers.
func proxiedStack(t *testing.T, options ...func(*provider.Options)) (*stack, *storagetest.Proxy) {
	proxy := storagetest.NewProxy(t, storagetest.PostgreSQL().Create(t))
	return newStackOn(t, storagetest.NewClock(), func(clock *storagetest.Clock) *storage.Store {
		return storagetest.Open(t, proxy.URL(), storagetest.At(clock))
	}, options...), proxy
}

// TestRoundTripsToTheDatabase counts, with every cache and prepared statement warm, how often a flow waits for the
// database.
func TestRoundTripsToTheDatabase(t *testing.T) {
	for _, preset := range []string{storage.PresetStandard, storage.PresetEHealth} {
		t.Run(preset, func(t *testing.T) {
			s, proxy := proxiedStack(t)
			s.client("clinic", func(c *storage.Client) { c.Policy, _ = storage.NewPolicy(preset) })
			b := s.browser()
			parameters := request("clinic", "openid offline_access patients:view")
			var code string
			var tokens reply
			flow := func() (authorize, exchange, refresh, introspect, userinfo, credentials int64) {
				count := func(f func()) int64 { proxy.Reset(); f(); return proxy.RoundTrips() }
				authorize = count(func() { code = b.code(parameters) })
				exchange = count(func() { tokens = s.redeem("clinic", code) })
				require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
				refresh = count(func() {
					require.Equal(t, http.StatusOK, s.refresh("clinic", tokens.member("refresh_token")).status)
				})
				introspect = count(func() {
					seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {tokens.member("access_token")}})
					require.Equal(t, true, seen.body["active"])
				})
				userinfo = count(func() { require.Equal(t, http.StatusOK, s.userinfo(tokens.member("access_token")).status) })
				credentials = count(func() {
					require.Equal(t, http.StatusOK,
						s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"client_credentials"}}).status)
				})
				return
			}
			flow()
			flow() // on whichever connection of the pool: everything is prepared by now
			authorize, exchange, refresh, introspect, userinfo, credentials := flow()
			require.LessOrEqual(t, authorize, int64(2), "authorize: 1 read and 1 write")
			require.LessOrEqual(t, exchange, int64(2), "code exchange: 1 read and 1 write")
			require.LessOrEqual(t, refresh, int64(2), "refresh: 1 read and 1 write")
			require.LessOrEqual(t, introspect, int64(1), "introspection: 1 read")
			require.LessOrEqual(t, userinfo, int64(1), "userinfo: 1 read")
			if preset == storage.PresetStandard {
				require.Zero(t, credentials, "client_credentials as a JWT: none")
			} else {
				require.LessOrEqual(t, credentials, int64(1), "client_credentials, opaque: 1 write")
			}
		})
	}
	t.Run("client_credentials by a key", func(t *testing.T) {
		s, proxy := proxiedStack(t)
		a := newAssertionsOn(t, s)
		for range 3 { // on whichever connection of the pool: everything is prepared by the last
			proxy.Reset()
			require.Equal(t, http.StatusOK, a.send(a.sign(t, a.key, jose.ES256, a.claims())).status)
		}
		require.LessOrEqual(t, proxy.RoundTrips(), int64(1), "1 write: the jti")
	})
	t.Run("authorize for code, ID token and access token, and userinfo with claims", func(t *testing.T) {
		s, proxy := proxiedStack(t, everyResponseType)
		s.client("clinic", hybrid)
		b := s.browser()
		parameters := withClaims(requestOf("code id_token token", "clinic", "openid"), `{"userinfo": {"name": null}}`)
		var authorize, userinfo int64
		for range 3 {
			proxy.Reset()
			token := b.approved(parameters).Get("access_token")
			authorize = proxy.RoundTrips()
			proxy.Reset()
			require.Equal(t, "Олена Коваль", s.userinfo(token).member("name"))
			userinfo = proxy.RoundTrips()
		}
		require.LessOrEqual(t, authorize, int64(2), "1 read and 1 write")
		require.LessOrEqual(t, userinfo, int64(1), "1 read")
	})
	t.Run("a pushed request", func(t *testing.T) {
		s, proxy := proxiedStack(t)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		var push, authorize int64
		for range 3 {
			proxy.Reset()
			uri := s.push("clinic", request("clinic", "openid"))
			push = proxy.RoundTrips()
			proxy.Reset()
			b.code(pushed("clinic", uri))
			authorize = proxy.RoundTrips()
		}
		require.LessOrEqual(t, push, int64(1), "1 write")
		require.LessOrEqual(t, authorize, int64(3), "2 reads, and 1 write, which uses the request up too")
	})
	t.Run("a device", func(t *testing.T) {
		s, proxy := proxiedStack(t)
		s.client("tv", deviceClient)
		b := s.browser()
		b.approve(s.beginDevice("tv", "openid offline_access"))
		var begin, poll, approve, tokens int64
		for range 3 {
			proxy.Reset()
			begun := s.beginDevice("tv", "openid offline_access")
			begin = proxy.RoundTrips()
			proxy.Reset()
			s.requirePoll("tv", begun, "authorization_pending")
			poll = proxy.RoundTrips()
			p := b.toConfirmation(begun.member("user_code"))
			proxy.Reset()
			b.answerDevice(p, "accept")
			approve = proxy.RoundTrips()
			proxy.Reset()
			require.Equal(t, http.StatusOK, s.poll("tv", begun).status)
			tokens = proxy.RoundTrips()
		}
		require.LessOrEqual(t, begin, int64(1), "1 write")
		require.LessOrEqual(t, poll, int64(2), "1 read and 1 write")
		require.LessOrEqual(t, approve, int64(3), "2 reads, of the request and of who is signed in, and 1 write")
		require.LessOrEqual(t, tokens, int64(3), "2 reads, of the request and of what was approved, and 1 write")
	})
	t.Run("code exchange by a key", func(t *testing.T) {
		s, proxy := proxiedStack(t)
		a := newAssertionsOn(t, s)
		b := s.browser()
		for range 3 {
			form := exchange(b.code(challenged(request("keyed", "openid"))))
			form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			form.Set("client_assertion", a.sign(t, a.key, jose.ES256, a.claims()))
			proxy.Reset()
			got := s.post(oauth.PathToken, "", form)
			require.Equal(t, http.StatusOK, got.status, got.raw)
		}
		require.LessOrEqual(t, proxy.RoundTrips(), int64(3), "1 read and 1 write, and 1 write for the jti")
	})
	t.Run("with DPoP proofs", func(t *testing.T) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s, proxy := proxiedStack(t)
			s.client("clinic", func(c *storage.Client) { c.Policy.AccessToken = form })
			b, key := s.browser(), dpoptest.NewKey(t)
			var exchange, refresh, userinfo, credentials, push int64
			for range 3 { // on whichever connection of the pool: everything is prepared by the last
				code := b.code(request("clinic", "openid offline_access"))
				proxy.Reset()
				tokens := s.tokensBy(key, "clinic", exchangeForm(code))
				exchange = proxy.RoundTrips()
				proxy.Reset()
				require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", refreshForm(tokens.member("refresh_token"))).status)
				refresh = proxy.RoundTrips()
				token := tokens.member("access_token")
				proxy.Reset()
				require.Equal(t, http.StatusOK, s.userinfoProved("DPoP", token, s.resourceProof(key, token)).status)
				userinfo = proxy.RoundTrips()
				proxy.Reset()
				require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", credentialsForm).status)
				credentials = proxy.RoundTrips()
				proxy.Reset()
				require.Equal(t, http.StatusCreated, s.postProved(oauth.PathPushedRequest, "clinic", request("clinic", "openid"),
					s.proof(key, http.MethodPost, oauth.PathPushedRequest)).status)
				push = proxy.RoundTrips()
			}
			require.LessOrEqual(t, exchange, int64(2), "code exchange: the proof is used up in the write that there is")
			require.LessOrEqual(t, refresh, int64(2), "refresh: likewise")
			require.LessOrEqual(t, userinfo, int64(2), "userinfo: 1 read, and 1 write for the proof")
			require.LessOrEqual(t, credentials, int64(1), "client_credentials: 1 write")
			require.LessOrEqual(t, push, int64(1), "push: 1 write, which has the proof in it")
		}
	})
	t.Run("with certificates", func(t *testing.T) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		s, proxy := proxiedStack(t, behindAProxy(authority))
		s.client("clinic", func(c *storage.Client) { byCertificate(c); c.Metadata.CertificateBoundAccessTokens = true })
		own, b := signed(t, authority, now, nil), s.browser()
		send := func(path string, form url.Values) reply {
			return s.sendAs(own, http.MethodPost, path, sending(form, "client_id", "clinic"))
		}
		count := func(status int, ask func() reply) (reply, int64) {
			proxy.Reset()
			got := ask()
			require.Equal(t, status, got.status, got.raw)
			return got, proxy.RoundTrips()
		}
		var exchange, refresh, userinfo, credentials, push int64
		for range 3 { // on whichever connection of the pool: everything is prepared by the last
			code := b.code(request("clinic", "openid offline_access"))
			var tokens reply
			tokens, exchange = count(http.StatusOK, func() reply { return send(oauth.PathToken, exchangeForm(code)) })
			_, refresh = count(http.StatusOK, func() reply {
				return send(oauth.PathToken, refreshForm(tokens.member("refresh_token")))
			})
			bearer := "Bearer " + tokens.member("access_token")
			_, userinfo = count(http.StatusOK, func() reply {
				return s.sendAs(own, http.MethodGet, oauth.PathUserinfo, nil, "Authorization", bearer)
			})
			_, credentials = count(http.StatusOK, func() reply { return s.ownToken(own, "clinic") })
			_, push = count(http.StatusCreated, func() reply {
				return send(oauth.PathPushedRequest, request("clinic", "openid"))
			})
		}
		require.LessOrEqual(t, exchange, int64(2), "code exchange: as without")
		require.LessOrEqual(t, refresh, int64(2), "refresh: as without")
		require.LessOrEqual(t, userinfo, int64(1), "userinfo: as without")
		require.LessOrEqual(t, push, int64(1), "push: as without")
		require.Zero(t, credentials, "nothing is remembered of a certificate")
	})
	t.Run("discovery and JWKS", func(t *testing.T) {
		s, proxy := proxiedStack(t)
		s.discovered() // the types of authorization details are in memory by then
		proxy.Reset()
		for _, path := range []string{oauth.PathDiscovery, oauth.PathJWKS} {
			require.Equal(t, http.StatusOK, s.browser().get(s.server.URL+path).status)
		}
		require.Zero(t, proxy.RoundTrips())
	})
}

func TestADatabaseThatGoesAwayGivesServiceUnavailableAndComesBack(t *testing.T) {
	s, proxy := proxiedStack(t)
	s.client("clinic", nil)
	b := s.browser()
	tokens := s.redeem("clinic", b.code(request("clinic", "openid offline_access")))
	code := b.code(request("clinic", "openid"))

	proxy.GoAway()
	for name, got := range map[string]reply{
		"code":    s.redeem("clinic", code),
		"refresh": s.refresh("clinic", tokens.member("refresh_token")),
		"introspect": s.post(oauth.PathIntrospect, "clinic",
			url.Values{"token": {tokens.member("access_token")}}),
		"revoke": s.post(oauth.PathRevoke, "clinic",
			url.Values{"token": {tokens.member("access_token")}}),
		"userinfo": s.userinfo(tokens.member("access_token")),
		"a client that is not in memory": s.post(oauth.PathToken, "unknown",
			url.Values{"grant_type": {"client_credentials"}}),
	} {
		require.Equal(t, http.StatusServiceUnavailable, got.status, "%s: %s", name, got.raw)
		require.Equal(t, "temporarily_unavailable", got.member("error"), name)
		require.NotEmpty(t, got.header.Get("Retry-After"), name)
	}
	page := b.authorize(request("clinic", "openid"))
	require.Equal(t, http.StatusServiceUnavailable, page.status)
	require.NotEmpty(t, page.header.Get("Retry-After"))
	require.Contains(t, page.header.Get("Content-Type"), "text/html")

	proxy.ComeBack()
	require.Equal(t, http.StatusOK, s.redeem("clinic", code).status, "nothing was lost")
	require.Equal(t, http.StatusOK, s.refresh("clinic", tokens.member("refresh_token")).status)
}
