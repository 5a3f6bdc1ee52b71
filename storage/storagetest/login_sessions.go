package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func loginSessions(t *testing.T, s *suite) {
	t.Run("A login is read in one statement with user, approval and roles", func(t *testing.T) {
		u, client, role := User(t, s.store), Client(t, s.store, storage.PresetStandard), Role(t, s.store)
		approval := s.approval(t, u, client, "openid", "email")
		require.NoError(t, s.store.GrantRole(t.Context(), u.ID, role.ID, ""))
		cookie, session := LoginSession(t, s.store, u, func(l *storage.LoginSession) {
			l.AMR, l.UserAgent = []string{"pwd", "otp"}, "Firefox"
		})
		login, err := s.store.FindLogin(t.Context(), storage.Hash(cookie), client.ID)
		require.NoError(t, err)
		require.Equal(t, session, login.Session)
		require.Equal(t, u.Email, login.User.Email)
		require.Empty(t, login.User.Password)
		require.Equal(t, approval.ID, login.ApprovalID)
		require.Equal(t, []string{"openid", "email"}, login.ApprovedScope)
		require.Equal(t, "openid email", login.ApprovalScope)
		require.Equal(t, []string{role.ID}, login.RoleIDs)
	})
	t.Run("A login at an unknown client has a session only", func(t *testing.T) {
		cookie, _ := LoginSession(t, s.store, User(t, s.store))
		login, err := s.store.FindLogin(t.Context(), storage.Hash(cookie), "unknown")
		require.NoError(t, err)
		require.Empty(t, login.ApprovalID)
		require.Empty(t, login.RoleIDs)
	})
	t.Run("A session is over when it expires or is ended", func(t *testing.T) {
		u := User(t, s.store)
		_, ended := LoginSession(t, s.store, u)
		_, expired := LoginSession(t, s.store, u,
			func(l *storage.LoginSession) { l.ExpiresAt = s.store.Now().Add(time.Minute) })
		_, valid := LoginSession(t, s.store, u)
		s.clock.Advance(time.Minute)
		_, err := s.store.EndLoginSession(t.Context(), ended.ID)
		require.NoError(t, err)
		for _, session := range []storage.LoginSession{ended, expired} {
			_, err := s.store.FindLogin(t.Context(), session.ID, "")
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
		list, err := s.store.ListLoginSessions(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []storage.LoginSession{valid}, list)
	})
	t.Run("All sessions of a user end at once, and no one else's", func(t *testing.T) {
		u := User(t, s.store)
		LoginSession(t, s.store, u)
		LoginSession(t, s.store, u)
		_, other := LoginSession(t, s.store, User(t, s.store))
		ended, err := s.store.EndLoginSessions(t.Context(), u.ID)
		require.NoError(t, err)
		require.Len(t, ended, 2)
		_, err = s.store.FindLogin(t.Context(), other.ID, "")
		require.NoError(t, err)
	})
	t.Run("The last use of a session is never set to an earlier time", func(t *testing.T) {
		_, session := LoginSession(t, s.store, User(t, s.store))
		for _, after := range []time.Duration{time.Minute, 30 * time.Second} {
			batch := s.store.NewBatch()
			batch.QueueSessionUse(session.ID, "192.0.2.1", session.LastUsedAt.Add(after))
			require.NoError(t, batch.Flush(t.Context()))
		}
		login, err := s.store.FindLogin(t.Context(), session.ID, "")
		require.NoError(t, err)
		require.Equal(t, session.LastUsedAt.Add(time.Minute), login.Session.LastUsedAt)
	})
	t.Run("A session needs its user", func(t *testing.T) {
		l := storage.LoginSession{ID: storage.Hash("x"), SessionID: s.store.NewID(), UserID: s.store.NewID()}
		require.ErrorIs(t, s.store.CreateLoginSession(t.Context(), l), storage.ErrNotFound)
	})
}

func renewals(t *testing.T, s *suite) {
	t.Run("A new sign-in of the same user keeps the session and invalidates the old cookie", func(t *testing.T) {
		u := User(t, s.store)
		_, before := LoginSession(t, s.store, u)
		s.clock.Advance(time.Minute)
		after := before
		after.ID, after.SessionID = storage.Hash(s.store.NewID()), s.store.NewID()
		after.ACR, after.UserAgent = storage.AssuranceSignature, "Firefox"
		after.LastUsedAt, after.ExpiresAt = s.store.Now(), s.store.Now().Add(time.Hour)
		require.NoError(t, s.store.RenewLoginSession(t.Context(), before.ID, &after))
		require.Equal(t, before.SessionID, after.SessionID)
		_, err := s.store.FindLogin(t.Context(), before.ID, "")
		require.ErrorIs(t, err, storage.ErrNotFound)
		login, err := s.store.FindLogin(t.Context(), after.ID, "")
		require.NoError(t, err)
		require.Equal(t, after, login.Session)
	})
	t.Run("A session of another user, or one that ended, is not renewed", func(t *testing.T) {
		_, ended := LoginSession(t, s.store, User(t, s.store))
		_, valid := LoginSession(t, s.store, User(t, s.store))
		_, err := s.store.EndLoginSession(t.Context(), ended.ID)
		require.NoError(t, err)
		for _, previous := range []storage.LoginSession{ended, valid} {
			renewed := ended
			renewed.ID = storage.Hash(s.store.NewID())
			require.ErrorIs(t, s.store.RenewLoginSession(t.Context(), previous.ID, &renewed), storage.ErrNotFound)
		}
	})
}

func signInFailures(t *testing.T, s *suite) {
	account, address, other := storage.Hash("account"), storage.Hash("address"), storage.Hash("other")
	count := func(since time.Time) []int64 {
		counts, err := s.store.CountSignInFailures(t.Context(), [][]byte{account, address, other}, since)
		require.NoError(t, err)
		return counts
	}
	t.Run("Failures are counted under each subject, in their order", func(t *testing.T) {
		for range 2 {
			_, err := s.store.RecordSignInFailure(t.Context(), [][]byte{account, address}, s.store.Now().Add(time.Hour))
			require.NoError(t, err)
		}
		_, err := s.store.RecordSignInFailure(t.Context(), [][]byte{address}, s.store.Now().Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, []int64{2, 3, 0}, count(s.store.Now()))
		require.Equal(t, []int64{0, 0, 0}, count(s.store.Now().Add(time.Second)))
	})
	t.Run("A failure that was withdrawn is not counted", func(t *testing.T) {
		ids, err := s.store.RecordSignInFailure(t.Context(), [][]byte{account, other}, s.store.Now().Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, []int64{3, 3, 1}, count(time.Time{}))
		require.NoError(t, s.store.ForgetSignInFailures(t.Context(), ids))
		require.Equal(t, []int64{2, 3, 0}, count(time.Time{}))
	})
	t.Run("A failure has one to eight subjects", func(t *testing.T) {
		_, err := s.store.RecordSignInFailure(t.Context(), nil, s.store.Now().Add(time.Hour))
		require.NoError(t, err)
		_, err = s.store.RecordSignInFailure(t.Context(), make([][]byte, 9), s.store.Now().Add(time.Hour))
		require.Error(t, err)
	})
}
