package storage

import (
	"context"
	"database/sql"
)

// A rotating family counts generations. The refresh token of generation n is good while the family is at n; for a grace
// after that it answers with the same successor again, so that a client whose answer was lost, or that refreshed twice at
// once, goes on. Later it is reuse, and ends the family (RFC 9700 4.14.2).

// present settles what a refresh token of that generation is worth. ErrReuse: it was rotated away longer ago than its
// grace; the caller revokes the family.
func (u *UnitOfWork) present(g *Grant, generation, grace int64) error {
	switch {
	case generation == g.Generation:
	case generation == g.Generation-1 && u.store.Now() < g.RotatedAt+grace:
	default:
		return ErrReuse
	}
	u.presented = generation
	return nil
}

// Successor is the generation of the refresh token that this request answers with.
func (u *UnitOfWork) Successor() int64 { return u.presented + 1 }

// queueRotation moves the family from the generation presented to the next, unless a request before did already.
func (u *UnitOfWork) queueRotation() {
	g := u.Grant
	if u.presented < g.Generation {
		u.gateOnLiveGrant()
		return
	}
	u.rotated = true
	u.gate = &statement{name: "rotate grant", sql: rotateGrant, args: []any{
		g.ID, g.Generation, bytes(u.Issued.RefreshHash), null(u.Issued.RefreshTokenID), u.store.Now(), u.Attempt,
		u.Issued.RefreshExpiresAt, u.grantExpiresAt(),
	}}
}

func (u *UnitOfWork) gateOnLiveGrant() {
	u.gate = &statement{name: "live grant", sql: liveGrant, args: []any{u.Grant.ID}}
}

// settleRotation follows a rotation that wrote no row. Either this very attempt wrote it, and its answer was lost: all is
// done. Or another request did: within the grace this one answers with the same successor, after it the family ends.
func (u *UnitOfWork) settleRotation(ctx context.Context) error {
	var now struct {
		Generation int64          `db:"generation"`
		RotatedAt  int64          `db:"rotated_at"`
		RevokedAt  int64          `db:"revoked_at"`
		RotatedBy  sql.NullString `db:"rotated_by"`
	}
	err := u.store.get(ctx, &now,
		`SELECT generation, rotated_at, revoked_at, rotated_by FROM grants WHERE id = $1`, u.Grant.ID)
	if err != nil {
		return err
	}
	switch {
	case now.RevokedAt > 0:
		return ErrNotFound
	case now.Generation == u.presented+1 && now.RotatedBy.String == u.Attempt:
		return nil
	case now.Generation == u.presented+1 && u.store.Now() < now.RotatedAt+u.Client.Policy.RefreshGrace:
		u.rotated = false
		u.gateOnLiveGrant()
		return u.Flush(ctx)
	}
	if _, err := u.store.RevokeGrant(ctx, u.Grant.ID); err != nil {
		return err
	}
	return ErrReuse
}
