package server

import (
	"context"
	"sync"
	"time"
)

const (
	watchInterval = time.Second
	keysInterval  = time.Minute
	sweepInterval = 10 * time.Minute
	// logoutInterval is the longest wait of a back-channel logout for a session that was not ended in a browser, such as
	// that of a blocked user.
	logoutInterval = 5 * time.Second
	// writeInterval is how often readiness checks that the database accepts writes.
	writeInterval = 5 * time.Second
	// ratesInterval is how often servers tell each other what their rate limits have counted.
	ratesInterval = 2 * time.Second
)

// startBackground starts what runs beside requests. The function that it returns ends all of it and waits for it.
func (s *service) startBackground() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	holder := s.store.NewID() // of the leases of this process
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		s.store.Watch(ctx, ticker.C, s.loadKeys)
	})
	running.Go(func() { every(ctx, keysInterval, func() { s.maintainKeys(ctx, holder) }) })
	running.Go(func() { every(ctx, sweepInterval, func() { s.sweep(ctx, holder) }) })
	running.Go(func() { every(ctx, logoutInterval, func() { s.deliverLogouts(ctx) }) })
	running.Go(func() { every(ctx, mailInterval, func() { s.deliverNotices(ctx) }) })
	running.Go(func() { every(ctx, mailInterval, func() { s.deliverMail(ctx, holder) }) })
	running.Go(func() { every(ctx, writeInterval, func() { s.tryWrite(ctx) }) })
	if s.store.IsPostgreSQL() { // SQLite is for one process
		running.Go(func() { every(ctx, ratesInterval, func() { s.exchangeRates(ctx) }) })
	}
	if interval := s.store.ReplicaInterval(); interval > 0 {
		watch := &replicaWatch{store: s.store, logger: s.logger, now: time.Now}
		running.Go(func() { every(ctx, interval, func() { watch.look(ctx) }) })
	}
	reload := reloadAtSIGHUP(s.reloads, s.logger)
	running.Go(func() { reload(ctx) })
	for _, certificate := range listenerCertificates(s.settings) {
		checkExpiry(notAfter(certificate), time.Now(), s.logger)
		running.Go(func() {
			every(ctx, expiryInterval, func() { checkExpiry(notAfter(certificate), time.Now(), s.logger) })
		})
	}
	return func() {
		cancel()
		running.Wait()
		s.provider.Wait()
		s.events.Close() // the listeners have drained: nobody adds any more
		s.releaseLeases(holder, "keys", "janitor", mailLeaseName)
	}
}

// tryWrite writes to the database so that the store knows whether it accepts writes; readiness and metrics read that
// from the store, so the error is not needed here.
func (s *service) tryWrite(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeInterval)
	defer cancel()
	_ = s.store.TryWrite(ctx)
}

// exchangeRates lets the rate limits of all servers count together; while the database is away, each counts by itself.
func (s *service) exchangeRates(ctx context.Context) {
	if err := s.rates.Exchange(ctx); err != nil && ctx.Err() == nil {
		s.logger.Warn("sharing the counts of rate limits failed", "cause", err)
	}
}

func (s *service) loadKeys(ctx context.Context) {
	if err := s.keys.Load(ctx); err != nil {
		s.logger.Warn("loading the signing keys failed", "cause", err)
	}
}

func every(ctx context.Context, interval time.Duration, work func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			work()
		}
	}
}

// maintainKeys rotates keys by age if this process has the lease. It reads the keys in any case, because the notice
// of a change may have been missed while the database was unavailable.
func (s *service) maintainKeys(ctx context.Context, holder string) {
	work := s.keys.Load
	if s.acquireLease(ctx, "keys", holder, keysInterval) {
		work = s.keys.Maintain
	}
	if err := work(ctx); err != nil && ctx.Err() == nil {
		s.logger.Warn("maintaining the signing keys failed", "cause", err)
	}
}

// acquireLease returns whether this process has the lease. A lease is valid for twice the interval, so that one
// replica keeps the work until it stops.
func (s *service) acquireLease(ctx context.Context, name, holder string, interval time.Duration) bool {
	held, err := s.store.AcquireLease(ctx, name, holder, 2*interval)
	if err != nil && ctx.Err() == nil {
		s.logger.Warn("acquiring a lease failed", "lease", name, "cause", err)
	}
	return held
}

// sweep runs the janitor if this process has the lease.
func (s *service) sweep(ctx context.Context, holder string) {
	if s.acquireLease(ctx, "janitor", holder, sweepInterval) {
		s.janitor.work(ctx, time.Now())
	}
}

// deliverLogouts needs no lease: each attempt is claimed by one process.
func (s *service) deliverLogouts(ctx context.Context) {
	if err := s.provider.DeliverLogouts(ctx); err != nil && ctx.Err() == nil {
		s.logger.Warn("delivering back-channel logouts failed", "cause", err)
	}
}

// deliverNotices needs no lease: each notice is taken by one process.
func (s *service) deliverNotices(ctx context.Context) {
	if err := s.provider.DeliverNotices(ctx); err != nil && ctx.Err() == nil {
		s.logger.Warn("telling people of changes of their accounts failed", "cause", err)
	}
}

// releaseLeases lets another replica take over at once.
func (s *service) releaseLeases(holder string, names ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, name := range names {
		if err := s.store.ReleaseLease(ctx, name, holder); err != nil {
			s.logger.Warn("releasing a lease failed; it will expire", "lease", name, "cause", err)
		}
	}
}
