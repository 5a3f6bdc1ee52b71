package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
)

type healthcheckCommand struct {
	AdminListen string        `env:"ITHILDIN_ADMIN_LISTEN" placeholder:"HOST:PORT" help:"@healthcheck_admin_listen"`
	Wait        time.Duration `placeholder:"DURATION" help:"Repeat for this time until the server is ready, such as 30s."`
}

// Help shows how the verb is used.
func (healthcheckCommand) Help() string {
	return `Exit code 0: ready. 1: not ready, or no answer.

Example:

    ithildin healthcheck --wait 30s`
}

const (
	healthcheckTime  = 3 * time.Second
	healthcheckPause = 50 * time.Millisecond
)

// Run asks /readyz.
func (c *healthcheckCommand) Run(ctx context.Context, terminal console.Terminal) error {
	address, err := config.AdminAddress(c.AdminListen)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(c.Wait)
	for {
		err := askReady(ctx, "http://"+address+"/readyz")
		if err == nil {
			_, err = fmt.Fprintln(terminal.Out, "ready")
			return err
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(healthcheckPause)
	}
}

func askReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // the status has said enough
		return fmt.Errorf("not ready: %s %s", response.Status, body)
	}
	return nil
}
