package server

import (
	"errors"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/storage"
)

// reloadSettings reloads the settings from files that may change while the server runs: the admin tokens, the log
// level and the URLs of the database and its replica with their passwords. Settings from environment variables stay
// the same.
func reloadSettings(
	load func() (*config.Settings, error), running *config.Settings, guard *adminGuard, store *storage.Store,
) reloadable {
	return reloadable{what: "the admin tokens, the log level and the URLs of the database", reload: func() error {
		fresh, err := load()
		if err != nil {
			return err
		}
		if len(fresh.AdminTokens) == 0 && len(running.AdminTokens) > 0 {
			return errors.New("there are no admin tokens any more: that takes a restart")
		}
		if (fresh.Replica.URL == "") != (running.Replica.URL == "") {
			return errors.New("there is a replica where there was none, or none any more: that takes a restart")
		}
		if err := store.ConnectBy(fresh.Database.URL, fresh.Replica.URL); err != nil {
			return err
		}
		if len(running.AdminTokens) > 0 { // a listener that asked nobody goes on so until a restart
			guard.setTokens(fresh.AdminTokens)
		}
		running.LogLevel.Set(fresh.LogLevel.Level())
		return nil
	}}
}
