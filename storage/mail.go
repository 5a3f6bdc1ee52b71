package storage

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
)

// QueuedMail is a mail that waits to be sent.
type QueuedMail struct {
	ID      string `db:"id"`
	LinkID  string `db:"link_id"` // the row of the link in it, a UUID; "" where it has none
	UserID  string `db:"user_id"` // the mail is deleted with the user; "" for somebody who is not known
	Purpose string `db:"purpose"`
	// Content is what is stored sealed: it has the address of a person and a link that stands for a password.
	Content   []byte    `db:"-"`
	Sealed    string    `db:"sealed"`
	Attempts  int64     `db:"attempts"`
	NextAt    time.Time `db:"-"` // when to try again
	CreatedAt time.Time `db:"-"`
	ExpiresAt time.Time `db:"-"` // when to give up
}

type queuedMailRow struct {
	QueuedMail
	NextAt    seconds `db:"next_at"`
	CreatedAt seconds `db:"created_at"`
	ExpiresAt seconds `db:"expires_at"`
}

func (r queuedMailRow) mail() QueuedMail {
	m := r.QueuedMail
	m.NextAt, m.CreatedAt, m.ExpiresAt = r.NextAt.time(), r.CreatedAt.time(), r.ExpiresAt.time()
	return m
}

func mailContext(id string) string { return "mails:" + id }

var errNoMailSealer = errors.New("storage: mails need a master secret")

// EnqueueMail stores a mail, in the transaction of Together if the context is in one. Where the link of the mail has
// one already, queued or sent, nothing is stored.
func (s *mailStore) EnqueueMail(ctx context.Context, m QueuedMail) error {
	if s.sealer == nil {
		return errNoMailSealer
	}
	_, err := s.exec(ctx, `
INSERT INTO mails (id, link_id, user_id, purpose, sealed, next_at, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		m.ID, null(m.LinkID), null(m.UserID), m.Purpose, s.sealer.Seal(m.Content, mailContext(m.ID)),
		toSeconds(m.NextAt), toSeconds(m.CreatedAt), toSeconds(m.ExpiresAt))
	return unknownReference(err)
}

const queuedMail = `SELECT id, coalesce(CAST(link_id AS text), '') AS link_id,
       coalesce(CAST(user_id AS text), '') AS user_id, purpose, sealed, attempts, next_at, created_at, expires_at
FROM mails WHERE sent_at = 0 AND `

// DueMails reads the mails whose time has come, those first that are of use for the shortest time: a link that is good
// for minutes does not wait behind one that is good for days. Their content is opened by OpenMail.
func (s *mailStore) DueMails(ctx context.Context, limit int) ([]QueuedMail, error) {
	var rows []queuedMailRow
	err := s.selectAll(ctx, &rows, queuedMail+`next_at <= $1 AND expires_at > $1 ORDER BY expires_at, id LIMIT $2`,
		s.nowSeconds(), pageSize(limit))
	due := make([]QueuedMail, len(rows))
	for i, r := range rows {
		due[i] = r.mail()
	}
	return due, err
}

// OpenMail returns the content of a mail. seal.ErrSealed: its master secret is not there any more.
func (s *mailStore) OpenMail(m QueuedMail) ([]byte, error) {
	if s.sealer == nil {
		return nil, errNoMailSealer
	}
	return s.sealer.Open(m.Sealed, mailContext(m.ID))
}

// ErrMailCeiling says that as many mails were sent in this minute as may be.
var ErrMailCeiling = errors.New("storage: the ceiling of mails in a minute is reached")

// ClaimMail takes the next attempt of a mail, and sets when the one after it is due. It says whether the attempt is the
// caller's: of many who read the same row, one's is. In one minute of the clock all processes together take perMinute
// attempts at most. ErrMailCeiling: they have; the mail waits as it was.
func (s *mailStore) ClaimMail(
	ctx context.Context, m QueuedMail, nextAt time.Time, perMinute int64,
) (claimed bool, err error) {
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
		claimed = false
		n, err := affected(tx.ExecContext(ctx, `
UPDATE mails SET attempts = attempts + 1, next_at = $3
WHERE id = $1 AND attempts = $2 AND sent_at = 0 AND expires_at > $4`, m.ID, m.Attempts, toSeconds(nextAt),
			s.nowSeconds()))
		if err != nil || n == 0 {
			return err
		}
		// A clock that is behind those of others takes part in their minute.
		n, err = affected(tx.ExecContext(ctx, `
UPDATE mail_pace SET mails = CASE WHEN minute < $1 THEN 1 ELSE mails + 1 END,
       minute = CASE WHEN minute < $1 THEN $1 ELSE minute END
WHERE minute < $1 OR mails < $2`, s.nowMinute(), perMinute))
		if err == nil && n == 0 {
			return ErrMailCeiling
		}
		claimed = err == nil
		return err
	})
	return claimed && err == nil, err
}

// nowMinute is the present minute, counted from the epoch.
func (s *mailStore) nowMinute() int64 { return s.nowSeconds() / secondsOfMinute }

const secondsOfMinute = 60

// ReportHeldMails says how many mails are due, for whoever finds that the ceiling keeps them waiting. In a minute one
// of all that ask learns it; the others get 0.
func (s *mailStore) ReportHeldMails(ctx context.Context) (held int64, err error) {
	n, err := s.exec(ctx, `UPDATE mail_pace SET reported = $1 WHERE reported < $1`, s.nowMinute())
	if err != nil || n == 0 {
		return 0, err
	}
	err = s.get(ctx, &held, `SELECT count(*) FROM mails WHERE sent_at = 0 AND next_at <= $1 AND expires_at > $1`,
		s.nowSeconds())
	return held, err
}

// MarkMailSent ends a mail and deletes its content. The row stays until the link is over, so that the link has no
// second mail.
func (s *mailStore) MarkMailSent(ctx context.Context, id string) error {
	_, err := s.exec(ctx, `UPDATE mails SET sent_at = $2, sealed = '' WHERE id = $1 AND sent_at = 0`, id, s.nowSeconds())
	return err
}

// DropMail deletes a mail that is not to be sent.
func (s *mailStore) DropMail(ctx context.Context, id string) error {
	_, err := s.exec(ctx, `DELETE FROM mails WHERE id = $1`, id)
	return err
}

// DropExpiredMails deletes the mails that were not sent in their time, and returns how many.
func (s *mailStore) DropExpiredMails(ctx context.Context) (int64, error) {
	return s.exec(ctx, `DELETE FROM mails WHERE expires_at <= $1 AND sent_at = 0`, s.nowSeconds())
}

// WithdrawMail deletes the mail of a link that is void, if it was not sent yet.
func (s *mailStore) WithdrawMail(ctx context.Context, linkID string) error {
	_, err := s.exec(ctx, `DELETE FROM mails WHERE link_id = $1 AND sent_at = 0`, linkID)
	return err
}

// CountQueuedMails returns how many mails wait.
func (s *mailStore) CountQueuedMails(ctx context.Context) (n int64, err error) {
	err = s.get(ctx, &n, `SELECT count(*) FROM mails WHERE sent_at = 0`)
	return n, err
}

// PageOfQueuedMails reads every mail that waits, without its content, those first whose next attempt is the earliest.
func (s *mailStore) PageOfQueuedMails(ctx context.Context, p Page) ([]QueuedMail, Total, error) {
	key := []string{"next_at", "id"}
	l := listing{parts: []part{{
		query: `SELECT id, coalesce(CAST(link_id AS text), '') AS link_id,
       coalesce(CAST(user_id AS text), '') AS user_id, purpose, attempts, next_at, created_at, expires_at FROM mails`,
		table: "mails", key: key, order: key, conditions: []string{"sent_at = 0"},
	}}}
	var rows []queuedMailRow
	total, err := l.read(ctx, s.database, &rows, p)
	waiting := make([]QueuedMail, len(rows))
	for i, r := range rows {
		waiting[i] = r.mail()
	}
	return waiting, total, err
}
