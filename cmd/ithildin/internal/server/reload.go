package server

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// reloadable is something that SIGHUP reads again.
type reloadable struct {
	what string // for the log
	// reload changes nothing where it fails.
	reload func() error
}

// reloadAtSIGHUP registers for SIGHUP. The function that it returns reloads everything at each signal until the
// context ends. Where there is nothing to reload, the signal, which would otherwise end the process, is only logged.
func reloadAtSIGHUP(all []reloadable, logger *slog.Logger) func(context.Context) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return func(ctx context.Context) {
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			if len(all) == 0 {
				logger.Info("SIGHUP: no setting names a file that is reloaded")
			}
			for _, r := range all {
				if err := r.reload(); err != nil {
					logger.Error("reload failed, the previous value stays in use", "subject", r.what, "cause", err)
					continue
				}
				logger.Info("reloaded", "subject", r.what)
			}
		}
	}
}
