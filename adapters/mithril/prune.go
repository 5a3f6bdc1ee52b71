package mithril

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ithildin/storage"
)

// ErrEmptySource says that the source has no user, so that everything would be gone: it is some other database.
var ErrEmptySource = errors.New("mithril: the source has no users, so nothing is pruned: is it the right database?")

// Absent are rows of one kind that an import brought and that the source has no more.
type Absent struct {
	Name  string `json:"name"`
	Count int64  `json:"absent"`
	// MadeHere counts the rows which no import brought and which are deleted with these.
	MadeHere int64    `json:"made_here,omitempty"`
	Deleted  int64    `json:"deleted"`
	First    []string `json:"first,omitempty"` // the names of some, in the order of ids
	Notes    []string `json:"notes,omitempty"` // which were kept, and why

	kind storage.ImportedKind
	rows []storage.ImportedRow
}

// mostNamed bounds the names of absent rows; the counts are whole.
const mostNamed = 10

// pruneBatch is how many rows the source is asked about at once.
const pruneBatch = 1000

// prunable is a kind with the query of what the source still has of it; $1 are the subjects of rows. What hangs on
// other rows comes before them.
type prunable struct {
	kind  storage.ImportedKind
	query string
}

func ofTable(kind storage.ImportedKind, table string) prunable {
	return prunable{kind, `SELECT id::text FROM ` + table + ` WHERE id = ANY($1::uuid[])`}
}

func ofUsers(kind storage.ImportedKind, key, table string) prunable {
	return prunable{kind, `SELECT ` + key + ` FROM ` + table + ` WHERE user_id = ANY($1::uuid[])`}
}

var prunables = []prunable{
	ofTable(storage.ImportedAccessTokens, "tokens"), ofTable(storage.ImportedRefreshTokens, "tokens"),
	ofTable(storage.ImportedCodes, "tokens"),
	ofUsers(storage.ImportedApprovals, `concat_ws(' ', user_id, client_id)`, "apps"),
	ofUsers(storage.ImportedUserRoles, `concat_ws(' ', user_id, role_id, client_id)`, "user_roles"),
	ofUsers(storage.ImportedGlobalRoles, `concat_ws(' ', user_id, role_id)`, "global_user_roles"),
	ofUsers(storage.ImportedFactors, `concat_ws(' ', user_id, type)`, "authentication_factors"),
	ofTable(storage.ImportedConnections, "connections"), ofTable(storage.ImportedClients, "clients"),
	ofTable(storage.ImportedUsers, "users"), ofTable(storage.ImportedRoles, "roles"),
	ofTable(storage.ImportedClientTypes, "client_types"),
}

// FindAbsent finds what an import brought into a store and the source, at its URL, has no more, and changes nothing. A
// kind of which nothing is absent has no entry. Tokens count while they live. Errors: ErrEmptySource.
func FindAbsent(ctx context.Context, source string, store *storage.Store) (all []*Absent, err error) {
	tx, done, err := openSource(ctx, source)
	if err != nil {
		return nil, err
	}
	defer done()
	var users int64
	if err := tx.GetContext(ctx, &users, `SELECT count(*) FROM (SELECT 1 FROM users LIMIT 1) AS one`); err != nil {
		return nil, fmt.Errorf("mithril: source: %w", err)
	}
	if users == 0 {
		return nil, ErrEmptySource
	}
	for _, p := range prunables {
		absent, err := p.find(ctx, tx, store)
		if err != nil {
			return nil, fmt.Errorf("mithril: %s: %w", p.kind, err)
		}
		if absent.Count > 0 {
			all = append(all, absent)
		}
	}
	return all, nil
}

// find goes through the rows that were imported, batch by batch, and asks the source about each batch.
func (p prunable) find(ctx context.Context, source *sqlx.Tx, store *storage.Store) (*Absent, error) {
	absent := &Absent{Name: string(p.kind), kind: p.kind}
	for after := ""; ; {
		rows, err := store.ImportedRows(ctx, p.kind, after, pruneBatch)
		if err != nil || len(rows) == 0 {
			return absent, err
		}
		after = rows[len(rows)-1].ID
		subjects := make([]string, len(rows))
		for i, r := range rows {
			subjects[i] = r.Subject
		}
		var present []string
		if err := source.SelectContext(ctx, &present, p.query, pq.Array(subjects)); err != nil {
			return nil, err
		}
		slices.Sort(present)
		for _, r := range rows {
			if _, found := slices.BinarySearch(present, r.Key); found {
				continue
			}
			if err := absent.add(ctx, store, r); err != nil {
				return nil, err
			}
		}
	}
}

func (a *Absent) add(ctx context.Context, store *storage.Store, r storage.ImportedRow) error {
	made, err := store.CountMadeHere(ctx, a.kind, r.ID)
	if err != nil {
		return err
	}
	a.Count++
	a.MadeHere += made
	a.rows = append(a.rows, r)
	if len(a.First) < mostNamed {
		a.First = append(a.First, r.Name)
	}
	return nil
}

// Prune deletes what FindAbsent found, with everything that hangs on it, and counts it there. It can stop anywhere, and
// is then repeated.
func Prune(ctx context.Context, store *storage.Store, all []*Absent) error {
	for _, a := range all {
		if err := a.prune(ctx, store); err != nil {
			return fmt.Errorf("mithril: pruning %s: %w", a.Name, err)
		}
	}
	return nil
}

func (a *Absent) prune(ctx context.Context, store *storage.Store) (err error) {
	switch a.kind {
	case storage.ImportedAccessTokens, storage.ImportedRefreshTokens, storage.ImportedCodes:
		ids := make([]string, len(a.rows))
		for i, r := range a.rows {
			ids[i] = r.ID
		}
		a.Deleted, err = store.DeleteImportedTokens(ctx, a.kind, ids)
		return err
	}
	for _, r := range a.rows {
		switch err := deleteRow(ctx, store, a.kind, r); {
		case errors.Is(err, storage.ErrNotFound): // gone meanwhile, or with another row
		case errors.Is(err, storage.ErrConflict):
			a.Notes = append(a.Notes, r.Name+" is kept: a client that the source does not have is of it")
		case err != nil:
			return err
		default:
			a.Deleted++
		}
	}
	return nil
}

// deleteRow deletes a row as an operator does, so that tokens end and the audit has it.
func deleteRow(ctx context.Context, store *storage.Store, kind storage.ImportedKind, r storage.ImportedRow) error {
	key := strings.Fields(r.Key)
	switch kind {
	case storage.ImportedUsers:
		return store.DeleteUser(ctx, r.ID)
	case storage.ImportedClients:
		return store.DeleteClient(ctx, r.ID)
	case storage.ImportedConnections:
		return store.DeleteConnection(ctx, r.ID)
	case storage.ImportedApprovals:
		return store.DeleteApproval(ctx, r.ID)
	case storage.ImportedFactors:
		return store.DeleteAuthenticationFactor(ctx, r.ID)
	case storage.ImportedRoles:
		return store.DeleteRole(ctx, r.ID)
	case storage.ImportedClientTypes:
		return store.DeleteClientType(ctx, r.ID)
	case storage.ImportedUserRoles:
		return store.RevokeRole(ctx, key[0], key[1], key[2])
	case storage.ImportedGlobalRoles:
		return store.RevokeRole(ctx, key[0], key[1], "")
	}
	return fmt.Errorf("mithril: no way to delete %s", kind)
}
