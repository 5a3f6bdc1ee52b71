package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
)

// subject is what a change is about: a query for the one row that shows it. The columns are named one by one, so that
// none of them is a secret, a password or a hash.
type subject struct {
	query string
	// idIs says whose id the column id is: a user's, a client's, or that of something else.
	idIs idOwner
}

type idOwner int

const (
	idOfItself idOwner = iota
	idOfUser
	idOfClient
)

var (
	userSubject = subject{query: `
SELECT id, email, password_set_at, tax_id, person_id, profile, settings, private_settings, is_blocked, block_reason
FROM users WHERE id = $1`, idIs: idOfUser}
	clientSubject = subject{query: `
SELECT c.id, c.name, c.client_type_id, c.owner_id, c.scope, c.policy, c.metadata, c.settings, c.private_settings,
       c.is_blocked, c.block_reason, (SELECT count(*) FROM connections n WHERE n.client_id = c.id) AS connections
FROM clients c WHERE c.id = $1`, idIs: idOfClient}
	clientHostSubject = subject{query: `SELECT host, reason FROM blocked_client_hosts WHERE host = $1`}
	connectionSubject = subject{query: `
SELECT c.id, c.client_id, c.consumer_id, c.redirect_uris, c.redirect_match, c.require_scope, c.refresh_bound_to,
       (SELECT count(*) FROM connection_secrets k WHERE k.connection_id = c.id) AS secrets_stored,
       (SELECT max(k.created_at) FROM connection_secrets k WHERE k.connection_id = c.id) AS secret_set_at
FROM connections c WHERE c.id = $1`}
	roleSubject       = subject{query: `SELECT id, name, scope FROM roles WHERE id = $1`}
	clientTypeSubject = subject{query: `SELECT id, name, scope FROM client_types WHERE id = $1`}
	scopeSubject      = subject{query: `
SELECT name, title_uk, title_en, governed_by, login_form, assurance FROM scopes WHERE name = $1`}
	resourceSubject = subject{query: `
SELECT identifier AS name, title_uk, title_en, scope, is_open, client_id, access_token_format, access_lifetime
FROM resources WHERE identifier = $1`}
	detailTypeSubject = subject{query: `
SELECT type AS name, title_uk, title_en, is_open, without_user, fields
FROM authorization_details_types WHERE type = $1`}
	factorSubject = subject{query: `
SELECT id, user_id, type, factor, is_active FROM authentication_factors WHERE id = $1`}
	passkeySubject = subject{query: `
SELECT id, user_id, name, aaguid, is_backup_eligible FROM passkeys WHERE id = $1`}
	authenticatorSubject = subject{query: `
SELECT id, user_id, '` + FactorTOTP + `' AS type, name, is_active FROM authenticators WHERE id = $1`}
	recoveryCodesSubject = subject{query: `
SELECT u.id, (SELECT count(*) FROM recovery_codes r WHERE r.user_id = u.id AND r.used_at = 0) AS recovery_codes
FROM users u WHERE u.id = $1`, idIs: idOfUser}
	approvalSubject = subject{query: `SELECT id, user_id, client_id, scope, claims FROM approvals WHERE id = $1`}
	heldRoleSubject = subject{query: `
SELECT u.id, u.user_id, u.client_id, r.id AS role_id, r.name AS role_name FROM user_roles u
JOIN roles r ON r.id = u.role_id
WHERE u.user_id = $1 AND u.role_id = $2 AND u.client_id = $3`}
	globalRoleSubject = subject{query: `
SELECT u.id, u.user_id, r.id AS role_id, r.name AS role_name FROM global_user_roles u JOIN roles r ON r.id = u.role_id
WHERE u.user_id = $1 AND u.role_id = $2`}
	initialAccessTokenSubject = subject{query: `
SELECT id, name, remaining, expires_at FROM initial_access_tokens WHERE id = $1`}
	invitationSubject = subject{query: `
SELECT id, email, client_id, role_ids, inviter, state, user_id, expires_at FROM invitations WHERE id = $1`}
	signingKeySubject = subject{query: `
SELECT id, algorithm, activates_at, retires_at, expires_at FROM signing_keys WHERE id = $1`}
	sessionsSubject = subject{query: `
SELECT count(*) AS sessions FROM login_sessions WHERE user_id = $1 AND revoked_at = 0`}
	sessionSubject = subject{query: `
SELECT session_id, user_id, revoked_at FROM login_sessions WHERE user_id = $1 AND session_id = $2`}
	issuedToClientSubject = subject{query: `SELECT count(*) AS grants FROM ` + liveGrantsOfClient}
	issuedToUserSubject   = subject{query: `SELECT count(*) AS grants FROM grants WHERE user_id = $1 AND revoked_at = 0`}
	issuedSubject         = subject{query: `
SELECT kind, id, client_id, user_id FROM (
SELECT kind, access_token_id AS id, client_id, user_id FROM access_tokens WHERE access_token_id = $1
UNION ALL SELECT '` + KindAuthorizationCode + `', code_id, client_id, user_id FROM codes WHERE code_id = $1
UNION ALL SELECT '` + KindRefreshToken + `', refresh_token_id, client_id, user_id FROM grants
WHERE refresh_token_id = $1
) AS one LIMIT 1`}
)

// documents are the columns that hold JSON: their members are compared one by one.
var documents = map[string]bool{
	"profile": true, "settings": true, "private_settings": true, "policy": true, "metadata": true, "redirect_uris": true,
	"fields": true,
}

// snapshot reads the row; nil where there is none.
func (of subject) snapshot(ctx context.Context, tx *sqlx.Tx, args []any) (map[string]any, error) {
	row := map[string]any{}
	err := tx.QueryRowxContext(ctx, of.query, args...).MapScan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for name, value := range row {
		if content, isBytes := value.([]byte); isBytes {
			value = string(content)
		}
		if content, isText := value.(string); isText && documents[name] {
			value = readDocument(content)
		}
		if number, isNumber := value.(int64); isNumber && (strings.HasPrefix(name, "is_") || name == "require_scope") {
			value = number != 0 // SQLite has no booleans
		}
		row[name] = value
	}
	return row, nil
}

func readDocument(content string) any {
	var value any
	if json.Unmarshal([]byte(content), &value) != nil {
		return content
	}
	return value
}

// describe says whom an event is about: by its columns where they are ids, else among its details.
func describe(e *Event, of subject, before, after map[string]any) {
	content := func(name string) string {
		for _, row := range []map[string]any{after, before} {
			if value, there := row[name]; there && value != nil {
				return fmt.Sprint(value)
			}
		}
		return ""
	}
	if e.UserID == "" {
		e.UserID = content("user_id")
	}
	if e.ClientID == "" {
		e.ClientID = content("client_id")
	}
	details := map[string]string{}
	switch of.idIs {
	case idOfUser:
		e.UserID = content("id")
	case idOfClient:
		e.ClientID = content("id")
	case idOfItself:
		for _, name := range []string{"id", "name", "session_id", "role_name", "kind"} {
			details[name] = content(name)
		}
	}
	for name, value := range details {
		if value == "" {
			continue
		}
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details[name] = value
	}
}

// longestShown bounds a text of what was before and after, in bytes, and mostShown the whole of each.
const (
	longestShown = 2048
	mostShown    = 32 << 10
)

// differences are the columns that differ, as they were before and after. Of a row that was made or deleted it is all.
func differences(before, after map[string]any) (old, new json.RawMessage) {
	switch {
	case before == nil && after == nil:
		return nil, nil
	case before == nil:
		return nil, shown(after)
	case after == nil:
		return shown(before), nil
	}
	was, is := map[string]any{}, map[string]any{}
	compare(before, after, was, is)
	if len(was) == 0 && len(is) == 0 {
		return nil, nil
	}
	return shown(was), shown(is)
}

// compare fills was and is with the members that differ.
func compare(before, after, was, is map[string]any) {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for name := range names {
		a, hadIt := before[name]
		b, hasIt := after[name]
		if hadIt && hasIt && reflect.DeepEqual(a, b) {
			continue
		}
		oldMembers, aIsObject := a.(map[string]any)
		newMembers, bIsObject := b.(map[string]any)
		if aIsObject && bIsObject {
			wasMembers, isMembers := map[string]any{}, map[string]any{}
			compare(oldMembers, newMembers, wasMembers, isMembers)
			was[name], is[name] = wasMembers, isMembers
			continue
		}
		if hadIt {
			was[name] = a
		}
		if hasIt {
			is[name] = b
		}
	}
}

// shown is a row as JSON, within bounds.
func shown(row map[string]any) json.RawMessage {
	encoded, err := json.Marshal(bounded("", row))
	if err != nil {
		panic(fmt.Sprintf("storage: event: %v", err)) // what a database holds always marshals
	}
	if len(encoded) > mostShown {
		return json.RawMessage(`{"too_long":true}`)
	}
	return encoded
}

// hushed are names of members whose values open something: documents have members of anybody's choosing. The policy
// access_token, whose values are the two forms of a token, has such a name too.
var hushed = regexp.MustCompile(`(?i)(^|_)(password|secret|token|private_key|api_?key|seed)$`)

func bounded(name string, value any) any {
	switch v := value.(type) {
	case string:
		if hushed.MatchString(name) && v != "" && v != AccessTokenJWT && v != AccessTokenOpaque {
			return "(not shown)"
		}
		return boundedText(v)
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, member := range v {
			members[name] = bounded(name, member)
		}
		return members
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = bounded(name, element)
		}
		return list
	}
	return value
}

func boundedText(value string) string {
	if len(value) <= longestShown {
		return strings.ToValidUTF8(value, "")
	}
	end := longestShown
	for end > 0 && !utf8.RuneStart(value[end]) {
		end--
	}
	return strings.ToValidUTF8(value[:end], "") + "…"
}
