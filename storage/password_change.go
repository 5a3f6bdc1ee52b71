package storage

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
)

// PasswordChange is the change of a password by its owner, who is signed in in a browser.
type PasswordChange struct {
	UserID   string
	Password string // the new one, as a PHC string
	// PasswordSetAt is that of the password which the owner has proved.
	PasswordSetAt time.Time
	// Cookie is the hash of the session's cookie so far; Session is the session as it goes on, with the hash of another
	// cookie as its ID.
	Cookie  []byte
	Session *LoginSession
}

// ChangePassword is SetPassword by the owner, whose session goes on under another cookie while all others end; they are
// returned. ErrConflict: the password is another one by now, or the session has ended.
func (s *userStore) ChangePassword(ctx context.Context, c PasswordChange) (ended []EndedSession, err error) {
	id, err := uuidKey(c.UserID)
	if err != nil {
		return nil, err
	}
	ctx = changing(ctx, EventPasswordSet, userSubject, id)
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := s.writePassword(ctx, tx, id, c.Password, false, &c.PasswordSetAt); err != nil {
			return err
		}
		if err := s.sessions.renewSession(ctx, tx, c.Cookie, c.Session); err != nil {
			return err
		}
		ended, err = s.sessions.endSessions(ctx, tx, otherSessionsOfUser, id, c.Session.SessionID)
		if err != nil {
			return err
		}
		return write(ctx, tx, endTokensOfSignIns, id, s.nowSeconds())
	})
	if errors.Is(err, ErrNotFound) {
		return nil, ErrConflict
	}
	return ended, err
}
