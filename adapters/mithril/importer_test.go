package mithril_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"ithildin/adapters/mithril"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

const importTime = 1700000000

// newSource is an empty mithril database.
func newSource(t testing.TB) (*sql.DB, string) {
	server := requirement.PostgreSQL.Get(t)
	admin, err := sql.Open("postgres", server)
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	name := "mithril_test_" + strings.ToLower(rand.Text())
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	db, err := sql.Open("postgres", u.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	schema, err := os.ReadFile("testdata/schema.sql")
	require.NoError(t, err)
	run(t, db, string(schema))
	return db, u.String()
}

func run(t testing.TB, db *sql.DB, statements string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statements)
	require.NoError(t, err)
}

// hospital is a small country: one hospital, its MIS, and a doctor, with tokens of every kind.
const hospital = `
INSERT INTO users (id, email, password, password_set_at, tax_id, person_id, settings, priv_settings, inserted_at,
updated_at) VALUES
 ('3ff33ced-69dc-415a-b231-c6446898335a', 'Doctor@Example.com', '%[1]s', '2023-11-01', '3087512347', 'p', '{"a":1}',
  '{"login_hstr":[{"type":"password","is_success":false,"time":"2023-11-14T22:10:00.123456"},{"type":"password",
"is_success":false,"time":"2023-11-14T20:00:00"},{"type":"otp",
"is_success":false,"time":"2023-11-14T22:10:00"}],"otp_error_counter":2,"x":1}', '2023-01-01', '2023-11-01');
INSERT INTO password_hstr (user_id, password, inserted_at) VALUES
 ('3ff33ced-69dc-415a-b231-c6446898335a', 'first', '2020-01-01'), ('3ff33ced-69dc-415a-b231-c6446898335a', 'second',
'2021-01-01'),
 ('3ff33ced-69dc-415a-b231-c6446898335a', 'third', '2022-01-01'), ('3ff33ced-69dc-415a-b231-c6446898335a', 'fourth',
'2023-01-01'),
 ('3ff33ced-69dc-415a-b231-c6446898335a', '%[1]s', '2023-11-01');
INSERT INTO client_types VALUES
 ('11111111-1111-4111-8111-111111111111', 'MSP', ' legal_entity:read  employee:read employee:read', now(), now()),
 ('22222222-2222-4222-8222-222222222222', 'MIS', 'legal_entity:readlegal_entity:merge', now(), now());
INSERT INTO roles VALUES ('33333333-3333-4333-8333-333333333333', 'DOCTOR', 'legal_entity:read unheard:of', now(),
now());
INSERT INTO clients (id, name, settings, priv_settings, client_type_id, is_blocked, inserted_at, updated_at) VALUES
 ('6498d88e-97fb-47e2-85a5-99e884f888aa', 'Hospital', '{}', '{"access_type":"BROKER"}',
'11111111-1111-4111-8111-111111111111', FALSE, '2023-01-01', '2023-01-01'),
 ('7fb21983-0e7d-41dd-9769-568793dcab01', 'MIS', '{"allowed_grant_types":["password"]}',
'{"access_type":"DIRECT","broker_scope":" legal_entity:read "}', '22222222-2222-4222-8222-222222222222', FALSE,
'2023-01-01', '2023-01-01');
INSERT INTO connections VALUES
 ('44444444-4444-4444-8444-444444444444', 'YzJWamNtVjBMVzltTFcxcGN5MWhJUT09', 'https://mis.example/cb',
'6498d88e-97fb-47e2-85a5-99e884f888aa', '7fb21983-0e7d-41dd-9769-568793dcab01', '2023-01-01', '2023-01-01'),
 ('55555555-5555-4555-8555-555555555555', '015b566ed9', '/', '7fb21983-0e7d-41dd-9769-568793dcab01',
'7fb21983-0e7d-41dd-9769-568793dcab01', '2023-01-01', '2023-01-01');
INSERT INTO user_roles VALUES ('66666666-6666-4666-8666-666666666666', '3ff33ced-69dc-415a-b231-c6446898335a',
'33333333-3333-4333-8333-333333333333', '6498d88e-97fb-47e2-85a5-99e884f888aa', now(), now());
INSERT INTO global_user_roles VALUES ('77777777-7777-4777-8777-777777777777', '3ff33ced-69dc-415a-b231-c6446898335a',
'33333333-3333-4333-8333-333333333333', now(), now());
INSERT INTO apps VALUES ('88888888-8888-4888-8888-888888888888', 'legal_entity:read employee:read',
'3ff33ced-69dc-415a-b231-c6446898335a', '6498d88e-97fb-47e2-85a5-99e884f888aa', '2023-01-01', '2023-01-01');
INSERT INTO authentication_factors VALUES ('99999999-9999-4999-8999-999999999999', 'SMS', '+380501234567', TRUE,
'3ff33ced-69dc-415a-b231-c6446898335a', '2023-01-01', '2023-01-01');
INSERT INTO otp VALUES ('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 'A0000000-0000-4000-8000-000000000005===+380501234567',
123456, '2023-11-14 22:15:00', 'NEW', TRUE, 1, '2023-11-14 22:10:00');
INSERT INTO tokens (id, name, value, expires_at, details, user_id, inserted_at, updated_at) SELECT id::uuid, name,
value, %[2]d + life, details::jsonb,
 '3ff33ced-69dc-415a-b231-c6446898335a', '2023-11-14', '2023-11-14' FROM (VALUES
 ('a0000000-0000-4000-8000-000000000001', 'authorization_code', 'code', 300,
'{"client_id":"6498D88E-97FB-47E2-85A5-99E884F888AA","grant_type":"password",
"redirect_uri":"https://mis.example/cb?x=1","scope_request":"legal_entity:read"}'),
 ('a0000000-0000-4000-8000-000000000002', 'authorization_code', 'used code', 300,
'{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa","grant_type":"password","redirect_uri":"https://mis.example/cb",
"scope_request":"legal_entity:read","used":true}'),
 ('a0000000-0000-4000-8000-000000000003', 'refresh_token', 'refresh', 1000,
'{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa","grant_type":"authorization_code","scope":""}'),
 ('a0000000-0000-4000-8000-000000000004', 'access_token', 'access', 1000,
'{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa","grant_type":"authorization_code",
"redirect_uri":"https://mis.example/cb","refresh_token":"refresh","scope":"legal_entity:read"}'),
 ('a0000000-0000-4000-8000-000000000005', '2fa_access_token', 'half', 1000,
'{"client_id":"7fb21983-0e7d-41dd-9769-568793dcab01","grant_type":"password","scope":"",
"scope_request":"app:authorize"}'),
 ('a0000000-0000-4000-8000-000000000006', 'access_token', 'over', -1000,
'{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa","grant_type":"refresh_token","scope":"legal_entity:read"}'),
 ('a0000000-0000-4000-8000-000000000007', 'access_token', 'long over', -2592001,
'{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa","grant_type":"refresh_token","scope":"legal_entity:read"}'),
 ('a0000000-0000-4000-8000-000000000008', 'access_token', 'nobody''s', 1000, '{}')
) AS v (id, name, value, life, details);`

// imported is an empty store of an engine, with what an import needs.
type imported struct {
	t      testing.TB
	store  *storage.Store
	source *sql.DB
	url    string
	now    int64
}

func newImported(t testing.TB, engine storagetest.Engine) *imported {
	i := &imported{t: t, now: importTime}
	i.source, i.url = newSource(t)
	i.store = engine.Open(t, func(o *storage.Options) { o.Now = i.clock })
	return i
}

func (i *imported) clock() time.Time { return time.Unix(i.now, 0) }

func (i *imported) run(change ...func(*mithril.Options)) *mithril.Report {
	i.t.Helper()
	options := mithril.Options{
		Source: i.url, Store: i.store, Now: i.clock,
		HashSecret: func(_ context.Context, secret string) (string, error) {
			hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
			return string(hash), err
		},
	}
	for _, c := range change {
		c(&options)
	}
	report, err := mithril.Run(i.t.Context(), options)
	require.NoError(i.t, err)
	return report
}

func line(t testing.TB, r *mithril.Report, name string) *mithril.Line {
	t.Helper()
	for _, l := range r.Lines {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("the report has no line %q", name)
	return nil
}

// digest is everything that an import writes.
func (i *imported) digest() string {
	var all strings.Builder
	for _, query := range []string{
		`SELECT id, email, password, private_settings, one_time_code_failures FROM users ORDER BY id`,
		`SELECT id, user_id, password, created_at, 0 FROM password_history ORDER BY id`,
		`SELECT id, name, policy, metadata, private_settings FROM clients ORDER BY id`,
		`SELECT id, redirect_uris, redirect_match, refresh_bound_to, 0 FROM connections ORDER BY id`,
		`SELECT id, connection_id, password_hash, expires_at, 0 FROM connection_secrets ORDER BY id`,
		`SELECT id, user_id, client_id, scope, updated_at FROM approvals ORDER BY id`,
		`SELECT code_id, grant_id, redirect_uri, used_at, expires_at FROM codes ORDER BY code_id`,
		`SELECT id, scope, refresh_token_id, refresh_expires_at, expires_at FROM grants ORDER BY id`,
		`SELECT access_token_id, kind, grant_id, session, expires_at FROM access_tokens ORDER BY access_token_id`,
		`SELECT id, key, status, attempts, expires_at FROM one_time_codes ORDER BY id`,
		`SELECT id, created_at, expires_at, 0, 0 FROM sign_in_failures ORDER BY id`,
	} {
		rows, err := i.store.SQL().QueryContext(i.t.Context(), query)
		require.NoError(i.t, err, query)
		for rows.Next() {
			var row [5]sql.NullString
			require.NoError(i.t, rows.Scan(&row[0], &row[1], &row[2], &row[3], &row[4]))
			fmt.Fprintln(&all, row)
		}
		require.NoError(i.t, rows.Err())
		require.NoError(i.t, rows.Close())
	}
	return all.String()
}

func fillHospital(t testing.TB, i *imported) {
	hash, err := bcrypt.GenerateFromPassword([]byte("Somepassword1"), bcrypt.MinCost)
	require.NoError(t, err)
	run(t, i.source, fmt.Sprintf(hospital, string(hash), importTime))
}

func (i *imported) provider() *provider.Provider {
	keys := jwks.New(provider.KeyStore{Store: i.store}, jwks.Options{Now: i.clock, Algorithms: []string{jwks.ES256}})
	require.NoError(i.t, keys.Load(i.t.Context()))
	issuer, err := url.Parse("https://auth.example")
	require.NoError(i.t, err)
	p, err := provider.New(i.t.Context(), provider.Options{Store: i.store, Keys: keys, Issuer: issuer, Now: i.clock})
	require.NoError(i.t, err)
	return p
}

func TestImportedTokensAndSecretsWork(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		i.run()
		p, ctx := i.provider(), t.Context()
		v, err := p.Tokens().Verify(ctx, "access", "015b566ed9", nil)
		require.NoError(t, err)
		require.Equal(t, "legal_entity:read", v.BrokerScope)
		require.Equal(t, "https://mis.example/cb", v.RedirectURI)
		require.Equal(t, "a0000000-0000-4000-8000-000000000004", v.ID)
		_, err = p.Tokens().Verify(ctx, "over", "015b566ed9", nil)
		require.ErrorIs(t, err, provider.ErrTokenExpired)
		_, err = p.Tokens().Verify(ctx, "long over", "015b566ed9", nil)
		require.ErrorIs(t, err, provider.ErrTokenUnknown)

		ask := func(form url.Values) (*provider.TokenSet, error) {
			form.Set("client_id", "6498d88e-97fb-47e2-85a5-99e884f888aa")
			form.Set("client_secret", "YzJWamNtVjBMVzltTFcxcGN5MWhJUT09")
			return p.Exchange(ctx, provider.TokenRequest{Form: form})
		}
		set, err := ask(url.Values{"grant_type": {"authorization_code"}, "code": {"code"},
			"redirect_uri": {"https://mis.example/cb?x=1"}})
		require.NoError(t, err)
		require.Equal(t, "legal_entity:read", set.Scope)
		_, err = ask(url.Values{"grant_type": {"authorization_code"}, "code": {"used code"},
			"redirect_uri": {"https://mis.example/cb"}})
		require.ErrorIs(t, err, storage.ErrUsed)
		set, err = ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"refresh"}})
		require.NoError(t, err)
		require.Equal(t, "refresh", set.RefreshToken)
		require.Equal(t, "legal_entity:read employee:read", set.Scope)

		half, err := p.SessionTokens().Find(ctx, "half")
		require.NoError(t, err)
		require.Equal(t, storage.KindTwoFactor, half.Kind)
		require.Equal(t, "app:authorize", half.Session.ScopeRequest)
		require.NoError(t, p.Identity().VerifyOneTimeCode(ctx, half.UserID, half.AccessTokenID, "+380501234567", "123456"))

		user, err := i.store.FindUserByEmail(ctx, "doctor@example.com")
		require.NoError(t, err)
		require.NoError(t, bcrypt.CompareHashAndPassword([]byte(user.Password), []byte("Somepassword1")))
		require.JSONEq(t, `{"x":1}`, string(user.PrivateSettings))
		history, err := i.store.PasswordHistory(ctx, user.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"fourth", "third", "second"}, history)
		subject, err := i.store.SignInSubject(ctx, "account", "doctor@example.com")
		require.NoError(t, err)
		counts, err := i.store.CountSignInFailures(ctx, [][]byte{subject}, time.Unix(importTime-600, 0))
		require.NoError(t, err)
		require.Equal(t, []int64{1}, counts)
		roles, err := i.store.ListUserRoles(ctx, user.ID)
		require.NoError(t, err)
		require.Len(t, roles, 2)
	})
}

func TestImportReportNamesRepairedAndRefusedRows(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		run(t, i.source, `ALTER TABLE users ALTER COLUMN email TYPE text`)
		fillHospital(t, i)
		run(t, i.source, `
INSERT INTO users (id, email, password, inserted_at, updated_at) VALUES ('ffffffff-0000-4000-8000-000000000001',
'DOCTOR@example.com', '', now(), now());
INSERT INTO apps VALUES ('ffffffff-0000-4000-8000-000000000002', 'x:y', 'ffffffff-0000-4000-8000-000000000001',
'6498d88e-97fb-47e2-85a5-99e884f888aa', now(), now());
INSERT INTO tokens VALUES ('ffffffff-0000-4000-8000-000000000004', 'access_token', 'without', 1700001000,
'{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa"}', NULL, now(), now());
INSERT INTO tokens VALUES ('ffffffff-0000-4000-8000-000000000003', 'access_token', 'hers', 1700001000,
'{"client_id":"6498d88e-97fb-47e2-85a5-99e884f888aa"}', 'ffffffff-0000-4000-8000-000000000001', now(), now());`)
		report := i.run()
		users := line(t, report, "users")
		require.EqualValues(t, 1, users.Refused)
		require.Contains(t, users.Notes[0], "ffffffff-0000-4000-8000-000000000001")
		require.Contains(t, strings.Join(line(t, report, "client types").Notes, "\n"),
			"legal_entity:readlegal_entity:merge is legal_entity:read and legal_entity:merge")
		require.EqualValues(t, 2, line(t, report, "client types").Repaired)
		connections := line(t, report, "connections")
		require.Contains(t, connections.Notes[0], `the redirect URI "/" can't be matched`)
		tokens := line(t, report, "access tokens")
		require.EqualValues(t, 3, tokens.Refused, "hers, and those of no client and of no user")
		kind, err := i.store.FindClientTypeByName(t.Context(), "MSP")
		require.NoError(t, err)
		require.Equal(t, []string{"legal_entity:read", "employee:read"}, kind.Scope)
		client, err := i.store.LoadClient(t.Context(), "7fb21983-0e7d-41dd-9769-568793dcab01")
		require.NoError(t, err)
		require.Empty(t, client.Connections[0].RedirectURIs)
		require.Equal(t, "legal_entity:read", client.BrokerScope())
	})
}

func TestRepeatedImportChangesNothingAndADryRunWritesNothing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		content, err := os.ReadFile("testdata/generate.sql")
		require.NoError(t, err)
		run(t, i.source, fmt.Sprintf(string(content), 200, 20, 60, 1400, importTime))
		empty := i.digest()
		dry := i.run(func(o *mithril.Options) { o.Store = nil })
		require.Equal(t, empty, i.digest())
		require.EqualValues(t, 700, line(t, dry, "access tokens").Read)
		first := i.run()
		require.EqualValues(t, 700, line(t, first, "access tokens").Written)
		before := i.digest()
		for _, l := range i.run().Lines {
			require.Zero(t, l.Written, l.Name)
		}
		require.Equal(t, before, i.digest())
	})
}

func TestImportedUsersAndClientsAreListedInTheOrderOfTheSource(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		run(t, i.source, `
INSERT INTO users (id, email, password, inserted_at, updated_at) VALUES
 ('ffffffff-0000-4000-8000-000000000001', 'first@example.com', '', '2022-01-01', '2022-01-01'),
 ('00000000-0000-4000-8000-000000000001', 'last@example.com', '', '2023-06-01', '2023-06-01');
UPDATE clients SET inserted_at = '2022-01-01' WHERE name = 'MIS';`)
		i.run()
		users, _, err := i.store.PageOfUsers(t.Context(), storage.UserFilter{}, storage.Page{})
		require.NoError(t, err)
		var emails []string
		for _, u := range users {
			emails = append(emails, u.Email)
		}
		require.Equal(t, []string{"first@example.com", "doctor@example.com", "last@example.com"}, emails)
		clients, _, err := i.store.PageOfClients(t.Context(), storage.ClientFilter{}, storage.Page{})
		require.NoError(t, err)
		require.Equal(t, "MIS", clients[0].Name)
	})
}

// mithril's columns for names are varchar(255).
func TestNamesAreImportedInTheFullLengthThatMithrilAllows(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		run(t, i.source, `
UPDATE clients SET name = repeat('Ї', 255); UPDATE client_types SET name = left(name || repeat('є', 255), 255);
UPDATE roles SET name = left(name || repeat('ґ', 255), 255);`)
		report := i.run()
		for _, name := range []string{"clients", "client types", "roles"} {
			require.Zero(t, line(t, report, name).Refused, name)
		}
		client, err := i.store.LoadClient(t.Context(), "6498d88e-97fb-47e2-85a5-99e884f888aa")
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("Ї", 255), client.Name)
		for _, table := range []string{"client_types", "roles"} {
			var longest int
			require.NoError(t, i.store.SQL().QueryRowContext(t.Context(),
				`SELECT max(length(name)) FROM `+table).Scan(&longest))
			require.Equal(t, 255, longest, table)
		}
	})
}

func TestRepeatedImportKeepsChangesHereAndFollowsChangesThere(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		i.run()
		ctx := t.Context()
		user, err := i.store.FindUserByEmail(ctx, "doctor@example.com")
		require.NoError(t, err)
		require.NoError(t, i.store.UpgradePassword(ctx, user.ID, user.Password, "argon2id"))
		client, err := i.store.LoadClient(ctx, "6498d88e-97fb-47e2-85a5-99e884f888aa")
		require.NoError(t, err)
		client.Policy.RefreshScope = storage.RefreshScopeCurrent
		require.NoError(t, i.store.UpdateClient(ctx, *client))
		require.NoError(t, i.store.AddConnectionSecret(ctx, client.Connections[0].ID, storage.ConnectionSecret{
			ID: i.store.NewID(), Hash: storage.Hash("another"),
		}, time.Unix(importTime, 0)))
		run(t, i.source, `
UPDATE tokens SET expires_at = 1699999000 WHERE value = 'access';
UPDATE tokens SET details = details || '{"used":true}' WHERE value = 'code';
UPDATE users SET tax_id = '2', updated_at = '2024-01-01';`)
		i.run()
		again, err := i.store.FindUserByEmail(ctx, "doctor@example.com")
		require.NoError(t, err)
		require.Equal(t, "argon2id", again.Password)
		require.Equal(t, "2", again.TaxID)
		p := i.provider()
		_, err = p.Tokens().Verify(ctx, "access", "015b566ed9", nil)
		require.ErrorIs(t, err, provider.ErrTokenExpired)
		code, err := i.store.FindCode(ctx, storage.Hash("code"))
		require.NoError(t, err)
		require.NotZero(t, code.UsedAt)
		_, err = p.Clients().AuthenticateSecret(ctx, client.ID, "YzJWamNtVjBMVzltTFcxcGN5MWhJUT09")
		require.Error(t, err, "a secret that was replaced here stays replaced")
		changed, err := i.store.LoadClient(ctx, client.ID)
		require.NoError(t, err)
		require.Equal(t, storage.RefreshScopeCurrent, changed.Policy.RefreshScope)
		run(t, i.source, `UPDATE users SET password = 'new', password_set_at = '2024-02-01', updated_at = '2024-02-01'`)
		i.run()
		again, err = i.store.FindUserByEmail(ctx, "doctor@example.com")
		require.NoError(t, err)
		require.Equal(t, "new", again.Password)
	})
}

func TestImportAcceptsHashedConnectionSecrets(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		run(t, i.source, `UPDATE connections SET secret = encode(sha256(secret::bytea), 'hex')`)
		i.run(func(o *mithril.Options) { o.Secrets = mithril.SecretForms["sha256-hex"] })
		_, err := i.provider().Clients().AuthenticateSecret(t.Context(), "6498d88e-97fb-47e2-85a5-99e884f888aa",
			"YzJWamNtVjBMVzltTFcxcGN5MWhJUT09")
		require.NoError(t, err)
		wrong := i.run(func(o *mithril.Options) { o.Secrets = mithril.SecretForms["bcrypt"] })
		require.EqualValues(t, 2, line(t, wrong, "connections").Refused)
	})
}

func TestImportFromAnUnavailableSourceFailsWithoutShowingItsPassword(t *testing.T) {
	_, err := mithril.Run(t.Context(),
		mithril.Options{Source: "postgres://somebody:hidden@127.0.0.1:1/none?sslmode=disable"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hidden")
}

func TestPlainSecretsOfConnectionsAreSealedWhereTheAdminAPIShowsThem(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		secrets := func() (opened []string) {
			for _, id := range []string{"44444444-4444-4444-8444-444444444444", "55555555-5555-4555-8555-555555555555"} {
				connection, err := i.store.FindConnection(t.Context(), id)
				require.NoError(t, err)
				secret := connection.Secrets[0]
				require.NotContains(t, secret.Sealed, "YzJWamNtVjBMVzltTFcxcGN5MWhJUT09")
				if secret.Sealed != "" {
					content, err := i.store.OpenSecret(secret)
					require.NoError(t, err)
					opened = append(opened, string(content))
				}
			}
			return opened
		}
		i.run()
		require.Empty(t, secrets())
		sealed := func(o *mithril.Options) { o.SealSecrets = true }
		i.run(sealed)
		want := []string{"YzJWamNtVjBMVzltTFcxcGN5MWhJUT09", "015b566ed9"}
		require.Equal(t, want, secrets(), "also those that were imported before")
		run(t, i.source, `UPDATE connections SET secret = 'another' WHERE secret = '015b566ed9'`)
		i.run(sealed)
		require.Equal(t, []string{want[0], "another"}, secrets())
		connection, err := i.store.FindConnection(t.Context(), "44444444-4444-4444-8444-444444444444")
		require.NoError(t, err)
		require.NoError(t, i.store.AddConnectionSecret(t.Context(), connection.ID,
			i.store.NewConnectionSecret(storage.SecretValue{Text: "newer"}), time.Unix(importTime-1, 0)))
		i.run(sealed)
		connection, err = i.store.FindConnection(t.Context(), connection.ID)
		require.NoError(t, err)
		require.Len(t, connection.Secrets, 1, "a secret that was ended here stays ended")
	})
}
