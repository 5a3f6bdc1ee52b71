package registration

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rememberedAddresses bounds what a rateLimit keeps.
const rememberedAddresses = 10_000

// rateLimit counts the registrations of each address, in this process. Where too many addresses are active to keep
// them apart, newcomers share one count.
type rateLimit struct {
	mu        sync.Mutex
	addresses map[string]*rate.Limiter
	newcomers *rate.Limiter
	tidied    time.Time
}

// take counts a registration. A wait of more than 0 says that it came too soon, by how much, and was not counted.
func (l *rateLimit) take(address string, perHour int64, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	reservation := l.limiter(address, perHour, now).ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

func (l *rateLimit) limiter(address string, perHour int64, now time.Time) *rate.Limiter {
	if known := l.addresses[address]; known != nil {
		return known
	}
	fresh := rate.NewLimiter(rate.Limit(float64(perHour)/time.Hour.Seconds()), int(perHour))
	if l.addresses == nil {
		l.addresses, l.newcomers = map[string]*rate.Limiter{}, fresh
		fresh = rate.NewLimiter(fresh.Limit(), fresh.Burst())
	}
	if len(l.addresses) >= rememberedAddresses {
		l.tidy(now)
	}
	if len(l.addresses) >= rememberedAddresses {
		return l.newcomers
	}
	l.addresses[address] = fresh
	return fresh
}

// tidy forgets the addresses that have registered nothing of late. It looks at all of them, so once a minute is enough.
func (l *rateLimit) tidy(now time.Time) {
	if now.Sub(l.tidied) < time.Minute {
		return
	}
	l.tidied = now
	for address, limiter := range l.addresses {
		if limiter.TokensAt(now) >= float64(limiter.Burst()) {
			delete(l.addresses, address)
		}
	}
}
