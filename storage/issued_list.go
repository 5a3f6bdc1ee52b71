package storage

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// IssuedToken is a row of a token of any kind, as an administrator sees it: without its value, which is not known.
type IssuedToken struct {
	ID          string
	Kind        string
	ClientID    string
	UserID      string
	Scope       string
	RedirectURI string // of a code
	Session     *Session
	ExpiresAt   time.Time // zero where it was revoked
}

// IssuedFilter says which tokens to list; what is zero does not matter.
type IssuedFilter struct {
	ID       string
	Kinds    []string // any of them
	ClientID string
	UserIDs  []string
	Hash     []byte // of the value
	// OldestFirst lists those first that expire first, as the eHealth API does; of those that expire at once, by id.
	OldestFirst bool
}

type issuedRow struct {
	SortAt      int64          `db:"sort_at"`
	ID          string         `db:"id"`
	Kind        string         `db:"kind"`
	ClientID    string         `db:"client_id"`
	UserID      sql.NullString `db:"user_id"`
	Scope       string         `db:"scope"`
	RedirectURI string         `db:"redirect_uri"`
	Session     string         `db:"session"`
	ExpiresAt   seconds        `db:"expires_at"`
}

// issuedTable is a table of tokens.
type issuedTable struct {
	part
	kind string // of its rows; empty where a column says so
	hash string // the column with the hash of the token
}

// issuedTables have their newest rows first: those that expire last.
var issuedTables = []issuedTable{
	{kind: KindAuthorizationCode, hash: "id", part: part{
		query: `SELECT expires_at AS sort_at, code_id AS id, 'authorization_code' AS kind, client_id, user_id, scope,
		redirect_uri,
       session, CASE WHEN revoked_at > 0 THEN 0 ELSE expires_at END AS expires_at FROM codes`,
		table: "codes", key: []string{"expires_at", "code_id"},
	}},
	{kind: KindRefreshToken, hash: "refresh_hash", part: part{
		query: `SELECT expires_at AS sort_at, refresh_token_id AS id, 'refresh_token' AS kind, client_id, user_id,
		'' AS scope,
       '' AS redirect_uri, session, CASE WHEN revoked_at > 0 THEN 0 ELSE refresh_expires_at END AS expires_at
       FROM grants`,
		table: "grants", key: []string{"expires_at", "refresh_token_id"},
	}},
	{hash: "id", part: part{
		query: `SELECT expires_at AS sort_at, access_token_id AS id, kind, client_id, user_id, scope, '' AS redirect_uri,
       session, expires_at FROM access_tokens`,
		table: "access_tokens", key: []string{"expires_at", "access_token_id"},
	}},
}

// grantHasRefreshToken and anyRefreshTokenID are refresh_token_id IS NOT NULL, as an index has it: that of a client's
// grants, and that of all ids, in which SQLite looks up a range but not what is not null. The first is for what has no
// more conditions than the client: SQLite would take its index before that of a user.
const (
	grantHasRefreshToken   = `CASE WHEN refresh_token_id IS NULL THEN 1 ELSE 0 END = 0`
	grantHasNoRefreshToken = `CASE WHEN refresh_token_id IS NULL THEN 1 ELSE 0 END = 1`
	anyRefreshTokenID      = `refresh_token_id >= '00000000-0000-0000-0000-000000000000'`
)

// issuedKinds are the kinds of tokens that have rows.
var issuedKinds = []string{
	KindAuthorizationCode, KindRefreshToken, KindAccessToken, KindTwoFactor, KindChangePasswordToken,
}

// otherKinds finds the kinds of tokens that administrators thought of. It is three ranges of the index of rare kinds.
const otherKinds = `
SELECT DISTINCT kind FROM access_tokens WHERE kind <> '` + KindAccessToken + `' AND (
    kind < '` + KindTwoFactor + `'
    OR kind > '` + KindTwoFactor + `' AND kind < '` + KindChangePasswordToken + `'
    OR kind > '` + KindChangePasswordToken + `')`

// KindsLike are the kinds of tokens whose names have that part, see LikePart; none for "". Where no name has it, the
// part is the only one, of which there are no tokens.
func (s *tokenStore) KindsLike(ctx context.Context, part string) ([]string, error) {
	if part == "" {
		return nil, nil
	}
	var others []string
	if err := s.selectAll(ctx, &others, otherKinds); err != nil {
		return nil, err
	}
	hasPart := LikePart(part)
	kinds := slices.DeleteFunc(slices.Concat(issuedKinds, others), func(kind string) bool { return !hasPart(kind) })
	if len(kinds) == 0 {
		return []string{part}, nil
	}
	return kinds, nil
}

// kindsIn are the kinds of the filter that a table has rows of; all says that every row will do.
func (f IssuedFilter) kindsIn(t issuedTable) (kinds []string, all bool) {
	if len(f.Kinds) == 0 || t.kind != "" && slices.Contains(f.Kinds, t.kind) {
		return nil, true
	}
	if t.kind != "" {
		return nil, false
	}
	return slices.DeleteFunc(slices.Clone(f.Kinds), func(kind string) bool {
		return slices.ContainsFunc(issuedTables, func(t issuedTable) bool { return t.kind == kind })
	}), false
}

// issuedListing chooses the tables and rows that a filter means.
func issuedListing(f IssuedFilter) listing {
	l := listing{descending: !f.OldestFirst, indexed: f.ID == "" && len(f.UserIDs) == 0 && f.Hash == nil}
	for _, t := range issuedTables {
		kinds, all := f.kindsIn(t)
		if all {
			kinds = []string{""}
		}
		for _, kind := range kinds { // each is a part, which an index has in order
			l.add(f, t, kind)
		}
	}
	if len(l.parts) == 0 { // a kind of which there is nothing
		l.add(f, issuedTables[len(issuedTables)-1], f.Kinds[0])
	}
	return l
}

// add adds the rows of a table that the filter means, of one kind or, where that is "", of all that the table has.
func (l *listing) add(f IssuedFilter, t issuedTable, kind string) {
	rows := listing{parts: []part{t.part}, args: l.args}
	rows.parts[0].order = []string{"sort_at", "id"}
	switch {
	case t.kind != KindRefreshToken:
	case f.ClientID != "" && l.indexed:
		rows.condition(grantHasRefreshToken)
	default:
		rows.condition(anyRefreshTokenID)
	}
	switch kind {
	case "":
	case KindAccessToken:
		// By "kind =" SQLite expects few rows, and sorts them all for a first page, where nearly every row is of this kind.
		rows.condition("NOT kind <> '" + KindAccessToken + "'")
	default:
		rows.equal("kind", kind)
		rows.condition("kind <> '" + KindAccessToken + "'") // as the index of the rare kinds says
	}
	rows.equal(t.key[1], f.ID)
	rows.equal("client_id", f.ClientID)
	rows.among("user_id", f.UserIDs)
	if f.Hash != nil {
		rows.where(t.hash+" = %s", f.Hash)
	}
	l.parts, l.args = append(l.parts, rows.parts...), rows.args
}

// PageOfIssued reads tokens of every kind. A JWT leaves no row.
func (s *tokenStore) PageOfIssued(ctx context.Context, f IssuedFilter, p Page) ([]IssuedToken, Total, error) {
	var rows []issuedRow
	total, err := issuedListing(f).read(ctx, s.database, &rows, p)
	if err != nil {
		return nil, Total{}, err
	}
	tokens := make([]IssuedToken, len(rows))
	for i, r := range rows {
		session, err := decodeSession(r.Session)
		if err != nil {
			return nil, Total{}, err
		}
		tokens[i] = IssuedToken{
			ID: r.ID, Kind: r.Kind, ClientID: r.ClientID, UserID: r.UserID.String, Scope: r.Scope, RedirectURI: r.RedirectURI,
			Session: session, ExpiresAt: r.ExpiresAt.time(),
		}
	}
	return tokens, total, nil
}

// DeleteIssued deletes one token by its id. Of a refresh token the grant stays, without it, for the access tokens that
// hang on it. ErrNotFound: there is none.
func (s *tokenStore) DeleteIssued(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventTokenDeleted, issuedSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		for _, query := range []string{
			`DELETE FROM access_tokens WHERE access_token_id = $1`,
			`DELETE FROM codes WHERE code_id = $1`,
			`UPDATE grants SET refresh_token_id = NULL, refresh_hash = NULL, previous_refresh_hash = NULL, refresh_expires_at = 0
WHERE refresh_token_id = $1`,
		} {
			n, err := affected(tx.ExecContext(ctx, query, id))
			if err != nil || n > 0 {
				return err
			}
		}
		return ErrNotFound
	})
}

// DeleteIssuedOf deletes what was issued for a user, to one client or, where clientID is "", to all.
func (s *tokenStore) DeleteIssuedOf(ctx context.Context, userID, clientID string) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	ctx = changingBy(ctx, Event{Kind: EventTokensDeleted, UserID: userID, ClientID: clientID}, issuedToUserSubject, userID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if clientID == "" {
			return deleteTokensOf(ctx, tx, ofUser, userID)
		}
		return deleteTokensOf(ctx, tx, ofUserAndClient, userID, clientID)
	})
}
