package login

import (
	"context"
	"errors"
	"net/http"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// A login session ends an hour after its last use and half a day after sign-in: a shift, on a computer that several
// people may share.
const (
	SessionIdle     = time.Hour
	SessionLifetime = 12 * time.Hour
)

// sessions are the login sessions of browsers, and what their cookies say.
type sessions struct {
	*cookies
	devices  *devices
	store    *storage.Store
	identity *identity.Service
	now      func() time.Time
	stateKey []byte // of browser states
	// told is told which sessions ended because their user said so.
	told func(context.Context, []storage.EndedSession)
}

// Login returns the session of the browser's cookie with its user and what the user approved for the client, in one
// read. It returns nil where there is none that is still alive.
func (s *sessions) Login(ctx context.Context, r *http.Request, clientID string) (*storage.Login, error) {
	cookie := s.readToken(r, sessionCookie)
	if cookie == "" {
		return nil, nil
	}
	found, err := s.store.FindLogin(ctx, storage.Hash(cookie), clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// Blocking a user revokes the sessions; one that was being made meanwhile is refused here.
	if s.isIdle(found.Session) || found.User.IsBlocked {
		return nil, nil
	}
	inbound.RecordOf(ctx).About(clientID, found.User.ID)
	found.Session.Address = s.identity.ClientAddress(r) // of this use
	return found, nil
}

// isIdle says that a session was not used for too long.
func (s *sessions) isIdle(session storage.LoginSession) bool {
	return s.store.Now().Sub(session.LastUsedAt) > SessionIdle
}

// QueueSessionUse notes with the request's writes that the session was used. It does so only when a tenth of the idle
// time has passed since the last note, so that most requests write nothing for it.
func (s *sessions) QueueSessionUse(u *storage.Batch, l *storage.Login) {
	now := s.store.Now()
	if now.Sub(l.Session.LastUsedAt) >= SessionIdle/10 {
		u.QueueSessionUse(l.Session.ID, l.Session.Address, now)
	}
}

// startSession makes a session for a user who has just proved who they are, under a new cookie: the one from before
// sign-in, which somebody else may know, is worth nothing after it. The browser is known as one of theirs from then on,
// which the device says.
// authTime is now, unless a second factor was added to what was proved before.
func (s *sessions) startSession(
	w http.ResponseWriter, r *http.Request, user *storage.User, proof identity.Proof, authTime time.Time,
) (session storage.LoginSession, device identity.Device, err error) {
	cookie, err := s.newToken()
	if err != nil {
		return session, device, err
	}
	now := s.now()
	session = storage.LoginSession{
		ID: storage.Hash(cookie), SessionID: s.store.NewID(), UserID: user.ID,
		AuthTime: authTime, AMR: proof.AMR, ACR: proof.ACR, UserAgent: userAgent(r),
		Address:    s.identity.ClientAddress(r),
		LastUsedAt: now, CreatedAt: now, ExpiresAt: now.Add(SessionLifetime),
	}
	if err := s.keepSession(r, &session); err != nil {
		return session, device, err
	}
	s.setCookie(w, sessionCookie, cookie, 0)
	s.setBrowserState(w, s.BrowserState(session.SessionID), 0)
	device, err = s.devices.remember(w, r, user)
	return session, device, err
}

// keepSession goes on with the browser's session where it is the same user's: clients know it by its sid, and are told
// of its end by that. Another user's ends.
func (s *sessions) keepSession(r *http.Request, session *storage.LoginSession) error {
	ctx := r.Context()
	previous := s.readToken(r, sessionCookie)
	if previous == "" {
		return s.store.CreateLoginSession(ctx, *session)
	}
	err := s.store.RenewLoginSession(ctx, storage.Hash(previous), session)
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	ended, err := s.store.EndLoginSession(ctx, storage.Hash(previous))
	if err != nil {
		return err
	}
	if ended != nil {
		if err := s.recordSignOut(r, *ended); err != nil {
			return err
		}
	}
	return s.store.CreateLoginSession(ctx, *session)
}

// EndSession ends the session of the browser's cookie, removes the cookie and has the clients told. It returns what
// ended, nil without a session.
func (s *sessions) EndSession(w http.ResponseWriter, r *http.Request) (*storage.EndedSession, error) {
	cookie := s.readToken(r, sessionCookie)
	if cookie == "" {
		return nil, nil
	}
	ended, err := s.store.EndLoginSession(r.Context(), storage.Hash(cookie))
	if err != nil {
		return nil, err
	}
	s.forgetSession(w)
	if ended == nil {
		return nil, nil
	}
	return ended, s.ended(r, *ended)
}

// forgetSession removes the cookies of a session.
func (s *sessions) forgetSession(w http.ResponseWriter) {
	s.setCookie(w, sessionCookie, "", -1)
	s.setBrowserState(w, "", -1)
}

// ended records that sessions ended because their user said so, and has the clients told.
func (s *sessions) ended(r *http.Request, ended ...storage.EndedSession) error {
	for _, session := range ended {
		if err := s.recordSignOut(r, session); err != nil {
			return err
		}
	}
	s.told(r.Context(), ended)
	return nil
}

func (s *sessions) recordSignOut(r *http.Request, session storage.EndedSession) error {
	return s.identity.Record(r, storage.Event{
		Kind: storage.EventSignOut, UserID: session.UserID, Details: map[string]string{"session_id": session.SessionID},
	})
}
