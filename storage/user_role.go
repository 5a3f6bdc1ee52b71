package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// UserRole is a role that a user holds for one client, or everywhere where ClientID is "".
type UserRole struct {
	RoleID   string `db:"role_id"`
	RoleName string `db:"role_name"`
	ClientID string `db:"client_id"`
}

// GrantRole gives a user a role for a client, or everywhere where clientID is "". Giving it again changes nothing.
// ErrNotFound: no such user, role or client.
func (s *roleStore) GrantRole(ctx context.Context, userID, roleID, clientID string) error {
	userID, roleID, clientID, err := userRoleKey(userID, roleID, clientID)
	if err != nil {
		return err
	}
	ctx = changingRole(ctx, EventRoleGranted, userID, roleID, clientID)
	query, args := insertHeldRole(s.NewID(), userID, roleID, clientID, s.nowSeconds())
	_, err = s.exec(ctx, query+` ON CONFLICT DO NOTHING`, args...)
	return unknownReference(err)
}

// CreateHeldRole does what GrantRole does under an id of the caller's choice, once. ErrConflict: the user holds the
// role there already.
func (s *roleStore) CreateHeldRole(ctx context.Context, id, userID, roleID, clientID string) error {
	userID, roleID, clientID, err := userRoleKey(userID, roleID, clientID)
	if err != nil {
		return err
	}
	ctx = changingRole(ctx, EventRoleGranted, userID, roleID, clientID)
	// In a transaction, which is never sent twice: a lost answer is no conflict with itself.
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		query, args := insertHeldRole(id, userID, roleID, clientID, s.nowSeconds())
		return write(ctx, tx, query, args...)
	}))
}

func insertHeldRole(id, userID, roleID, clientID string, now int64) (query string, args []any) {
	if clientID == "" {
		return `INSERT INTO global_user_roles (id, user_id, role_id, created_at) VALUES ($1, $2, $3, $4)`,
			[]any{id, userID, roleID, now}
	}
	return `INSERT INTO user_roles (id, user_id, role_id, client_id, created_at) VALUES ($1, $2, $3, $4, $5)`,
		[]any{id, userID, roleID, clientID, now}
}

// RevokeRole takes a role from a user, for a client, or everywhere where clientID is "". ErrNotFound: not held there.
func (s *roleStore) RevokeRole(ctx context.Context, userID, roleID, clientID string) error {
	userID, roleID, clientID, err := userRoleKey(userID, roleID, clientID)
	if err != nil {
		return err
	}
	ctx = changingRole(ctx, EventRoleRevoked, userID, roleID, clientID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if clientID == "" {
			err = writeRow(ctx, tx, `DELETE FROM global_user_roles WHERE user_id = $1 AND role_id = $2`, userID, roleID)
		} else {
			err = writeRow(ctx, tx, `DELETE FROM user_roles WHERE user_id = $1 AND role_id = $2 AND client_id = $3`,
				userID, roleID, clientID)
		}
		if err != nil {
			return err
		}
		return s.endTokensOfRole(ctx, tx, userID, roleID, clientID)
	})
}

// narrowedByRefresh holds for the tokens of clients that get less at a refresh when a role was lost.
const narrowedByRefresh = `client_id NOT IN (
    SELECT client_id FROM client_policies WHERE refresh_scope = '` + RefreshScopeApproval + `')`

// endTokensOfRole ends the opaque access tokens of a user that have a scope of a role which the user has just lost, so
// that the next refresh or sign-in gives what is left. Those of a client whose refresh_scope is approval stay: a
// refresh would give them again.
func (s *roleStore) endTokensOfRole(ctx context.Context, tx *sqlx.Tx, userID, roleID, clientID string) error {
	var lost string
	if err := tx.GetContext(ctx, &lost, `SELECT scope FROM roles WHERE id = $1`, roleID); err != nil {
		return err
	}
	var tokens []struct {
		ID    []byte `db:"id"`
		Scope string `db:"scope"`
	}
	err := tx.SelectContext(ctx, &tokens, `
SELECT id, scope FROM access_tokens
WHERE user_id = $1 AND expires_at > $2 AND kind = '`+KindAccessToken+`' AND ($3 = '' OR client_id = $3)
AND `+narrowedByRefresh,
		userID, s.nowSeconds(), clientID)
	if err != nil {
		return err
	}
	names := SplitScope(lost)
	for _, token := range tokens {
		if !slices.ContainsFunc(SplitScope(token.Scope), func(name string) bool { return slices.Contains(names, name) }) {
			continue
		}
		if err := write(ctx, tx, `UPDATE access_tokens SET expires_at = $2 WHERE id = $1`, token.ID,
			s.nowSeconds()); err != nil {
			return err
		}
	}
	return nil
}

// endTokensOfHolders is endTokensOfRole for everybody who has a role, before it loses all of its scopes but kept.
func (s *roleStore) endTokensOfHolders(ctx context.Context, tx *sqlx.Tx, roleID string, kept []string) error {
	var before string
	err := tx.GetContext(ctx, &before, `SELECT scope FROM roles WHERE id = $1`, roleID)
	if err != nil {
		return err
	}
	args := []any{roleID, s.nowSeconds()}
	var lost []string
	for _, name := range SplitScope(before) {
		if !slices.Contains(kept, name) {
			args = append(args, scopePattern(name))
			lost = append(lost, hasScope(fmt.Sprintf("$%d", len(args))))
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return write(ctx, tx, `
UPDATE access_tokens SET expires_at = $2
WHERE user_id IN (SELECT user_id FROM user_roles WHERE role_id = $1
                  UNION SELECT user_id FROM global_user_roles WHERE role_id = $1)
AND expires_at > $2 AND kind = '`+KindAccessToken+`' AND (`+strings.Join(lost, " OR ")+`)
AND `+narrowedByRefresh, args...)
}

// changingRole is changing for a role that a user holds for a client, or everywhere where clientID is "".
func changingRole(ctx context.Context, kind, userID, roleID, clientID string) context.Context {
	if clientID == "" {
		return changing(ctx, kind, globalRoleSubject, userID, roleID)
	}
	return changing(ctx, kind, heldRoleSubject, userID, roleID, clientID)
}

func userRoleKey(userID, roleID, clientID string) (user, role, client string, err error) {
	if user, err = uuidKey(userID); err != nil {
		return "", "", "", err
	}
	if role, err = uuidKey(roleID); err != nil {
		return "", "", "", err
	}
	client, err = clientKey(clientID)
	return user, role, client, err
}

// ListUserRoles reads a user's roles in the order of names, the ones held everywhere first.
func (s *roleStore) ListUserRoles(ctx context.Context, userID string) ([]UserRole, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var roles []UserRole
	err = s.selectAll(ctx, &roles, `
SELECT r.id AS role_id, r.name AS role_name, u.client_id AS client_id
FROM user_roles u JOIN roles r ON r.id = u.role_id WHERE u.user_id = $1
UNION ALL
SELECT r.id, r.name, '' FROM global_user_roles u JOIN roles r ON r.id = u.role_id WHERE u.user_id = $1
ORDER BY role_name, client_id`, userID)
	return roles, err
}
