package storage

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// contains is a LIKE pattern for a part of a text, in which nothing but the text itself matches.
func contains(part string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(part) + "%"
}

// LikePart says whether a text has a part, in any case of letters, as ILIKE '%part%' of PostgreSQL does: % in the part
// stands for any text, and _ for any character.
func LikePart(part string) func(text string) bool {
	wildcards := strings.NewReplacer("%", ".*", "_", ".")
	pattern := regexp.MustCompile("(?is)" + wildcards.Replace(regexp.QuoteMeta(part)))
	return pattern.MatchString
}

// hasScope is the condition that the column scope of a row has a scope; the argument is the scopePattern of it.
func hasScope(argument string) string { return `' ' || scope || ' ' LIKE ` + argument + ` ESCAPE '\'` }

func scopePattern(name string) string { return contains(" " + name + " ") }

// ClientFilter says which clients to list; what is zero does not matter.
type ClientFilter struct {
	Name    string // a part of it, in any case of letters
	Like    string // likewise, but % stands for any text in it and _ for any character
	TypeID  string
	OwnerID string
	IDs     []string
	// IsBlocked asks for those that are blocked, or for the others.
	IsBlocked *bool
	// ByID sorts them by their ids; AfterID asks for those behind one.
	ByID    bool
	AfterID string
}

// PageOfClients reads clients in the order of their making, or that of ids, without connections.
func (s *clientStore) PageOfClients(ctx context.Context, f ClientFilter, p Page) ([]Client, Total, error) {
	key := []string{"c.position", "c.id"}
	if f.ByID {
		key = key[1:]
	}
	l := listing{parts: []part{{query: selectClient, table: "clients c", key: key, order: key}}}
	for _, named := range []struct{ part, pattern string }{
		{f.Name, contains(foldName(f.Name))}, {f.Like, "%" + foldName(f.Like) + "%"},
	} {
		if named.part == "" {
			continue
		}
		// Where the column can't be filled, the database's own idea of case has to do.
		_ = s.foldNames(ctx)
		l.where(`(c.name_folded LIKE %[1]s ESCAPE '\' OR lower(c.name) LIKE %[1]s ESCAPE '\')`, named.pattern)
	}
	l.equal("c.client_type_id", f.TypeID)
	l.equal("c.owner_id", f.OwnerID)
	l.among("c.id", f.IDs)
	l.boolean("c.is_blocked", f.IsBlocked)
	l.behindValue("c.id", f.AfterID)
	var rows []clientRow
	total, err := l.read(ctx, s.database, &rows, p)
	if err != nil {
		return nil, Total{}, err
	}
	clients := make([]Client, len(rows))
	for i, r := range rows {
		c, err := r.client()
		if err != nil {
			return nil, Total{}, err
		}
		clients[i] = *c
	}
	return clients, total, nil
}

// UserFilter says which users to list; what is zero does not matter.
type UserFilter struct {
	Email string
	// EmailPart is a part of the address, in any case of letters.
	EmailPart string
	TaxID     string
	// RoleID is of a role that they hold for any client, or everywhere.
	RoleID string
	// HasFactor asks for those who have an active second factor, or for the others.
	HasFactor *bool
	IDs       []string
	// IsBlocked asks for those who are blocked, or for the others.
	IsBlocked *bool
	// ByEmail sorts them by their addresses; AfterEmail asks for those behind one.
	ByEmail    bool
	AfterEmail string
}

// PageOfUsers reads users in the order of their making, or that of addresses.
func (s *userStore) PageOfUsers(ctx context.Context, f UserFilter, p Page) ([]User, Total, error) {
	key := []string{"position", "id"}
	if f.ByEmail {
		key[0] = "email"
	}
	l := listing{parts: []part{{query: selectUser, table: "users", key: key, order: key}}}
	if f.Email != "" {
		l.among("email", emailForms(f.Email))
	}
	if f.EmailPart != "" {
		l.where(`email LIKE %s ESCAPE '\'`, contains(strings.ToLower(f.EmailPart)))
	}
	l.equal("tax_id", f.TaxID)
	l.among("id", f.IDs)
	l.boolean("is_blocked", f.IsBlocked)
	l.behindValue("email", strings.ToLower(strings.TrimSpace(f.AfterEmail)))
	if f.RoleID != "" {
		l.where(isAmong(true, `SELECT user_id FROM user_roles WHERE role_id = %[1]s
UNION ALL SELECT user_id FROM global_user_roles WHERE role_id = %[1]s`), f.RoleID)
	}
	if f.HasFactor != nil {
		l.condition(isAmong(*f.HasFactor, `SELECT user_id FROM authentication_factors WHERE is_active
UNION ALL SELECT user_id FROM authenticators WHERE is_active UNION ALL SELECT user_id FROM passkeys`))
	}
	var rows []userRow
	total, err := l.read(ctx, s.database, &rows, p)
	users := make([]User, len(rows))
	for i, r := range rows {
		users[i] = r.user()
	}
	return users, total, err
}

// isAmong is the condition that a user is one of those that a query finds, or is none of them. It compares the answer
// with a truth value so that PostgreSQL keeps what the query finds in a hash, and looks users up in it along the order
// of the list. By itself the condition becomes a join, and all that match are sorted for one page.
func isAmong(is bool, query string) string {
	return fmt.Sprintf("(id IN (%s)) = %s", query, strings.ToUpper(strconv.FormatBool(is)))
}

// HeldRoleFilter says whose roles to list; what is zero does not matter.
type HeldRoleFilter struct {
	ID       string
	UserIDs  []string
	RoleID   string
	ClientID string
}

// HeldRole is a role that a user holds for a client, or everywhere where ClientID is "", with what both are called.
type HeldRole struct {
	ID         string    `db:"id"`
	UserID     string    `db:"user_id"`
	RoleID     string    `db:"role_id"`
	RoleName   string    `db:"role_name"`
	Scope      string    `db:"scope"` // of the role
	ClientID   string    `db:"client_id"`
	ClientName string    `db:"client_name"`
	CreatedAt  time.Time `db:"-"` // zero where that is not known
}

type heldRoleRow struct {
	HeldRole
	CreatedAt seconds `db:"created_at"`
}

func (r heldRoleRow) role() HeldRole {
	h := r.HeldRole
	h.CreatedAt = r.CreatedAt.time()
	return h
}

// PageOfHeldRoles reads who has which roles, for clients or everywhere, in the order of users.
func (s *roleStore) PageOfHeldRoles(
	ctx context.Context, everywhere bool, f HeldRoleFilter, p Page,
) ([]HeldRole, Total, error) {
	key := []string{"u.user_id", "u.id"}
	roles := part{query: `
SELECT u.id, u.user_id, u.role_id, r.name AS role_name, r.scope, u.client_id, c.name AS client_name, u.created_at
FROM user_roles u JOIN roles r ON r.id = u.role_id JOIN clients c ON c.id = u.client_id`,
		table: "user_roles u", key: key, order: key}
	if everywhere {
		roles.query, roles.table = `
SELECT u.id, u.user_id, u.role_id, r.name AS role_name, r.scope, '' AS client_id, '' AS client_name, u.created_at
FROM global_user_roles u JOIN roles r ON r.id = u.role_id`, "global_user_roles u"
		f.ClientID = ""
	}
	l := listing{parts: []part{roles}}
	l.equal("u.id", f.ID)
	l.equal("u.role_id", f.RoleID)
	l.equal("u.client_id", f.ClientID)
	l.among("u.user_id", f.UserIDs)
	var rows []heldRoleRow
	total, err := l.read(ctx, s.database, &rows, p)
	held := make([]HeldRole, len(rows))
	for i, r := range rows {
		held[i] = r.role()
	}
	return held, total, err
}

// ApprovalFilter says which approvals to list; what is zero does not matter.
type ApprovalFilter struct {
	IDs     []string
	UserIDs []string
	// Clients of one of these ids, or whose name begins with one of these texts, in any case of letters; % stands for any
	// text in them and _ for any character.
	ClientIDs   []string
	ClientNames []string
}

// PageOfApprovals reads what users let clients have: the oldest first for a filter of users, else in the order of ids.
func (s *approvalStore) PageOfApprovals(ctx context.Context, f ApprovalFilter, p Page) ([]Approval, Total, error) {
	key := []string{"id"}
	if len(f.UserIDs) > 0 { // a user has few
		key = []string{"position", "id"}
	}
	l := listing{parts: []part{{query: selectApproval, table: "approvals", key: key, order: key}}}
	l.among("id", f.IDs)
	l.among("user_id", f.UserIDs)
	l.ofClients(f)
	var rows []approvalRow
	total, err := l.read(ctx, s.database, &rows, p)
	approvals := make([]Approval, len(rows))
	for i, r := range rows {
		approvals[i] = r.approval()
	}
	return approvals, total, err
}

// ofClients adds the condition on the clients of approvals.
func (l *listing) ofClients(f ApprovalFilter) {
	if len(f.ClientNames) == 0 {
		l.split("client_id", f.ClientIDs)
		return
	}
	var either []string
	if len(f.ClientIDs) > 0 {
		either = append(either, "client_id IN ("+l.arguments(f.ClientIDs)+")")
	}
	for _, name := range f.ClientNames {
		pattern := l.argument(foldName(name) + "%")
		either = append(either, fmt.Sprintf(`EXISTS (SELECT 1 FROM clients c WHERE c.id = approvals.client_id
AND (c.name_folded LIKE %[1]s ESCAPE '\' OR lower(c.name) LIKE %[1]s ESCAPE '\'))`, pattern))
	}
	l.condition("(" + strings.Join(either, " OR ") + ")")
}
