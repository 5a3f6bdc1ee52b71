package provider_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const weakSecret = "demo-secret"

// guesses is a stack behind a proxy that says whom requests come from, with a client of a strong and one of a weak
// secret.
type guesses struct {
	*stack
	metrics *prometheus.Registry
}

func newGuesses(t *testing.T, engine storagetest.Engine) *guesses {
	g := &guesses{metrics: prometheus.NewRegistry()}
	g.stack = newStack(t, engine, func(o *provider.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		o.Metrics = g.metrics
		o.Registration = registration.Options{Mode: registration.Open}
	})
	g.client("strong", nil)
	hash, err := identity.NewPasswords(identity.PasswordOptions{}).Hash(context.Background(), weakSecret)
	require.NoError(t, err)
	g.client("weak", func(c *storage.Client) {
		c.Connections[0].Secrets = []storage.ConnectionSecret{{ID: uuid.NewString(), PasswordHash: hash}}
	})
	return g
}

// from asks an endpoint from an address with a secret of a client.
func (g *guesses) from(address, path, id, secret string) reply {
	form := url.Values{"grant_type": {"client_credentials"}, "token": {"x"}}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, g.server.URL+path,
		strings.NewReader(form.Encode()))
	require.NoError(g.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", address)
	r.SetBasicAuth(id, secret)
	return g.send(r)
}

// guess sends wrong secrets until one is answered with 429, and returns that answer.
func (g *guesses) guess(address, path, id string) reply {
	for i := range 60 {
		if got := g.from(address, path, id, "wrong "+strconv.Itoa(i)); got.status != http.StatusUnauthorized {
			require.Equal(g.t, http.StatusTooManyRequests, got.status, got.raw)
			return got
		}
	}
	require.FailNow(g.t, "60 wrong secrets were answered one by one", path)
	return reply{}
}

// failures are what was counted, by result.
func (g *guesses) failures() map[string]float64 {
	families, err := g.metrics.Gather()
	require.NoError(g.t, err)
	counts := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "ithildin_client_authentication_failures_total" {
			for _, m := range f.GetMetric() {
				// The labels are method and result.
				if n := m.GetCounter().GetValue(); n > 0 {
					counts[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = n
				}
			}
		}
	}
	return counts
}

const (
	thief  = "192.0.2.1"
	office = "192.0.2.2"
)

func TestAttackGuessedClientSecretsAreLimitedAndNobodyIsLockedOut(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		g := newGuesses(t, engine)
		limited := g.guess(thief, oauth.PathToken, "strong")
		require.Equal(t, "temporarily_unavailable", limited.member("error"))
		require.Equal(t, "6", limited.header.Get("Retry-After"))
		for range 40 {
			require.Equal(t, http.StatusTooManyRequests, g.from(thief, oauth.PathToken, "strong", "wrong").status)
		}

		require.Equal(t, http.StatusOK, g.from(thief, oauth.PathToken, "strong", secret+"strong").status, "right is right")
		require.Equal(t, http.StatusOK, g.from(office, oauth.PathToken, "strong", secret+"strong").status)
		require.Equal(t, http.StatusUnauthorized, g.from(office, oauth.PathToken, "strong", "wrong").status, "counted apart")
		require.Equal(t, http.StatusUnauthorized, g.from(thief, oauth.PathToken, "other", "wrong").status, "likewise")
		g.clock.Advance(6 * time.Second)
		require.Equal(t, http.StatusUnauthorized, g.from(thief, oauth.PathToken, "strong", "wrong").status)
		require.Equal(t, http.StatusTooManyRequests, g.from(thief, oauth.PathToken, "strong", "wrong").status)
	})
}

func TestFailedClientAuthenticationsAreCountedAndSampledInTheAudit(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		g := newGuesses(t, engine)
		for range 60 {
			g.from(thief, oauth.PathIntrospect, "strong", "wrong")
		}
		require.Equal(t, map[string]float64{"client_secret_basic refused": 20, "client_secret_basic limited": 40},
			g.failures())
		events, err := g.store.ListEvents(t.Context(),
			storage.EventFilter{Kind: "client_authentication_failed", ClientID: "strong", Limit: 100})
		require.NoError(t, err)
		failures := map[string]bool{}
		for _, e := range events {
			failures[e.Details["failures"]] = true
			require.Equal(t, thief, e.Address)
			require.NotEmpty(t, e.RequestID)
		}
		require.Equal(t, map[string]bool{"1": true, "10": true}, failures)
		require.Len(t, events, 2)
		for i := range 200 {
			g.from(thief, oauth.PathToken, "made-up-"+strconv.Itoa(i), "wrong")
		}
		events, err = g.store.ListEvents(t.Context(), storage.EventFilter{Kind: "client_authentication_failed", Limit: 500})
		require.NoError(t, err)
		require.LessOrEqual(t, len(events), 60, "made-up clients fill no table")
		madeUp := slices.DeleteFunc(events, func(e storage.Event) bool { return e.ClientID == "strong" })
		require.NotEmpty(t, madeUp)
		for _, e := range madeUp {
			require.Empty(t, e.ClientID)
			require.Contains(t, e.Details["claimed"], "made-up-")
		}
	})
}

func TestEveryEndpointWithClientAuthenticationLimitsFailures(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, path := range []string{oauth.PathToken, oauth.PathIntrospect, oauth.PathRevoke} {
			newGuesses(t, engine).guess(thief, path, "strong")
		}
		g := newGuesses(t, engine)
		status := 0
		for range 60 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.server.URL+oauth.PathRegister+"/strong", nil)
			require.NoError(t, err)
			r.Header.Set("Authorization", "Bearer wrong")
			got := g.send(r)
			if status = got.status; status == http.StatusTooManyRequests {
				require.NotEmpty(t, got.header.Get("Retry-After"))
			}
		}
		require.Equal(t, http.StatusTooManyRequests, status, "a registration access token")
	})
}

func TestAttackGuessedWeakSecretsAreNotHashedBeyondTheLimit(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		g := newGuesses(t, engine)
		g.guess(thief, oauth.PathToken, "weak")
		begin := time.Now()
		for i := range 50 {
			got := g.from(thief, oauth.PathToken, "weak", "another "+strconv.Itoa(i))
			require.Equal(t, http.StatusTooManyRequests, got.status)
		}
		require.Equal(t, http.StatusTooManyRequests, g.from(thief, oauth.PathToken, "weak", weakSecret).status,
			"a guess that happens to be right is not told from the others")
		require.Less(t, time.Since(begin), 2*time.Second, "fifty slow hashes would take longer")
		require.Equal(t, http.StatusOK, g.from(office, oauth.PathToken, "weak", weakSecret).status)
		require.Equal(t, http.StatusOK, g.from(thief, oauth.PathToken, "weak", weakSecret).status,
			"known by now, so from there too")
	})
}

func TestManyRequestsWithOneWeakSecretWaitForOneHash(t *testing.T) {
	g := newGuesses(t, storagetest.Engines()[0])
	const requests = 400
	statuses := make([]int, requests)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range requests {
		running.Go(func() {
			<-start
			statuses[i] = g.from(office, oauth.PathToken, "weak", weakSecret).status
		})
	}
	close(start)
	running.Wait()
	for _, status := range statuses {
		require.Equal(t, http.StatusOK, status)
	}
}
