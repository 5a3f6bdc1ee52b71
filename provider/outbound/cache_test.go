package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/outbound"
)

// published is a document of somebody else that changes, and a cache of it whose clock a test moves.
type published struct {
	*other
	cache        *outbound.Cache[string]
	body         atomic.Value
	status       atomic.Int64
	cacheControl atomic.Value
	now          time.Time
}

func publish(t *testing.T) *published {
	p := &published{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	p.body.Store("one")
	p.cacheControl.Store("")
	p.status.Store(http.StatusOK)
	p.other = newOther(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", p.cacheControl.Load().(string))
		w.WriteHeader(int(p.status.Load()))
		_, _ = w.Write([]byte(p.body.Load().(string)))
	})
	p.cache = outbound.NewCache(outbound.CacheOptions[string]{
		Client: p.client(), Maximum: 100, Now: func() time.Time { return p.now },
		Parse: func(body []byte) (string, error) {
			if string(body) == "nonsense" {
				return "", errors.New("nonsense")
			}
			return string(body), nil
		},
	})
	return p
}

func (p *published) requireGet(t *testing.T, want string, asked int64) {
	t.Helper()
	got, err := p.cache.Get(t.Context(), p.URL)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, asked, p.asked.Load())
}

func TestCachedDocumentIsNotFetchedWhileFresh(t *testing.T) {
	for cacheControl, fresh := range map[string]time.Duration{
		"":                            5 * time.Minute,
		"public":                      5 * time.Minute,
		"public, max-age=600":         10 * time.Minute,
		"MAX-AGE=600":                 10 * time.Minute,
		"max-age=0":                   time.Minute,
		"max-age=86400":               time.Hour,
		"max-age=4294967295":          time.Minute,
		"max-age=many":                time.Minute,
		"no-store":                    time.Minute,
		"no-cache, max-age=600":       time.Minute,
		"private=\"a, b\",max-age=60": time.Minute,
	} {
		t.Run(cacheControl, func(t *testing.T) {
			p := publish(t)
			p.cacheControl.Store(cacheControl)
			p.requireGet(t, "one", 1)
			p.body.Store("two")
			p.now = p.now.Add(fresh - time.Second)
			p.requireGet(t, "one", 1)
			p.now = p.now.Add(time.Second)
			p.requireGet(t, "two", 2)
		})
	}
}

func TestFailedFetchIsCachedForSeconds(t *testing.T) {
	for name, fail := range map[string]func(*published){
		"a status":           func(p *published) { p.status.Store(http.StatusInternalServerError) },
		"a body of nonsense": func(p *published) { p.body.Store("nonsense") },
	} {
		t.Run(name, func(t *testing.T) {
			p := publish(t)
			fail(p)
			for range 3 {
				_, err := p.cache.Get(t.Context(), p.URL)
				require.Error(t, err)
				_, err = p.cache.Refresh(t.Context(), p.URL)
				require.Error(t, err)
			}
			require.EqualValues(t, 1, p.asked.Load())
			p.status.Store(http.StatusOK)
			p.body.Store("one")
			p.now = p.now.Add(5 * time.Second)
			p.requireGet(t, "one", 2)
		})
	}
}

func TestStaleDocumentServesForAnHourAfterFailures(t *testing.T) {
	p := publish(t)
	p.requireGet(t, "one", 1)
	p.status.Store(http.StatusBadGateway)
	p.now = p.now.Add(5 * time.Minute)
	p.requireGet(t, "one", 2)
	p.requireGet(t, "one", 2)
	p.now = p.now.Add(time.Hour - time.Second)
	p.requireGet(t, "one", 3)
	p.now = p.now.Add(time.Second)
	_, err := p.cache.Get(t.Context(), p.URL)
	require.Error(t, err)
	p.status.Store(http.StatusOK)
	p.now = p.now.Add(5 * time.Second)
	p.requireGet(t, "one", 4)
}

func TestForcedFetchHappensAtMostOnceInTenSeconds(t *testing.T) {
	p := publish(t)
	p.requireGet(t, "one", 1)
	p.body.Store("two")
	refreshed := func() string {
		got, err := p.cache.Refresh(t.Context(), p.URL)
		require.NoError(t, err)
		return got
	}
	require.Equal(t, "one", refreshed(), "it was fetched just now")
	p.now = p.now.Add(10 * time.Second)
	require.Equal(t, "two", refreshed())
	for range 5 {
		require.Equal(t, "two", refreshed())
	}
	require.EqualValues(t, 2, p.asked.Load())
	p.status.Store(http.StatusBadGateway)
	p.now = p.now.Add(10 * time.Second)
	require.Equal(t, "two", refreshed(), "what fails takes nothing away")
	p.requireGet(t, "two", 3)
}

func TestConcurrentCallersShareOneFetch(t *testing.T) {
	p := publish(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			got, err := p.cache.Get(context.Background(), p.URL)
			if err != nil || got != "one" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, p.asked.Load())
}

func TestFetchContinuesWhenItsFirstCallerIsCancelled(t *testing.T) {
	p := publish(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := p.cache.Get(ctx, p.URL)
	require.NoError(t, err)
	require.Equal(t, "one", got)
}

func TestDocumentCacheIsBounded(t *testing.T) {
	p := publish(t)
	for i := range 600 {
		_, err := p.cache.Get(t.Context(), fmt.Sprintf("%s/#%d", p.URL, i))
		require.NoError(t, err)
	}
	before := p.asked.Load()
	for i := range 600 {
		_, err := p.cache.Get(t.Context(), fmt.Sprintf("%s/#%d", p.URL, i))
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, p.asked.Load()-before, int64(100), "a hundred of them were forgotten")
}

func TestRefusedAddressIsCachedLikeAFailure(t *testing.T) {
	p := publish(t)
	_, err := p.cache.Get(t.Context(), "https://10.0.0.1/")
	require.ErrorIs(t, err, outbound.ErrRefused)
}

func TestAttackManyAddressesPushADocumentOutOfTheCacheThatIsInUse(t *testing.T) {
	p := publish(t)
	p.requireGet(t, "one", 1)
	for i := range 2000 {
		_, err := p.cache.Get(t.Context(), fmt.Sprintf("%s/%d", p.URL, i))
		require.NoError(t, err)
		p.requireGet(t, "one", int64(i+2))
	}
	_, err := p.cache.Get(t.Context(), p.URL+"/0")
	require.NoError(t, err)
	require.EqualValues(t, 2002, p.asked.Load(), "what nobody asks for is forgotten, so that memory is bounded")
}

func TestWhoIsNotAdmittedIsToldAndNothingIsAsked(t *testing.T) {
	p := publish(t)
	var admitted, ended int
	var refusal error
	cache := outbound.NewCache(outbound.CacheOptions[string]{
		Client: p.client(), Maximum: 100, Now: func() time.Time { return p.now },
		Parse: func(body []byte) (string, error) { return string(body), nil },
		Admit: func(_ context.Context, address string) (func(), error) {
			require.Equal(t, p.URL, address)
			admitted++
			return func() { ended++ }, refusal
		},
	})
	refusal = errors.New("not now")
	_, err := cache.Get(t.Context(), p.URL)
	require.ErrorIs(t, err, refusal)
	refusal = nil
	for range 2 {
		got, err := cache.Get(t.Context(), p.URL)
		require.NoError(t, err, "the refusal is not remembered")
		require.Equal(t, "one", got)
	}
	require.Equal(t, 2, admitted, "nobody is asked about what is in memory")
	require.Equal(t, 1, ended)
}
