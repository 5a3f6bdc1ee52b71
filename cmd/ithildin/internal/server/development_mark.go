package server

import (
	"context"
	"errors"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

// developmentMark is the setting by which a database says that a development server made it.
const developmentMark = "development"

// checkDevelopmentMark separates development servers from all others. A development server stores demo data, whose
// passwords are public, only in a database that it created and marked; any other server refuses a marked database.
func checkDevelopmentMark(ctx context.Context, s *config.Settings, store *storage.Store,
	made func() (bool, error)) error {
	_, err := store.Setting(ctx, developmentMark)
	marked := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	switch {
	case marked && !s.Dev:
		return console.WithHint("serve --dev uses it; ITHILDIN_DATABASE_URL names another",
			errors.New("this database was created by serve --dev, and its passwords are public"))
	case marked || !s.Dev:
		return nil
	}
	own, err := made()
	if err != nil {
		return err
	}
	if !own {
		return console.WithHint("name another database, or none: "+config.DevelopmentDatabaseURL+" is the default",
			errors.New("serve --dev did not make this database and leaves it alone"))
	}
	return store.PutSetting(ctx, developmentMark, "true")
}

// unused returns whether a database has neither users nor clients, as after ithildin migrate up.
func unused(ctx context.Context, store *storage.Store) (bool, error) {
	users, err := store.ListUsers(ctx, "", 1)
	if err != nil {
		return false, err
	}
	clients, err := store.ListClients(ctx, "", 1)
	return len(users) == 0 && len(clients) == 0, err
}
