package storage

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// The states of an invitation. One that is open and has expired can't be answered either.
const (
	InvitationOpen     = "open"
	InvitationAccepted = "accepted"
	InvitationRejected = "rejected"
	InvitationRevoked  = "revoked" // by an operator, or by a newer one
)

// Invitation invites somebody to have roles for a client, or everywhere where ClientID is "".
type Invitation struct {
	ID        string    `db:"id"`
	Hash      []byte    `db:"hash"`  // SHA-256 of the code in the link
	Email     string    `db:"email"` // in the form of CanonicalEmail
	TaxID     string    `db:"tax_id"`
	ClientID  string    `db:"client_id"`
	RoleIDs   []string  `db:"-"`
	Inviter   string    `db:"inviter"` // who invites, as the invited person is told
	State     string    `db:"state"`
	UserID    string    `db:"user_id"` // who answered; "" before
	CreatedAt time.Time `db:"-"`
	ExpiresAt time.Time `db:"-"`
}

type invitationRow struct {
	Invitation
	RoleIDs   string  `db:"role_ids"`
	CreatedAt seconds `db:"created_at"`
	ExpiresAt seconds `db:"expires_at"`
}

func (r invitationRow) invitation() Invitation {
	i := r.Invitation
	i.RoleIDs, i.CreatedAt, i.ExpiresAt = strings.Fields(r.RoleIDs), r.CreatedAt.time(), r.ExpiresAt.time()
	return i
}

const selectInvitation = `
SELECT id, hash, email, tax_id, coalesce(client_id, '') AS client_id, role_ids, inviter, state,
       coalesce(CAST(user_id AS text), '') AS user_id, created_at, expires_at
FROM invitations `

// CreateInvitation stores an open invitation and revokes those of the same address for the same client. ErrConflict:
// the id or the hash is taken. ErrNotFound: no such client.
func (s *invitationStore) CreateInvitation(ctx context.Context, i Invitation) error {
	ctx = changing(ctx, EventInvitationCreated, invitationSubject, i.ID)
	email := CanonicalEmail(i.Email)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := write(ctx, tx, `
DELETE FROM mails WHERE sent_at = 0 AND link_id IN (
    SELECT id FROM invitations WHERE email = $1 AND coalesce(client_id, '') = $2 AND state = 'open')`,
			email, i.ClientID); err != nil {
			return err
		}
		if err := write(ctx, tx, `
UPDATE invitations SET state = 'revoked' WHERE email = $1 AND coalesce(client_id, '') = $2 AND state = 'open'`,
			email, i.ClientID); err != nil {
			return err
		}
		return write(ctx, tx, `
INSERT INTO invitations (id, hash, email, tax_id, client_id, role_ids, inviter, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, i.ID, i.Hash, email, i.TaxID, null(i.ClientID),
			strings.Join(i.RoleIDs, " "), i.Inviter, toSeconds(i.CreatedAt), toSeconds(i.ExpiresAt))
	}))
}

// FindInvitation reads an invitation by the hash of its code, whatever its state.
func (s *invitationStore) FindInvitation(ctx context.Context, hash []byte) (*Invitation, error) {
	var row invitationRow
	if err := s.get(ctx, &row, selectInvitation+`WHERE hash = $1`, hash); err != nil {
		return nil, err
	}
	i := row.invitation()
	return &i, nil
}

// InvitationFilter says which invitations to list; what is zero does not matter.
type InvitationFilter struct {
	ID    string
	Email string // in any form of it
	State string
}

// PageOfInvitations reads the invitations, the oldest first, until a month after they expired.
func (s *invitationStore) PageOfInvitations(
	ctx context.Context, f InvitationFilter, p Page,
) ([]Invitation, Total, error) {
	key := []string{"created_at", "id"}
	l := listing{parts: []part{{query: selectInvitation, table: "invitations", key: key, order: key}}}
	l.equal("id", f.ID)
	l.equal("email", CanonicalEmail(f.Email))
	l.equal("state", f.State)
	var rows []invitationRow
	total, err := l.read(ctx, s.database, &rows, p)
	invitations := make([]Invitation, len(rows))
	for i, r := range rows {
		invitations[i] = r.invitation()
	}
	return invitations, total, err
}

// RevokeInvitation ends an open invitation, and deletes its mail if it was not sent yet. ErrNotFound: there is no such
// open one.
func (s *invitationStore) RevokeInvitation(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventInvitationRevoked, invitationSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		err := writeRow(ctx, tx, `UPDATE invitations SET state = 'revoked' WHERE id = $1 AND state = 'open'`, id)
		if err != nil {
			return err
		}
		return write(ctx, tx, `DELETE FROM mails WHERE link_id = $1 AND sent_at = 0`, id)
	})
}

// AcceptInvitation uses up an invitation and gives its roles to the user, or nothing of it. ErrUsed: it was answered or
// revoked, or has expired. ErrNotFound: there is no such user, or one of the roles is gone.
func (s *invitationStore) AcceptInvitation(ctx context.Context, i Invitation, userID string) error {
	ctx = changing(ctx, EventInvitationAccepted, invitationSubject, i.ID)
	err := s.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := s.answer(ctx, tx, i, InvitationAccepted, userID); err != nil {
			return err
		}
		for _, roleID := range i.RoleIDs {
			query, args := insertHeldRole(s.NewID(), userID, roleID, i.ClientID, s.nowSeconds())
			if err := write(ctx, tx, query+` ON CONFLICT DO NOTHING`, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return unknownReference(err)
}

// RejectInvitation uses up an invitation. Errors: as AcceptInvitation.
func (s *invitationStore) RejectInvitation(ctx context.Context, i Invitation, userID string) error {
	ctx = changing(ctx, EventInvitationRejected, invitationSubject, i.ID)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		return s.answer(ctx, tx, i, InvitationRejected, userID)
	}))
}

// answer is the single use of an invitation.
func (s *invitationStore) answer(ctx context.Context, tx *sqlx.Tx, i Invitation, state, userID string) error {
	n, err := affected(tx.ExecContext(ctx, `
UPDATE invitations SET state = $2, user_id = $3 WHERE id = $1 AND state = 'open' AND expires_at > $4`,
		i.ID, state, userID, s.nowSeconds()))
	if err == nil && n == 0 {
		return ErrUsed
	}
	return err
}
