package main

import (
	"context"
	"errors"

	"ithildin/storage"
)

// devMark is the setting by which a database says that a development server made it.
const devMark = "development"

// checkMark keeps development and the real thing apart: demo data, whose passwords everyone knows, goes into no database
// but one that made says is the development server's own, and no other server uses that.
func checkMark(ctx context.Context, s *settings, store *storage.Store, made func() (bool, error)) error {
	_, err := store.Setting(ctx, devMark)
	marked := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	switch {
	case marked && !s.dev:
		return withHint("serve --dev uses it; ITHILDIN_DATABASE_URL names another",
			errors.New("this database was made by serve --dev, and everyone knows its passwords"))
	case marked || !s.dev:
		return nil
	}
	own, err := made()
	if err != nil {
		return err
	}
	if !own {
		return withHint("name another database, or none: "+devDatabaseURL+" is the default",
			errors.New("serve --dev did not make this database and leaves it alone"))
	}
	return store.PutSetting(ctx, devMark, "true")
}

// unused says that a database holds nobody and nothing yet, as ithildin migrate up leaves it.
func unused(ctx context.Context, store *storage.Store) (bool, error) {
	users, err := store.ListUsers(ctx, "", 1)
	if err != nil {
		return false, err
	}
	clients, err := store.ListClients(ctx, "", 1)
	return len(users) == 0 && len(clients) == 0, err
}
