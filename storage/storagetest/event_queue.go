package storagetest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// eventQueue: what waits is written when the queue is closed, and nothing is lost or written twice, however many add at
// once.
func eventQueue(t *testing.T, s *suite) {
	queue := s.store.NewEventQueue(slog.New(slog.DiscardHandler))
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for n := range 50 {
				if err := queue.Add(context.Background(), storage.Event{Kind: "queued", UserID: fmt.Sprint(worker, " ",
					n)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	queue.Close()
	require.EqualValues(t, 400, queue.Written())
	events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "queued"})
	require.NoError(t, err)
	require.Len(t, events, 400)
	require.ErrorIs(t, queue.Add(context.Background(), storage.Event{Kind: "queued"}), storage.ErrClosed)
}

// eventQueueOutage: whoever adds waits while the queue is full, and nothing is dropped while the database is away.
func eventQueueOutage(t *testing.T, s *proxiedSuite) {
	queue := s.store.NewEventQueue(slog.New(slog.DiscardHandler))
	s.proxy.GoAway()
	added := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := queue.Add(ctx, storage.Event{Kind: "away"})
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			break
		}
		added++
	}
	require.Greater(t, added, 1000, "the queue has room, and an end")
	s.proxy.ComeBack()
	queue.Close()
	require.EqualValues(t, added, queue.Written())
	require.Positive(t, queue.Failed())
}
