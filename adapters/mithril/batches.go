package mithril

import "context"

// batches takes rows from the one who reads and hands them to the one who writes, so that both work at once and neither
// keeps more than a few batches.
type batches[T any] struct {
	full    chan []T
	current []T
	failed  chan struct{}
	done    chan error
}

func newBatches[T any]() *batches[T] {
	return &batches[T]{full: make(chan []T, 1), failed: make(chan struct{}), done: make(chan error, 1)}
}

func (b *batches[T]) add(ctx context.Context, item T) error {
	b.current = append(b.current, item)
	if len(b.current) < batchSize {
		return nil
	}
	return b.hand(ctx)
}

func (b *batches[T]) hand(ctx context.Context) error {
	select {
	case b.full <- b.current:
		b.current = nil
		return nil
	case <-b.failed:
		return context.Canceled // the writer says why
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write begins to write. The function that it returns ends it: with what is left, unless reading failed, and says what
// went wrong.
func (b *batches[T]) write(
	ctx context.Context, work func(context.Context, []T) error, dryRun bool,
) func(readErr error) error {
	go func() {
		for batch := range b.full {
			if dryRun {
				continue
			}
			if err := work(ctx, batch); err != nil {
				close(b.failed)
				b.done <- err
				return
			}
		}
		b.done <- nil
	}()
	return func(readErr error) error {
		if readErr == nil && len(b.current) > 0 {
			_ = b.hand(ctx)
		}
		close(b.full)
		return <-b.done
	}
}
