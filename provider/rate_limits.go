package provider

import (
	"context"
	"maps"
	"time"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// RateLimits are how many requests each client may send in a minute, at once and again; 0: any number.
type RateLimits struct {
	Token         int64 // to the token endpoint, by either interface
	Introspection int64
}

// rates are the limits of endpoints that clients call all the time.
type rates struct {
	token, introspection *inbound.SharedLimit
}

func newRates(limits *inbound.RateLimits, o RateLimits) rates {
	return rates{
		token:         limits.New(inbound.Quota{Name: "token", Requests: o.Token, Window: time.Minute}),
		introspection: limits.New(inbound.Quota{Name: "introspection", Requests: o.Introspection, Window: time.Minute}),
	}
}

// takeOf counts a request of a client that has proved itself. A client that can't is counted for each network, since
// anybody may use its id: strangers take nothing from it elsewhere.
func takeOf(
	ctx context.Context, limit *inbound.SharedLimit, client *storage.Client, now time.Time,
) (inbound.Allowance, error) {
	subject := client.ID
	if client.IsPublic() {
		subject += " " + inbound.Network(inbound.RequestFrom(ctx).Address())
	}
	allowance := limit.Take(subject, now)
	if allowance.Wait > 0 {
		return allowance, oauth.TooManyRequests(allowance, "Too many requests of this client")
	}
	return allowance, nil
}

const (
	// sharedRates are told the other processes at a time at most, and heard of them.
	sharedRates = 1000
	// rateMemory is how long a count of another process is remembered: by then its subject may have all of the largest
	// window's quota again.
	rateMemory = time.Hour
	// mostKnownCounts bounds the counts of other processes that are remembered: some 10 MB. Past it they are learned anew.
	mostKnownCounts = 50_000
	// rateOverlap is how much is read again each time: a write may be seen late, and clocks differ.
	rateOverlap = 30 * time.Second
)

// RateSharing lets the processes on a database share what their rate limits count: each tells the others now and then,
// so that no request waits for it. New makes it work; Exchange is for one caller at a time.
type RateSharing struct {
	store  *storage.Store
	limits *inbound.RateLimits
	holder string
	last   time.Time // of Exchange; zero before the first
	known  map[countedBy]countSeen
}

// countedBy is a subject as another process counts it.
type countedBy struct{ limit, subject, holder string }

type countSeen struct {
	taken int64
	at    time.Time
}

// begin makes it share the limits of a process, which have counted nothing.
func (s *RateSharing) begin(store *storage.Store, limits *inbound.RateLimits) {
	*s = RateSharing{store: store, limits: limits, holder: store.NewID(), known: map[countedBy]countSeen{}}
}

// Exchange tells the other processes what was counted here, and takes over what they have counted: a write where there
// is something to tell, and a read. What they counted before the first exchange is left out.
func (s *RateSharing) Exchange(ctx context.Context) error {
	var counts []storage.RateCount
	for _, c := range s.limits.Counted(sharedRates) {
		counts = append(counts, storage.RateCount{Limit: c.Limit, Subject: c.Subject, Holder: s.holder, Taken: c.Taken})
	}
	if err := s.store.StoreRateCounts(ctx, counts, rateMemory); err != nil {
		return err
	}
	now, isFirst := s.store.Now(), s.last.IsZero()
	if isFirst {
		s.last = now
	}
	others, err := s.store.RateCountsOfOthers(ctx, s.holder, s.last.Add(-rateOverlap), sharedRates)
	if err != nil {
		return err
	}
	learn := isFirst || len(s.known) > mostKnownCounts
	if learn {
		clear(s.known)
	}
	for _, c := range others {
		fresh := s.freshOf(c, now)
		if !learn {
			s.limits.Charge(inbound.RateCount{Limit: c.Limit, Subject: c.Subject, Taken: fresh}, now)
		}
	}
	maps.DeleteFunc(s.known, func(_ countedBy, seen countSeen) bool { return now.Sub(seen.at) > rateMemory })
	s.last = now
	return nil
}

// freshOf is how much of a count was not known yet. One that is lower than before has begun anew.
func (s *RateSharing) freshOf(c storage.RateCount, now time.Time) int64 {
	by := countedBy{c.Limit, string(c.Subject), c.Holder}
	before := s.known[by].taken
	s.known[by] = countSeen{c.Taken, now}
	if c.Taken < before {
		return c.Taken
	}
	return c.Taken - before
}
