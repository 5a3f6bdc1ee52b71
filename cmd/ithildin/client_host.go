package main

import (
	"context"
	"errors"
	"fmt"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/registration"
	"ithildin/storage"
)

type clientHostCommand struct {
	Block   clientHostBlockCommand   `cmd:"" help:"Block all clients that documents of a host describe."`
	Unblock clientHostUnblockCommand `cmd:"" help:"End a block."`
	List    clientHostListCommand    `cmd:"" help:"List the blocked hosts."`
}

// clientHostArgument names a host.
type clientHostArgument struct {
	Host string `arg:"" help:"Name of the host, such as app.example."`
}

func (a clientHostArgument) check() error {
	if err := registration.ValidateDocumentHost(a.Host); err != nil {
		return &console.UsageError{Cause: err}
	}
	return nil
}

type clientHostBlockCommand struct {
	clientHostArgument
	Reason string `required:"" help:"Reason, for the audit."`
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (clientHostBlockCommand) Help() string {
	return `The tokens of these clients are inactive until the block ends, and no new client of the host is taken.
Subdomains are hosts of their own. Servers heed it within a second.

Example:

    ithildin client-host block app.example --reason "taken over"`
}

// Run blocks the host.
func (c *clientHostBlockCommand) Run(ctx context.Context) error {
	if err := errors.Join(c.check(), checkText("--reason", c.Reason)); err != nil {
		return err
	}
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		err := store.BlockClientHost(ctx, c.Host, c.Reason)
		if errors.Is(err, storage.ErrConflict) {
			return fmt.Errorf("the host %s is blocked already", c.Host)
		}
		return err
	})
}

type clientHostUnblockCommand struct {
	clientHostArgument
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (clientHostUnblockCommand) Help() string {
	return `Example:

    ithildin client-host unblock app.example`
}

// Run lifts the block.
func (c *clientHostUnblockCommand) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		return database.Explain(store.UnblockClientHost(ctx, c.Host), "a block of the host "+c.Host)
	})
}

type clientHostListCommand struct {
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientHostListCommand) Help() string {
	return `Example:

    ithildin client-host list`
}

type clientHostRow struct {
	Host      string         `json:"host"`
	Reason    string         `json:"reason"`
	BlockedAt console.Moment `json:"blocked_at"`
}

// Run prints the blocked hosts in the order of their names.
func (c *clientHostListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		hosts, err := store.ListBlockedClientHosts(ctx)
		if err != nil {
			return err
		}
		var rows []clientHostRow
		for _, h := range hosts {
			rows = append(rows, clientHostRow{h.Host, h.Reason, console.Moment(h.CreatedAt)})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}
