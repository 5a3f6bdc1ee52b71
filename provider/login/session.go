package login

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"ithildin/storage"
)

// A login session ends an hour after its last use and half a day after sign-in: a shift, on a computer that several
// people may share.
const (
	SessionIdle     = time.Hour
	SessionLifetime = 12 * time.Hour
)

// AMRPassword is the amr value of a password (RFC 8176).
const AMRPassword = "pwd"

// Login returns the session of the browser's cookie with its user and what the user approved for the client, in one read.
// It returns nil where there is none that is still alive.
func (s *Service) Login(ctx context.Context, r *http.Request, clientID string) (*storage.Login, error) {
	cookie := s.readToken(r, sessionCookie)
	if cookie == "" {
		return nil, nil
	}
	found, err := s.store.FindLogin(ctx, sessionHash(cookie), clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	idle := s.now().Unix() - found.Session.LastUsedAt
	// Blocking a user revokes the sessions; one that was being made meanwhile is refused here.
	if idle > int64(SessionIdle/time.Second) || found.User.IsBlocked {
		return nil, nil
	}
	return found, nil
}

// QueueSessionUse notes in the request's unit of work that the session was used. It does so only when a tenth of the idle
// time has passed since the last note, so that most requests write nothing for it.
func (s *Service) QueueSessionUse(u *storage.UnitOfWork, l *storage.Login) {
	now := s.now().Unix()
	if now-l.Session.LastUsedAt >= int64(SessionIdle/time.Second)/10 {
		u.QueueSessionUse(l.Session.ID, now)
	}
}

// startSession makes a session with a new id for a user who has just proved who they are, and ends the one that the
// browser had: an id from before sign-in, which somebody else may know, is worth nothing after it.
func (s *Service) startSession(
	w http.ResponseWriter, r *http.Request, userID string, amr []string, acr string,
) (storage.LoginSession, error) {
	cookie, err := s.newToken()
	if err != nil {
		return storage.LoginSession{}, err
	}
	if previous := s.readToken(r, sessionCookie); previous != "" {
		if _, err := s.store.EndLoginSession(r.Context(), sessionHash(previous)); err != nil {
			return storage.LoginSession{}, err
		}
	}
	now := s.now()
	session := storage.LoginSession{
		ID: sessionHash(cookie), SessionID: s.store.NewID(), UserID: userID,
		AuthTime: now.UnixMicro(), AMR: amr, ACR: acr,
		LastUsedAt: now.Unix(), CreatedAt: now.Unix(), ExpiresAt: now.Add(SessionLifetime).Unix(),
	}
	if err := s.store.CreateLoginSession(r.Context(), session); err != nil {
		return storage.LoginSession{}, err
	}
	s.setCookie(w, sessionCookie, cookie, 0)
	return session, nil
}

// SignOut ends the session of the browser's cookie and removes the cookie. Without a session it does nothing.
func (s *Service) SignOut(w http.ResponseWriter, r *http.Request) error {
	cookie := s.readToken(r, sessionCookie)
	if cookie == "" {
		return nil
	}
	ended, err := s.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if _, err := s.store.EndLoginSession(r.Context(), sessionHash(cookie)); err != nil {
		return err
	}
	s.setCookie(w, sessionCookie, "", -1)
	if ended == nil {
		return nil
	}
	return s.record(r, storage.Event{
		Kind: eventSignOut, UserID: ended.User.ID, Details: map[string]string{"session_id": ended.Session.SessionID},
	})
}

func sessionHash(cookie string) []byte {
	hash := sha256.Sum256([]byte(cookie))
	return hash[:]
}
