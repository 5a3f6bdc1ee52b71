package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// A rotating family counts generations: the refresh token of generation n is exchanged for that of n+1, which is derived, so
// that it is the same however often it is asked for. docs/refresh-tokens.md has the rule in words; present is the rule.
//
// That the token of a generation was presented is the only proof that somebody has received it. The use of an access token
// of the same answer would be another, but to remember it costs a write with each request to a resource server.

// mostRepeats is in how many generations one after the other a token may be repeated after its grace. A client loses an
// answer now and then; a family in which it happens each time has two holders, who take turns.
const mostRepeats = 5

// present settles what the refresh token of generation u.presented is worth. ErrReuse: nobody should have it any more; the
// caller revokes the family (RFC 9700 4.14.2). ErrNotFound: it is too old, but was presented in time.
func (u *UnitOfWork) present(g *Grant) error {
	policy, since := u.Client.Policy, u.asked(u.readAt)-g.RotatedAt
	inARow := g.RepeatedGeneration == g.Generation-1 && g.Repeats >= mostRepeats
	u.repeats = false
	switch age := g.Generation - u.presented; {
	case age == 0:
		return nil
	case age == 1 && since < policy.RefreshGrace:
		return nil
	case age < 1 || policy.RefreshGrace == 0:
		return ErrReuse
	case age == 1 && since < policy.RefreshRetry && !inARow:
		u.repeats = true
		return nil
	// Before the last rotation: while the database was away its client has tried again, and went on with that answer.
	case age == 2 && since < 0:
		return nil
	case since < 0:
		return ErrNotFound
	}
	return ErrReuse
}

// judgeRefreshToken settles what the refresh token of the generation u.presented is worth at u.Client, whether its tokens rotate
// or stay. Errors: those of present.
func (u *UnitOfWork) judgeRefreshToken() error {
	if u.Client.Policy.Refresh == RefreshRotate {
		return u.present(u.Grant)
	}
	if u.presented != u.Grant.Generation { // rotated away before the client's policy changed
		return ErrNotFound
	}
	return nil
}

// IsExchangeable says whether the refresh token that ReadGrant found would be exchanged for its client now, as far as the
// rotation goes. It changes nothing.
func (u *UnitOfWork) IsExchangeable(client *Client) bool {
	u.Client = client
	return u.judgeRefreshToken() == nil
}

// asked is when the request came, by the clock that read the time at. A request that has waited for the database is judged
// by when it came.
func (u *UnitOfWork) asked(at int64) int64 {
	return at - int64(u.store.now().Sub(u.begun)/time.Second)
}

// Successor is the generation of the refresh token that this request answers with.
func (u *UnitOfWork) Successor() int64 { return u.presented + 1 }

// Repeats says that the refresh token was exchanged before, that its grace is over, and that it is answered again because
// nobody has used its successor.
func (u *UnitOfWork) Repeats() bool { return u.repeats }

// queueRotation moves the family from the generation presented to the next, unless a request before did already.
func (u *UnitOfWork) queueRotation() {
	g := u.Grant
	switch {
	case u.repeats:
		u.gate = &statement{name: "repeat grant", sql: repeatGrant, args: []any{g.ID, g.Generation}}
	case u.presented < g.Generation:
		u.gateOnLiveGrant()
	default:
		u.rotates = true
		u.gate = &statement{name: "rotate grant", sql: u.store.rotateGrant(), args: []any{
			g.ID, g.Generation, bytes(u.Issued.RefreshHash), null(u.Issued.RefreshTokenID), u.store.injectedTime(), u.Attempt,
			u.Issued.RefreshExpiresAt, u.grantExpiresAt(),
		}}
	}
}

func (u *UnitOfWork) gateOnLiveGrant() {
	u.gate = &statement{name: "live grant", sql: liveGrant, args: []any{u.Grant.ID}}
}

// settleRotation follows a write that found another generation than was read. Either this very attempt made it, and its
// answer was lost: all is done. Or another request did, and this one is judged by what there is now.
func (u *UnitOfWork) settleRotation(ctx context.Context) error {
	var now struct {
		Generation int64          `db:"generation"`
		RotatedAt  int64          `db:"rotated_at"`
		Repeated   int64          `db:"repeated_generation"`
		Repeats    int64          `db:"repeats"`
		RevokedAt  int64          `db:"revoked_at"`
		RotatedBy  sql.NullString `db:"rotated_by"`
		ReadAt     int64          `db:"read_at"`
	}
	err := u.store.get(ctx, &now, `
SELECT generation, rotated_at, repeated_generation, repeats, revoked_at, rotated_by, `+u.store.commitTime("$2")+` AS read_at
FROM grants WHERE id = $1`, u.Grant.ID, u.store.injectedTime())
	if err != nil {
		return err
	}
	if now.RevokedAt > 0 || now.Generation == u.presented { // nothing else holds a rotation up
		return ErrNotFound
	}
	if now.Generation == u.presented+1 && now.RotatedBy.String == u.Attempt {
		return nil
	}
	g := u.Grant
	g.Generation, g.RotatedAt, g.RepeatedGeneration, g.Repeats = now.Generation, now.RotatedAt, now.Repeated, now.Repeats
	u.rotates, u.readAt = false, now.ReadAt
	err = u.present(g)
	if errors.Is(err, ErrReuse) {
		if _, err := u.store.RevokeGrant(ctx, g.ID); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	u.queueRotation()
	return u.Flush(ctx)
}
