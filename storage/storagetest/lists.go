package storagetest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// ManyRows fills a database with n rows in each table that a list of the admin API reads: six of ten belong to the
// client client0 and the rest to client1 to client9, every tenth user is blocked, and one token in a thousand is of a
// rare kind. The ids of users are UserNumber of 1 to n.
func ManyRows(t testing.TB, store *storage.Store, n int) {
	t.Helper()
	if n >= 1_000_000 {
		defer withoutIndexes(t, store)()
	}
	numbers := fmt.Sprintf(`generate_series(1, %d) AS s (i)`, n)
	// id makes a UUID that begins with a digit: those of users begin with 0.
	id := func(digit int) string {
		if !store.IsPostgreSQL() {
			return fmt.Sprintf(`printf('%d0000000-0000-4000-8000-%%012x', i)`, digit)
		}
		return fmt.Sprintf(`('%d0000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid`, digit)
	}
	hash := `decode(md5(i || '%s'), 'hex')`
	if !store.IsPostgreSQL() {
		numbers = fmt.Sprintf(
			`(WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < %d) SELECT i FROM s)`,
			n,
		)
		hash = `CAST(i || '%s' AS blob)`
	}
	client := `CASE WHEN i % 10 < 6 THEN 'client0' ELSE 'client' || (i % 10) END`
	few := `FROM (SELECT 0 AS i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
UNION ALL SELECT 4 UNION ALL SELECT 5
UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) AS s`
	for _, query := range []string{
		`INSERT INTO clients (id, name, created_at, updated_at) SELECT 'client' || i, 'Client ' || i, 0, 0 ` + few,
		`INSERT INTO roles (id, name) SELECT ` + id(0) + `, 'ROLE ' || i ` + few,
		`INSERT INTO users (id, email, tax_id, is_blocked, created_at, updated_at)
SELECT ` + id(0) + `, i || '@example.org', i, i % 10 = 0, 0, 0 FROM ` + numbers,
		`INSERT INTO user_roles (id, user_id, role_id, client_id)
SELECT ` + id(1) + `, ` + id(0) + `, '00000000-0000-4000-8000-000000000001', ` + client + ` FROM ` + numbers,
		`INSERT INTO approvals (id, user_id, client_id, created_at, updated_at)
SELECT ` + id(1) + `, ` + id(0) + `, ` + client + `, 0, 0 FROM ` + numbers,
		`INSERT INTO codes (id, code_id, grant_id, client_id, user_id, redirect_uri, scope, session, created_at, expires_at)
SELECT ` + fmt.Sprintf(hash, "code") + `, ` + id(1) + `, ` + id(2) + `, ` + client + `, ` + id(0) + `, '', '', '{}',
i / 10, 1000 + i / 10
FROM ` + numbers,
		`INSERT INTO grants (id, client_id, user_id, scope, session, refresh_token_id, refresh_hash, created_at, expires_at)
SELECT ` + id(2) + `, ` + client + `, ` + id(0) + `, '', '{}', CASE WHEN i % 1000 = 0 THEN ` + id(3) + ` END,
` + fmt.Sprintf(hash, "refresh") + `,
       i / 10, 1000 + i / 10 FROM ` + numbers,
		`INSERT INTO access_tokens (id, access_token_id, kind, client_id, user_id, grant_id, scope, session, created_at,
		expires_at)
SELECT ` + fmt.Sprintf(hash, "access") + `, ` + id(4) + `, CASE
WHEN i % 1000 = 0 THEN '2fa_access_token' ELSE 'access_token' END,
       ` + client + `, ` + id(0) + `, ` + id(2) + `, '', '{}', i / 10, 1000 + i / 10 FROM ` + numbers,
		`INSERT INTO audit_events (id, kind, client_id, user_id, created_at, expires_at)
SELECT ` + id(1) + `, CASE WHEN i % 1000 = 0 THEN 'rare' ELSE 'common' END, ` + client + `,
CAST(` + id(0) + ` AS text), i / 10,
       2000000000 + i / 10 FROM ` + numbers,
	} {
		_, err := store.SQL().ExecContext(context.WithoutCancel(t.Context()), query)
		require.NoError(t, err, query)
	}
	if store.IsPostgreSQL() {
		_, err := store.SQL().ExecContext(context.WithoutCancel(t.Context()), `VACUUM ANALYZE`)
		require.NoError(t, err)
	}
}

// withoutIndexes drops the indexes of PostgreSQL that are not unique, and returns what makes them again: to build an
// index takes a tenth of the time that its growth by single rows takes.
func withoutIndexes(t testing.TB, store *storage.Store) (restore func()) {
	if !store.IsPostgreSQL() {
		return func() {}
	}
	ctx, db := context.WithoutCancel(t.Context()), store.SQL()
	rows, err := db.QueryContext(ctx, `SELECT c.relname, replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisunique AND NOT c.relispartition`)
	require.NoError(t, err)
	defer rows.Close()
	var names, definitions []string
	for rows.Next() {
		var name, definition string
		require.NoError(t, rows.Scan(&name, &definition))
		names, definitions = append(names, name), append(definitions, definition)
	}
	require.NoError(t, rows.Err())
	_, err = db.ExecContext(ctx, `DROP INDEX `+strings.Join(names, ", "))
	require.NoError(t, err)
	return func() {
		for _, query := range append(definitions, `ANALYZE`) {
			_, err := db.ExecContext(ctx, query)
			require.NoError(t, err, query)
		}
	}
}

// UserNumber is the id of a user of ManyRows.
func UserNumber(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", i) }

// listed is one list of the admin API on the rows of ManyRows.
type listed struct {
	read func(ctx context.Context, store *storage.Store, p storage.Page) (ids []string, total storage.Total, err error)
	want func(n int) int // how many entries it has
}

func listOf[F, R any](
	list func(*storage.Store, context.Context, F, storage.Page) ([]R, storage.Total, error),
	f F,
	id func(R) string,
	want func(n int) int,
) listed {
	return listed{
		want: want,
		read: func(ctx context.Context, store *storage.Store, p storage.Page) ([]string, storage.Total, error) {
			rows, total, err := list(store, ctx, f, p)
			ids := make([]string, len(rows))
			for i, row := range rows {
				ids[i] = id(row)
			}
			return ids, total, err
		},
	}
}

func heldRoles(
	s *storage.Store,
	ctx context.Context,
	f storage.HeldRoleFilter,
	p storage.Page,
) ([]storage.HeldRole, storage.Total, error) {
	return s.PageOfHeldRoles(ctx, false, f, p)
}

// adminLists are the lists, with the filters that match many rows of ManyRows and some that match few.
// How many rows of ManyRows a list has.
func all(n int) int { return n }
func none(int) int  { return 0 }

func share(tenths int) func(int) int { return func(n int) int { return n * tenths / 10 } }

func always(rows int) func(int) int { return func(int) int { return rows } }

func everyThousandth(n int) int { return n / 1000 }

func tokenLists() map[string]listed {
	token := func(t storage.IssuedToken) string { return t.Kind + " " + t.ID }
	tokens := func(f storage.IssuedFilter, want func(int) int) listed {
		return listOf((*storage.Store).PageOfIssued, f, token, want)
	}
	return map[string]listed{
		"tokens": tokens(storage.IssuedFilter{}, func(n int) int { return 2*n + n/1000 }),
		"tokens of a large client": tokens(storage.IssuedFilter{ClientID: "client0"},
			func(n int) int { return 2*n*6/10 + n/1000 }),
		"tokens of a small client": tokens(storage.IssuedFilter{ClientID: "client7"}, share(2)),
		"tokens of no client":      tokens(storage.IssuedFilter{ClientID: "nobody"}, none),
		"codes":                    tokens(storage.IssuedFilter{Kinds: []string{storage.KindAuthorizationCode}}, all),
		"access tokens": tokens(storage.IssuedFilter{Kinds: []string{storage.KindAccessToken}},
			func(n int) int { return n - n/1000 }),
		"refresh tokens": tokens(storage.IssuedFilter{Kinds: []string{storage.KindRefreshToken}}, everyThousandth),
		"refresh tokens of a client": tokens(
			storage.IssuedFilter{Kinds: []string{storage.KindRefreshToken}, ClientID: "client1"},
			none,
		),
		"tokens of a rare kind":        tokens(storage.IssuedFilter{Kinds: []string{storage.KindTwoFactor}}, everyThousandth),
		"tokens of a kind without any": tokens(storage.IssuedFilter{Kinds: []string{storage.KindChangePasswordToken}}, none),
		"tokens of users": tokens(
			storage.IssuedFilter{UserIDs: []string{UserNumber(1), UserNumber(1000)}}, always(5)),
	}
}

func adminLists() map[string]listed {
	users := func(f storage.UserFilter, want func(int) int) listed {
		return listOf((*storage.Store).PageOfUsers, f, func(u storage.User) string { return u.ID }, want)
	}
	roles := func(f storage.HeldRoleFilter, want func(int) int) listed {
		return listOf(heldRoles, f, func(r storage.HeldRole) string { return r.ID }, want)
	}
	approvals := func(f storage.ApprovalFilter, want func(int) int) listed {
		return listOf((*storage.Store).PageOfApprovals, f, func(a storage.Approval) string { return a.ID }, want)
	}
	clients := func(f storage.ClientFilter, want int) listed {
		return listOf((*storage.Store).PageOfClients, f, func(c storage.Client) string { return c.ID }, always(want))
	}
	lists := map[string]listed{
		"users":                         users(storage.UserFilter{}, all),
		"users by email":                users(storage.UserFilter{Email: "77@example.org"}, always(1)),
		"users by tax id":               users(storage.UserFilter{TaxID: "77"}, always(1)),
		"roles that people have":        roles(storage.HeldRoleFilter{}, all),
		"roles at a client":             roles(storage.HeldRoleFilter{ClientID: "client0"}, share(6)),
		"people with a role":            roles(storage.HeldRoleFilter{RoleID: UserNumber(1)}, all),
		"people with a role nobody has": roles(storage.HeldRoleFilter{RoleID: UserNumber(2)}, none),
		"roles of a user":               roles(storage.HeldRoleFilter{UserIDs: []string{UserNumber(5)}}, always(1)),
		"approvals":                     approvals(storage.ApprovalFilter{}, all),
		"approvals of clients": approvals(storage.ApprovalFilter{ClientIDs: []string{"client0", "client9", "client0"}},
			share(7)),
		"approvals of a user":            approvals(storage.ApprovalFilter{UserIDs: []string{UserNumber(5)}}, always(1)),
		"clients":                        clients(storage.ClientFilter{}, 10),
		"clients by a part of the name":  clients(storage.ClientFilter{Name: "ent 3"}, 1),
		"clients of a type nobody is of": clients(storage.ClientFilter{TypeID: UserNumber(1)}, 0),
	}
	maps.Copy(lists, tokenLists())
	return lists
}

func lists(t *testing.T, s *suite) {
	const n = 12_000
	ManyRows(t, s.store, n)
	for name, list := range adminLists() {
		t.Run("The list of "+name+" is read whole, by number and by cursor", func(t *testing.T) {
			listIsReadWhole(t, s, list, list.want(n))
		})
	}
	t.Run("An invalid cursor is refused", func(t *testing.T) {
		for name, list := range adminLists() {
			for _, cursor := range []string{
				"x", "{}", "e30", "eyJpIjoieCJ9", "eyJpIjoiXHUwMDAwIiwicyI6IlwwIn0", "eyJzIjoieCIsImkiOiJ4In0",
				string(make([]byte, 5000)),
			} {
				ids, total, err := list.read(t.Context(), s.store, storage.Page{Size: 10, After: cursor})
				if err != nil {
					require.ErrorIs(t, err, storage.ErrCursor, "%s after %q", name, cursor)
				}
				require.True(t, err != nil || len(ids) <= 10 && total.Entries >= 0)
			}
		}
	})
}

func listIsReadWhole(t *testing.T, s *suite, list listed, want int) {
	ctx, size := t.Context(), 1000
	seen := map[string]bool{}
	var after string
	for number := 1; ; number++ {
		ids, total, err := list.read(ctx, s.store, storage.Page{Number: number, Size: size})
		require.NoError(t, err)
		if number > 1 {
			behind, _, err := list.read(ctx, s.store, storage.Page{Size: size, After: after})
			require.NoError(t, err)
			require.Equal(t, ids, behind, "page %d", number)
		}
		if want <= 10_000 {
			require.EqualValues(t, want, total.Entries)
		} else {
			require.Greater(t, total.Entries, int64(10_000))
			require.Less(t, total.Entries, int64(40_000), "an estimate, at the most all rows of the tables")
		}
		for _, id := range ids {
			require.False(t, seen[id], "twice: %s", id)
			seen[id] = true
		}
		if after = total.Next; after == "" {
			break
		}
	}
	require.Len(t, seen, want)
	ids, total, err := list.read(ctx, s.store, storage.Page{Number: 1_000_000, Size: size})
	require.NoError(t, err, "a page past the end is empty")
	require.Empty(t, ids)
	require.Empty(t, total.Next)
}
