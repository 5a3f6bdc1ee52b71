package inbound

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// rememberedSubjects bounds what a RateLimit keeps; past it the subject that asked least recently is forgotten. Whoever
// has others forgotten by asking as many subjects gives them a fresh allowance, and takes none from them.
const rememberedSubjects = 10_000

// Quota is how many requests a subject may send at once, and again in the course of a window.
type Quota struct {
	Name     string // by which clients and metrics know it
	Requests int64  // 0: any number
	Window   time.Duration
}

// RateLimit counts the requests of each subject, such as a client or the network of an address, in this process. It is
// safe for concurrent use.
type RateLimit struct {
	quota   Quota
	refused func()

	mu       sync.Mutex
	subjects *simplelru.LRU[string, *subject]
}

// subject is one whose requests are counted.
type subject struct {
	limiter *rate.Limiter
	taken   int64 // here, since the allowance was last whole
	isNew   bool  // taken has changed since the other processes were told
}

// NewRateLimit makes a RateLimit that has counted nothing.
func NewRateLimit(q Quota) *RateLimit {
	subjects, err := simplelru.NewLRU[string, *subject](rememberedSubjects, nil)
	if err != nil {
		panic(err) // the size is not above 0
	}
	return &RateLimit{quota: q, refused: func() {}, subjects: subjects}
}

// Take counts a request and returns what is left to its subject. A request that came too soon is not counted.
func (l *RateLimit) Take(of string, now time.Time) Allowance {
	if l.quota.Requests == 0 {
		return Allowance{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.of(of)
	if s.limiter.TokensAt(now) >= float64(l.quota.Requests) {
		s.taken = 0
	}
	reservation := s.limiter.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
		l.refused()
		return Allowance{Quota: l.quota, Wait: wait}
	}
	s.taken, s.isNew = s.taken+1, true
	left := s.limiter.TokensAt(now)
	missing := float64(l.quota.Requests) - left
	return Allowance{
		Quota: l.quota, Remaining: int64(left),
		Reset: time.Duration(missing / float64(s.limiter.Limit()) * float64(time.Second)),
	}
}

func (l *RateLimit) of(name string) *subject {
	if known, found := l.subjects.Get(name); found {
		return known
	}
	perSecond := rate.Limit(float64(l.quota.Requests) / l.quota.Window.Seconds())
	fresh := &subject{limiter: rate.NewLimiter(perSecond, int(l.quota.Requests))}
	l.subjects.Add(name, fresh)
	return fresh
}

// Allowance is what is left to a subject after a request. The zero value is that of who may send any number.
type Allowance struct {
	Quota     Quota
	Remaining int64
	Reset     time.Duration // until all of the quota is there again
	// Wait is how long until a request is taken again; 0 where this one was.
	Wait time.Duration
}

// WriteTo says it in the headers of the answer: RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers-11 sections 3 and 4), and Retry-After (RFC 9110 10.2.3) where a request was
// refused.
func (a Allowance) WriteTo(h http.Header) {
	if a.Quota.Requests == 0 {
		return
	}
	reset := a.Reset
	if a.Wait > 0 {
		reset = a.Wait
		h.Set("Retry-After", strconv.FormatInt(a.RetryAfter(), 10))
	}
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", a.Quota.Name, a.Quota.Requests,
		int64(a.Quota.Window/time.Second)))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", a.Quota.Name, a.Remaining, wholeSeconds(reset)))
}

// RetryAfter is Wait in whole seconds.
func (a Allowance) RetryAfter() int64 { return wholeSeconds(a.Wait) }

func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
