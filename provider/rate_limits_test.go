package provider_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// limitedTo lets a client send three token requests and two introspections a minute, and believes a proxy.
func limitedTo(o *provider.Options) {
	o.RateLimits = provider.RateLimits{Token: 3, Introspection: 2}
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

func (s *stack) credentials(id string) reply {
	return s.post(oauth.PathToken, id, url.Values{"grant_type": {"client_credentials"}})
}

// requireRateLimited is the answer to one request too many.
func (s *stack) requireRateLimited(a reply, remaining string) {
	s.t.Helper()
	require.Equal(s.t, http.StatusTooManyRequests, a.status, a.raw)
	require.Equal(s.t, "temporarily_unavailable", a.member("error"))
	require.Contains(s.t, a.member("error_description"), "Too many requests of this client: at most")
	require.NotEmpty(s.t, a.member("request_id"))
	require.Equal(s.t, remaining, a.header.Get("RateLimit"))
}

// counted are the series of a counter, by the values of their labels.
func counted(t *testing.T, registry *prometheus.Registry, name string) map[string]float64 {
	families, err := registry.Gather()
	require.NoError(t, err)
	series := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			series[strings.Join(labels, " ")] = metric.GetCounter().GetValue()
		}
	}
	return series
}

func TestTokenRequestsOfAClientAreLimited(t *testing.T) {
	metrics := prometheus.NewRegistry()
	s := newStack(t, storagetest.Engines()[0], limitedTo, func(o *provider.Options) { o.Metrics = metrics })
	s.client("clinic", nil)
	s.client("other", nil)
	for _, remaining := range []string{`"token";r=2;t=20`, `"token";r=1;t=40`, `"token";r=0;t=60`} {
		a := s.credentials("clinic")
		require.Equal(t, http.StatusOK, a.status, a.raw)
		require.Equal(t, remaining, a.header.Get("RateLimit"))
		require.Equal(t, `"token";q=3;w=60`, a.header.Get("RateLimit-Policy"))
		require.Empty(t, a.header.Get("Retry-After"))
	}
	limited := s.credentials("clinic")
	s.requireRateLimited(limited, `"token";r=0;t=20`)
	require.Equal(t, "20", limited.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, s.credentials("other").status, "others have a rate of their own")
	require.Equal(t, map[string]float64{"device_authorization": 0, "introspection": 0, "pushed_request": 0, "token": 1},
		counted(t, metrics, "ithildin_rate_limited_total"))
	s.clock.Advance(20 * time.Second)
	require.Equal(t, http.StatusOK, s.credentials("clinic").status)
	s.requireRateLimited(s.credentials("clinic"), `"token";r=0;t=20`)
}

func TestIntrospectionsOfAClientAreLimited(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], limitedTo)
	s.client("clinic", nil)
	introspect := func() reply { return s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {"unknown"}}) }
	for range 2 {
		a := introspect()
		require.Equal(t, http.StatusOK, a.status, a.raw)
		require.Equal(t, `"introspection";q=2;w=60`, a.header.Get("RateLimit-Policy"))
	}
	s.requireRateLimited(introspect(), `"introspection";r=0;t=30`)
	require.Equal(t, http.StatusOK, s.credentials("clinic").status, "token requests are counted by themselves")
}

func TestWithoutARateAnswersSayNothingOfOne(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", nil)
	for range 50 {
		a := s.credentials("clinic")
		require.Equal(t, http.StatusOK, a.status)
		require.Empty(t, a.header.Get("RateLimit"))
	}
}

func TestAttackStrangerUsesUpTheRateOfAClientWithoutItsSecret(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], limitedTo)
	s.client("clinic", nil)
	for range 30 {
		wrong := s.post(oauth.PathToken, "", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"clinic"}, "client_secret": {"wrong"},
		})
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusTooManyRequests}, wrong.status)
	}
	require.Equal(t, `"token";r=2;t=20`, s.credentials("clinic").header.Get("RateLimit"))
}

func TestAttackStrangersUseUpTheRateOfAPublicClient(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], limitedTo)
	s.client("app", publicClient)
	from := func(address string) reply {
		form := exchange("unknown")
		form.Set("client_id", "app")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathToken,
			strings.NewReader(form.Encode()))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", address)
		return s.send(r)
	}
	for _, address := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::ffff:3"} { // one subscriber
		require.Equal(t, http.StatusBadRequest, from(address).status)
	}
	s.requireRateLimited(from("2001:db8::4"), `"token";r=0;t=20`)
	require.Equal(t, http.StatusBadRequest, from("2001:db8:0:1::1").status, "whoever is elsewhere has a rate of their own")
	require.Equal(t, http.StatusBadRequest, from("192.0.2.1").status)
}

// Behind a load balancer each of two servers would let a client have its rate.
func TestAttackClientGetsItsRateOfEveryServer(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		one, two := &provider.RateSharing{}, &provider.RateSharing{}
		s := newStack(t, engine, limitedTo, func(o *provider.Options) { o.RateSharing = one })
		s.client("clinic", nil)
		first := *s
		s.start(func(o *provider.Options) { o.RateSharing = two })
		exchanged := func() {
			for _, sharing := range []*provider.RateSharing{one, two, one} {
				require.NoError(t, sharing.Exchange(context.Background()))
			}
		}
		exchanged()
		require.Equal(t, http.StatusOK, first.credentials("clinic").status)
		require.Equal(t, http.StatusOK, first.credentials("clinic").status)
		exchanged()
		require.Equal(t, `"token";r=0;t=60`, s.credentials("clinic").header.Get("RateLimit"))
		exchanged()
		s.requireRateLimited(s.credentials("clinic"), `"token";r=0;t=20`)
		s.requireRateLimited(first.credentials("clinic"), `"token";r=0;t=20`)
		exchanged()
		s.clock.Advance(time.Minute)
		require.Equal(t, `"token";r=2;t=20`, first.credentials("clinic").header.Get("RateLimit"),
			"what was refused is counted nowhere")
		exchanged()
		require.Equal(t, `"token";r=1;t=40`, s.credentials("clinic").header.Get("RateLimit"))
	})
}

func TestStoredCountsOfRatesNameNobody(t *testing.T) {
	sharing := &provider.RateSharing{}
	s := newStack(t, storagetest.Engines()[0], limitedTo, func(o *provider.Options) { o.RateSharing = sharing })
	s.client("clinic", nil)
	s.credentials("clinic")
	require.NoError(t, sharing.Exchange(t.Context()))
	var subject []byte
	require.NoError(t, s.store.SQL().QueryRowContext(t.Context(), `SELECT subject FROM rate_counts`).Scan(&subject))
	require.Len(t, subject, 32)
	require.NotEqual(t, storage.Hash("clinic"), subject)
}

func TestRateLimitsCostNoRoundTrip(t *testing.T) {
	s, proxy := proxiedStack(t, func(o *provider.Options) {
		o.RateLimits = provider.RateLimits{Token: 1000, Introspection: 1000}
	})
	s.client("clinic", nil)
	var credentials, introspection int64
	for range 3 { // on whichever connection of the pool: everything is prepared by the last
		proxy.Reset()
		token := s.credentials("clinic")
		require.Equal(t, http.StatusOK, token.status)
		credentials = proxy.RoundTrips()
		proxy.Reset()
		seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {token.member("access_token")}})
		require.Equal(t, true, seen.body["active"])
		introspection = proxy.RoundTrips()
	}
	require.Zero(t, credentials, "client_credentials as a JWT: none")
	require.LessOrEqual(t, introspection, int64(1), "1 read")
}
