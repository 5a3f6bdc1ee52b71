package storagetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"ithildin/storage"
)

func users(t *testing.T, s *suite) {
	t.Run("A user is read as it was stored", func(t *testing.T) {
		want := User(t, s.store, func(u *storage.User) {
			u.Password, u.PasswordSetAt = "$argon2id$…", s.store.Now()
			u.TaxID, u.PersonID = "1234567890", s.store.NewID()
			u.Profile, u.Settings = json.RawMessage(`{"name": "Олена Коваль"}`), json.RawMessage(`{"a": 1}`)
			u.PrivateSettings = json.RawMessage(`{"b": 2}`)
		})
		got, err := s.store.FindUser(t.Context(), strings.ToUpper(want.ID))
		require.NoError(t, err)
		require.Equal(t, want, *got)
	})
	t.Run("An email belongs to one user, in any case of letters", func(t *testing.T) {
		u := User(t, s.store, func(u *storage.User) { u.Email = " Doctor@Example.com " })
		found, err := s.store.FindUserByEmail(t.Context(), "DOCTOR@example.COM ")
		require.NoError(t, err)
		require.Equal(t, u.ID, found.ID)
		require.Equal(t, "doctor@example.com", found.Email)
		second := storage.User{ID: s.store.NewID(), Email: "doctor@EXAMPLE.com"}
		require.ErrorIs(t, s.store.CreateUser(t.Context(), second), storage.ErrConflict)
		other := User(t, s.store)
		other.Email = "doctor@example.com"
		require.ErrorIs(t, s.store.UpdateUser(t.Context(), other), storage.ErrConflict)
	})
	t.Run("An email belongs to one user, in any form of its letters and of its host", func(t *testing.T) {
		anEmailHasManyForms(t, s)
	})
	t.Run("A user whose email is stored in an old form is found, and the email stays taken", func(t *testing.T) {
		anOldFormOfAnEmailIsFound(t, s)
	})
	t.Run("An update changes neither password nor block", func(t *testing.T) {
		u := User(t, s.store, func(u *storage.User) { u.Password = "old" })
		u.TaxID, u.Password, u.IsBlocked = "0987654321", "new", true
		s.clock.Advance(time.Minute)
		require.NoError(t, s.store.UpdateUser(t.Context(), u))
		found, err := s.store.FindUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, "0987654321", found.TaxID)
		require.Equal(t, "old", found.Password)
		require.False(t, found.IsBlocked)
		require.Equal(t, s.store.Now(), found.UpdatedAt)
	})
	t.Run("Pages follow the emails", func(t *testing.T) {
		for _, email := range []string{"zz-2@example.com", "zz-1@example.com", "zz-3@example.com"} {
			User(t, s.store, func(u *storage.User) { u.Email = email })
		}
		page, err := s.store.ListUsers(t.Context(), "ZZ-0@example.com", 2)
		require.NoError(t, err)
		require.Equal(t, []string{"zz-1@example.com", "zz-2@example.com"}, []string{page[0].Email, page[1].Email})
		page, err = s.store.ListUsers(t.Context(), page[1].Email, 2)
		require.NoError(t, err)
		require.Len(t, page, 1)
	})
	t.Run("A block ends the sessions and tokens of the user at once",
		func(t *testing.T) { aBlockEndsWhatTheUserHas(t, s) })
	t.Run("A block by itself ends nothing and forgets nothing", func(t *testing.T) { aBlockByItselfEndsNothing(t, s) })
	t.Run("Of a deleted user only audit events remain", func(t *testing.T) { aDeletedUserLeavesNothing(t, s) })
}

func aBlockEndsWhatTheUserHas(t *testing.T, s *suite) {
	ctx := t.Context()
	u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
	_, code := Code(t, s.store, client, u)
	grant := Grant(t, s.store, client, u)
	_, token := AccessToken(t, s.store, grant)
	_, session := LoginSession(t, s.store, u)
	other := Grant(t, s.store, client, User(t, s.store))

	require.NoError(t, s.store.BlockUser(ctx, u.ID, "left the clinic"))

	blocked, err := s.store.FindUser(ctx, u.ID)
	require.NoError(t, err)
	require.True(t, blocked.IsBlocked)
	require.Equal(t, "left the clinic", blocked.BlockReason)
	ended, err := s.store.FindCode(ctx, code.ID)
	require.NoError(t, err)
	require.True(t, ended.UserBlocked)
	require.LessOrEqual(t, ended.ExpiresAt, s.store.Now())
	revoked, err := s.store.FindGrant(ctx, grant.ID)
	require.NoError(t, err)
	require.True(t, revoked.UserBlocked)
	require.Equal(t, s.store.Now(), revoked.RevokedAt)
	over, err := s.store.FindAccessToken(ctx, token.ID)
	require.NoError(t, err, "its row stays, so that it is known to have expired")
	require.LessOrEqual(t, over.ExpiresAt, s.store.Now())
	_, err = s.store.FindLogin(ctx, session.ID, client.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	spared, err := s.store.FindGrant(ctx, other.ID)
	require.NoError(t, err)
	require.Zero(t, spared.RevokedAt)

	require.ErrorIs(t, s.store.BlockUser(ctx, u.ID, "again"), storage.ErrConflict)
	require.NoError(t, s.store.UnblockUser(ctx, u.ID))
	revoked, err = s.store.FindGrant(ctx, grant.ID)
	require.NoError(t, err)
	require.NotZero(t, revoked.RevokedAt, "what the block ended stays ended")
}

// aBlockByItselfEndsNothing is about SetUserBlock and SetClientBlock.
func aBlockByItselfEndsNothing(t *testing.T, s *suite) {
	ctx := t.Context()
	u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
	_, token := AccessToken(t, s.store, Grant(t, s.store, client, u))
	_, _, err := s.store.CountOneTimeCodeFailure(ctx, u.ID, 3, "")
	require.NoError(t, err)
	for _, blocked := range []bool{true, true, false} {
		require.NoError(t, s.store.SetUserBlock(ctx, u.ID, blocked, "because"))
		require.NoError(t, s.store.SetClientBlock(ctx, client.ID, blocked, "because"))
		found, err := s.store.FindAccessToken(ctx, token.ID)
		require.NoError(t, err)
		require.Equal(t, blocked, found.UserBlocked)
		require.True(t, found.ExpiresAt.After(s.store.Now()))
		stored, err := s.store.LoadClient(ctx, client.ID)
		require.NoError(t, err)
		require.Equal(t, blocked, stored.IsBlocked)
		require.Equal(t, "because", stored.BlockReason)
	}
	user, err := s.store.FindUser(ctx, u.ID)
	require.NoError(t, err)
	require.Equal(t, "because", user.BlockReason)
	require.EqualValues(t, 1, user.OneTimeCodeFailures)
	require.Zero(t, user.FailuresForgottenAt)
	require.NoError(t, s.store.UnblockUser(ctx, u.ID))
	user, err = s.store.FindUser(ctx, u.ID)
	require.NoError(t, err)
	require.Equal(t, s.store.Now(), user.FailuresForgottenAt)
	require.ErrorIs(t, s.store.SetUserBlock(ctx, s.store.NewID(), true, ""), storage.ErrNotFound)
	require.ErrorIs(t, s.store.SetClientBlock(ctx, s.store.NewID(), true, ""), storage.ErrNotFound)
}

func aDeletedUserLeavesNothing(t *testing.T, s *suite) {
	ctx := t.Context()
	u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
	Code(t, s.store, client, u)
	AccessToken(t, s.store, Grant(t, s.store, client, u))
	LoginSession(t, s.store, u)
	require.NoError(t, s.store.GrantRole(ctx, u.ID, Role(t, s.store).ID, client.ID))
	require.NoError(t, s.store.Approve(ctx, storage.Approval{ID: s.store.NewID(), UserID: u.ID, ClientID: client.ID}))
	require.NoError(t, s.store.RecordEvents(ctx, []storage.Event{{Kind: "sign_in", UserID: u.ID}}))

	require.NoError(t, s.store.DeleteUser(ctx, u.ID))

	for _, table := range []string{"codes", "grants", "access_tokens", "login_sessions", "user_roles", "approvals"} {
		require.Zero(t, s.count(t, table, "user_id = $1", u.ID), table)
	}
	require.Equal(t, 1, s.count(t, "audit_events", "user_id = $1", u.ID))
	require.ErrorIs(t, s.store.DeleteUser(ctx, u.ID), storage.ErrNotFound)
}

// formsOfAnEmail are all one address: composed, decomposed, in capitals, and with its host in punycode.
func formsOfAnEmail() []string {
	const email = "їжак@київ.укр"
	return []string{
		email, norm.NFD.String(email), "ЇЖАК@КИЇВ.УКР", "їжак@xn--b1alf1j.xn--j1amh",
		" " + norm.NFD.String("їжак") + "@XN--B1ALF1J.XN--J1AMH",
	}
}

func anEmailHasManyForms(t *testing.T, s *suite) {
	for _, stored := range formsOfAnEmail() {
		u := User(t, s.store, func(u *storage.User) { u.Email = stored })
		for _, given := range formsOfAnEmail() {
			found, err := s.store.FindUserByEmail(t.Context(), given)
			require.NoError(t, err, "%q as %q", stored, given)
			require.Equal(t, u.ID, found.ID)
			second := storage.User{ID: s.store.NewID(), Email: given}
			require.ErrorIs(t, s.store.CreateUser(t.Context(), second), storage.ErrConflict)
			page, _, err := s.store.PageOfUsers(t.Context(), storage.UserFilter{Email: given}, storage.Page{})
			require.NoError(t, err)
			require.Len(t, page, 1)
		}
		one, err := s.store.SignInSubject(t.Context(), "account", stored)
		require.NoError(t, err)
		other, err := s.store.SignInSubject(t.Context(), "account", formsOfAnEmail()[0])
		require.NoError(t, err)
		require.Equal(t, other, one, "guesses are counted together")
		require.NoError(t, s.store.DeleteUser(t.Context(), u.ID))
	}
}

func anOldFormOfAnEmailIsFound(t *testing.T, s *suite) {
	forms := formsOfAnEmail()
	for _, old := range []string{forms[1], forms[3]} { // an earlier release kept them apart
		u := User(t, s.store)
		s.execute(t, `UPDATE users SET email = $2 WHERE id = $1`, u.ID, old)
		for _, given := range forms {
			found, err := s.store.FindUserByEmail(t.Context(), given)
			require.NoError(t, err, "%q as %q", old, given)
			require.Equal(t, u.ID, found.ID)
			second := storage.User{ID: s.store.NewID(), Email: given}
			require.ErrorIs(t, s.store.CreateUser(t.Context(), second), storage.ErrConflict)
			other := User(t, s.store)
			other.Email = given
			require.ErrorIs(t, s.store.UpdateUser(t.Context(), other), storage.ErrConflict)
		}
		// A twin of that time keeps neither of the two from being changed.
		twin := User(t, s.store)
		s.execute(t, `UPDATE users SET email = $2 WHERE id = $1`, twin.ID, forms[0])
		for id, email := range map[string]string{u.ID: old, twin.ID: forms[0]} {
			found, err := s.store.FindUserByEmail(t.Context(), email)
			require.NoError(t, err)
			require.Equal(t, id, found.ID, "the one that is written so")
			found.TaxID = "1234567890"
			require.NoError(t, s.store.UpdateUser(t.Context(), *found))
		}
		require.NoError(t, s.store.DeleteUser(t.Context(), u.ID))
		require.NoError(t, s.store.DeleteUser(t.Context(), twin.ID))
	}
}
