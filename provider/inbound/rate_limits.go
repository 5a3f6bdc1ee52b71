package inbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"
)

// RateLimits are the limits of a process, which tells others of what it has counted, and is told by them.
type RateLimits struct {
	key     []byte
	created func(Quota)
	refused func(limit string)
	limits  map[string]*RateLimit
}

// NewRateLimits makes RateLimits without a limit. Subjects are known by their hashes under the key, so that what is
// stored of them names nobody.
func NewRateLimits(key []byte) *RateLimits {
	return &RateLimits{
		key: key, created: func(Quota) {}, refused: func(string) {}, limits: map[string]*RateLimit{},
	}
}

// Observe says who is told of each limit that is made, and of each request that is beyond one.
func (r *RateLimits) Observe(created func(Quota), refused func(limit string)) {
	r.created, r.refused = created, refused
}

// New makes a limit, before the first request.
func (r *RateLimits) New(q Quota) *SharedLimit {
	r.created(q)
	limit := NewRateLimit(q)
	limit.refused = func() { r.refused(q.Name) }
	r.limits[q.Name] = limit
	return &SharedLimit{limit: limit, key: r.key}
}

// SharedLimit is a RateLimit whose counts all processes share, a moment later.
type SharedLimit struct {
	limit *RateLimit
	key   []byte
}

// Take counts a request and returns what is left to its subject, as RateLimit.Take does.
func (l *SharedLimit) Take(subject string, now time.Time) Allowance {
	if l.limit.quota.Requests == 0 {
		return Allowance{}
	}
	keyed := hmac.New(sha256.New, l.key)
	keyed.Write([]byte(l.limit.quota.Name + "\x00" + subject))
	return l.limit.Take(string(keyed.Sum(nil)), now)
}

// RateCount is how many requests of a subject a process has taken since the subject's allowance was last whole there.
type RateCount struct {
	Limit   string
	Subject []byte
	Taken   int64
}

// Counted are the counts that have changed since it was last called, most of them at most.
func (r *RateLimits) Counted(most int) (counts []RateCount) {
	for name, limit := range r.limits {
		counts = limit.counted(name, counts, most)
	}
	return counts
}

func (l *RateLimit) counted(name string, counts []RateCount, most int) []RateCount {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range l.subjects.Keys() {
		s, _ := l.subjects.Peek(key)
		if !s.isNew || len(counts) == most {
			continue
		}
		s.isNew = false
		counts = append(counts, RateCount{Limit: name, Subject: []byte(key), Taken: s.taken})
	}
	return counts
}

// Charge takes requests that another process has answered from the allowance of their subject, down to nothing.
func (r *RateLimits) Charge(c RateCount, now time.Time) {
	limit := r.limits[c.Limit]
	if limit == nil || limit.quota.Requests == 0 {
		return
	}
	limit.mu.Lock()
	defer limit.mu.Unlock()
	s := limit.of(string(c.Subject))
	if n := min(c.Taken, int64(s.limiter.TokensAt(now))); n > 0 {
		s.limiter.ReserveN(now, int(n))
	}
}
