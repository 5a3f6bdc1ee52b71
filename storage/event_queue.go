package storage

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

const (
	queuedEvents  = 4096            // how many may wait
	eventPause    = time.Second     // the longest that one waits for others
	eventRetry    = time.Second     // between two tries while the database is away
	eventFarewell = 5 * time.Second // how long Close tries
	// punctual is how old an event may be when its batch is written under its own time.
	punctual = 2 * time.Second
)

// ErrClosed says that the queue takes nothing any more.
var ErrClosed = errors.New("storage: the event queue is closed")

// EventQueue writes audit events about reads, which have no write of their own to be stored with, in batches. It is
// bounded: when it is full, whoever adds waits, and nothing is dropped. A crash may lose the events of the last second.
//
// An event that waited, since the database was away, is written under the time of the writing, with its own time in the
// detail happened_at: whoever follows the events in the order of their times (ithildin audit export) has passed its
// own.
type EventQueue struct {
	store   *auditStore
	logger  *slog.Logger
	events  chan Event
	closing chan struct{}
	done    chan struct{}
	written atomic.Int64
	failed  atomic.Int64
}

// NewEventQueue starts the one writer of a queue.
func (s *auditStore) NewEventQueue(logger *slog.Logger) *EventQueue {
	q := &EventQueue{
		store: s, logger: logger, events: make(chan Event, queuedEvents), closing: make(chan struct{}),
		done: make(chan struct{}),
	}
	go q.run()
	return q
}

// Add queues an event, and waits while the queue is full. It fails when the context ends or the queue is closed.
func (q *EventQueue) Add(ctx context.Context, e Event) error {
	if e.ID == "" {
		e.ID = q.store.NewID() // so that a batch that is written twice is kept once
	}
	if e.CreatedAt.IsZero() {
		e.CreatedAt = q.store.Now()
	}
	select {
	case <-q.closing:
		return ErrClosed
	default:
	}
	select {
	case q.events <- e:
		return nil
	case <-q.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Depth is how many events wait.
func (q *EventQueue) Depth() int { return len(q.events) }

// Written is how many events were written since the queue was made.
func (q *EventQueue) Written() int64 { return q.written.Load() }

// Failed is how many tries to write events failed since the queue was made.
func (q *EventQueue) Failed() int64 { return q.failed.Load() }

// Close writes what waits, for a few seconds at most, and ends the writer. Nobody may add meanwhile.
func (q *EventQueue) Close() {
	close(q.closing)
	<-q.done
}

func (q *EventQueue) run() {
	defer close(q.done)
	ticker := time.NewTicker(eventPause)
	defer ticker.Stop()
	var batch []Event
	for {
		select {
		case e := <-q.events:
			if batch = append(batch, e); len(batch) < eventsAtOnce {
				continue
			}
		case <-ticker.C:
		case <-q.closing:
			q.drain(batch)
			return
		}
		if q.write(context.Background(), batch) {
			batch = nil
		} else {
			return
		}
	}
}

// record writes a batch, with the time of now for events that are late.
func (q *EventQueue) record(ctx context.Context, batch []Event) error {
	now := q.store.Now()
	batch = slices.Clone(batch)
	for i, e := range batch {
		if now.Sub(e.CreatedAt) <= punctual {
			continue
		}
		details := map[string]string{"happened_at": e.CreatedAt.UTC().Format(time.RFC3339)}
		maps.Copy(details, e.Details)
		batch[i].CreatedAt, batch[i].Details = now, details
	}
	return q.store.RecordEvents(ctx, batch)
}

// write tries until the batch is written; it gives up only when the queue is closed, and then drains.
func (q *EventQueue) write(ctx context.Context, batch []Event) bool {
	for len(batch) > 0 {
		bounded, cancel := context.WithTimeout(ctx, eventFarewell)
		err := q.record(bounded, batch)
		cancel()
		if err == nil {
			q.written.Add(int64(len(batch)))
			return true
		}
		q.failed.Add(1)
		q.logger.Warn("audit events were not written, and wait", "events", len(batch), "cause", err)
		select {
		case <-time.After(eventRetry):
		case <-q.closing:
			q.drain(batch)
			return false
		}
	}
	return true
}

// drain writes the last events in the time that is left.
func (q *EventQueue) drain(batch []Event) {
	ctx, cancel := context.WithTimeout(context.Background(), eventFarewell)
	defer cancel()
	for {
		select {
		case e := <-q.events:
			batch = append(batch, e)
			continue
		default:
		}
		break
	}
	for {
		err := q.record(ctx, batch)
		if err == nil {
			q.written.Add(int64(len(batch)))
			return
		}
		select {
		case <-time.After(eventRetry / 10):
		case <-ctx.Done():
			q.logger.Error("audit events are lost", "events", len(batch), "cause", err)
			return
		}
	}
}
