package main

import (
	"context"
	"sync"
	"time"
)

const (
	watchInterval = time.Second
	keysInterval  = time.Minute
	sweepInterval = 10 * time.Minute
	sweepBatch    = 1000
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
	running.Go(func() { s.repeat(ctx, "keys", holder, keysInterval, s.keys.Maintain) })
	running.Go(func() { s.repeat(ctx, "janitor", holder, sweepInterval, s.sweep) })
	return func() {
		cancel()
		running.Wait()
		s.releaseLeases(holder, "keys", "janitor")
	}
}

func (s *service) loadKeys(ctx context.Context) {
	if err := s.keys.Load(ctx); err != nil {
		s.logger.Warn("signing keys were not read again", "cause", err)
	}
}

// repeat does work at each interval if this process holds the lease. The lease outlives the interval, so that a replica
// keeps the work until it leaves.
func (s *service) repeat(ctx context.Context, name, holder string, interval time.Duration, work func(context.Context) error) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		held, err := s.store.AcquireLease(ctx, name, holder, int64(2*interval/time.Second))
		if err == nil && held {
			err = work(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.Warn("background work failed and will be tried again", "work", name, "cause", err)
		}
	}
}

func (s *service) sweep(ctx context.Context) error {
	deleted, err := s.store.Sweep(ctx, sweepBatch)
	if total := totalOf(deleted); total > 0 {
		s.logger.Info("expired rows deleted", "rows", total)
	}
	return err
}

func totalOf(deleted map[string]int64) (total int64) {
	for _, n := range deleted {
		total += n
	}
	return total
}

// releaseLeases lets another replica take over at once.
func (s *service) releaseLeases(holder string, names ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, name := range names {
		if err := s.store.ReleaseLease(ctx, name, holder); err != nil {
			s.logger.Warn("a lease was not released and will expire", "lease", name, "cause", err)
		}
	}
}
