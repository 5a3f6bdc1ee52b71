package storage

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"ithildin/storage/seal"
)

// PasswordReset is a link by which a person who forgot the password sets another one.
type PasswordReset struct {
	ID   string // a UUID, which stands for the link inside of the server
	Hash []byte // of the secret in the link
	// UserID, Email and PasswordSetAt are those of the user when the link was made.
	UserID        string
	Email         string
	PasswordSetAt time.Time
	// Request is the sign-in that the person goes on with. It is stored sealed.
	Request   []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

// passwordResetStore has the links of forgotten passwords.
type passwordResetStore struct {
	*database
	sealer *seal.Sealer
	users  *userStore
}

var errNoResetSealer = errors.New("storage: password resets need a master secret")

func passwordResetContext(id string) string { return "password_resets:" + id }

// CreatePasswordReset stores a link in the place of an earlier one of the same user, which is over with that. It takes
// part in storage.Together. Errors: ErrNotFound where there is no such user.
func (s *passwordResetStore) CreatePasswordReset(ctx context.Context, r PasswordReset) error {
	if s.sealer == nil {
		return errNoResetSealer
	}
	_, err := s.exec(ctx, `
INSERT INTO password_resets (id, hash, user_id, email, password_set_at, sealed, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, hash = excluded.hash, email = excluded.email,
    password_set_at = excluded.password_set_at, sealed = excluded.sealed, refusals = 0,
    created_at = excluded.created_at, expires_at = excluded.expires_at`,
		r.ID, r.Hash, r.UserID, r.Email, toSeconds(r.PasswordSetAt), s.sealer.Seal(r.Request, passwordResetContext(r.ID)),
		toSeconds(r.CreatedAt), toSeconds(r.ExpiresAt))
	return unknownReference(err)
}

// livePasswordReset are the links that are good now ($1): their user is not blocked, and has the e-mail address and the
// password that the link was made for. A row says so by itself, whoever changes the user.
const livePasswordReset = `
FROM password_resets r JOIN users u ON u.id = r.user_id AND u.email = r.email
     AND u.password_set_at = r.password_set_at AND u.is_blocked = FALSE
WHERE r.expires_at > $1 AND r.refusals < $2 AND `

// FindPasswordResetByHash finds the link with a secret, FindPasswordReset that with an id; most is how many refusals
// end it. Nothing is used up. Errors: ErrNotFound, where there is none that is good.
func (s *passwordResetStore) FindPasswordResetByHash(
	ctx context.Context, hash []byte, most int64,
) (*PasswordReset, error) {
	return s.findPasswordReset(ctx, livePasswordReset+`r.hash = $3`, most, hash)
}

// FindPasswordReset finds the link with an id: see FindPasswordResetByHash.
func (s *passwordResetStore) FindPasswordReset(ctx context.Context, id string, most int64) (*PasswordReset, error) {
	id, err := uuidKey(id)
	if err != nil {
		return nil, err
	}
	return s.findPasswordReset(ctx, livePasswordReset+`r.id = $3`, most, id)
}

func (s *passwordResetStore) findPasswordReset(
	ctx context.Context, which string, most int64, key any,
) (*PasswordReset, error) {
	var row struct {
		ID            string  `db:"id"`
		Hash          []byte  `db:"hash"`
		UserID        string  `db:"user_id"`
		Email         string  `db:"email"`
		PasswordSetAt seconds `db:"password_set_at"`
		Sealed        string  `db:"sealed"`
		CreatedAt     seconds `db:"created_at"`
		ExpiresAt     seconds `db:"expires_at"`
	}
	err := s.get(ctx, &row, `
SELECT r.id, r.hash, r.user_id, r.email, r.password_set_at, r.sealed, r.created_at, r.expires_at `+which,
		s.nowSeconds(), most, key)
	if err != nil {
		return nil, err
	}
	if s.sealer == nil {
		return nil, errNoResetSealer
	}
	request, err := s.sealer.Open(row.Sealed, passwordResetContext(row.ID))
	if err != nil {
		return nil, err
	}
	return &PasswordReset{
		ID: row.ID, Hash: row.Hash, UserID: row.UserID, Email: row.Email, PasswordSetAt: row.PasswordSetAt.time(),
		Request: request, CreatedAt: row.CreatedAt.time(), ExpiresAt: row.ExpiresAt.time(),
	}, nil
}

// CountPasswordResetRefusal counts a password that was refused by a link.
func (s *passwordResetStore) CountPasswordResetRefusal(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `UPDATE password_resets SET refusals = refusals + 1 WHERE id = $1`, id)
	return err
}

// UsePasswordReset sets the password of the link's user and uses the link up. Every login session ends, and every token
// of the login API; with endTokens also what clients were given by codes. Errors: ErrUsed, where the link is over.
func (s *passwordResetStore) UsePasswordReset(
	ctx context.Context, r *PasswordReset, phc string, endTokens bool,
) (ended []EndedSession, err error) {
	ctx = changing(ctx, EventPasswordSet, userSubject, r.UserID)
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
		// The user's row first, as whoever changes the user does. It is the one condition: a password that was set since,
		// by this link or otherwise, has another time.
		if err := s.users.writePassword(ctx, tx, r.UserID, phc, false, &r.PasswordSetAt); err != nil {
			return err
		}
		if err := writeRow(ctx, tx, `
DELETE FROM password_resets WHERE id = $1 AND expires_at > $2
AND EXISTS (SELECT 1 FROM users u WHERE u.id = password_resets.user_id AND u.email = password_resets.email
            AND u.is_blocked = FALSE)`, r.ID, s.nowSeconds()); err != nil {
			return err
		}
		if ended, err = s.users.sessions.endSignIns(ctx, tx, r.UserID); err != nil || !endTokens {
			return err
		}
		return s.users.tokens.revokeTokensOf(ctx, tx, ofUser, r.UserID)
	})
	if errors.Is(err, ErrNotFound) {
		return nil, ErrUsed
	}
	return ended, err
}
