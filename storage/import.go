package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// What an importer writes: many rows a statement, and each kind by a rule of what wins when the row is there already,
// so that an import can stop anywhere and run again. A row that is newer here, or that was ended here, stays as it is.

// importBatch bounds the rows of one statement; SQLite takes some 32,000 arguments.
const importBatch = 500

// importStatement is an upsert without its values: before VALUES, behind it, and how many columns have values. The
// last column is imported, which is true of a new row and stays as it is in one that is there.
type importStatement struct {
	insert string
	rule   string
	width  int
	// unmarked says that there is no column imported.
	unmarked bool
	// configuration says that running servers must read again.
	configuration bool
}

// Refused is a row that could not be written, by its position among those given.
type Refused struct {
	Row   int
	Cause error // ErrConflict: a unique value is another row's; ErrNotFound: a row that it names is not there
}

// importRows writes rows in one transaction, some hundred in a statement, and returns how many were new or changed.
// Where one can't be written, the rows are halved until it stands alone, and is returned.
func (s *importer) importRows(ctx context.Context, statement importStatement, rows [][]any) (int64, []Refused, error) {
	return s.importFrom(ctx, statement, rows, 0)
}

func (s *importer) importFrom(
	ctx context.Context,
	statement importStatement,
	rows [][]any,
	first int,
) (int64, []Refused, error) {
	if len(rows) == 0 {
		return 0, nil, nil
	}
	n, err := s.importAtOnce(ctx, statement, rows)
	switch {
	case err == nil:
		return n, nil, nil
	case !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound):
		return 0, nil, err
	case len(rows) == 1:
		return 0, []Refused{{Row: first, Cause: err}}, nil
	}
	half := len(rows) / 2
	before, rejected, err := s.importFrom(ctx, statement, rows[:half], first)
	if err != nil {
		return before, rejected, err
	}
	after, more, err := s.importFrom(ctx, statement, rows[half:], first+half)
	return before + after, append(rejected, more...), err
}

func (s *importer) importAtOnce(ctx context.Context, statement importStatement, rows [][]any) (total int64, err error) {
	work := func(tx *sqlx.Tx) error {
		total = 0
		for batch := range slices.Chunk(rows, importBatch) {
			args := make([]any, 0, len(batch)*statement.width)
			for _, row := range batch {
				if len(row) != statement.width {
					return fmt.Errorf("storage: import of %d columns as %d", len(row), statement.width)
				}
				args = append(args, row...)
			}
			n, err := affected(tx.ExecContext(ctx, statement.insert+` VALUES `+s.values(len(batch), statement)+
				` `+statement.rule, args...))
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	}
	if statement.configuration {
		err = s.changeConfiguration(ctx, work)
	} else {
		err = s.transaction(ctx, work)
	}
	return total, unknownReference(err)
}

// values lists rows of placeholders. SQLite looks a name such as $1 up among all those before it, which thousands of
// them make slow; a question mark has no name.
func (s *importer) values(rows int, statement importStatement) string {
	imported := ", TRUE"
	if statement.unmarked {
		imported = ""
	}
	list := make([]string, rows)
	for i := range list {
		columns := strings.TrimSuffix(strings.Repeat("?, ", statement.width), ", ")
		if s.engine == postgresEngine {
			columns = placeholders(i*statement.width+1, statement.width)
		}
		list[i] = "(" + columns + imported + ")"
	}
	return strings.Join(list, ", ")
}

var importUsers = importStatement{
	insert: `INSERT INTO users (id, email, password, password_set_at, tax_id, person_id, settings, private_settings,
       is_blocked, block_reason, one_time_code_failures, created_at, updated_at, position, imported)`,
	// A password that was changed, or hashed anew, here stays; so does a block.
	rule: `ON CONFLICT (id) DO UPDATE SET email = excluded.email, tax_id = excluded.tax_id, person_id = excluded.person_id,
       settings = excluded.settings, private_settings = excluded.private_settings, updated_at = excluded.updated_at,
       password = CASE WHEN excluded.password_set_at > users.password_set_at
        THEN excluded.password ELSE users.password END,
       password_set_at = CASE WHEN excluded.password_set_at > users.password_set_at THEN excluded.password_set_at
                              ELSE users.password_set_at END,
       is_blocked = (users.is_blocked OR excluded.is_blocked),
       block_reason = CASE WHEN users.is_blocked THEN users.block_reason ELSE excluded.block_reason END
WHERE users.updated_at < excluded.updated_at OR excluded.password_set_at > users.password_set_at
   OR (excluded.is_blocked AND NOT users.is_blocked)`,
	width: 14,
}

// ImportUsers writes users, with what the old system counted. An email that another user has is refused.
func (s *importer) ImportUsers(ctx context.Context, users []User) (int64, []Refused, error) {
	rows := make([][]any, len(users))
	for i, u := range users {
		rows[i] = []any{
			u.ID, CanonicalEmail(u.Email), u.Password, toSeconds(u.PasswordSetAt), u.TaxID, u.PersonID, document(u.Settings),
			document(u.PrivateSettings), u.IsBlocked, u.BlockReason, u.OneTimeCodeFailures, toSeconds(u.CreatedAt),
			toSeconds(u.UpdatedAt), toMicroseconds(u.CreatedAt),
		}
	}
	return s.importRows(ctx, importUsers, rows)
}

var importPasswords = importStatement{
	insert: `INSERT INTO password_history (id, user_id, password, created_at)`, rule: `ON CONFLICT DO NOTHING`, width: 4,
	unmarked: true,
}

// ImportedPassword is a password that a user had.
type ImportedPassword struct {
	ID, UserID, Password string
	CreatedAt            time.Time
}

// ImportPasswords writes passwords that users had.
func (s *importer) ImportPasswords(ctx context.Context, passwords []ImportedPassword) (int64, []Refused, error) {
	rows := make([][]any, len(passwords))
	for i, p := range passwords {
		rows[i] = []any{p.ID, p.UserID, p.Password, toSeconds(p.CreatedAt)}
	}
	return s.importRows(ctx, importPasswords, rows)
}

var importFailures = importStatement{
	insert: `INSERT INTO sign_in_failures (id, subject, created_at, expires_at)`, rule: `ON CONFLICT DO NOTHING`, width: 4,
	unmarked: true,
}

// ImportedFailure is a failed sign-in of an account.
type ImportedFailure struct {
	ID, Email            string
	CreatedAt, ExpiresAt time.Time
}

// ImportFailures writes failed sign-ins, so that a limit that was reached stays so.
func (s *importer) ImportFailures(ctx context.Context, failures []ImportedFailure) (int64, []Refused, error) {
	rows := make([][]any, len(failures))
	for i, f := range failures {
		subject, err := s.authentication.SignInSubject(ctx, "account", f.Email)
		if err != nil {
			return 0, nil, err
		}
		rows[i] = []any{f.ID, subject, toSeconds(f.CreatedAt), toSeconds(f.ExpiresAt)}
	}
	return s.importRows(ctx, importFailures, rows)
}

var importFactors = importStatement{
	insert: `INSERT INTO authentication_factors (id, user_id, type, factor, is_active, created_at, updated_at, imported)`,
	rule: `ON CONFLICT (user_id, type) DO UPDATE SET factor = excluded.factor, is_active = excluded.is_active,
       updated_at = excluded.updated_at WHERE authentication_factors.updated_at < excluded.updated_at`,
	width: 7,
}

// ImportFactors writes second factors.
func (s *importer) ImportFactors(ctx context.Context, factors []AuthenticationFactor) (int64, []Refused, error) {
	rows := make([][]any, len(factors))
	for i, f := range factors {
		rows[i] = []any{f.ID, f.UserID, f.Type, f.Factor, f.IsActive, toSeconds(f.CreatedAt), toSeconds(f.UpdatedAt)}
	}
	return s.importRows(ctx, importFactors, rows)
}

var importScopes = importStatement{
	insert: `INSERT INTO scopes (name)`, rule: `ON CONFLICT DO NOTHING`, width: 1, unmarked: true, configuration: true,
}

// ImportScopes adds the names that the catalogue lacks; roles govern them.
func (s *importer) ImportScopes(ctx context.Context, names []string) (int64, []Refused, error) {
	rows := make([][]any, len(names))
	for i, name := range names {
		rows[i] = []any{name}
	}
	return s.importRows(ctx, importScopes, rows)
}

// importNamed is for client types and roles: where the name is another row's, the row is refused.
func importNamed(table string) importStatement {
	return importStatement{
		insert: `INSERT INTO ` + table + ` (id, name, scope, imported)`,
		rule: `ON CONFLICT (id) DO UPDATE SET name = excluded.name, scope = excluded.scope
WHERE ` + table + `.name <> excluded.name OR ` + table + `.scope <> excluded.scope`,
		width: 3, configuration: true,
	}
}

// ImportClientTypes writes client types; the source's word counts.
func (s *importer) ImportClientTypes(ctx context.Context, types []ClientType) (int64, []Refused, error) {
	rows := make([][]any, len(types))
	for i, t := range types {
		rows[i] = []any{t.ID, t.Name, strings.Join(t.Scope, " ")}
	}
	return s.importRows(ctx, importNamed("client_types"), rows)
}

// ImportRoles writes roles; the source's word counts.
func (s *importer) ImportRoles(ctx context.Context, roles []Role) (int64, []Refused, error) {
	rows := make([][]any, len(roles))
	for i, r := range roles {
		rows[i] = []any{r.ID, r.Name, strings.Join(r.Scope, " ")}
	}
	return s.importRows(ctx, importNamed("roles"), rows)
}

// ImportedRole is a role that a user holds for a client, or everywhere where ClientID is "".
type ImportedRole struct {
	ID, UserID, RoleID, ClientID string
	CreatedAt                    time.Time
}

// ImportHeldRoles writes who has which roles, either all for clients or all everywhere.
func (s *importer) ImportHeldRoles(
	ctx context.Context, everywhere bool, held []ImportedRole,
) (int64, []Refused, error) {
	statement := importStatement{
		insert: `INSERT INTO user_roles (id, user_id, role_id, created_at, client_id, imported)`,
		rule:   `ON CONFLICT DO NOTHING`, width: 5,
	}
	if everywhere {
		statement.insert, statement.width = `INSERT INTO global_user_roles (id, user_id, role_id, created_at, imported)`, 4
	}
	rows := make([][]any, len(held))
	for i, h := range held {
		rows[i] = []any{h.ID, h.UserID, h.RoleID, toSeconds(h.CreatedAt), h.ClientID}[:statement.width]
	}
	return s.importRows(ctx, statement, rows)
}
