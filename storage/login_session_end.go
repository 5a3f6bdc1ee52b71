package storage

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// EndedSession is a login session that has just ended, and whom that concerns.
type EndedSession struct {
	SessionID string
	UserID    string
	ClientIDs []string // those that had grants of it, in order
	// Deliveries are the back-channel logouts that were stored for them.
	Deliveries []LogoutDelivery
}

// LogoutDeliveryLifetime is how long a client that does not answer is told of a logout.
const LogoutDeliveryLifetime = day

// The sessions that end: conditions on $1, and $2 where they take two arguments.
const (
	sessionOfCookie = `id = $1`
	sessionsOfUser  = `user_id = $1`
	sessionOfUser   = `user_id = $1 AND session_id = $2`

	otherSessionsOfUser = `user_id = $1 AND session_id <> $2`
)

// EndLoginSession ends a session by its cookie's hash. One that is unknown or over is left as it is, and none is
// returned.
func (s *loginSessionStore) EndLoginSession(ctx context.Context, hash []byte) (*EndedSession, error) {
	return onlyOne(s.endLoginSessions(ctx, sessionOfCookie, hash))
}

// EndLoginSessionOf ends a session of that user by its session id. ErrNotFound: the user has none of that id that
// lives.
func (s *loginSessionStore) EndLoginSessionOf(ctx context.Context, userID, sessionID string) (*EndedSession, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	if sessionID, err = uuidKey(sessionID); err != nil {
		return nil, err
	}
	ctx = changing(ctx, EventSessionEnded, sessionSubject, userID, sessionID)
	var ended []EndedSession
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
		if ended, err = s.endSessions(ctx, tx, sessionOfUser, userID, sessionID); err == nil && len(ended) == 0 {
			return ErrNotFound // which keeps no event either
		}
		return err
	})
	return onlyOne(ended, err)
}

// EndLoginSessions ends every session of a user, and the tokens by which they are signed in through the login API.
func (s *loginSessionStore) EndLoginSessions(ctx context.Context, userID string) ([]EndedSession, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	ctx = changingBy(ctx, Event{Kind: EventUserSignedOut, UserID: userID}, sessionsSubject, userID)
	var ended []EndedSession
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
		ended, err = s.endSignIns(ctx, tx, userID)
		return err
	})
	return ended, err
}

func onlyOne(ended []EndedSession, err error) (*EndedSession, error) {
	if err != nil || len(ended) == 0 {
		return nil, err
	}
	return &ended[0], nil
}

func (s *loginSessionStore) endLoginSessions(
	ctx context.Context, which string, args ...any,
) (ended []EndedSession, err error) {
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
		ended, err = s.endSessions(ctx, tx, which, args...)
		return err
	})
	return ended, err
}

// endSessions is the one way in which sessions end: whoever has grants of them is to be told, and what does not outlive
// a session is revoked with it. The sessions come first, then codes, then grants, so that an exchange which has won its
// code by then has committed the grant that the last statement ends.
func (s *loginSessionStore) endSessions(
	ctx context.Context, tx *sqlx.Tx, which string, args ...any,
) ([]EndedSession, error) {
	var rows []struct {
		SessionID string `db:"session_id"`
		UserID    string `db:"user_id"`
	}
	at := fmt.Sprintf("$%d", len(args)+1)
	err := tx.SelectContext(ctx, &rows, `UPDATE login_sessions SET revoked_at = `+at+` WHERE `+which+` AND revoked_at = 0
RETURNING session_id, user_id`, append(args[:len(args):len(args)], s.nowSeconds())...)
	if err != nil {
		return nil, err
	}
	ended := make([]EndedSession, len(rows))
	for i, row := range rows {
		ended[i] = EndedSession{SessionID: row.SessionID, UserID: row.UserID}
		if err := s.revokeSession(ctx, tx, &ended[i]); err != nil {
			return nil, err
		}
	}
	return ended, nil
}

// revokeCodesOfSession finds them along the index of their user.
const revokeCodesOfSession = `
UPDATE codes SET revoked_at = $3 WHERE user_id = $1 AND session_id = $2 AND used_at = 0 AND revoked_at = 0`

// revokeGrantsOfSession leaves what was granted for the time without a session: offline access (OIDC Core 11), and
// clients whose policy outlives it.
var revokeGrantsOfSession = `
UPDATE grants SET revoked_at = $2
WHERE session_id = $1 AND revoked_at = 0 AND NOT (` + hasScope("$3") + `) AND NOT EXISTS (
    SELECT 1 FROM client_policies p WHERE p.client_id = grants.client_id AND p.refresh_issued = '` +
	RefreshIssuedAlways + `')`

// OutlivesSession says that codes and grants of the client stay when the login session that they were made in ends.
func (p Policy) OutlivesSession() bool { return p.RefreshIssued == RefreshIssuedAlways }

func (s *loginSessionStore) revokeSession(ctx context.Context, tx *sqlx.Tx, ended *EndedSession) error {
	if err := write(ctx, tx, revokeCodesOfSession, ended.UserID, ended.SessionID, s.nowSeconds()); err != nil {
		return err
	}
	participants, err := s.findParticipants(ctx, tx, grantsOfSession, ended.SessionID)
	if err != nil {
		return err
	}
	err = write(ctx, tx, revokeGrantsOfSession, ended.SessionID, s.nowSeconds(), scopePattern("offline_access"))
	if err != nil {
		return err
	}
	for _, participant := range participants {
		ended.ClientIDs = append(ended.ClientIDs, participant.clientID)
		if participant.delivery != nil {
			ended.Deliveries = append(ended.Deliveries, *participant.delivery)
		}
	}
	return insertLogoutDeliveries(ctx, tx, participants)
}

// participant is a client that has grants of a session, and the delivery to store if it wants to be told of the end.
type participant struct {
	clientID string
	delivery *LogoutDelivery
}

// The grants whose clients take part: conditions on $1, and $2 where they take two arguments. Expired grants count too:
// the client's own session may live on.
const (
	grantsOfSession = `g.session_id = $1`
	// One whose session has ended was told of it then.
	grantsOfUser = `g.user_id = $1
AND g.session_id IN (SELECT session_id FROM login_sessions WHERE user_id = $1 AND revoked_at = 0)`
	grantsOfUserAndClient = grantsOfUser + ` AND g.client_id = $2`
)

func (s *loginSessionStore) findParticipants(
	ctx context.Context, tx *sqlx.Tx, which string, args ...any,
) ([]participant, error) {
	var rows []struct {
		ClientID  string `db:"id"`
		Metadata  string `db:"metadata"`
		UserID    string `db:"user_id"`
		SessionID string `db:"session_id"`
		Session   string `db:"session"`
		Exchanged bool   `db:"exchanged"`
	}
	err := tx.SelectContext(ctx, &rows, `
SELECT c.id, c.metadata, g.user_id, g.session_id, count(g.connection_id) > 0 AS exchanged,
       coalesce(max(CASE WHEN g.connection_id IS NOT NULL THEN g.session END), max(g.session)) AS session
FROM grants g JOIN clients c ON c.id = g.client_id
WHERE `+which+` AND g.revoked_at = 0
GROUP BY c.id, c.metadata, g.user_id, g.session_id ORDER BY c.id, g.session_id`, args...)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	participants := make([]participant, len(rows))
	for i, row := range rows {
		participants[i].clientID = row.ClientID
		var metadata Metadata
		if err := json.Unmarshal([]byte(row.Metadata), &metadata); err != nil {
			return nil, fmt.Errorf("metadata of client %s: %w", row.ClientID, err)
		}
		if metadata.BackchannelLogoutURI == "" {
			continue
		}
		session, err := decodeSession(row.Session)
		if err != nil {
			return nil, err
		}
		if !row.Exchanged && session.Subject != session.UserID {
			// Nobody came from the host of the sector with a code: what went through the browser, only that host has seen.
			session.Subject = ""
		}
		participants[i].delivery = &LogoutDelivery{
			ID: s.NewID(), ClientID: row.ClientID, UserID: row.UserID, SessionID: row.SessionID,
			Subject: session.Subject, NextAt: now, CreatedAt: now, ExpiresAt: now.Add(LogoutDeliveryLifetime),
		}
	}
	return participants, nil
}
