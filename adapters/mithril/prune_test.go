package mithril_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/mithril"
	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	doctorID   = "3ff33ced-69dc-415a-b231-c6446898335a"
	hospitalID = "6498d88e-97fb-47e2-85a5-99e884f888aa"
)

func (i *imported) absent() map[string]*mithril.Absent {
	i.t.Helper()
	found, err := mithril.FindAbsent(i.t.Context(), i.url, i.store)
	require.NoError(i.t, err)
	byName := map[string]*mithril.Absent{}
	for _, a := range found {
		byName[a.Name] = a
	}
	return byName
}

func (i *imported) prune() map[string]*mithril.Absent {
	i.t.Helper()
	found := i.absent()
	var list []*mithril.Absent
	for _, p := range []string{"access tokens", "refresh tokens", "authorization codes", "approvals", "roles of users",
		"global roles of users", "second factors", "connections", "clients", "users", "roles", "client types"} {
		if found[p] != nil {
			list = append(list, found[p])
		}
	}
	require.NoError(i.t, mithril.Prune(i.t.Context(), i.store, list))
	return found
}

func TestPruningDeletesWhatTheSourceHasNoMore(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		i.run()
		require.Empty(t, i.absent())
		run(t, i.source, `
DELETE FROM tokens WHERE value IN ('access', 'refresh', 'code', 'over'); DELETE FROM global_user_roles;
DELETE FROM authentication_factors; DELETE FROM connections WHERE redirect_uri = '/';`)
		before := i.digest()
		found := i.absent()
		require.Equal(t, before, i.digest(), "finding changes nothing")
		for name, first := range map[string]string{
			"access tokens":       doctorID + " for client " + hospitalID,
			"refresh tokens":      doctorID + " for client " + hospitalID,
			"authorization codes": doctorID + " for client " + hospitalID,
			"second factors":      "SMS of doctor@example.com", "global roles of users": "DOCTOR of doctor@example.com",
			"connections": "client 7fb21983-0e7d-41dd-9769-568793dcab01, consumer 7fb21983-0e7d-41dd-9769-568793dcab01",
		} {
			require.Contains(t, found, name)
			require.EqualValues(t, 1, found[name].Count, "%s: what is over is left to the janitor", name)
			require.Equal(t, []string{first}, found[name].First)
		}
		require.Len(t, found, 6)
		for name, a := range i.prune() {
			require.EqualValues(t, 1, a.Deleted, name)
		}
		require.Empty(t, i.absent())
		p, ctx := i.provider(), t.Context()
		_, err := p.Tokens().Verify(ctx, "access", "", nil)
		require.ErrorIs(t, err, provider.ErrTokenUnknown)
		_, err = i.store.FindAuthenticationFactor(ctx, doctorID, "SMS")
		require.ErrorIs(t, err, storage.ErrNotFound)
		half, err := p.SessionTokens().Find(ctx, "half")
		require.NoError(t, err)
		require.LessOrEqual(t, half.ExpiresAt, time.Unix(importTime, 0), "a sign-in that waits for the factor ends")
		roles, err := i.store.ListUserRoles(ctx, doctorID)
		require.NoError(t, err)
		require.Len(t, roles, 1)
	})
}

func TestPruningDeletesAUserWithWhatIsTheirs(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		i.run()
		ctx := t.Context()
		run(t, i.source, `DELETE FROM users; INSERT INTO users (id, email, password, inserted_at, updated_at) VALUES
('ffffffff-0000-4000-8000-000000000001', 'DOCTOR@example.com', '', now(), now()); DELETE FROM roles;`)
		i.run()
		_, err := i.store.FindUser(ctx, "ffffffff-0000-4000-8000-000000000001")
		require.ErrorIs(t, err, storage.ErrNotFound, "the mail is still that of the user before")
		role := storage.Role{ID: i.store.NewID(), Name: "NURSE"}
		require.NoError(t, i.store.CreateRole(ctx, role))
		require.NoError(t, i.store.GrantRole(ctx, doctorID, role.ID, hospitalID))
		require.NoError(t, i.store.CreateAuthenticator(ctx, storage.Authenticator{
			ID: i.store.NewID(), UserID: doctorID, Name: "phone", Secret: []byte("secret"), IsActive: true,
			CreatedAt: i.store.Now(),
		}))
		require.NoError(t, i.store.CreatePasskey(ctx, storage.Passkey{
			ID: i.store.NewID(), UserID: doctorID, Name: "laptop", CredentialID: []byte{1}, UserHandle: []byte{2},
			PublicKey: []byte{3}, AAGUID: "00000000-0000-0000-0000-000000000000", CreatedAt: i.store.Now(),
		}))
		require.EqualValues(t, 3, i.absent()["users"].MadeHere,
			"a role, an authenticator and a passkey that were added here go with their user")
		i.prune()
		_, err = i.store.FindUser(ctx, doctorID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = i.store.FindRoleByName(ctx, "DOCTOR")
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = i.store.FindRoleByName(ctx, "NURSE")
		require.NoError(t, err)
		i.run()
		_, err = i.store.FindUser(ctx, "ffffffff-0000-4000-8000-000000000001")
		require.NoError(t, err)
	})
}

// What was made here is no business of the source, and what it made anew under another id is still there.
func TestPruningKeepsWhatNoImportBrought(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		ctx := t.Context()
		native := storagetest.User(t, i.store)
		client := storagetest.Client(t, i.store, storage.PresetEHealth)
		require.NoError(t, i.store.CreateClientType(ctx, storage.ClientType{ID: i.store.NewID(), Name: "HERE"}))
		role := storage.Role{ID: i.store.NewID(), Name: "HERE"}
		require.NoError(t, i.store.CreateRole(ctx, role))
		require.NoError(t, i.store.GrantRole(ctx, native.ID, role.ID, client.ID))
		require.NoError(t, i.store.GrantRole(ctx, native.ID, role.ID, ""))
		now := i.store.Now()
		require.NoError(t, i.store.CreateApproval(ctx, storage.Approval{
			ID: i.store.NewID(), UserID: native.ID, ClientID: client.ID, CreatedAt: now, UpdatedAt: now,
		}))
		require.NoError(t, i.store.CreateAuthenticationFactor(ctx, storage.AuthenticationFactor{
			ID: i.store.NewID(), UserID: native.ID, Type: "SMS", CreatedAt: now, UpdatedAt: now,
		}))
		require.NoError(t, i.store.CreateAccessToken(ctx, storage.AccessToken{
			ID: storage.Hash("native"), AccessTokenID: i.store.NewID(), Kind: storage.KindAccessToken, ClientID: client.ID,
			UserID: native.ID, Session: &storage.Session{}, ExpiresAt: time.Unix(importTime+1000, 0),
		}))
		fillHospital(t, i)
		i.run()
		require.Empty(t, i.absent())
		run(t, i.source, `
UPDATE apps SET id = gen_random_uuid(); UPDATE user_roles SET id = gen_random_uuid();
UPDATE global_user_roles SET id = gen_random_uuid(); UPDATE authentication_factors SET id = gen_random_uuid();`)
		i.run()
		require.Empty(t, i.absent())
		before := i.digest()
		i.prune()
		require.Equal(t, before, i.digest())
	})
}

func TestPruningKeepsAClientTypeThatAClientIsOf(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		i.run()
		kind, err := i.store.FindClientTypeByName(t.Context(), "MSP")
		require.NoError(t, err)
		client := storagetest.Client(t, i.store, storage.PresetEHealth)
		client.TypeID = kind.ID
		require.NoError(t, i.store.UpdateClient(t.Context(), *client))
		run(t, i.source, `DELETE FROM tokens; DELETE FROM clients; DELETE FROM client_types;`)
		found := i.prune()
		require.EqualValues(t, 2, found["clients"].Deleted)
		require.EqualValues(t, 1, found["client types"].Deleted)
		require.Len(t, found["client types"].Notes, 1)
		require.Contains(t, found["client types"].Notes[0], "MSP is kept")
	})
}

// A database without users is not the one that was imported.
func TestAttackPruningByAnEmptySourceDeletesEverything(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		i.run()
		run(t, i.source, `TRUNCATE users CASCADE`)
		_, err := mithril.FindAbsent(t.Context(), i.url, i.store)
		require.ErrorIs(t, err, mithril.ErrEmptySource)
	})
}

func TestReportCountsTheClientsWhoseSignInsGoByTheirType(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		run(t, i.source, `
INSERT INTO clients (id, name, settings, priv_settings, client_type_id, inserted_at, updated_at) VALUES
 ('ffffffff-0000-4000-8000-000000000001', 'Portal', '{"allowed_grant_types":["digital_signature"]}',
  '{"access_type":"DIRECT"}', '11111111-1111-4111-8111-111111111111', now(), now()),
 ('ffffffff-0000-4000-8000-000000000002', 'Clinic', '{"allowed_grant_types":[]}',
  '{"access_type":"DIRECT"}', '11111111-1111-4111-8111-111111111111', now(), now());`)
		for _, report := range []*mithril.Report{
			i.run(func(o *mithril.Options) { o.Store = nil }), i.run(), i.run(),
		} {
			counted := line(t, report, "clients with login_scope=client_type")
			require.EqualValues(t, 2, counted.Read, "the MIS and the portal, by whatever grant")
			require.Zero(t, counted.Written)
		}
	})
}

func TestOneTimeCodesThatExpiredWithinADayAreImported(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newImported(t, engine)
		fillHospital(t, i)
		run(t, i.source, `
UPDATE otp SET code_expired_at = '2023-11-14 12:00:00';
INSERT INTO otp (id, key, code, code_expired_at, inserted_at) VALUES
 (gen_random_uuid(), 'A0000000-0000-4000-8000-000000000005===+380501234568', 123456, '2023-11-13 12:00:00',
  '2023-11-13 11:55:00');`)
		require.EqualValues(t, 1, line(t, i.run(), "one-time codes").Written)
		p := i.provider()
		half, err := p.SessionTokens().Find(t.Context(), "half")
		require.NoError(t, err)
		err = p.Identity().VerifyOneTimeCode(t.Context(), half.UserID, half.AccessTokenID, "+380501234567", "123456")
		require.ErrorContains(t, err, "expired", "as mithril says")
	})
}
