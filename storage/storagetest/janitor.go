package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func janitor(t *testing.T, s *suite) {
	t.Run("Rows that have not ended are not swept", func(t *testing.T) {
		s.oneRowOfEach(t)
		deleted, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
		require.NoError(t, err)
		for table, n := range deleted {
			require.Zero(t, n, table)
		}
	})
	t.Run("An ended row stays for the retention time", func(t *testing.T) { deadRowsStayForTheirAnswers(t, s) })
	t.Run("Every expired row is deleted in the end, in batches of any size", func(t *testing.T) {
		for range 3 {
			s.oneRowOfEach(t)
		}
		s.clock.Advance(500 * 24 * time.Hour)
		_, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 2, TokenRetention: storage.TokenRetention})
		require.NoError(t, err)
		for _, table := range []string{
			"codes", "access_tokens", "grants", "login_sessions", "sign_in_failures", "one_time_codes", "revoked_jti",
			"used_jti", "audit_events", "logout_deliveries", "mails", "account_notices",
			"password_resets", "pushed_requests", "device_authorizations", "rate_counts",
		} {
			require.Zero(t, s.count(t, table, "expires_at > $1", 0), table)
		}
		require.Zero(t, s.count(t, "connection_secrets", "expires_at > $1", 0))
		require.NotZero(t, s.count(t, "connection_secrets", "expires_at = $1", 0), "a secret without an end stays")
	})
	t.Run("A grant stays as long as its login session", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		_, session := LoginSession(t, s.store, u)
		grant := Grant(t, s.store, client, u, inSession(session),
			func(g *storage.Grant) { g.ExpiresAt = s.store.Now().Add(time.Minute) })
		s.clock.Advance(time.Hour)
		for _, left := range []int{1, 0} {
			_, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
			require.NoError(t, err)
			require.Equal(t, left, s.count(t, "grants", "id = $1", grant.ID))
			_, err = s.store.EndLoginSession(t.Context(), session.ID)
			require.NoError(t, err)
		}
	})
	t.Run("A table that fails does not stop the sweep of the others", func(t *testing.T) {
		s.oneRowOfEach(t)
		s.clock.Advance(500 * 24 * time.Hour)
		rename(t, s, "codes", "codes_away")
		defer rename(t, s, "codes_away", "codes")
		deleted, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 2, TokenRetention: storage.TokenRetention})
		require.ErrorContains(t, err, "sweep codes:")
		for _, table := range []string{"access_tokens", "grants", "login_sessions", "audit_events", "logout_deliveries"} {
			require.NotZero(t, deleted[table], table)
		}
	})
	t.Run("The next runs sweep what a budget left, and retained rows do not hide others", func(t *testing.T) {
		aBudgetIsKept(t, s)
	})
	t.Run("After a restore whatever lets somebody in is ended, and what says no stays", func(t *testing.T) {
		restoredRowsAreEnded(t, s)
	})
	t.Run("A sweep without a batch is refused", func(t *testing.T) {
		_, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 0, TokenRetention: storage.TokenRetention})
		require.Error(t, err)
	})
}

func restoredRowsAreEnded(t *testing.T, s *suite) {
	s.oneRowOfEach(t)
	users, clients := s.count(t, "users", "created_at >= $1", 0), s.count(t, "clients", "created_at >= $1", 0)
	now := s.store.Now().Unix()
	live := map[string]string{
		"login_sessions": "revoked_at = 0 AND expires_at > $1", "pushed_requests": "expires_at > $1",
		"codes": "used_at = 0 AND revoked_at = 0 AND expires_at > $1", "grants": "revoked_at = 0 AND expires_at > $1",
		"access_tokens": "expires_at > $1", "one_time_codes": "expires_at > $1", "password_resets": "expires_at > $1",
		"invitations": "state = 'open' AND expires_at > $1",
	}
	for table, condition := range live {
		require.NotZero(t, s.count(t, table, condition, now), table)
	}
	refused := map[string]int{}
	for _, table := range []string{"revoked_jti", "used_jti", "sign_in_failures", "audit_events", "connection_secrets"} {
		refused[table] = s.count(t, table, "expires_at > $1", now)
		require.NotZero(t, refused[table], table)
	}
	ended := map[string]int64{}
	require.NoError(t, s.store.EndRolledBack(t.Context(), func(table string, rows int64) { ended[table] = rows }))
	for table, condition := range live {
		require.Zero(t, s.count(t, table, condition, now), table)
		require.NotZero(t, ended[table], table)
	}
	for table, rows := range refused {
		require.Equal(t, rows, s.count(t, table, "expires_at > $1", now), table)
	}
	require.Equal(t, users, s.count(t, "users", "created_at >= $1", 0))
	require.Equal(t, clients, s.count(t, "clients", "created_at >= $1", 0))
	require.NoError(t, s.store.EndRolledBack(t.Context(), func(table string, rows int64) { require.Zero(t, rows, table) }))
}

func aBudgetIsKept(t *testing.T, s *suite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
	_, session := LoginSession(t, s.store, u)
	for range 5 {
		Grant(t, s.store, client, u, inSession(session),
			func(g *storage.Grant) { g.ExpiresAt = s.store.Now().Add(time.Minute) })
	}
	var ended []string
	for range 6 {
		ended = append(ended, Grant(t, s.store, client, u,
			func(g *storage.Grant) { g.ExpiresAt = s.store.Now().Add(61 * time.Second) }).ID)
	}
	s.clock.Advance(time.Hour)
	hurried := s.open(t, func(o *storage.Options) {
		o.Now = func() time.Time { s.clock.Advance(time.Second); return s.clock.Now() }
	})
	left := func() (n int) {
		for _, id := range ended {
			n += s.count(t, "grants", "id = $1", id)
		}
		return n
	}
	for runs := 0; left() > 0; runs++ {
		_, err := hurried.Sweep(t.Context(),
			storage.Sweep{Batch: 2, TokenRetention: storage.TokenRetention, Budget: 5 * time.Second})
		require.NoError(t, err)
		require.Less(t, runs, 20)
	}
}

func rename(t *testing.T, s *suite, table, to string) {
	t.Helper()
	_, err := s.store.SQL().ExecContext(context.WithoutCancel(t.Context()), `ALTER TABLE `+table+` RENAME TO `+to)
	require.NoError(t, err)
}

// oneRowOfEach makes a live row in every table that the janitor sweeps.
func (s *suite) oneRowOfEach(t *testing.T) {
	t.Helper()
	ctx, later := t.Context(), s.store.Now().Add(time.Hour)
	u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
	Code(t, s.store, client, u)
	AccessToken(t, s.store, Grant(t, s.store, client, u))
	LoginSession(t, s.store, u)
	s.oneTimeCode(t, "phone")
	_, err := s.store.RecordSignInFailure(ctx, [][]byte{storage.Hash("account")}, later)
	require.NoError(t, err)
	s.logoutDelivery(t)
	s.mail(t)
	require.NoError(t, s.store.NoteAccountChange(ctx, storage.AccountNotice{UserID: u.ID, Kind: storage.EventPasswordSet}))
	s.invitation(t, "janitor@example.com", "", s.store.NewID())
	s.passwordReset(t, User(t, s.store))
	s.pushedRequest(t, client.ID)
	s.deviceAuthorization(t, client.ID)
	s.rateCount(t)
	require.NoError(t, s.store.RevokeJTI(ctx, s.store.NewID(), later))
	require.NoError(t, s.store.UseJTI(ctx, "dpop", "client", s.store.NewID(), s.store.NewID(), later))
	require.NoError(t, s.store.RecordEvents(ctx, []storage.Event{{Kind: "sign_in"}}))
	secret := storage.ConnectionSecret{ID: s.store.NewID(), Hash: storage.Hash(s.store.NewID()), ExpiresAt: later}
	require.NoError(t, s.store.AddConnectionSecret(ctx, client.Connections[0].ID, secret, time.Time{}))
}

func deadRowsStayForTheirAnswers(t *testing.T, s *suite) {
	ctx := t.Context()
	u := User(t, s.store)
	standard, legacy := Client(t, s.store, storage.PresetStandard), Client(t, s.store, storage.PresetMithril)
	s.layOut(t, legacy)
	_, standardCode := Code(t, s.store, standard, u)
	_, legacyCode := Code(t, s.store, legacy, u)
	_, token := AccessToken(t, s.store, Grant(t, s.store, legacy, u))
	sweep := func() (standardLeft, legacyLeft, tokenLeft int) {
		_, err := s.store.Sweep(ctx, storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
		require.NoError(t, err)
		return s.count(t, "codes", "id = $1", standardCode.ID), s.count(t, "codes", "id = $1", legacyCode.ID),
			s.count(t, "access_tokens", "id = $1", token.ID)
	}
	s.clock.Advance(29 * time.Minute)
	require.Equal(t, [3]int{1, 1, 1}, three(sweep()), "a replay of a code revokes for half an hour")
	s.clock.Advance(3 * time.Minute)
	require.Equal(t, [3]int{0, 1, 1}, three(sweep()))
	s.clock.Advance(29 * 24 * time.Hour)
	require.Equal(t, [3]int{0, 1, 1}, three(sweep()),
		"the legacy face tells an expired value from an unknown one for 30 days")
	s.clock.Advance(2 * 24 * time.Hour)
	require.Equal(t, [3]int{0, 0, 0}, three(sweep()))
}

func three(a, b, c int) [3]int { return [3]int{a, b, c} }

// oldPasswords: what a user was issued ends when the password gets too old, but for what changes it.
func oldPasswords(t *testing.T, s *suite) {
	ctx := t.Context()
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	kept := map[string][]byte{}
	ended := map[string][]byte{}
	for n := range 5 {
		user := User(t, s.store)
		require.NoError(t, s.store.SetPassword(ctx, user.ID, "some password"))
		if n == 0 {
			s.clock.Advance(100 * 24 * time.Hour) // the others' are new
		}
		grant := Grant(t, s.store, client, user)
		_, token := AccessToken(t, s.store, grant)
		LoginSession(t, s.store, user)
		other := Grant(t, s.store, client, user)
		_, change := AccessToken(t, s.store, other, func(a *storage.AccessToken) { a.Kind = storage.KindChangePasswordToken })
		kept[user.ID+" changes"] = change.ID
		if n == 0 {
			ended[user.ID] = token.ID
		} else {
			kept[user.ID] = token.ID
		}
	}
	old := storage.OldPasswords{SetBefore: s.store.Now().AddDate(0, 0, -90), Batch: 1}
	users, stopped, err := s.store.EndOldPasswords(ctx, old)
	require.NoError(t, err)
	require.Nil(t, stopped)
	require.EqualValues(t, 1, users)
	for name, id := range kept {
		found, err := s.store.FindAccessToken(ctx, id)
		require.NoError(t, err)
		require.False(t, found.GrantRevoked, name)
		require.Greater(t, found.ExpiresAt, s.store.Now(), name)
	}
	for name, id := range ended {
		found, err := s.store.FindAccessToken(ctx, id)
		require.NoError(t, err)
		require.True(t, found.GrantRevoked, name)
		require.LessOrEqual(t, found.ExpiresAt, s.store.Now(), name)
		sessions, err := s.store.ListLoginSessions(ctx, name)
		require.NoError(t, err)
		require.Empty(t, sessions)
	}
	old.Batch = 100
	users, _, err = s.store.EndOldPasswords(ctx, old)
	require.NoError(t, err)
	require.Zero(t, users, "a second time there is nothing left to end")

	t.Run("A run that stopped at its time limit is continued by the next", func(t *testing.T) {
		var people []storage.User
		for range 4 {
			user := User(t, s.store)
			require.NoError(t, s.store.SetPassword(ctx, user.ID, "some password"))
			people = append(people, user)
		}
		s.clock.Advance(100 * 24 * time.Hour)
		for _, user := range people {
			LoginSession(t, s.store, user)
		}
		hurried := s.open(t, func(o *storage.Options) {
			o.Now = func() time.Time { s.clock.Advance(time.Second); return s.clock.Now() }
		})
		old = storage.OldPasswords{SetBefore: s.store.Now().AddDate(0, 0, -90), Batch: 2, Budget: time.Nanosecond}
		runs := 0
		for ; runs == 0 || old.After != nil; runs++ {
			require.Less(t, runs, 20)
			_, old.After, err = hurried.EndOldPasswords(ctx, old)
			require.NoError(t, err)
		}
		require.Greater(t, runs, 1)
		for _, user := range people {
			sessions, err := s.store.ListLoginSessions(ctx, user.ID)
			require.NoError(t, err)
			require.Empty(t, sessions)
		}
	})
}
