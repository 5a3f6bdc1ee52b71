package inbound

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rememberedSubjects bounds what a RateLimit keeps.
const rememberedSubjects = 10_000

// RateLimit counts the requests of each subject, such as an address, in this process. Where too many subjects are
// active to keep them apart, newcomers share one count. Its zero value is ready, and safe for concurrent use.
type RateLimit struct {
	mu        sync.Mutex
	subjects  map[string]*rate.Limiter
	newcomers *rate.Limiter
	tidied    time.Time
}

// Take counts a request. A wait of more than 0 says that it came too soon, by how much, and was not counted. perHour
// requests may come at once, and their allowance refills within an hour.
func (l *RateLimit) Take(subject string, perHour int64, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	reservation := l.limiter(subject, perHour, now).ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

func (l *RateLimit) limiter(subject string, perHour int64, now time.Time) *rate.Limiter {
	if known := l.subjects[subject]; known != nil {
		return known
	}
	fresh := rate.NewLimiter(rate.Limit(float64(perHour)/time.Hour.Seconds()), int(perHour))
	if l.subjects == nil {
		l.subjects, l.newcomers = map[string]*rate.Limiter{}, fresh
		fresh = rate.NewLimiter(fresh.Limit(), fresh.Burst())
	}
	if len(l.subjects) >= rememberedSubjects {
		l.tidy(now)
	}
	if len(l.subjects) >= rememberedSubjects {
		return l.newcomers
	}
	l.subjects[subject] = fresh
	return fresh
}

// tidy forgets the subjects that have asked nothing of late. It looks at all of them, so once a minute is enough.
func (l *RateLimit) tidy(now time.Time) {
	if now.Sub(l.tidied) < time.Minute {
		return
	}
	l.tidied = now
	for subject, limiter := range l.subjects {
		if limiter.TokensAt(now) >= float64(limiter.Burst()) {
			delete(l.subjects, subject)
		}
	}
}
