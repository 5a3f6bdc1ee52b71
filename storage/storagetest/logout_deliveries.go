package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// logoutDelivery ends a session of a client that has a back channel.
func (s *suite) logoutDelivery(t *testing.T) storage.LogoutDelivery {
	t.Helper()
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, toldOfLogouts)
	_, session := LoginSession(t, s.store, u)
	Grant(t, s.store, client, u, inSession(session))
	ended, err := s.store.EndLoginSession(t.Context(), session.ID)
	require.NoError(t, err)
	require.Len(t, ended.Deliveries, 1)
	return ended.Deliveries[0]
}

func (s *suite) due(t *testing.T) []storage.LogoutDelivery {
	t.Helper()
	due, err := s.store.DueLogoutDeliveries(t.Context(), 100)
	require.NoError(t, err)
	return due
}

func logoutDeliveries(t *testing.T, s *suite) {
	delivery := s.logoutDelivery(t)
	t.Run("A claimed attempt is due again when its time comes", func(t *testing.T) {
		require.Equal(t, []storage.LogoutDelivery{delivery}, s.due(t))
		claimed, err := s.store.ClaimLogoutDelivery(t.Context(), delivery, s.store.Now().Add(time.Minute))
		require.NoError(t, err)
		require.True(t, claimed)
		require.Empty(t, s.due(t))
		s.clock.Advance(time.Minute)
		again := s.due(t)
		require.Len(t, again, 1)
		require.EqualValues(t, 1, again[0].Attempts)
	})
	t.Run("An attempt claimed by another process meanwhile is not claimed again", func(t *testing.T) {
		claimed, err := s.store.ClaimLogoutDelivery(t.Context(), delivery, s.store.Now())
		require.NoError(t, err)
		require.False(t, claimed)
	})
	t.Run("A delivery that is too old is given up", func(t *testing.T) {
		due := s.due(t)
		s.clock.Advance(storage.LogoutDeliveryLifetime)
		require.Empty(t, s.due(t))
		claimed, err := s.store.ClaimLogoutDelivery(t.Context(), due[0], s.store.Now())
		require.NoError(t, err)
		require.False(t, claimed)
	})
	t.Run("A successful delivery is deleted, and those of a deleted client too", func(t *testing.T) {
		delivered, left := s.logoutDelivery(t), s.logoutDelivery(t)
		require.NoError(t, s.store.DeleteLogoutDelivery(t.Context(), delivered.ID))
		require.Equal(t, []storage.LogoutDelivery{left}, s.due(t))
		require.NoError(t, s.store.DeleteClient(t.Context(), left.ClientID))
		require.Empty(t, s.due(t))
	})
	t.Run("Postponing the due deliveries of a client leaves later ones and other clients alone", func(t *testing.T) {
		putOff, claimed, other := s.logoutDelivery(t), s.logoutDelivery(t), s.logoutDelivery(t)
		_, err := s.store.SQL().ExecContext(t.Context(), `UPDATE logout_deliveries SET client_id = $1 WHERE id = $2`,
			putOff.ClientID, claimed.ID)
		require.NoError(t, err)
		claimed.ClientID = putOff.ClientID
		_, err = s.store.ClaimLogoutDelivery(t.Context(), claimed, s.store.Now().Add(2*time.Hour))
		require.NoError(t, err)
		require.NoError(t, s.store.PostponeLogoutDeliveries(t.Context(), putOff.ClientID, s.store.Now().Add(time.Hour)))
		require.Equal(t, []storage.LogoutDelivery{other}, s.due(t))
		s.clock.Advance(time.Hour)
		putOff.NextAt = s.store.Now()
		require.Equal(t, []storage.LogoutDelivery{other, putOff}, s.due(t), "which is no attempt")
	})
}

func logoutDeliverySubjects(t *testing.T, s *suite) {
	t.Run("The subject is the one of the client's grant in that session", func(t *testing.T) {
		client, u := Client(t, s.store, storage.PresetStandard, toldOfLogouts), User(t, s.store)
		_, here := LoginSession(t, s.store, u)
		_, elsewhere := LoginSession(t, s.store, u)
		subject := func(sub string) func(*storage.Grant) {
			return func(g *storage.Grant) { g.Session = &storage.Session{UserID: u.ID, Subject: sub} }
		}
		Grant(t, s.store, client, u, inSession(elsewhere), subject("z elsewhere"))
		Grant(t, s.store, client, u, inSession(here), subject("pairwise"))
		ended, err := s.store.EndLoginSession(t.Context(), here.ID)
		require.NoError(t, err)
		require.Equal(t, "pairwise", ended.Deliveries[0].Subject)
		require.Contains(t, s.due(t), ended.Deliveries[0])
	})
	t.Run("A pairwise subject is found only for a client that exchanged a code", func(t *testing.T) {
		for name, c := range map[string]struct {
			exchanged, implicit string
			public              bool
			want                string
		}{
			"implicit only": {"", "a", false, ""}, "the exchanged one first": {"a", "z", false, "a"},
			"the exchanged one last": {"z", "a", false, "z"}, "public": {"", "", true, "the user"},
		} {
			client, u := Client(t, s.store, storage.PresetStandard, toldOfLogouts), User(t, s.store)
			_, session := LoginSession(t, s.store, u)
			grant := func(subject, connectionID string) {
				Grant(t, s.store, client, u, inSession(session), func(g *storage.Grant) {
					g.ConnectionID, g.Session = connectionID, &storage.Session{UserID: u.ID, Subject: subject}
				})
			}
			if c.public {
				c.implicit, c.want = u.ID, u.ID
			}
			grant(c.implicit, "")
			if c.exchanged != "" {
				grant(c.exchanged, client.Connections[0].ID)
			}
			ended, err := s.store.EndLoginSession(t.Context(), session.ID)
			require.NoError(t, err)
			require.Equal(t, c.want, ended.Deliveries[0].Subject, name)
		}
	})
}

func raceForALogoutDelivery(t *testing.T, s *suite) {
	delivery := s.logoutDelivery(t)
	failures := race(func(int) error {
		return lost(s.store.ClaimLogoutDelivery(t.Context(), delivery, s.store.Now().Add(time.Minute)))
	})
	requireOneWinner(t, failures, errLost)
}
