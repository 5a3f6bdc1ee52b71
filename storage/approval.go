package storage

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Approval is what a user lets a client have.
type Approval struct {
	ID        string
	UserID    string
	ClientID  string
	Scope     []string
	ScopeText string   // that of a Role
	Claims    []string // single claims that no scope of it opens (OIDC Core 5.5)
	CreatedAt time.Time
	UpdatedAt time.Time
}

type approvalRow struct {
	ID        string  `db:"id"`
	UserID    string  `db:"user_id"`
	ClientID  string  `db:"client_id"`
	Scope     string  `db:"scope"`
	Claims    string  `db:"claims"`
	CreatedAt seconds `db:"created_at"`
	UpdatedAt seconds `db:"updated_at"`
}

func (r approvalRow) approval() Approval {
	return Approval{
		ID: r.ID, UserID: r.UserID, ClientID: r.ClientID, Scope: SplitScope(r.Scope), ScopeText: r.Scope,
		Claims:    SplitScope(r.Claims),
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(),
	}
}

const upsertApproval = `
INSERT INTO approvals (id, user_id, client_id, scope, created_at, updated_at, claims, position)
SELECT $1, $2, $3, $4, $5, $6, $9, $12 {{precondition}}
ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = excluded.updated_at,
       scope = CASE WHEN approvals.scope = $7 THEN $8 ELSE excluded.scope || ' ' || approvals.scope END,
       claims = CASE WHEN approvals.claims = $10 THEN $11 ELSE excluded.claims || ' ' || approvals.claims END`

// QueueApproval adds what a user approved to what was approved before, the newest first (contract section 1), with the
// other writes of the request. known and knownClaims are the approval's scope and claims as they were read, "" where
// there were none: should they have changed meanwhile, nothing that another request added is lost, and nothing that was
// withdrawn comes back. The id and the time of making of an earlier approval stay.
func (b *Batch) QueueApproval(a Approval, known, knownClaims string) {
	approved, claims := strings.Join(a.Scope, " "), strings.Join(a.Claims, " ")
	b.queue(statement{name: "upsert approval", sql: upsertApproval, args: []any{
		a.ID, a.UserID, a.ClientID, approved, toSeconds(a.CreatedAt), toSeconds(a.UpdatedAt),
		known, strings.Join(SplitScope(approved+" "+known), " "),
		claims, knownClaims, strings.Join(SplitScope(claims+" "+knownClaims), " "), b.store.newPosition(),
	}})
}

// Approve is QueueApproval by itself. ErrNotFound: no such user or client.
func (s *approvalStore) Approve(ctx context.Context, a Approval) error {
	b := s.tokens.NewBatch()
	b.QueueApproval(a, "", "")
	return unknownReference(b.Flush(ctx))
}

const selectApproval = `SELECT id, user_id, client_id, scope, claims, created_at, updated_at FROM approvals `

// FindApproval reads what a user lets a client have.
func (s *approvalStore) FindApproval(ctx context.Context, userID, clientID string) (*Approval, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	if clientID, err = clientKey(clientID); err != nil {
		return nil, err
	}
	var row approvalRow
	err = s.get(ctx, &row, selectApproval+`WHERE user_id = $1 AND client_id = $2`, userID, clientID)
	if err != nil {
		return nil, err
	}
	a := row.approval()
	return &a, nil
}

// ListApprovals reads what a user lets clients have, in the order of client ids.
func (s *approvalStore) ListApprovals(ctx context.Context, userID string) ([]Approval, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []approvalRow
	if err := s.selectAll(ctx, &rows, selectApproval+`WHERE user_id = $1 ORDER BY client_id`, userID); err != nil {
		return nil, err
	}
	approvals := make([]Approval, len(rows))
	for i, r := range rows {
		approvals[i] = r.approval()
	}
	return approvals, nil
}

// CreateApproval stores an approval that a user does not have yet. ErrConflict: there is one of the user and client.
// ErrNotFound: no such user or client.
func (s *approvalStore) CreateApproval(ctx context.Context, a Approval) error {
	ctx = changing(ctx, EventApprovalCreated, approvalSubject, a.ID)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `
INSERT INTO approvals (id, user_id, client_id, scope, created_at, updated_at, claims, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, a.UserID, a.ClientID, scopeText(a.Scope, a.ScopeText), toSeconds(a.CreatedAt), toSeconds(a.UpdatedAt),
			strings.Join(a.Claims, " "), s.newPosition())
	}))
}

// UpdateApproval replaces the scope of an approval, and its user and client. What was issued under it before stays.
// ErrConflict: there is another one of that user and client. ErrNotFound: no such approval, user or client.
func (s *approvalStore) UpdateApproval(ctx context.Context, a Approval) error {
	id, err := uuidKey(a.ID)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventApprovalUpdated, approvalSubject, id)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `
UPDATE approvals SET user_id = $2, client_id = $3, scope = $4, updated_at = $5 WHERE id = $1`,
			id, a.UserID, a.ClientID, scopeText(a.Scope, a.ScopeText), s.nowSeconds())
	}))
}

// DeleteApproval takes an approval back and ends all that came of it: codes, grants and access tokens of that user and
// client. The sessions go on, but for that client it is a sign-out of them, of which it is told by the back channel.
func (s *approvalStore) DeleteApproval(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventApprovalDeleted, approvalSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		var of struct {
			UserID   string `db:"user_id"`
			ClientID string `db:"client_id"`
		}
		err := tx.GetContext(ctx, &of, `DELETE FROM approvals WHERE id = $1 RETURNING user_id, client_id`, id)
		if err != nil {
			return err
		}
		participants, err := s.sessions.findParticipants(ctx, tx, grantsOfUserAndClient, of.UserID, of.ClientID)
		if err != nil {
			return err
		}
		if err := s.tokens.revokeTokensOf(ctx, tx, ofUserAndClient, of.UserID, of.ClientID); err != nil {
			return err
		}
		return insertLogoutDeliveries(ctx, tx, participants)
	})
}

// DeleteApprovals takes back the approvals of a user, for one client or, where clientID is "", for all, and ends what
// came of them, as DeleteApproval does. It also ends the codes, grants and access tokens that no approval stands
// behind.
func (s *approvalStore) DeleteApprovals(ctx context.Context, userID, clientID string) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	return s.Together(ctx, func(ctx context.Context) error {
		approvals, err := s.ListApprovals(ctx, userID)
		if err != nil {
			return err
		}
		for _, a := range approvals {
			if clientID != "" && a.ClientID != clientID {
				continue
			}
			if err := s.DeleteApproval(ctx, a.ID); err != nil {
				return err
			}
		}
		return s.EndTokensOfUser(ctx, userID, clientID)
	})
}

// EndTokensOfUser ends what was issued for a user, to one client or, where clientID is "", to all: codes, grants and
// access tokens. The sessions and approvals stay, but the clients are told of a sign-out by the back channel.
func (s *approvalStore) EndTokensOfUser(ctx context.Context, userID, clientID string) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	of, args, grants := ofUser, []any{userID}, grantsOfUser
	if clientID != "" {
		of, args, grants = ofUserAndClient, []any{userID, clientID}, grantsOfUserAndClient
	}
	ctx = changingBy(ctx, Event{Kind: EventTokensDeactivated, UserID: userID, ClientID: clientID}, issuedToUserSubject,
		userID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		participants, err := s.sessions.findParticipants(ctx, tx, grants, args...)
		if err != nil {
			return err
		}
		if err := s.tokens.revokeTokensOf(ctx, tx, of, args...); err != nil {
			return err
		}
		return insertLogoutDeliveries(ctx, tx, participants)
	})
}
