package clientauth

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// freeFailures are how many failures in a row are answered as such; behind them there is one each failureInterval.
	freeFailures    = 20
	failureInterval = 6 * time.Second
	// rememberedFailures bounds what a FailureLimit keeps; past it the count that was asked for least recently is
	// forgotten. Whoever has one forgotten spends more requests than the failures that are forgiven.
	rememberedFailures = 10_000
	// longestFailureKey bounds a key in bytes; what is longer shares a count.
	longestFailureKey = 512
)

// FailureLimit counts failed proofs by who is claimed to be proved and from where, in this process (RFC 6749 2.3.1). It
// bounds guesses, and nothing that is right: a proof is compared first, and only a wrong one is counted, so that nobody
// can lock somebody else out. It is safe for concurrent use.
type FailureLimit struct {
	mu       sync.Mutex
	failures *lru.Cache[string, *failures]
}

type failures struct {
	limiter *rate.Limiter
	total   int64 // since the limiter was last full
}

// NewFailureLimit makes a FailureLimit that has counted nothing.
func NewFailureLimit() *FailureLimit {
	return &FailureLimit{failures: newBounded[*failures](rememberedFailures)}
}

// Failed counts a failure of key. wait is above 0 where there were too many: how long until one is answered as such
// again. report says that the failure is to be told of: the first, the tenth, the hundredth and so on are.
func (l *FailureLimit) Failed(key string, now time.Time) (wait time.Duration, total int64, report bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.of(key)
	if f.limiter.TokensAt(now) >= freeFailures {
		f.total = 0
	}
	f.total++
	reservation := f.limiter.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	power := int64(1)
	for power < f.total {
		power *= 10
	}
	return wait, f.total, power == f.total
}

// Exceeded says that a failure of key would be one too many, so that what is slow to compare need not be.
func (l *FailureLimit) Exceeded(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, known := l.failures.Get(key)
	return known && f.limiter.TokensAt(now) < 1
}

func (l *FailureLimit) of(key string) *failures {
	if len(key) > longestFailureKey {
		key = ""
	}
	if known, found := l.failures.Get(key); found {
		return known
	}
	f := &failures{limiter: rate.NewLimiter(rate.Every(failureInterval), freeFailures)}
	l.failures.Add(key, f)
	return f
}
