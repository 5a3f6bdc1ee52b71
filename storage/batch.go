package storage

import (
	"context"
	"time"
)

// Batch collects the writes of one request and makes them at once, before the response is written: one statement on
// PostgreSQL, one short transaction on SQLite. It may have a precondition, a conditional write without which nothing
// else is written, and before it a single use of a token id. It belongs to one request and is not safe for concurrent
// use.
type Batch struct {
	store *tokenStore
	// idempotencyKey is what the rows remember of who wrote them, so that a statement whose answer was lost can be sent
	// again.
	idempotencyKey string
	// begun is when the request came.
	begun time.Time

	// singleUse uses up a token id; nil where the request presents none. Without its row the precondition writes none.
	singleUse    *statement
	precondition *statement
	// unmet is the error of Flush where the precondition wrote no row.
	unmet      error
	rotation   *rotation // nil unless the precondition depends on the generation of a grant
	statements []statement
}

// statement is one write. name is a constant: the names of a batch together name its prepared form. In sql,
// {{precondition}} stands for the condition that the precondition returned a row. The sql of a precondition returns a
// row when it is met; in it, {{single use}} stands for the condition that the single use before it did.
type statement struct {
	name string
	sql  string
	args []any
}

// NewBatch begins the writes of one request.
func (s *tokenStore) NewBatch() *Batch {
	return &Batch{store: s, idempotencyKey: s.NewID(), begun: s.now()}
}

func (b *Batch) queue(s statement) { b.statements = append(b.statements, s) }

func (b *Batch) require(s statement, unmet error) {
	b.precondition, b.unmet, b.rotation = &s, unmet, nil
}

// preconditions are what must return a row each, in order, for the rest to be written.
func (b *Batch) preconditions() []statement {
	var all []statement
	for _, s := range []*statement{b.singleUse, b.precondition} {
		if s != nil {
			all = append(all, *s)
		}
	}
	return all
}

// Flush makes the writes. ErrReplayed: the token id was used before. ErrUsed: the code was redeemed by another request.
// ErrReuse: the refresh token is one that nobody should have any more (rotation.go); its family is revoked now.
// ErrNotFound: what the writes depend on ended meanwhile.
func (b *Batch) Flush(ctx context.Context) error {
	preconditions := b.preconditions()
	if len(preconditions)+len(b.statements) == 0 {
		return nil
	}
	met, err := b.flush(ctx, preconditions)
	switch {
	case err != nil || met == len(preconditions):
		return err
	case met == 0 && b.singleUse != nil:
		return ErrReplayed
	case b.rotation != nil:
		return b.repeatRotation(ctx)
	}
	return b.unmet
}
