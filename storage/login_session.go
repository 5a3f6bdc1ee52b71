package storage

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// LoginSession is one person signed in in one browser.
type LoginSession struct {
	ID         []byte    `db:"id"` // SHA-256 of the cookie
	SessionID  string    `db:"session_id"`
	UserID     string    `db:"user_id"`
	AuthTime   time.Time `db:"-"` // to the microsecond
	AMR        []string  `db:"-"` // RFC 8176
	ACR        string    `db:"acr"`
	UserAgent  string    `db:"user_agent"` // of the browser, for its user to tell it by
	Address    string    `db:"address"`    // from where it was used last
	LastUsedAt time.Time `db:"-"`
	CreatedAt  time.Time `db:"-"`
	ExpiresAt  time.Time `db:"-"`
	RevokedAt  time.Time `db:"-"` // zero: not revoked
}

type loginSessionRow struct {
	LoginSession
	AMR        string       `db:"amr"`
	AuthTime   microseconds `db:"auth_time"`
	LastUsedAt seconds      `db:"last_used_at"`
	CreatedAt  seconds      `db:"created_at"`
	ExpiresAt  seconds      `db:"expires_at"`
	RevokedAt  seconds      `db:"revoked_at"`
}

func (r loginSessionRow) session() LoginSession {
	session := r.LoginSession
	session.AMR, session.AuthTime = strings.Fields(r.AMR), r.AuthTime.time()
	session.LastUsedAt, session.CreatedAt = r.LastUsedAt.time(), r.CreatedAt.time()
	session.ExpiresAt, session.RevokedAt = r.ExpiresAt.time(), r.RevokedAt.time()
	return session
}

// Login is what an authorization request must know of the person before it.
type Login struct {
	Session        LoginSession
	User           User     // without Password
	ApprovalID     string   // "" where the user has approved nothing for the client
	ApprovedScope  []string // for the client
	ApprovalScope  string   // the same as it stands in the row
	ApprovedClaims []string // single claims, for the client
	ApprovalClaims string   // the same as they stand in the row
	RoleIDs        []string // for the client and everywhere
}

type loginRow struct {
	loginSessionRow
	User           userRow        `db:"user"`
	ApprovalID     sql.NullString `db:"approval_id"`
	ApprovalScope  sql.NullString `db:"approval_scope"`
	ApprovalClaims sql.NullString `db:"approval_claims"`
	RoleID         sql.NullString `db:"role_id"`
	GlobalRoleID   sql.NullString `db:"global_role_id"`
}

// CreateLoginSession stores a session. ErrNotFound: no such user.
func (s *loginSessionStore) CreateLoginSession(ctx context.Context, l LoginSession) error {
	// A conflict can only be with ourselves, sent twice: the id is the hash of a fresh random value.
	_, err := s.exec(ctx, `
INSERT INTO login_sessions (id, session_id, user_id, auth_time, amr, acr, user_agent, last_used_at, created_at,
expires_at,
       revoked_at, address)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
		l.ID, l.SessionID, l.UserID, toMicroseconds(l.AuthTime), strings.Join(l.AMR, " "), l.ACR, l.UserAgent,
		toSeconds(l.LastUsedAt), toSeconds(l.CreatedAt), toSeconds(l.ExpiresAt), toSeconds(l.RevokedAt), l.Address)
	return unknownReference(err)
}

// RenewLoginSession takes l, a new sign-in of the same user in the same browser, into the live session of the cookie
// whose hash is previous. That cookie is worth nothing any more; SessionID and CreatedAt stay, and l gets them.
// ErrNotFound: there is no such session of that user.
func (s *loginSessionStore) RenewLoginSession(ctx context.Context, previous []byte, l *LoginSession) error {
	// In a transaction, which is never sent twice: the second time its session would be gone.
	return s.transaction(ctx, func(tx *sqlx.Tx) error { return s.renewSession(ctx, tx, previous, l) })
}

func (s *loginSessionStore) renewSession(ctx context.Context, tx *sqlx.Tx, previous []byte, l *LoginSession) error {
	var createdAt seconds
	err := tx.QueryRowxContext(ctx, `
UPDATE login_sessions SET id = $2, auth_time = $4, amr = $5, acr = $6, user_agent = $7, last_used_at = $8,
expires_at = $9,
       address = $10
WHERE id = $1 AND user_id = $3 AND revoked_at = 0 AND expires_at > $8 RETURNING session_id, created_at`,
		previous, l.ID, l.UserID, toMicroseconds(l.AuthTime), strings.Join(l.AMR, " "), l.ACR, l.UserAgent,
		toSeconds(l.LastUsedAt), toSeconds(l.ExpiresAt), l.Address,
	).Scan(&l.SessionID, &createdAt)
	l.CreatedAt = createdAt.time()
	return classify(err)
}

// What an authorization request reads of a user and of that user's standing with a client: one row for each pair of a
// role for the client and a role everywhere, as selectGrant does. $2 is the client.
const (
	standingColumns = `
       u.id AS "user.id", u.email AS "user.email", u.password_set_at AS "user.password_set_at",
       u.tax_id AS "user.tax_id",
       u.person_id AS "user.person_id", u.profile AS "user.profile", u.settings AS "user.settings",
       u.private_settings AS "user.private_settings", u.is_blocked AS "user.is_blocked",
       u.block_reason AS "user.block_reason", u.created_at AS "user.created_at", u.updated_at AS "user.updated_at",
       a.id AS approval_id, a.scope AS approval_scope, a.claims AS approval_claims,
       r.role_id AS role_id, e.role_id AS global_role_id `
	standingJoins = `
LEFT JOIN approvals a ON a.user_id = u.id AND a.client_id = $2
LEFT JOIN user_roles r ON r.user_id = u.id AND r.client_id = $2
LEFT JOIN global_user_roles e ON e.user_id = u.id `
)

const findLogin = `
SELECT s.id, s.session_id, s.user_id, s.auth_time, s.amr, s.acr, s.user_agent, s.last_used_at, s.created_at,
s.expires_at,
       s.revoked_at,` +
	standingColumns + `
FROM login_sessions s JOIN users u ON u.id = s.user_id` + standingJoins + `
WHERE s.id = $1 AND s.revoked_at = 0 AND s.expires_at > $3`

// FindLogin reads a live session by its cookie's hash, with its user and what matters for that client, in one
// statement. ErrNotFound: unknown, revoked or expired. How long it may idle, and whether its user is blocked, is for
// the caller.
func (s *loginSessionStore) FindLogin(ctx context.Context, hash []byte, clientID string) (*Login, error) {
	var rows []loginRow
	if err := s.selectAll(ctx, &rows, findLogin, hash, clientID, s.nowSeconds()); err != nil {
		return nil, err
	}
	return loginOf(rows)
}

// FindUserForClient is FindLogin for a user who is known by other means than a session, blocked ones too.
func (s *loginSessionStore) FindUserForClient(ctx context.Context, userID, clientID string) (*Login, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []loginRow
	err = s.selectAll(ctx, &rows, `SELECT`+standingColumns+`FROM users u`+standingJoins+`WHERE u.id = $1`, userID,
		clientID)
	if err != nil {
		return nil, err
	}
	return loginOf(rows)
}

func loginOf(rows []loginRow) (*Login, error) {
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	login := &Login{
		Session: rows[0].session(), User: rows[0].User.user(),
		ApprovalID: rows[0].ApprovalID.String, ApprovedScope: SplitScope(rows[0].ApprovalScope.String),
		ApprovalScope: rows[0].ApprovalScope.String, ApprovalClaims: rows[0].ApprovalClaims.String,
		ApprovedClaims: SplitScope(rows[0].ApprovalClaims.String),
	}
	for _, r := range rows {
		for _, id := range []sql.NullString{r.RoleID, r.GlobalRoleID} {
			if id.Valid && !slices.Contains(login.RoleIDs, id.String) {
				login.RoleIDs = append(login.RoleIDs, id.String)
			}
		}
	}
	return login, nil
}

// liveSession is the precondition of what is made in a login session and is never asked about again.
const liveSession = `SELECT 1 FROM login_sessions WHERE session_id = $1 AND revoked_at = 0 {{single use}}`

// requireLiveSession holds the session's row until the writes are committed, so that an end of it comes wholly before
// them or finds what they made. On SQLite there is one writer at a time.
func (d *database) requireLiveSession() string {
	if d.engine == sqliteEngine {
		return liveSession
	}
	return liveSession + ` FOR NO KEY UPDATE`
}

// RequireLiveSession makes it the precondition of the batch that a login session has not ended. It is for what goes out
// with these writes; a code is looked at when it is exchanged.
func (b *Batch) RequireLiveSession(sessionID string) {
	b.require(statement{name: "live session", sql: b.store.requireLiveSession(), args: []any{sessionID}}, ErrNotFound)
}

// QueueSessionUse notes that a session was used, and from where, with the other writes of the request.
func (b *Batch) QueueSessionUse(sessionHash []byte, address string, now time.Time) {
	b.queue(statement{
		name: "session use", sql: `
UPDATE login_sessions SET last_used_at = $2, address = $3 WHERE id = $1 AND last_used_at < $2`,
		args: []any{sessionHash, toSeconds(now), address},
	})
}

const selectLoginSession = `
SELECT id, session_id, user_id, auth_time, amr, acr, user_agent, address, last_used_at, created_at, expires_at,
revoked_at
FROM login_sessions`

// ListLoginSessions reads the live sessions of a user, newest first.
func (s *loginSessionStore) ListLoginSessions(ctx context.Context, userID string) ([]LoginSession, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []loginSessionRow
	err = s.selectAll(ctx, &rows, selectLoginSession+`
WHERE user_id = $1 AND revoked_at = 0 AND expires_at > $2 ORDER BY created_at DESC, session_id`,
		userID, s.nowSeconds())
	return loginSessionsOf(rows), err
}

func loginSessionsOf(rows []loginSessionRow) []LoginSession {
	sessions := make([]LoginSession, len(rows))
	for i, r := range rows {
		sessions[i] = r.session()
	}
	return sessions
}

// LoginSessionFilter says which live sessions to list; what is zero does not matter.
type LoginSessionFilter struct {
	SessionID string
	UserID    string
	Address   string // from where it was used last
}

// PageOfLoginSessions reads the live sessions of all users, newest first.
func (s *loginSessionStore) PageOfLoginSessions(
	ctx context.Context, f LoginSessionFilter, p Page,
) ([]LoginSession, Total, error) {
	key := []string{"created_at", "session_id"}
	l := listing{parts: []part{{query: selectLoginSession, table: "login_sessions", key: key, order: key}},
		descending: true}
	l.condition("revoked_at = 0") // as the index says
	l.where("expires_at > %s", s.nowSeconds())
	l.equal("session_id", f.SessionID)
	l.equal("user_id", f.UserID)
	l.equal("address", f.Address)
	var rows []loginSessionRow
	total, err := l.read(ctx, s.database, &rows, p)
	return loginSessionsOf(rows), total, err
}
