package storage

import (
	"context"
	"errors"
)

var errHoldOutside = errors.New("storage: a row is held in a transaction of Together only")

// hold keeps others from changing a row until the transaction of Together ends, so that what is read of it stays true
// for the write. ErrNotFound: there is no such row. SQLite has one writer, whom nobody disturbs.
func (d *database) hold(ctx context.Context, table, id string) error {
	if d.shared(ctx) == nil {
		return errHoldOutside
	}
	query := `SELECT 1 FROM ` + table + ` WHERE id = $1`
	if d.engine == postgresEngine {
		query += ` FOR UPDATE`
	}
	var one int64
	return d.get(ctx, &one, query, id)
}

// HoldUser keeps others from changing a user, as hold says.
func (s *userStore) HoldUser(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	return s.hold(ctx, "users", id)
}

// HoldClient keeps others from changing a client, as hold says.
func (s *clientStore) HoldClient(ctx context.Context, id string) error {
	id, err := clientKey(id)
	if err != nil {
		return err
	}
	return s.hold(ctx, "clients", id)
}

// HoldRole keeps others from changing a role, as hold says.
func (s *roleStore) HoldRole(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	return s.hold(ctx, "roles", id)
}

// HoldClientType keeps others from changing a client type, as hold says.
func (s *clientStore) HoldClientType(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	return s.hold(ctx, "client_types", id)
}
