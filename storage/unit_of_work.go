package storage

import (
	"context"
	"time"
)

// UnitOfWork collects the writes of one request and makes them at once, before the answer is written: one statement on
// PostgreSQL, one short transaction on SQLite. It also keeps what the request has read, so that fosite, which reads a code
// twice and a grant wherever it likes, costs one read. It belongs to one request and is not safe for concurrent use.
type UnitOfWork struct {
	store *Store
	// Attempt is what the rows remember of who wrote them, so that a statement whose answer was lost can be sent again.
	Attempt string
	// Client is the client of the request, once it is known.
	Client *Client
	// Code and Grant are what the request presented, once they are read.
	Code  *Code
	Grant *Grant
	// Holder is the user of the request: of the code or the grant, or who is signed in.
	Holder Holder
	// Issued is what the request has made so far; the strategies that make tokens fill it in.
	Issued Issued

	// frontChannel says that tokens go through the browser, with no exchange after it.
	frontChannel bool
	gate         *statement
	statements   []statement
	// presented is the generation of the refresh token that was presented; rotates says that Flush moves on from it, and
	// repeats that it is answered again after its grace.
	presented int64
	rotates   bool
	repeats   bool
	// begun is when the request came; readAt is when the grant was read, by the clock of Store.commitTime.
	begun  time.Time
	readAt int64
}

// Issued collects the tokens of one request as they are made, with the values that only their maker knows.
type Issued struct {
	AccessToken      string
	AccessTokenID    string
	AccessExpiresAt  int64 // epoch seconds
	RefreshToken     string
	RefreshTokenID   string
	RefreshHash      []byte // nil where the token carries its grant's id
	RefreshExpiresAt int64
	Code             string
	CodeID           string
}

// statement is one write. name is a constant: the names of a unit of work together name its prepared form. In sql,
// {{gate}} stands for the condition that the gate returned a row. The sql of a gate returns a row when it is passed.
type statement struct {
	name string
	sql  string
	args []any
}

type unitOfWorkKey struct{}

// NewUnitOfWork begins the writes of one request.
func (s *Store) NewUnitOfWork() *UnitOfWork {
	return &UnitOfWork{store: s, Attempt: s.NewID(), begun: s.now()}
}

// Context makes the unit of work ride in the context, where fosite's storage calls find it.
func (u *UnitOfWork) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, unitOfWorkKey{}, u)
}

// UnitOfWorkFrom returns the one that rides in the context; there is always one below package provider.
func UnitOfWorkFrom(ctx context.Context) *UnitOfWork {
	u, ok := ctx.Value(unitOfWorkKey{}).(*UnitOfWork)
	if !ok {
		panic("storage: no unit of work in the context")
	}
	return u
}

func (u *UnitOfWork) queue(s statement) { u.statements = append(u.statements, s) }

// Flush makes the writes. ErrUsed: the code was redeemed by another attempt. ErrReuse: the refresh token is one that nobody
// should have any more (rotation.go); its family is revoked now. ErrNotFound: the grant was revoked meanwhile.
func (u *UnitOfWork) Flush(ctx context.Context) error {
	if u.gate == nil && len(u.statements) == 0 {
		return nil
	}
	passed, err := u.flush(ctx)
	if err != nil {
		return err
	}
	if passed {
		return nil
	}
	if u.rotates || u.repeats {
		return u.settleRotation(ctx)
	}
	if u.Code != nil {
		if err := u.replayed(ctx); err != nil {
			return err
		}
		return ErrUsed
	}
	return ErrNotFound
}
