package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type keyCommand struct {
	List   keyListCommand   `cmd:"" help:"List the signing keys."`
	Rotate keyRotateCommand `cmd:"" help:"Publish new signing keys, which sign ten minutes later."`
	Reseal keyResealCommand `cmd:"" help:"Encrypt all stored values again under the first master secret."`
}

type keyListCommand struct {
	config.TargetFlags
	config.SecretFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (keyListCommand) Help() string {
	return `Example:

    ithildin key list`
}

type keyRow struct {
	ID          string `json:"id"`
	Algorithm   string `json:"algorithm"`
	State       string `json:"state"`
	CreatedAt   string `json:"created_at"`
	ActivatesAt string `json:"activates_at"`
	RetiresAt   string `json:"retires_at"`
	ExpiresAt   string `json:"expires_at"`
}

// Run prints the keys; their private parts stay in the database.
func (c *keyListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.WithSealed(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		return printKeys(ctx, terminal, c.FormatFlag, admin)
	})
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func printKeys(
	ctx context.Context, terminal console.Terminal, f console.FormatFlag, admin administration.Administration,
) error {
	keys, err := admin.Keys(ctx)
	if err != nil {
		return err
	}
	var rows []keyRow
	for _, k := range keys {
		rows = append(rows, keyRow{
			ID: k.ID, Algorithm: k.Algorithm, State: string(k.State), CreatedAt: timeText(k.CreatedAt),
			ActivatesAt: timeText(k.ActivatesAt), RetiresAt: timeText(k.RetiresAt), ExpiresAt: timeText(k.ExpiresAt),
		})
	}
	return console.PrintRows(terminal.Out, f, rows)
}

type keyRotateCommand struct {
	Algorithm []string `enum:"RS256,ES256,EdDSA" default:"RS256,ES256,EdDSA" help:"@algorithm"`
	config.TargetFlags
	config.SecretFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (keyRotateCommand) Help() string {
	return `Running servers read the new keys within a second. The earlier keys verify for 31 days more.

Example:

    ithildin key rotate --algorithm RS256`
}

// Run rotates each algorithm and prints the keys.
func (c *keyRotateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.WithSealed(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		for _, algorithm := range c.Algorithm {
			if err := admin.RotateKey(ctx, algorithm); err != nil {
				return err
			}
		}
		return printKeys(ctx, terminal, c.FormatFlag, admin)
	})
}

type keyResealCommand struct {
	config.DatabaseFlags
	config.SecretFlags
}

// Help shows how the verb is used.
func (keyResealCommand) Help() string {
	return `Run it after every server has the new master secret on its first line. Then the older ones may be removed.

Example:

    ithildin key reseal --secret-file /run/secrets/ithildin`
}

// Run prints how many sealed texts changed.
func (c *keyResealCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithSealedStore(ctx, c.DatabaseFlags, c.SecretFlags, func(store *storage.Store) error {
		changed, err := store.Reseal(ctx)
		if err != nil {
			return database.ExplainSealed(err)
		}
		details := map[string]string{"changed": strconv.FormatInt(changed, 10)}
		if err := store.RecordAct(ctx, storage.EventSecretsResealed, details); err != nil {
			return err
		}
		_, err = fmt.Fprintln(terminal.Out, "resealed", console.Count(int(changed), "text"))
		return err
	})
}
