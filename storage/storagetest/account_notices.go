package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// takeNotices removes the notices that nobody has taken, and returns them.
func (s *suite) takeNotices(t *testing.T) []storage.AccountNotice {
	t.Helper()
	notices, err := s.store.AccountNotices(t.Context(), 100)
	require.NoError(t, err)
	for _, n := range notices {
		taken, err := s.store.TakeAccountNotice(t.Context(), n.ID)
		require.NoError(t, err)
		require.True(t, taken)
	}
	return notices
}

// phoneOf gives a user an active phone as the second factor.
func (s *suite) phoneOf(t *testing.T, userID, number string) storage.AuthenticationFactor {
	t.Helper()
	f := storage.AuthenticationFactor{ID: s.store.NewID(), UserID: userID, Type: "SMS", Factor: number, IsActive: true}
	require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), f))
	return f
}

const (
	firstPhone  = "+380501234567"
	secondPhone = "+380671112244"
)

// accountChange is a change of a user with a phone, and what its owner is told.
type accountChange struct {
	change func(t *testing.T, u storage.User, f storage.AuthenticationFactor) error
	want   storage.AccountNotice
}

// accountChanges are all that the methods of the Store make.
func (s *suite) accountChanges() map[string]accountChange {
	return map[string]accountChange{
		"A password that is set": {
			func(t *testing.T, u storage.User, _ storage.AuthenticationFactor) error {
				return s.store.SetPassword(t.Context(), u.ID, "hash")
			}, storage.AccountNotice{Kind: storage.EventPasswordSet},
		},
		"A password that is to be changed": {
			func(t *testing.T, u storage.User, _ storage.AuthenticationFactor) error {
				return s.store.SetPasswordToChange(t.Context(), u.ID, "hash")
			}, storage.AccountNotice{Kind: storage.EventPasswordSet},
		},
		"Another address": {
			func(t *testing.T, u storage.User, _ storage.AuthenticationFactor) error {
				u.Email = "next-" + u.Email
				return s.store.UpdateUser(t.Context(), u)
			}, storage.AccountNotice{Kind: storage.NoticeEmailChanged},
		},
		"Another phone": {
			func(t *testing.T, _ storage.User, f storage.AuthenticationFactor) error {
				f.Factor = secondPhone
				return s.store.UpdateAuthenticationFactor(t.Context(), f)
			}, storage.AccountNotice{Kind: storage.EventFactorChanged, Phone: secondPhone, FormerPhone: firstPhone},
		},
		"A phone in the place of the one before": {
			func(t *testing.T, _ storage.User, f storage.AuthenticationFactor) error {
				f.Factor = secondPhone
				return s.store.ReplaceAuthenticationFactor(t.Context(), f, firstPhone)
			}, storage.AccountNotice{Kind: storage.EventFactorChanged, Phone: secondPhone, FormerPhone: firstPhone},
		},
		"A phone that is taken away": {
			func(t *testing.T, _ storage.User, f storage.AuthenticationFactor) error {
				return s.store.ResetAuthenticationFactor(t.Context(), f.ID)
			}, storage.AccountNotice{Kind: storage.NoticeFactorReset, FormerPhone: firstPhone},
		},
		"A factor that is made inactive": {
			func(t *testing.T, _ storage.User, f storage.AuthenticationFactor) error {
				return s.store.ActivateAuthenticationFactor(t.Context(), f.ID, false)
			}, storage.AccountNotice{Kind: storage.NoticeFactorDisabled, FormerPhone: firstPhone},
		},
		"A factor that is deleted": {
			func(t *testing.T, _ storage.User, f storage.AuthenticationFactor) error {
				return s.store.DeleteAuthenticationFactor(t.Context(), f.ID)
			}, storage.AccountNotice{Kind: storage.NoticeFactorDisabled, FormerPhone: firstPhone},
		},
		"A block by wrong codes": {
			func(t *testing.T, u storage.User, _ storage.AuthenticationFactor) error {
				_, _, err := s.store.CountOneTimeCodeFailure(t.Context(), u.ID, 1, "codes")
				return err
			}, storage.AccountNotice{Kind: storage.NoticeCodesBlocked},
		},
	}
}

// accountNotices holds every method that changes what opens an account to its notice.
func accountNotices(t *testing.T, s *suite) {
	for name, c := range s.accountChanges() {
		t.Run(name+" is told to the owner", func(t *testing.T) {
			u := User(t, s.store)
			f := s.phoneOf(t, u.ID, firstPhone)
			require.Empty(t, s.takeNotices(t), "a new user and a first phone are no news")
			require.NoError(t, c.change(t, u, f))
			got := s.takeNotices(t)
			require.Len(t, got, 1)
			c.want.ID, c.want.UserID, c.want.Email = got[0].ID, u.ID, u.Email
			c.want.At, c.want.ExpiresAt = s.store.Now(), s.store.Now().Add(72*time.Hour)
			require.Equal(t, c.want, got[0])
		})
	}
	t.Run("What stays the same, and what is set first, is no news", func(t *testing.T) {
		u := User(t, s.store)
		require.NoError(t, s.store.UpdateUser(t.Context(), u))
		f := s.phoneOf(t, u.ID, "")
		f.Factor = firstPhone
		require.NoError(t, s.store.ReplaceAuthenticationFactor(t.Context(), f, ""))
		require.NoError(t, s.store.UpdateAuthenticationFactor(t.Context(), f))
		require.NoError(t, s.store.UpgradePassword(t.Context(), u.ID, u.Password, "a better hash"))
		require.Empty(t, s.takeNotices(t))
		require.NoError(t, s.store.ActivateAuthenticationFactor(t.Context(), f.ID, false))
		require.Len(t, s.takeNotices(t), 1)
		require.NoError(t, s.store.ActivateAuthenticationFactor(t.Context(), f.ID, true))
		require.Empty(t, s.takeNotices(t))
	})
	t.Run("A change that fails is not told", func(t *testing.T) {
		u, other := User(t, s.store), User(t, s.store)
		fault := errors.New("the transaction fails")
		err := s.store.Together(t.Context(), func(ctx context.Context) error {
			require.NoError(t, s.store.SetPassword(ctx, u.ID, "hash"))
			return fault
		})
		require.ErrorIs(t, err, fault)
		u.Email = other.Email
		require.ErrorIs(t, s.store.UpdateUser(t.Context(), u), storage.ErrConflict)
		f := s.phoneOf(t, u.ID, firstPhone)
		f.Factor = secondPhone
		require.ErrorIs(t, s.store.ReplaceAuthenticationFactor(t.Context(), f, "+380990000000"), storage.ErrConflict)
		require.Empty(t, s.takeNotices(t))
	})
	t.Run("A notice is taken once, and ends with its user or its time", func(t *testing.T) {
		u := User(t, s.store)
		require.NoError(t, s.store.NoteAccountChange(t.Context(), storage.AccountNotice{
			UserID: u.ID, Kind: "key_added", Name: "Office",
		}))
		got := s.takeNotices(t)
		require.Len(t, got, 1)
		require.Equal(t, "Office", got[0].Name)
		taken, err := s.store.TakeAccountNotice(t.Context(), got[0].ID)
		require.NoError(t, err)
		require.False(t, taken)
		require.NoError(t, s.store.SetPassword(t.Context(), u.ID, "hash"))
		require.NoError(t, s.store.DeleteUser(t.Context(), u.ID))
		require.Empty(t, s.takeNotices(t))
		require.NoError(t, s.store.SetPassword(t.Context(), User(t, s.store).ID, "hash"))
		s.clock.Advance(72 * time.Hour)
		require.Empty(t, s.takeNotices(t))
	})
}

// raceOfAddresses: of many changes of an address, each address before is told once.
func raceOfAddresses(t *testing.T, s *suite) {
	u := User(t, s.store)
	changes := 0
	for _, err := range race(func(int) error {
		changed := u
		changed.Email = "next-" + s.store.NewID() + "@example.com"
		return s.store.UpdateUser(t.Context(), changed)
	}) {
		if err == nil {
			changes++
			continue
		}
		require.ErrorIs(t, err, storage.ErrUnavailable) // too many tries where the database isolates strictly
	}
	require.NotZero(t, changes)
	told := map[string]int{}
	for _, n := range s.takeNotices(t) {
		told[n.Email]++
	}
	require.Len(t, told, changes)
	require.Equal(t, 1, told[u.Email])
}
