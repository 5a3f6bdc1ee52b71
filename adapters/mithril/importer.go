package mithril

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq" // the source is PostgreSQL

	"ithildin/storage"
)

// Options are what an import takes from outside.
type Options struct {
	// Source is the URL of the mithril database.
	Source string
	// Store is what is filled; nil reads and checks only (a dry run).
	Store *storage.Store
	// HashSecret makes the slow hash of a secret that is too weak for a fast one.
	HashSecret func(ctx context.Context, secret string) (string, error)
	// Secrets says in which form the source keeps the secrets of connections; default plain.
	Secrets SecretForm
	// SealSecrets keeps plain secrets of connections under the master secret of the Store beside their hashes, so that the
	// admin API can show them again.
	SealSecrets bool
	// TrustedClients may name no scope when they ask for approval (mithril's TRUSTED_CLIENT_IDS).
	TrustedClients []string
	// The lifetimes of what is issued from now on; 0 for those of the preset mithril.
	CodeLifetime, AccessLifetime, RefreshLifetime time.Duration
	Now                                           func() time.Time
	// Progress is told how far a step has come.
	Progress func(step string, done, total int64)
}

// tokensKept is how long a token that is over is still asked about, in seconds: "Token expired." is said of rows that
// exist.
const tokensKept = 30 * 24 * 3600

// batchSize is how many rows are written in one transaction. The keys of tokens are hashes, which lie all over a table:
// the more rows at once, the less often each page of it is written.
const batchSize = 10000

// progressEvery is after how many rows progress is told.
const progressEvery = 1000

// importer is one run.
type importer struct {
	Options
	source *sqlx.Tx
	report *Report
	policy storage.Policy
	known  scopeNames
	// refusedUsers and refusedClients are whose rows have no place to hang on.
	refusedUsers   map[string]bool
	refusedClients map[string]bool
	mu             sync.Mutex // of refusedUsers, while users are read and written
	now            int64
}

// Run imports everything and reports. It can stop anywhere: what is written is whole, and another run goes on from
// there. The source is read in one transaction, so that it is seen as it was at one moment.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	if o.Secrets == nil {
		o.Secrets = SecretForms["plain"]
	}
	i := &importer{
		Options: o, report: &Report{DryRun: o.Store == nil}, now: o.Now().Unix(),
		refusedUsers: map[string]bool{}, refusedClients: map[string]bool{},
	}
	var err error
	if i.policy, err = i.newPolicy(); err != nil {
		return nil, err
	}
	var done func()
	if i.source, done, err = openSource(ctx, o.Source); err != nil {
		return nil, err
	}
	defer done()
	for _, step := range i.steps() {
		if err := step.run(ctx); err != nil {
			return i.report, fmt.Errorf("mithril: %s: %w", step.name, err)
		}
	}
	return i.report, nil
}

// openSource begins a transaction in a source, which sees it as it is now and changes nothing; done ends it.
func openSource(ctx context.Context, source string) (tx *sqlx.Tx, done func(), err error) {
	db, err := sqlx.Open("postgres", source)
	if err != nil {
		return nil, nil, errors.New("mithril: the URL of the source is malformed") // the error would repeat the password
	}
	tx, err = db.BeginTxx(ctx, nil)
	if err == nil {
		_, err = tx.ExecContext(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`)
	}
	if err != nil {
		_ = db.Close()
		return nil, nil, fmt.Errorf("mithril: source: %w", err)
	}
	return tx, func() {
		_ = tx.Rollback()
		_ = db.Close()
	}, nil
}

type step struct {
	name string
	run  func(ctx context.Context) error
}

// steps are in an order in which every row finds what it names.
func (i *importer) steps() []step {
	return []step{
		{"scopes", i.scopes}, {"client types", i.clientTypes}, {"roles", i.roles}, {"users", i.users},
		{"passwords before", i.passwords}, {"clients", i.clients}, {"connections", i.connections},
		{"roles of users", i.userRoles}, {"global roles of users", i.globalUserRoles}, {"approvals", i.approvals},
		{"second factors", i.factors}, {"authorization codes", i.codes}, {"refresh tokens", i.refreshTokens},
		{"access tokens", i.accessTokens}, {"one-time codes", i.oneTimeCodes},
	}
}

func (i *importer) newPolicy() (storage.Policy, error) {
	policy, err := storage.ImportedPolicy()
	if err != nil {
		return policy, err
	}
	for _, lifetime := range []struct{ from, to *time.Duration }{
		{&i.CodeLifetime, &policy.CodeLifetime}, {&i.AccessLifetime, &policy.AccessLifetime},
		{&i.RefreshLifetime, &policy.RefreshLifetime},
	} {
		if *lifetime.from != 0 {
			*lifetime.to = *lifetime.from
		}
	}
	return policy, policy.Validate()
}

// writer writes a batch and says how many rows were new or changed, and which were refused.
type writer[T any] func(ctx context.Context, batch []T) (int64, []storage.Refused, error)

// each reads the rows of a query one by one, makes of each what we store, and writes them in batches, reading on while
// a batch is written. A row of which make says false is left out; make has reported why.
func each[R, T any](
	ctx context.Context, i *importer, line *Line, query string, arguments []any,
	make func(row R) (T, bool), write writer[T], name func(T) string,
) error {
	total, err := i.count(ctx, query, arguments)
	if err != nil {
		return err
	}
	batches := newBatches[T]()
	written := batches.write(ctx, func(ctx context.Context, batch []T) error {
		n, rejected, err := write(ctx, batch)
		line.Written += n
		for _, r := range rejected {
			line.refuse(name(batch[r.Row]), r.Cause)
		}
		return err
	}, i.Store == nil)
	readErr := read(ctx, i.source, query, arguments, func(row R) error {
		line.Read++
		if line.Read%progressEvery == 0 && line.Read < total {
			i.Progress(line.Name, line.Read, total)
		}
		if item, ok := make(row); ok {
			return batches.add(ctx, item)
		}
		return nil
	})
	i.Progress(line.Name, line.Read, total)
	return errors.Join(readErr, written(readErr))
}

// read goes through the rows of a query without keeping them.
func read[R any](ctx context.Context, source *sqlx.Tx, query string, arguments []any, use func(row R) error) error {
	rows, err := source.QueryxContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row R
		if err := rows.StructScan(&row); err != nil {
			return err
		}
		if err := use(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (i *importer) count(ctx context.Context, query string, arguments []any) (total int64, err error) {
	err = i.source.GetContext(ctx, &total, `SELECT count(*) FROM (`+query+`) AS counted`, arguments...)
	return total, err
}

// derived is an id that is the same in each run.
func derived(kind, value string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("ithildin:mithril:"+kind+":"+value)).String()
}
