package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// User is a person with an account. Its id is the sub of tokens, for ever.
type User struct {
	ID    string `db:"id"`
	Email string `db:"email"` // in the form of CanonicalEmail
	// PHC string: argon2id, or imported bcrypt; "" where there is none
	Password        string          `db:"password"`
	PasswordSetAt   time.Time       `db:"-"` // zero where it was never set
	TaxID           string          `db:"tax_id"`
	PersonID        string          `db:"person_id"`
	Profile         json.RawMessage `db:"-"` // the claims of OIDC Core 5.1
	Settings        json.RawMessage `db:"-"`
	PrivateSettings json.RawMessage `db:"-"`
	IsBlocked       bool            `db:"is_blocked"`
	BlockReason     string          `db:"block_reason"`
	// wrong codes since the last right one; kept by its own methods
	OneTimeCodeFailures int64 `db:"one_time_code_failures"`
	// FailuresForgottenAt is when a block was lifted; failed passwords before it do not count. Zero where none was.
	FailuresForgottenAt time.Time `db:"-"`
	// MustChangePassword says that the user chooses another password at the next sign-in.
	MustChangePassword bool      `db:"must_change_password"`
	CreatedAt          time.Time `db:"-"`
	UpdatedAt          time.Time `db:"-"`
}

type userRow struct {
	User
	Profile         string  `db:"profile"`
	Settings        string  `db:"settings"`
	PrivateSettings string  `db:"private_settings"`
	PasswordSetAt   seconds `db:"password_set_at"`
	ForgottenAt     seconds `db:"failures_forgotten_at"`
	CreatedAt       seconds `db:"created_at"`
	UpdatedAt       seconds `db:"updated_at"`
}

func (r userRow) user() User {
	u := r.User
	u.Profile = json.RawMessage(r.Profile)
	u.Settings = json.RawMessage(r.Settings)
	u.PrivateSettings = json.RawMessage(r.PrivateSettings)
	u.FailuresForgottenAt = r.ForgottenAt.time()
	u.PasswordSetAt, u.CreatedAt, u.UpdatedAt = r.PasswordSetAt.time(), r.CreatedAt.time(), r.UpdatedAt.time()
	return u
}

// document is JSON as a text column holds it; an absent one is an empty object.
func document(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "{}"
	}
	return string(raw)
}

const selectUser = `
SELECT id, email, password, password_set_at, tax_id, person_id, profile, settings, private_settings, is_blocked,
       block_reason, must_change_password, one_time_code_failures, failures_forgotten_at, created_at, updated_at
FROM users `

// CreateUser stores a user. ErrConflict: the id or the email is taken, in whatever form.
func (s *userStore) CreateUser(ctx context.Context, u User) error {
	// In a transaction, which database/sql never sends twice: a lost answer is ErrUnavailable, not a conflict with itself.
	ctx = changing(ctx, EventUserCreated, userSubject, u.ID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := emailFree(ctx, tx, u.ID, u.Email); err != nil {
			return err
		}
		return write(ctx, tx, `
INSERT INTO users (id, email, password, password_set_at, tax_id, person_id, profile, settings, private_settings,
       is_blocked, block_reason, created_at, updated_at, must_change_password, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
			u.ID, CanonicalEmail(u.Email), u.Password, toSeconds(u.PasswordSetAt), u.TaxID, u.PersonID, document(u.Profile),
			document(u.Settings), document(u.PrivateSettings), u.IsBlocked, u.BlockReason, toSeconds(u.CreatedAt),
			toSeconds(u.UpdatedAt), u.MustChangePassword, s.newPosition())
	})
}

// FindUser reads a user by id, blocked ones too.
func (s *userStore) FindUser(ctx context.Context, id string) (*User, error) {
	id, err := uuidKey(id)
	if err != nil {
		return nil, err
	}
	return s.findUser(ctx, selectUser+`WHERE id = $1`, id)
}

// FindUserByEmail reads a user by email in any form of it, blocked ones too. Where rows from before there was one form
// hold several, the one that is written as it was given comes first.
func (s *userStore) FindUserByEmail(ctx context.Context, email string) (*User, error) {
	if _, err := textKey(email); err != nil {
		return nil, err
	}
	forms := emailForms(email)
	if len(forms) == 1 {
		return s.findUser(ctx, selectUser+`WHERE email = $1`, forms[0])
	}
	in, args := inList(forms)
	return s.findUser(ctx, selectUser+`WHERE email IN (`+in+`) ORDER BY email = $1 DESC, email = $2 DESC LIMIT 1`, args...)
}

// emailFree is ErrConflict where another user has the address in a form from before there was one form, which the
// unique index does not see, unless the user has it already. No such rows come into being, so that nobody can be
// faster.
func emailFree(ctx context.Context, tx *sqlx.Tx, userID, email string) error {
	forms := emailForms(email)
	if len(forms) == 1 {
		return nil
	}
	in, args := inList(forms)
	var taken int64
	query := fmt.Sprintf(`
SELECT count(*) FROM users WHERE email IN (%s) AND id <> $%d
AND NOT EXISTS (SELECT 1 FROM users own WHERE own.id = $%[2]d AND own.email = $1)`, in, len(args)+1)
	if err := tx.GetContext(ctx, &taken, query, append(args, userID)...); err != nil {
		return err
	}
	if taken > 0 {
		return ErrConflict
	}
	return nil
}

// inList are the placeholders and the arguments of a list of texts.
func inList(values []string) (placeholders string, args []any) {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = fmt.Sprintf("$%d", i+1)
		args = append(args, value)
	}
	return strings.Join(list, ", "), args
}

func (s *userStore) findUser(ctx context.Context, query string, args ...any) (*User, error) {
	var row userRow
	if err := s.get(ctx, &row, query, args...); err != nil {
		return nil, err
	}
	u := row.user()
	return &u, nil
}

// FindUserByTaxID reads the one user of a tax id, a blocked one too. ErrNotFound: there is none, or more than one, so
// that nobody is taken for somebody else.
func (s *userStore) FindUserByTaxID(ctx context.Context, taxID string) (*User, error) {
	taxID, err := textKey(taxID)
	if err != nil || taxID == "" {
		return nil, ErrNotFound
	}
	var rows []userRow
	if err := s.selectAll(ctx, &rows, selectUser+`WHERE tax_id = $1 LIMIT 2`, taxID); err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, ErrNotFound
	}
	u := rows[0].user()
	return &u, nil
}

// ListUsers reads a page of users in the order of emails, beginning behind afterEmail.
func (s *userStore) ListUsers(ctx context.Context, afterEmail string, limit int) ([]User, error) {
	var rows []userRow
	err := s.selectAll(ctx, &rows, selectUser+`WHERE email > $1 ORDER BY email LIMIT $2`,
		strings.ToLower(strings.TrimSpace(afterEmail)), pageSize(limit))
	if err != nil {
		return nil, err
	}
	users := make([]User, len(rows))
	for i, r := range rows {
		users[i] = r.user()
	}
	return users, nil
}

// UpdateUser changes email, tax and person ids, profile and settings; neither password nor block. An email that is
// stored in a form from before there was one stays as it is, unless another is given. ErrConflict: the email is taken.
func (s *userStore) UpdateUser(ctx context.Context, u User) error {
	id, err := uuidKey(u.ID)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventUserUpdated, userSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := emailFree(ctx, tx, id, u.Email); err != nil {
			return err
		}
		// First a write, so that of two at once the second tells the address that the first has set.
		now, email, asGiven := s.nowSeconds(), CanonicalEmail(u.Email), strings.ToLower(strings.TrimSpace(u.Email))
		if err := writeRow(ctx, tx, `UPDATE users SET updated_at = $2 WHERE id = $1`, id, now); err != nil {
			return err
		}
		notice := AccountNotice{UserID: id, Kind: NoticeEmailChanged}
		if err := s.noteChange(ctx, tx, notice, email, asGiven); err != nil {
			return err
		}
		return writeRow(ctx, tx, `
UPDATE users SET email = CASE WHEN email = $8 THEN email ELSE $2 END, tax_id = $3, person_id = $4, profile = $5,
       settings = $6, private_settings = $7
WHERE id = $1`,
			id, email, u.TaxID, u.PersonID, document(u.Profile), document(u.Settings), document(u.PrivateSettings), asGiven)
	})
}

// BlockUser bars a user and ends their codes, grants, tokens and login sessions at once. ErrConflict: blocked already.
func (s *userStore) BlockUser(ctx context.Context, id, reason string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changingBy(ctx, Event{Kind: EventUserBlocked, Details: because(reason)}, userSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error { return s.blockUser(ctx, tx, id, reason) })
}

func (s *userStore) blockUser(ctx context.Context, tx *sqlx.Tx, id, reason string) error {
	err := writeRow(ctx, tx, `
UPDATE users SET is_blocked = TRUE, block_reason = $2, updated_at = $3 WHERE id = $1 AND is_blocked = FALSE`,
		id, reason, s.nowSeconds())
	if errors.Is(err, ErrNotFound) {
		return conflictIfPresent(ctx, tx, `SELECT 1 FROM users WHERE id = $1`, id)
	}
	if err != nil {
		return err
	}
	if err := write(ctx, tx, `DELETE FROM password_resets WHERE user_id = $1`, id); err != nil {
		return err // a block that is lifted again gives no link back
	}
	if err := write(ctx, tx, forgetBrowsers, id); err != nil {
		return err
	}
	// First the sessions: which clients took part in them shows in the grants that live until then.
	if _, err := s.sessions.endSessions(ctx, tx, sessionsOfUser, id); err != nil {
		return err
	}
	return s.tokens.revokeTokensOf(ctx, tx, ofUser, id)
}

// conflictIfPresent explains a conditional write that found no row: ErrConflict where the row is there but its
// condition does not hold, else ErrNotFound.
func conflictIfPresent(ctx context.Context, tx *sqlx.Tx, query, id string) error {
	var one int64
	if err := tx.GetContext(ctx, &one, query, id); err != nil {
		return err
	}
	return ErrConflict
}

// UnblockUser lifts a block and forgets the failures before it, of one-time codes and of passwords. What the block
// ended stays ended.
func (s *userStore) UnblockUser(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventUserUnblocked, userSubject, id)
	n, err := s.exec(ctx, `
UPDATE users SET is_blocked = FALSE, block_reason = '', one_time_code_failures = 0, failures_forgotten_at = $2,
       updated_at = $2
WHERE id = $1`, id, s.nowSeconds())
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// SetUserBlock bars a user or lifts the block, where that is not so already, and in any case stores why. Unlike
// BlockUser it ends nothing: what the user has is of no use while the block stands, and is again after it. Unlike
// UnblockUser it forgets no failures.
func (s *userStore) SetUserBlock(ctx context.Context, id string, blocked bool, reason string) error {
	return s.Together(ctx, func(ctx context.Context) error {
		user, err := s.FindUser(ctx, id)
		if err != nil || user.IsBlocked == blocked && user.BlockReason == reason {
			return err
		}
		event := Event{Kind: EventUserUpdated}
		switch {
		case blocked && !user.IsBlocked:
			event = Event{Kind: EventUserBlocked, Details: because(reason)}
		case !blocked && user.IsBlocked:
			event = Event{Kind: EventUserUnblocked}
		}
		ctx = changingBy(ctx, event, userSubject, user.ID)
		return s.transaction(ctx, func(tx *sqlx.Tx) error {
			err := writeRow(ctx, tx, `UPDATE users SET is_blocked = $2, block_reason = $3, updated_at = $4 WHERE id = $1`,
				user.ID, blocked, reason, s.nowSeconds())
			if err != nil || !blocked {
				return err
			}
			return write(ctx, tx, `DELETE FROM password_resets WHERE user_id = $1`, user.ID)
		})
	})
}

// DeleteUser removes a user and everything of theirs; audit events stay.
func (s *userStore) DeleteUser(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventUserDeleted, userSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.sessions.endSessions(ctx, tx, sessionsOfUser, id); err != nil {
			return err
		}
		if err := writeRow(ctx, tx, `DELETE FROM users WHERE id = $1`, id); err != nil {
			return err
		}
		return deleteTokensOf(ctx, tx, ofUser, id)
	})
}

// UpgradePassword replaces the hash of a password by a better one of the same password. It does nothing when the user
// has another password by now.
func (s *userStore) UpgradePassword(ctx context.Context, id, oldPHC, newPHC string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `UPDATE users SET password = $3 WHERE id = $1 AND password = $2`, id, oldPHC, newPHC)
	return err
}

// CountOneTimeCodeFailure counts a wrong one-time code against its user, and blocks the user with the reason once there
// are most of them in a row. It says how many there are now, and whether it did.
func (s *userStore) CountOneTimeCodeFailure(
	ctx context.Context, userID string, most int64, reason string,
) (failures int64, blocked bool, err error) {
	id, err := uuidKey(userID)
	if err != nil {
		return 0, false, err
	}
	// In a transaction, which is never sent twice: a failure counts once.
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
		blocked = false
		err := tx.GetContext(ctx, &failures, `
UPDATE users SET one_time_code_failures = one_time_code_failures + 1 WHERE id = $1 RETURNING one_time_code_failures`,
			id)
		if err != nil || failures < most {
			return err
		}
		err = s.blockUser(ctx, tx, id, reason)
		if errors.Is(err, ErrConflict) {
			return nil // blocked already
		}
		if err != nil {
			return err
		}
		blocked = true
		return s.noteChange(ctx, tx, AccountNotice{UserID: id, Kind: NoticeCodesBlocked})
	})
	return failures, blocked, err
}

// ResetOneTimeCodeFailures forgets the wrong one-time codes of a user after a right one.
func (s *userStore) ResetOneTimeCodeFailures(ctx context.Context, userID string) error {
	id, err := uuidKey(userID)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `UPDATE users SET one_time_code_failures = 0 WHERE id = $1 AND one_time_code_failures > 0`, id)
	return err
}
