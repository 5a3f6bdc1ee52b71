package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/term"

	"ithildin/adapters/mithril"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/identity"
	"ithildin/storage"
)

type importCommand struct {
	Mithril importMithrilCommand `cmd:"" help:"Import a mithril database."`
}

type importMithrilCommand struct {
	From              string   `placeholder:"URL" help:"URL of the mithril database, postgres://…; it is only read."`
	FromFile          string   `placeholder:"PATH" help:"File with that URL, if it has a password."`
	DryRun            bool     `help:"Read and validate everything, but write nothing."`
	Prune             bool     `help:"@prune"`
	ConnectionSecrets string   `default:"plain" enum:"plain,sha256-hex,sha256-base64,bcrypt" help:"@connection_secrets"`
	TrustedClient     []string `placeholder:"ID,…" help:"@trusted_client"`
	CodeLifetime      int32    `placeholder:"SECONDS" help:"Lifetime of new codes, in seconds; default 300."`
	AccessLifetime    int32    `placeholder:"SECONDS" help:"Lifetime of new access tokens, in seconds; default 2592000."`
	RefreshLifetime   int32    `placeholder:"SECONDS" help:"Lifetime of new refresh tokens, in seconds; default 604800."`
	config.DatabaseFlags
	config.SecretFlags
	config.LegacySecretsFlag
	console.FormatFlag
	console.ConfirmFlag
}

// Help shows how the verb is used.
func (importMithrilCommand) Help() string {
	return `It can be repeated, and continues after an interruption: rows that were imported are only compared. The guide
is docs/migrating-from-mithril.md.

Example:

    ithildin import mithril --from-file /run/secrets/mithril --dry-run
    ithildin import mithril --from-file /run/secrets/mithril
    ithildin import mithril --from-file /run/secrets/mithril --prune --dry-run`
}

// Run imports and prints the report.
func (c *importMithrilCommand) Run(ctx context.Context, terminal console.Terminal) error {
	source, err := c.source()
	if err != nil {
		return err
	}
	options := mithril.Options{
		Source: source, Secrets: mithril.SecretForms[c.ConnectionSecrets],
		CodeLifetime:    time.Duration(c.CodeLifetime) * time.Second,
		AccessLifetime:  time.Duration(c.AccessLifetime) * time.Second,
		RefreshLifetime: time.Duration(c.RefreshLifetime) * time.Second,
		HashSecret:      identity.NewPasswords(identity.PasswordOptions{}).Hash, Progress: newProgress(terminal.Err).show,
	}
	for _, id := range c.TrustedClient {
		parsed, err := uuid.Parse(id)
		if err != nil {
			return &console.UsageError{Cause: fmt.Errorf("--trusted-client %q is no UUID", id)}
		}
		options.TrustedClients = append(options.TrustedClients, parsed.String())
	}
	if options.SealSecrets, err = c.Sealed(); err != nil {
		return err
	}
	switch {
	case c.DryRun && c.Prune:
		return c.dryRunWithPrune(ctx, terminal, options)
	case c.DryRun:
		report, failed := mithril.Run(ctx, options)
		return c.report(terminal.Out)(report, nil, failed)
	}
	return c.withTarget(ctx, func(store *storage.Store) error {
		var absent []*mithril.Absent
		if c.Prune { // first, since a row that was made anew may have what is unique of the one that was deleted
			if absent, err = c.prune(ctx, terminal, source, store); err != nil {
				return err
			}
		}
		options.Store = store
		report, failed := mithril.Run(ctx, options)
		return c.report(terminal.Out)(report, absent, errors.Join(failed, recordImport(ctx, store, report)))
	})
}

// recordImport keeps in the audit how many rows of each kind were written.
func recordImport(ctx context.Context, store *storage.Store, report *mithril.Report) error {
	if report == nil {
		return nil
	}
	details := map[string]string{}
	for _, line := range report.Lines {
		details[line.Name] = strconv.FormatInt(line.Written, 10)
	}
	return store.RecordAct(ctx, storage.EventImported, details)
}

func (c *importMithrilCommand) source() (string, error) {
	source := c.From
	if c.FromFile != "" {
		if source != "" {
			return "", &console.UsageError{Cause: errors.New("--from and --from-file are both given")}
		}
		content, err := os.ReadFile(c.FromFile)
		if err != nil {
			return "", &console.UsageError{Cause: fmt.Errorf("--from-file: %w", err)}
		}
		source = strings.TrimSpace(string(content))
	}
	if !strings.HasPrefix(source, "postgres://") && !strings.HasPrefix(source, "postgresql://") {
		return "", &console.UsageError{
			Cause: errors.New("--from or --from-file must name the mithril database, postgres://…"),
		}
	}
	return source, nil
}

// report prints what was done, also after an error, and what stands in the way of going live with it.
func (c *importMithrilCommand) report(out io.Writer) func(*mithril.Report, []*mithril.Absent, error) error {
	return func(r *mithril.Report, absent []*mithril.Absent, failed error) error {
		if r == nil {
			return failed
		}
		if c.Format == "json" {
			return errors.Join(console.PrintJSON(out, struct {
				*mithril.Report
				Pruned []*mithril.Absent `json:"pruned,omitempty"`
			}{r, absent}), failed)
		}
		printAbsent(out, absent)
		for _, line := range r.Lines {
			fmt.Fprintf(out, "%-22s %9d read %9d written", line.Name, line.Read, line.Written)
			if line.Repaired > 0 {
				fmt.Fprintf(out, " %7d repaired", line.Repaired)
			}
			if line.Refused > 0 {
				fmt.Fprintf(out, " %7d refused", line.Refused)
			}
			fmt.Fprintln(out)
		}
		for _, line := range r.Lines {
			for _, note := range line.Notes {
				fmt.Fprintf(out, "%s: %s\n", line.Name, note)
			}
		}
		if r.DryRun {
			fmt.Fprintln(out, "nothing was written: this was a dry run")
		}
		return failed
	}
}

// progress shows how far a long piece of work has come: a bar on a terminal, a line for each step elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	shown    time.Time
}

func newProgress(out io.Writer) *progress {
	file, isFile := out.(*os.File)
	return &progress{out: out, terminal: isFile && term.IsTerminal(int(file.Fd()))}
}

const progressWidth = 30

func (p *progress) show(name string, done, total int64) {
	finished := done >= total
	if !p.terminal {
		if finished {
			fmt.Fprintf(p.out, "%s: %d\n", name, done)
		}
		return
	}
	if !finished && time.Since(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = time.Now()
	filled := progressWidth
	if total > 0 {
		filled = int(min(done, total) * progressWidth / total)
	}
	bar := slices.Repeat([]byte("-"), progressWidth)
	copy(bar, slices.Repeat([]byte("#"), filled))
	fmt.Fprintf(p.out, "\r%-22s [%s] %d of %d ", name, bar, done, total)
	if finished {
		fmt.Fprintln(p.out)
	}
}
