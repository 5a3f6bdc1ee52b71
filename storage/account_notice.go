package storage

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// AccountNotice is a change of an account that its owner is to be told of.
//
// Every method of the Store that changes the password, the address or the second factor of an account calls noteChange
// in its transaction, so that the owner is told whoever calls the method: a page, an API or the command line. Only what
// an import copies is not told of: the change was made elsewhere. The package provider makes letters of the notices.
type AccountNotice struct {
	ID     string `db:"id"`
	UserID string `db:"user_id"`
	// Kind is EventPasswordSet, EventFactorChanged where a phone took the place of another, one of EventPasskey…, or one
	// of the Notice constants.
	Kind string `db:"kind"`
	// Email is the address to tell: the owner's, and with NoticeEmailChanged the one before.
	Email string `db:"email"`
	// Phone is the new number, with EventFactorChanged; FormerPhone is the one that got codes so far.
	Phone       string    `db:"phone"`
	FormerPhone string    `db:"former_phone"`
	Name        string    `db:"name"` // of what was changed, where it has one
	At          time.Time `db:"-"`    // when it was changed
	ExpiresAt   time.Time `db:"-"`    // when it is no use any more to tell
}

// The kinds of notices that are no audit events.
const (
	NoticeEmailChanged   = "email_changed"
	NoticeFactorReset    = "factor_reset"    // the phone was taken away; the next sign-in sets another
	NoticeFactorDisabled = "factor_disabled" // the factor is not asked for from now on
	NoticeCodesBlocked   = "codes_blocked"   // the user was blocked by wrong one-time codes
)

// phoneFactor is the type of a factor that is a phone.
const phoneFactor = "SMS"

// noticeLifetime is for how long people may still be told of a change.
const noticeLifetime = 72 * time.Hour

// noteChange stores that the owner of an account is to be told of a change, with the transaction that makes it. Before
// the address is changed it is called with the new one in its forms, and stores nothing where the owner has that.
func (d *database) noteChange(ctx context.Context, tx *sqlx.Tx, n AccountNotice, unless ...string) error {
	condition, args := `email <> ''`, []any{
		d.NewID(), n.UserID, n.Kind, n.Phone, n.FormerPhone, n.Name, d.nowSeconds(), toSeconds(d.Now().Add(noticeLifetime)),
	}
	for _, email := range unless {
		args = append(args, email)
		condition += ` AND email <> ` + placeholders(len(args), 1)
	}
	return write(ctx, tx, `
INSERT INTO account_notices (id, user_id, kind, email, phone, former_phone, name, created_at, expires_at)
SELECT $1, id, $3, email, $4, $5, $6, $7, $8 FROM users WHERE id = $2 AND `+condition, args...)
}

// factorColumns are those of factorState.
const factorColumns = `user_id, type, factor, is_active`

// factorState is what of a second factor people are told of when it changes.
type factorState struct {
	UserID   string `db:"user_id"`
	Type     string `db:"type"`
	Factor   string `db:"factor"`
	IsActive bool   `db:"is_active"`
}

// noticeOf is what the owner of a factor is told of its change; false where there is nothing to tell: a first number, a
// factor that counts again, or the same.
func (before factorState) noticeOf(after factorState) (AccountNotice, bool) {
	n := AccountNotice{UserID: before.UserID}
	if before.Type == phoneFactor {
		n.FormerPhone = before.Factor
	}
	switch {
	case before.IsActive && !after.IsActive:
		n.Kind = NoticeFactorDisabled
	case n.FormerPhone == "" || n.FormerPhone == after.Factor:
		return n, false
	case after.Factor == "":
		n.Kind = NoticeFactorReset
	default:
		n.Kind, n.Phone = EventFactorChanged, after.Factor
	}
	return n, true
}

// noteFactorChange is noteChange for a second factor, with which the remembered browsers end.
func (d *database) noteFactorChange(ctx context.Context, tx *sqlx.Tx, before, after factorState) error {
	n, tell := before.noticeOf(after)
	if !tell {
		return nil
	}
	if err := write(ctx, tx, forgetBrowsers, n.UserID); err != nil {
		return err
	}
	return d.noteChange(ctx, tx, n)
}

// NoteAccountChange stores that the owner of an account is to be told of a change of what has tables of its own. It
// takes part in Together. Of n, UserID, Kind, Phone, FormerPhone and Name count.
func (s *noticeStore) NoteAccountChange(ctx context.Context, n AccountNotice) error {
	return s.transaction(ctx, func(tx *sqlx.Tx) error { return s.noteChange(ctx, tx, n) })
}

// AccountNotices reads the notices that nobody has taken, the oldest first.
func (s *noticeStore) AccountNotices(ctx context.Context, limit int) ([]AccountNotice, error) {
	var rows []struct {
		AccountNotice
		At        seconds `db:"created_at"`
		ExpiresAt seconds `db:"expires_at"`
	}
	err := s.selectAll(ctx, &rows, `
SELECT id, user_id, kind, email, phone, former_phone, name, created_at, expires_at FROM account_notices
WHERE expires_at > $1 ORDER BY created_at, id LIMIT $2`, s.nowSeconds(), pageSize(limit))
	notices := make([]AccountNotice, len(rows))
	for i, r := range rows {
		notices[i] = r.AccountNotice
		notices[i].At, notices[i].ExpiresAt = r.At.time(), r.ExpiresAt.time()
	}
	return notices, err
}

// TakeAccountNotice removes a notice, in the transaction of Together if the context is in one, and says whether it is
// the caller's: of many who read the same row, one's is.
func (s *noticeStore) TakeAccountNotice(ctx context.Context, id string) (bool, error) {
	taken := false
	err := s.transaction(ctx, func(tx *sqlx.Tx) error {
		n, err := affected(tx.ExecContext(ctx, `DELETE FROM account_notices WHERE id = $1`, id))
		taken = n > 0
		return err
	})
	return taken && err == nil, err
}
