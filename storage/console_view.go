package storage

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// ConsoleView is what an operator has kept of the audit in the console: its filters, under a name.
type ConsoleView struct {
	ID     string `db:"id"`
	UserID string `db:"user_id"` // the operator, to whom alone it is shown
	Name   string `db:"name"`
	Query  string `db:"query"` // of the address of the page
}

// MostConsoleViews is how many views an operator may keep.
const MostConsoleViews = 20

// KeepConsoleView stores a view in place of one of the same name. ErrConflict: the operator has as many as there may
// be. ErrNotFound: no such user.
func (s *consoleStore) KeepConsoleView(ctx context.Context, v ConsoleView) error {
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		var others int64
		err := tx.GetContext(ctx, &others, `SELECT count(*) FROM console_views WHERE user_id = $1 AND name <> $2`, v.UserID,
			v.Name)
		if err != nil {
			return err
		}
		if others >= MostConsoleViews {
			return ErrConflict
		}
		return write(ctx, tx, `
INSERT INTO console_views (id, user_id, name, query, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id, name) DO UPDATE SET query = excluded.query`, v.ID, v.UserID, v.Name, v.Query, s.nowSeconds())
	}))
}

// ListConsoleViews reads the views of an operator in the order of their names.
func (s *consoleStore) ListConsoleViews(ctx context.Context, userID string) ([]ConsoleView, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var views []ConsoleView
	err = s.selectAll(ctx, &views, `
SELECT id, user_id, name, query FROM console_views WHERE user_id = $1 ORDER BY name`, userID)
	return views, err
}

// DropConsoleView deletes a view of an operator. ErrNotFound: the operator has none of that id.
func (s *consoleStore) DropConsoleView(ctx context.Context, userID, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	n, err := s.exec(ctx, `DELETE FROM console_views WHERE id = $1 AND user_id = $2`, id, userID)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
