package main_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// The tests of this file take the database away from clients that refresh, for longer than their grace. They run with
// all others, in seconds: the grace is the shortest that a policy can have, and a proxy stands for the machine that
// fails.

// chains are rotating families at a server behind a proxy, whose clients repeat a refresh until they are answered.
type chains struct {
	*process
	proxy  *storagetest.Proxy
	tokens []string // the newest of each
}

// rotation is in the statement that exchanges a refresh token.
const rotation = "UPDATE grants SET generation"

// beginChains starts a server and signs in eight times at a client of the policy.
func beginChains(t *testing.T, change func(*storage.Policy)) *chains {
	databaseURL := storagetest.PostgreSQL().Create(t)
	proxy := storagetest.NewProxy(t, databaseURL)
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now })
	fillForCrash(t, store)
	client, err := store.LoadClient(context.Background(), storage.PresetStandard)
	require.NoError(t, err)
	change(&client.Policy)
	require.NoError(t, store.UpdateClient(context.Background(), *client))
	c := &chains{proxy: proxy, process: start(t, t.TempDir(), []string{
		"ITHILDIN_DATABASE_URL=" + proxy.URL(), "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=http://outage.example",
	}, "serve")}
	for range 8 {
		status, response := c.token(storage.PresetStandard, url.Values{
			"grant_type": {"authorization_code"}, "code": {newCode(t, store, storage.PresetStandard)},
			"redirect_uri": {crashRedirect},
		})
		require.Equal(t, http.StatusOK, status)
		c.tokens = append(c.tokens, response["refresh_token"].(string))
	}
	c.timeout = 400 * time.Millisecond
	return c
}

// refreshAll refreshes every chain at once, each until it is answered. It returns when all are, with what some were
// refused with. repeated gets a value each time that an answer was missing.
func (c *chains) refreshAll(repeated chan<- struct{}) <-chan []any {
	done := make(chan []any, 1)
	refusals := make([]any, len(c.tokens))
	var clients sync.WaitGroup
	for i := range c.tokens {
		clients.Go(func() {
			for {
				status, response := c.token(storage.PresetStandard, url.Values{
					"grant_type": {"refresh_token"}, "refresh_token": {c.tokens[i]},
				})
				switch status {
				case http.StatusOK:
					c.tokens[i] = response["refresh_token"].(string)
					return
				case 0, http.StatusServiceUnavailable:
					select {
					case repeated <- struct{}{}:
					case <-time.After(20 * time.Millisecond): // nobody counts any more
					}
				default:
					refusals[i] = response["error"]
					return
				}
			}
		})
	}
	go func() {
		clients.Wait()
		done <- refusals
	}()
	return done
}

// requireAll fails where a chain was lost.
func (c *chains) requireAll(done <-chan []any) {
	c.t.Helper()
	require.Equal(c.t, make([]any, len(c.tokens)), <-done, "no chain is lost")
}

// missing waits until every client has missed an answer, and then for as long as an outage lasts.
func (c *chains) missing(repeated <-chan struct{}, outage time.Duration) {
	over := time.After(outage)
	for range c.tokens {
		<-repeated
	}
	for {
		select {
		case <-repeated:
		case <-over:
			return
		}
	}
}

func TestOutageLongerThanTheGraceLosesNoRefreshToken(t *testing.T) {
	c := beginChains(t, func(p *storage.Policy) { p.RefreshGrace = time.Second })
	repeated := make(chan struct{})
	c.proxy.LoseAnswers(rotation) // what is asked now is done, and nobody hears of it
	done := c.refreshAll(repeated)
	c.missing(repeated, 0)
	c.proxy.GoAway()
	c.missing(repeated, 2500*time.Millisecond)
	c.proxy.ComeBack()
	c.requireAll(done)
	c.requireAll(c.refreshAll(repeated))
}

func TestFrozenDatabaseLosesNoRefreshToken(t *testing.T) {
	for name, change := range map[string]func(*storage.Policy){
		"by the successor that nobody has used": func(p *storage.Policy) { p.RefreshGrace = time.Second },
		"by the grace alone, which begins with the commit": func(p *storage.Policy) {
			p.RefreshGrace, p.RefreshRetry = 2*time.Second, 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := beginChains(t, change)
			repeated := make(chan struct{})
			c.proxy.Freeze(rotation)
			done := c.refreshAll(repeated)
			c.missing(repeated, 3*time.Second)
			c.proxy.Thaw()
			c.requireAll(done)
			c.requireAll(c.refreshAll(repeated))
		})
	}
}
