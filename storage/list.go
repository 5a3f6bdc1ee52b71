package storage

import (
	"context"
	"fmt"
	"strings"
)

// Page is which part of a list is asked for: the number counts from 1.
type Page struct{ Number, Size int }

// matches are the conditions of a list and their arguments.
type matches struct {
	conditions []string
	args       []any
}

// where adds a condition with one %s for its argument.
func (m *matches) where(condition string, argument any) {
	m.args = append(m.args, argument)
	m.conditions = append(m.conditions, fmt.Sprintf(condition, fmt.Sprintf("$%d", len(m.args))))
}

// equal adds a condition where the value is not empty.
func (m *matches) equal(column, value string) {
	if value != "" {
		m.where(column+" = %s", value)
	}
}

// among adds a condition where there are values; they are bounded by the caller.
func (m *matches) among(column string, values []string) {
	if len(values) == 0 {
		return
	}
	list := make([]string, len(values))
	for i, value := range values {
		m.args = append(m.args, value)
		list[i] = fmt.Sprintf("$%d", len(m.args))
	}
	m.conditions = append(m.conditions, column+" IN ("+strings.Join(list, ", ")+")")
}

// list reads a page of rows into to and counts them all. Not prepared: the texts differ with the conditions, and an
// administrator asks seldom. query is a SELECT without WHERE.
func (s *Store) list(ctx context.Context, to any, query string, m matches, order string, p Page) (total int64, err error) {
	if len(m.conditions) > 0 {
		query += " WHERE " + strings.Join(m.conditions, " AND ")
	}
	size := pageSize(p.Size)
	offset := int64(max(p.Number, 1)-1) * int64(size)
	err = sent(ctx, func() error {
		if err := s.reader.GetContext(ctx, &total, `SELECT count(*) FROM (`+query+`) AS counted`, m.args...); err != nil {
			return err
		}
		return s.reader.SelectContext(ctx, to, fmt.Sprintf("%s ORDER BY %s LIMIT %d OFFSET %d", query, order, size, offset), m.args...)
	})
	return total, classify(err)
}

// contains is a LIKE pattern for a part of a text, in which nothing but the text itself matches.
func contains(part string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(part)) + "%"
}

// ClientFilter says which clients to list; what is zero does not matter.
type ClientFilter struct {
	Name    string // a part of it, in any case of letters
	TypeID  string
	OwnerID string
	IDs     []string
}

// PageOfClients reads clients in the order of their ids, without connections.
func (s *Store) PageOfClients(ctx context.Context, f ClientFilter, p Page) ([]Client, int64, error) {
	var m matches
	if f.Name != "" {
		m.where(`lower(c.name) LIKE %s ESCAPE '\'`, contains(f.Name))
	}
	m.equal("c.client_type_id", f.TypeID)
	m.equal("c.owner_id", f.OwnerID)
	m.among("c.id", f.IDs)
	var rows []clientRow
	total, err := s.list(ctx, &rows, selectClient, m, "c.id", p)
	if err != nil {
		return nil, 0, err
	}
	clients := make([]Client, len(rows))
	for i, r := range rows {
		c, err := r.client()
		if err != nil {
			return nil, 0, err
		}
		clients[i] = *c
	}
	return clients, total, nil
}

// UserFilter says which users to list; what is zero does not matter.
type UserFilter struct {
	Email string
	TaxID string
	IDs   []string
}

// PageOfUsers reads users in the order of their ids.
func (s *Store) PageOfUsers(ctx context.Context, f UserFilter, p Page) ([]User, int64, error) {
	var m matches
	m.equal("email", canonicalEmail(f.Email))
	m.equal("tax_id", f.TaxID)
	m.among("id", f.IDs)
	var rows []userRow
	total, err := s.list(ctx, &rows, selectUser, m, "id", p)
	users := make([]User, len(rows))
	for i, r := range rows {
		users[i] = r.user()
	}
	return users, total, err
}

// HeldRoleFilter says whose roles to list; what is zero does not matter.
type HeldRoleFilter struct {
	ID       string
	UserIDs  []string
	RoleID   string
	ClientID string
}

type heldRoleRow struct {
	ID       string `db:"id"`
	UserID   string `db:"user_id"`
	RoleID   string `db:"role_id"`
	ClientID string `db:"client_id"`
}

// PageOfHeldRoles reads who has which roles, for clients or everywhere.
func (s *Store) PageOfHeldRoles(ctx context.Context, everywhere bool, f HeldRoleFilter, p Page) ([]HeldRole, int64, error) {
	query := `SELECT id, user_id, role_id, client_id FROM user_roles`
	if everywhere {
		query, f.ClientID = `SELECT id, user_id, role_id, '' AS client_id FROM global_user_roles`, ""
	}
	var m matches
	m.equal("id", f.ID)
	m.equal("role_id", f.RoleID)
	m.equal("client_id", f.ClientID)
	m.among("user_id", f.UserIDs)
	var rows []heldRoleRow
	total, err := s.list(ctx, &rows, query, m, "user_id, id", p)
	held := make([]HeldRole, len(rows))
	for i, r := range rows {
		held[i] = HeldRole(r)
	}
	return held, total, err
}

// ApprovalFilter says which approvals to list; what is zero does not matter.
type ApprovalFilter struct {
	IDs       []string
	UserIDs   []string
	ClientIDs []string
}

// PageOfApprovals reads what users let clients have.
func (s *Store) PageOfApprovals(ctx context.Context, f ApprovalFilter, p Page) ([]Approval, int64, error) {
	var m matches
	m.among("id", f.IDs)
	m.among("user_id", f.UserIDs)
	m.among("client_id", f.ClientIDs)
	var rows []approvalRow
	total, err := s.list(ctx, &rows, selectApproval, m, "id", p)
	approvals := make([]Approval, len(rows))
	for i, r := range rows {
		approvals[i] = r.approval()
	}
	return approvals, total, err
}
