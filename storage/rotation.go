package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// A rotating family counts generations: the refresh token of generation n is exchanged for that of n+1, which is
// derived, so that it is the same however often it is asked for. docs/refresh-tokens.md has the rule in words; package
// provider gives its values as a RotationRule, and Judge applies them to the grant, as it was read and as it is when
// the write comes.
//
// That the token of a generation was presented is the only proof that somebody has received it. The use of an access
// token of the same answer would be another, but to remember it costs a write with each request to a resource server.

// RotationRule is when a refresh token that was exchanged before is answered again. Times are counted from that
// exchange. Outside of them the token counts as reused.
type RotationRule struct {
	// Grace is how long it is answered without being counted; with 0 it is not answered at all.
	Grace time.Duration
	// Retry is how long it is answered while nobody has used its successor.
	Retry time.Duration
	// MostRepeats is in how many generations one after the other it is answered after its grace.
	MostRepeats int64
}

// PresentedRefreshToken is a refresh token that a client presented, with its grant as it was read.
type PresentedRefreshToken struct {
	Grant *Grant
	// Generation is the token's own, that of Grant is the newest of the family.
	Generation int64

	batch   *Batch
	rule    RotationRule
	readAt  time.Time // by the clock of database.commitTime
	repeats bool
}

// NextRefreshToken is what the grant remembers of the refresh token that takes the place of the presented one.
type NextRefreshToken struct {
	ID             string
	Hash           []byte // nil where the token carries its grant's id
	ExpiresAt      time.Time
	GrantExpiresAt time.Time // when the row may be deleted
}

// rotation is what Flush needs to judge a refresh token once more.
type rotation struct {
	token *PresentedRefreshToken
	next  NextRefreshToken
}

// FindGrantByGeneration reads the grant of a refresh token that carries the grant's id and its own generation. Errors:
// ErrNotFound.
func (b *Batch) FindGrantByGeneration(
	ctx context.Context,
	grantID string,
	generation int64,
) (*PresentedRefreshToken, error) {
	grant, readAt, err := b.store.findGrant(ctx, grantID)
	if err != nil {
		return nil, err
	}
	return &PresentedRefreshToken{Grant: grant, Generation: generation, batch: b, readAt: readAt}, nil
}

// FindGrantByRefreshHash reads the grant of a refresh token by the hash of its value, the newest token's or that of the
// one before. Errors: ErrNotFound.
func (b *Batch) FindGrantByRefreshHash(ctx context.Context, hash []byte) (*PresentedRefreshToken, error) {
	grant, readAt, err := b.store.findGrantByHash(ctx, hash)
	if err != nil {
		return nil, err
	}
	generation := grant.Generation
	if string(hash) != string(grant.RefreshHash) { // no secret by now: the database found the row by one of the two
		generation--
	}
	return &PresentedRefreshToken{Grant: grant, Generation: generation, batch: b, readAt: readAt}, nil
}

// IsCurrent says whether the token is the newest of its family.
func (t *PresentedRefreshToken) IsCurrent() bool { return t.Generation == t.Grant.Generation }

// Successor is the generation of the refresh token that this one is exchanged for.
func (t *PresentedRefreshToken) Successor() int64 { return t.Generation + 1 }

// Repeats says that the refresh token was exchanged before, that its grace is over, and that it is answered again
// because nobody has used its successor. Judge finds that out.
func (t *PresentedRefreshToken) Repeats() bool { return t.repeats }

// Judge says what the token of a rotating family is worth by a rule. ErrReuse: nobody should have it any more; the
// caller revokes the family (RFC 9700 4.14.2). ErrNotFound: the grant is revoked, or the token is too old, but was
// presented in time.
func (t *PresentedRefreshToken) Judge(rule RotationRule) error {
	t.rule, t.repeats = rule, false
	if !t.Grant.RevokedAt.IsZero() {
		return ErrNotFound
	}
	g := t.Grant
	since := t.requestedAt().Sub(g.RotatedAt)
	inARow := g.RepeatedGeneration == g.Generation-1 && g.Repeats >= rule.MostRepeats
	switch age := g.Generation - t.Generation; {
	case age == 0:
		return nil
	case age == 1 && since < rule.Grace:
		return nil
	case age < 1 || rule.Grace == 0:
		return ErrReuse
	case age == 1 && since < rule.Retry && !inARow:
		t.repeats = true
		return nil
	// Before the last rotation: while the database was away its client has tried again, and went on with that answer.
	case age == 2 && since < 0:
		return nil
	case since < 0:
		return ErrNotFound
	}
	return ErrReuse
}

// requestedAt is when the request came, by the clock that read the grant. A request that has waited for the database is
// judged by when it came.
func (t *PresentedRefreshToken) requestedAt() time.Time {
	return t.readAt.Add(-t.batch.store.now().Sub(t.batch.begun).Truncate(time.Second))
}

// Rotate makes it the precondition of the batch that the family moves from the generation presented to the next, or has
// done so by a request before. Judge must have allowed it.
func (b *Batch) Rotate(t *PresentedRefreshToken, next NextRefreshToken) {
	g := t.Grant
	switch {
	case t.repeats:
		b.require(statement{name: "repeat grant", sql: repeatGrant, args: []any{g.ID, g.Generation}}, ErrNotFound)
		b.rotation = &rotation{t, next}
	case t.Generation < g.Generation:
		b.RequireLiveGrant(g.ID)
	default:
		b.require(statement{name: "rotate grant", sql: b.store.rotateGrant(), args: []any{
			g.ID, g.Generation, bytes(next.Hash), null(next.ID), b.store.injectedTime(), b.idempotencyKey,
			toSeconds(next.ExpiresAt), toSeconds(next.GrantExpiresAt),
		}}, ErrNotFound)
		b.rotation = &rotation{t, next}
	}
}

// RequireLiveGrant makes it the precondition of the batch that a grant is not revoked.
func (b *Batch) RequireLiveGrant(id string) {
	b.require(statement{name: "live grant", sql: liveGrant, args: []any{id}}, ErrNotFound)
}

// repeatRotation follows a write that found another generation than was read. Either this very batch made it, and the
// answer was lost: all is done. Or another request did, and this one is judged by what there is now.
func (b *Batch) repeatRotation(ctx context.Context) error {
	token, next := b.rotation.token, b.rotation.next
	var now struct {
		Generation int64          `db:"generation"`
		RotatedAt  seconds        `db:"rotated_at"`
		Repeated   int64          `db:"repeated_generation"`
		Repeats    int64          `db:"repeats"`
		RevokedAt  seconds        `db:"revoked_at"`
		RotatedBy  sql.NullString `db:"rotated_by"`
		ReadAt     seconds        `db:"read_at"`
	}
	err := b.store.get(ctx, &now, `
SELECT generation, rotated_at, repeated_generation, repeats, revoked_at, rotated_by,
`+b.store.commitTime("$2")+` AS read_at
FROM grants WHERE id = $1`, token.Grant.ID, b.store.injectedTime())
	if err != nil {
		return err
	}
	if now.RevokedAt > 0 || now.Generation == token.Generation { // nothing else holds a rotation up
		return ErrNotFound
	}
	if now.Generation == token.Successor() && now.RotatedBy.String == b.idempotencyKey {
		return nil
	}
	g := token.Grant
	g.Generation, g.RotatedAt = now.Generation, now.RotatedAt.time()
	g.RepeatedGeneration, g.Repeats = now.Repeated, now.Repeats
	token.readAt = now.ReadAt.time()
	err = token.Judge(token.rule)
	if errors.Is(err, ErrReuse) {
		if _, err := b.store.RevokeGrant(ctx, g.ID); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	b.Rotate(token, next)
	return b.Flush(ctx)
}
