package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

const mailContent = `{"to":"doctor@example.com","text":"https://id.example/login/reset?link=secret"}`

// manyMails is a ceiling of mails in a minute that no test reaches by chance.
const manyMails = 1_000_000

// mail queues a mail that is due now and lives for an hour.
func (s *suite) mail(t *testing.T, changes ...func(*storage.QueuedMail)) storage.QueuedMail {
	t.Helper()
	m := storage.QueuedMail{
		ID: s.store.NewID(), Purpose: "password_reset", Content: []byte(mailContent), NextAt: s.store.Now(),
		CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(time.Hour),
	}
	for _, change := range changes {
		change(&m)
	}
	require.NoError(t, s.store.EnqueueMail(t.Context(), m))
	return m
}

func (s *suite) dueMails(t *testing.T) []storage.QueuedMail {
	t.Helper()
	due, err := s.store.DueMails(t.Context(), 100)
	require.NoError(t, err)
	return due
}

func (s *suite) dropMails(t *testing.T) {
	t.Helper()
	for _, m := range s.dueMails(t) {
		require.NoError(t, s.store.DropMail(t.Context(), m.ID))
	}
}

func mails(t *testing.T, s *suite) {
	t.Run("A mail is stored sealed and read as it was", func(t *testing.T) {
		defer s.dropMails(t)
		m := s.mail(t)
		require.Zero(t, s.count(t, "mails", "sealed LIKE $1", "%example%"))
		due := s.dueMails(t)
		require.Len(t, due, 1)
		content, err := s.store.OpenMail(due[0])
		require.NoError(t, err)
		require.JSONEq(t, mailContent, string(content))
		other := due[0]
		other.ID = s.store.NewID()
		_, err = s.store.OpenMail(other)
		require.Error(t, err, "a sealed text belongs to its row")
		require.Equal(t, m.ID, due[0].ID)
	})
	t.Run("A link has one mail, also after it was sent", func(t *testing.T) {
		link := s.store.NewID()
		ofLink := func(m *storage.QueuedMail) { m.LinkID = link }
		first := s.mail(t, ofLink)
		s.mail(t, ofLink)
		require.Len(t, s.dueMails(t), 1)
		require.NoError(t, s.store.MarkMailSent(t.Context(), first.ID))
		s.mail(t, ofLink)
		require.Empty(t, s.dueMails(t))
		require.Equal(t, 1, s.count(t, "mails", "sealed = $1", ""), "nothing of a sent mail is kept")
	})
	t.Run("A withdrawn mail is not sent", func(t *testing.T) {
		link := s.store.NewID()
		s.mail(t, func(m *storage.QueuedMail) { m.LinkID = link })
		require.NoError(t, s.store.WithdrawMail(t.Context(), link))
		require.Empty(t, s.dueMails(t))
	})
	t.Run("A mail is stored with the transaction that it is part of, or not at all", func(t *testing.T) {
		defer s.dropMails(t)
		fault := errors.New("the transaction fails")
		err := s.store.Together(t.Context(), func(ctx context.Context) error {
			require.NoError(t, s.store.EnqueueMail(ctx, storage.QueuedMail{
				ID: s.store.NewID(), Purpose: "p", Content: []byte("{}"), ExpiresAt: s.store.Now().Add(time.Hour),
			}))
			return fault
		})
		require.ErrorIs(t, err, fault)
		require.Empty(t, s.dueMails(t))
	})
	t.Run("A claimed attempt is due again when its time comes, until the mail expires", func(t *testing.T) {
		m := s.mail(t)
		claimed, err := s.store.ClaimMail(t.Context(), m, s.store.Now().Add(time.Minute), manyMails)
		require.NoError(t, err)
		require.True(t, claimed)
		require.Empty(t, s.dueMails(t))
		claimed, err = s.store.ClaimMail(t.Context(), m, s.store.Now().Add(time.Minute), manyMails)
		require.NoError(t, err)
		require.False(t, claimed, "the attempt was another's")
		s.clock.Advance(time.Minute)
		require.EqualValues(t, 1, s.dueMails(t)[0].Attempts)
		s.clock.Advance(time.Hour)
		require.Empty(t, s.dueMails(t))
		waiting, err := s.store.CountQueuedMails(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, waiting)
		dropped, err := s.store.DropExpiredMails(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, dropped)
	})
	t.Run("The mails of a deleted user are deleted, and those for nobody known are refused", func(t *testing.T) {
		u := User(t, s.store)
		s.mail(t, func(m *storage.QueuedMail) { m.UserID = u.ID })
		require.Equal(t, u.ID, s.dueMails(t)[0].UserID)
		require.NoError(t, s.store.DeleteUser(t.Context(), u.ID))
		require.Empty(t, s.dueMails(t))
		require.ErrorIs(t, s.store.EnqueueMail(t.Context(), storage.QueuedMail{
			ID: s.store.NewID(), UserID: s.store.NewID(), Purpose: "p", Content: []byte("{}"),
			ExpiresAt: s.store.Now().Add(time.Hour),
		}), storage.ErrNotFound)
	})
}

func mailCeiling(t *testing.T, s *suite) {
	claim := func(t *testing.T, m storage.QueuedMail) error {
		claimed, err := s.store.ClaimMail(t.Context(), m, s.store.Now().Add(time.Hour), 2)
		require.Equal(t, err == nil, claimed)
		return err
	}
	t.Run("In a minute of the clock as many mails are claimed as may be, and the others stay due", func(t *testing.T) {
		defer s.dropMails(t)
		s.clock.Advance(time.Minute)
		queued := []storage.QueuedMail{s.mail(t), s.mail(t), s.mail(t)}
		require.NoError(t, claim(t, queued[0]))
		require.NoError(t, claim(t, queued[1]))
		require.ErrorIs(t, claim(t, queued[2]), storage.ErrMailCeiling)
		due := s.dueMails(t)
		require.Len(t, due, 1)
		require.Equal(t, queued[2].ID, due[0].ID)
		require.Zero(t, due[0].Attempts)
		s.clock.Advance(time.Minute)
		require.NoError(t, claim(t, queued[2]))
	})
	t.Run("A clock that is behind takes part in the minute of the others", func(t *testing.T) {
		defer s.dropMails(t)
		s.clock.Advance(2 * time.Minute)
		require.NoError(t, claim(t, s.mail(t)))
		s.clock.Advance(-time.Minute)
		require.NoError(t, claim(t, s.mail(t)))
		require.ErrorIs(t, claim(t, s.mail(t)), storage.ErrMailCeiling)
		s.clock.Advance(time.Minute)
		require.ErrorIs(t, claim(t, s.mail(t)), storage.ErrMailCeiling)
	})
	t.Run("One of all that ask in a minute learns how many mails are held", func(t *testing.T) {
		defer s.dropMails(t)
		s.clock.Advance(time.Minute)
		s.mail(t)
		s.mail(t)
		for _, want := range []int64{2, 0} {
			held, err := s.store.ReportHeldMails(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, held)
		}
		s.clock.Advance(time.Minute)
		held, err := s.store.ReportHeldMails(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2, held)
	})
	t.Run("The mail that is of use for the shortest time is the first", func(t *testing.T) {
		defer s.dropMails(t)
		s.mail(t, func(m *storage.QueuedMail) { m.ExpiresAt = m.ExpiresAt.Add(72 * time.Hour) })
		urgent := s.mail(t, func(m *storage.QueuedMail) { m.ExpiresAt = s.store.Now().Add(25 * time.Minute) })
		require.Equal(t, urgent.ID, s.dueMails(t)[0].ID)
	})
}

func raceForTheMailCeiling(t *testing.T, s *suite) {
	defer s.dropMails(t)
	s.clock.Advance(time.Minute)
	const ceiling = 7
	queued := make([]storage.QueuedMail, racers)
	for i := range queued {
		queued[i] = s.mail(t)
	}
	claimed := 0
	for _, err := range race(func(i int) error {
		return lost(s.store.ClaimMail(t.Context(), queued[i], s.store.Now().Add(time.Hour), ceiling))
	}) {
		if err == nil {
			claimed++
			continue
		}
		require.ErrorIs(t, err, storage.ErrMailCeiling)
	}
	require.Equal(t, ceiling, claimed)
	require.Len(t, s.dueMails(t), racers-ceiling)
}

func raceForAMail(t *testing.T, s *suite) {
	m := s.mail(t)
	failures := race(func(int) error {
		return lost(s.store.ClaimMail(t.Context(), m, s.store.Now().Add(time.Minute), manyMails))
	})
	requireOneWinner(t, failures, errLost)
}
