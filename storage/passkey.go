package storage

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// Passkey is a credential record of WebAuthn (Level 3, section 4): a key pair of which the authenticator of a user has
// the private half.
type Passkey struct {
	ID           string // a UUID, which stands for the passkey inside of the server
	UserID       string
	Name         string // as its owner calls it
	CredentialID []byte // by which the authenticator knows it
	UserHandle   []byte // by which the authenticator knows the user: random
	PublicKey    []byte // a COSE key (RFC 9052 section 7)
	SignCount    uint32 // the highest that the authenticator has shown; 0 where it does not count
	AAGUID       string // of the model of the authenticator, a UUID
	Transports   []string
	// IsBackupEligible says that the private half may leave the authenticator, for others of its owner; IsBackedUp that
	// it has.
	IsBackupEligible bool
	IsBackedUp       bool
	CreatedAt        time.Time
	LastUsedAt       time.Time // zero: never
}

type passkeyRow struct {
	ID               string  `db:"id"`
	UserID           string  `db:"user_id"`
	Name             string  `db:"name"`
	CredentialID     []byte  `db:"credential_id"`
	UserHandle       []byte  `db:"user_handle"`
	PublicKey        []byte  `db:"public_key"`
	SignCount        uint32  `db:"sign_count"`
	AAGUID           string  `db:"aaguid"`
	Transports       string  `db:"transports"`
	IsBackupEligible bool    `db:"is_backup_eligible"`
	IsBackedUp       bool    `db:"is_backed_up"`
	CreatedAt        seconds `db:"created_at"`
	LastUsedAt       seconds `db:"last_used_at"`
}

func (r passkeyRow) passkey() Passkey {
	return Passkey{
		ID: r.ID, UserID: r.UserID, Name: r.Name, CredentialID: r.CredentialID, UserHandle: r.UserHandle,
		PublicKey: r.PublicKey, SignCount: r.SignCount, AAGUID: r.AAGUID,
		Transports: strings.Fields(r.Transports), IsBackupEligible: r.IsBackupEligible, IsBackedUp: r.IsBackedUp,
		CreatedAt: r.CreatedAt.time(), LastUsedAt: r.LastUsedAt.time(),
	}
}

const selectPasskey = `
SELECT id, user_id, name, credential_id, user_handle, public_key, sign_count, aaguid, transports, is_backup_eligible,
       is_backed_up, created_at, last_used_at
FROM passkeys `

// CreatePasskey stores a passkey that was never used, and has its owner told. ErrConflict: somebody has a passkey with
// this credential id. ErrNotFound: no such user.
func (s *passkeyStore) CreatePasskey(ctx context.Context, p Passkey) error {
	ctx = changing(ctx, EventPasskeyCreated, passkeySubject, p.ID)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		err := write(ctx, tx, `
INSERT INTO passkeys (id, user_id, name, credential_id, user_handle, public_key, sign_count, aaguid, transports,
                      is_backup_eligible, is_backed_up, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			p.ID, p.UserID, p.Name, p.CredentialID, p.UserHandle, p.PublicKey, int64(p.SignCount), p.AAGUID,
			strings.Join(p.Transports, " "), p.IsBackupEligible, p.IsBackedUp, toSeconds(p.CreatedAt))
		if err != nil {
			return err
		}
		return s.noteChange(ctx, tx, AccountNotice{UserID: p.UserID, Kind: EventPasskeyCreated, Name: p.Name})
	}))
}

// FindPasskey reads a passkey by its credential id. ErrNotFound: there is none.
func (s *passkeyStore) FindPasskey(ctx context.Context, credentialID []byte) (*Passkey, error) {
	var row passkeyRow
	if err := s.get(ctx, &row, selectPasskey+`WHERE credential_id = $1`, credentialID); err != nil {
		return nil, err
	}
	p := row.passkey()
	return &p, nil
}

// ListPasskeys reads the passkeys of a user, oldest first.
func (s *passkeyStore) ListPasskeys(ctx context.Context, userID string) ([]Passkey, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []passkeyRow
	if err := s.selectAll(ctx, &rows, selectPasskey+`WHERE user_id = $1 ORDER BY created_at, id`, userID); err != nil {
		return nil, err
	}
	passkeys := make([]Passkey, len(rows))
	for i, r := range rows {
		passkeys[i] = r.passkey()
	}
	return passkeys, nil
}

// UsePasskey notes, in one conditional write, that a passkey signed with a sign count, which must be higher than the
// one before or, of an authenticator that does not count, 0 as that. ErrConflict: it is not (WebAuthn 7.2 step 22).
// ErrNotFound: the passkey is gone.
func (s *passkeyStore) UsePasskey(ctx context.Context, id string, signCount uint32, isBackedUp bool) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	// In a transaction, which is never sent twice: the second time the count would be the one before.
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		err := writeRow(ctx, tx, `
UPDATE passkeys SET sign_count = $2, is_backed_up = $3, last_used_at = $4
WHERE id = $1 AND (sign_count < $2 OR sign_count = 0 AND $2 = 0)`,
			id, int64(signCount), isBackedUp, s.nowSeconds())
		if errors.Is(err, ErrNotFound) {
			return conflictIfPresent(ctx, tx, `SELECT 1 FROM passkeys WHERE id = $1`, id)
		}
		return err
	})
}

// DeletePasskey removes a passkey of a user, and has the owner told. ErrNotFound: the user has none with that id.
func (s *passkeyStore) DeletePasskey(ctx context.Context, userID, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventPasskeyDeleted, passkeySubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		n := AccountNotice{UserID: userID, Kind: EventPasskeyDeleted}
		err := tx.GetContext(ctx, &n.Name, `DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING name`, id, userID)
		if err != nil {
			return classify(err)
		}
		return s.noteChange(ctx, tx, n)
	})
}
