package storagetest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func inSession(session storage.LoginSession) func(*storage.Grant) {
	return func(g *storage.Grant) { g.SessionID = session.SessionID }
}

func online(g *storage.Grant) { g.Scope = "openid" }

// toldOfLogouts registers a client for the back channel.
func toldOfLogouts(c *storage.Client) {
	c.Metadata.BackchannelLogoutURI = "https://client.example/backchannel-logout"
}

func (s *suite) isRevoked(t *testing.T, grant storage.Grant) bool {
	t.Helper()
	found, err := s.store.FindGrant(t.Context(), grant.ID)
	require.NoError(t, err)
	return !found.RevokedAt.IsZero()
}

func sessionEnds(t *testing.T, s *suite) {
	t.Run("Tokens of the login API end when their user signs out everywhere", func(t *testing.T) {
		tokensOfSignInsEnd(t, s)
	})
	t.Run("Tokens without offline access end with their session, others stay", func(t *testing.T) { endsOfGrants(t, s) })
	t.Run(
		"Clients of the session are returned, and a delivery is stored for each with a back channel",
		func(t *testing.T) {
			u, other := User(t, s.store), Client(t, s.store, storage.PresetStandard)
			told := Client(t, s.store, storage.PresetStandard, toldOfLogouts)
			elsewhere := Client(t, s.store, storage.PresetStandard, toldOfLogouts)
			_, session := LoginSession(t, s.store, u)
			for _, client := range []*storage.Client{told, told, other} {
				Grant(t, s.store, client, u, inSession(session))
			}
			Grant(t, s.store, elsewhere, u)
			ended, err := s.store.EndLoginSession(t.Context(), session.ID)
			require.NoError(t, err)
			require.Equal(t, session.SessionID, ended.SessionID)
			require.Equal(t, u.ID, ended.UserID)
			require.ElementsMatch(t, []string{told.ID, other.ID}, ended.ClientIDs)
			require.Len(t, ended.Deliveries, 1)
			due, err := s.store.DueLogoutDeliveries(t.Context(), 100)
			require.NoError(t, err)
			require.Contains(t, due, ended.Deliveries[0])
			require.Equal(t, told.ID, ended.Deliveries[0].ClientID)

			ended, err = s.store.EndLoginSession(t.Context(), session.ID)
			require.NoError(t, err)
			require.Nil(t, ended, "it ends once")
		},
	)
	t.Run("An unused code ends with its session, also one that is stored afterwards", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		_, session := LoginSession(t, s.store, u)
		ofSession := func(c *storage.Code) { c.SessionID = session.SessionID }
		before, _ := Code(t, s.store, client, u, ofSession)
		unbound, _ := Code(t, s.store, client, u)
		_, err := s.store.EndLoginSession(t.Context(), session.ID)
		require.NoError(t, err)
		after, _ := Code(t, s.store, client, u, ofSession)
		for value, expired := range map[string]bool{before: true, after: true, unbound: false} {
			code, err := s.store.FindCode(t.Context(), storage.Hash(value))
			require.NoError(t, err)
			require.Equal(t, expired, code.ExpiresAt.IsZero())
		}
	})
	t.Run("A user can end only their own sessions", func(t *testing.T) {
		u, other := User(t, s.store), User(t, s.store)
		_, session := LoginSession(t, s.store, u)
		for _, id := range []string{session.SessionID, s.store.NewID(), "no id"} {
			_, err := s.store.EndLoginSessionOf(t.Context(), other.ID, id)
			require.ErrorIs(t, err, storage.ErrNotFound)
		}
		ended, err := s.store.EndLoginSessionOf(t.Context(), u.ID, session.SessionID)
		require.NoError(t, err)
		require.Equal(t, session.SessionID, ended.SessionID)
		_, err = s.store.EndLoginSessionOf(t.Context(), u.ID, session.SessionID)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	for name, end := range map[string]func(userID string) error{
		"A block":            func(id string) error { return s.store.BlockUser(t.Context(), id, "left") },
		"Another password":   func(id string) error { return s.store.SetPassword(t.Context(), id, "hash") },
		"A user's end":       func(id string) error { return s.store.DeleteUser(t.Context(), id) },
		"Signing out of all": func(id string) error { _, err := s.store.EndLoginSessions(t.Context(), id); return err },
	} {
		t.Run(name+" ends sessions and tells the clients", func(t *testing.T) {
			u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, toldOfLogouts)
			_, session := LoginSession(t, s.store, u)
			Grant(t, s.store, client, u, inSession(session))
			require.NoError(t, end(u.ID))
			_, err := s.store.FindLogin(t.Context(), session.ID, "")
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.Equal(t, 1, s.count(t, "logout_deliveries", "session_id = $1", session.SessionID))
		})
	}
}

// tokensOfSignInsEnd: a person who signs out everywhere has no token of the login API any more; those of clients follow
// other rules.
func tokensOfSignInsEnd(t *testing.T, s *suite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
	token := func(kind, grantType string) []byte {
		_, row := AccessToken(t, s.store, Grant(t, s.store, client, u), func(a *storage.AccessToken) {
			// A value that looks like another member.
			a.Kind, a.Session = kind, &storage.Session{GrantType: grantType, Nonce: `"grant_type":"password"`}
		})
		return row.ID
	}
	ended := [][]byte{
		token(storage.KindAccessToken, storage.GrantTypePassword),
		token(storage.KindAccessToken, storage.GrantTypeChangePassword),
		token(storage.KindAccessToken, storage.GrantTypeDigitalSignature),
		token(storage.KindTwoFactor, ""), token(storage.KindChangePasswordToken, ""),
	}
	kept := [][]byte{token(storage.KindAccessToken, ""), token(storage.KindAccessToken, storage.GrantTypeImplicit)}
	_, err := s.store.EndLoginSessions(t.Context(), u.ID)
	require.NoError(t, err)
	for _, id := range ended {
		found, err := s.store.FindAccessToken(t.Context(), id)
		require.NoError(t, err)
		require.LessOrEqual(t, found.ExpiresAt, s.store.Now(), found.Kind, found.Session.GrantType)
	}
	for _, id := range kept {
		found, err := s.store.FindAccessToken(t.Context(), id)
		require.NoError(t, err)
		require.Greater(t, found.ExpiresAt, s.store.Now(), found.Session.GrantType)
	}
}

func endsOfGrants(t *testing.T, s *suite) {
	u := User(t, s.store)
	standard, legacy := Client(t, s.store, storage.PresetStandard), Client(t, s.store, storage.PresetMithril)
	_, session := LoginSession(t, s.store, u)
	_, elsewhere := LoginSession(t, s.store, u)
	looksLikeIt := func(g *storage.Grant) { g.Scope = "openid offline-access" }
	ends := map[string]storage.Grant{
		"online":                          Grant(t, s.store, standard, u, inSession(session), online),
		"a scope that only looks like it": Grant(t, s.store, standard, u, inSession(session), looksLikeIt),
	}
	stays := map[string]storage.Grant{
		"offline access":            Grant(t, s.store, standard, u, inSession(session)),
		"a client that outlives it": Grant(t, s.store, legacy, u, inSession(session), online),
		"another session":           Grant(t, s.store, standard, u, inSession(elsewhere), online),
		"no session":                Grant(t, s.store, standard, u, online),
	}
	s.layOut(t, legacy)
	_, err := s.store.EndLoginSession(t.Context(), session.ID)
	require.NoError(t, err)
	for name, grant := range ends {
		require.True(t, s.isRevoked(t, grant), name)
	}
	for name, grant := range stays {
		require.False(t, s.isRevoked(t, grant), name)
	}
}

// layOut stores the policy of a client as the same document in another layout, and with a member more, whose value is a
// document like it.
func (s *suite) layOut(t *testing.T, client *storage.Client) {
	t.Helper()
	policy, err := json.MarshalIndent(client.Policy, "", "  ")
	require.NoError(t, err)
	other := `{"before": {"token_form":"own","refresh_issued":"offline_access","refresh_scope":"granted"},`
	s.execute(t, `UPDATE clients SET policy = $1 WHERE id = $2`, other+string(policy[1:]), client.ID)
}

func raceToEndASession(t *testing.T, s *suite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, toldOfLogouts)
	_, session := LoginSession(t, s.store, u)
	Grant(t, s.store, client, u, inSession(session))
	failures := race(func(int) error {
		ended, err := s.store.EndLoginSession(t.Context(), session.ID)
		return lost(ended != nil, err)
	})
	requireOneWinner(t, failures, errLost)
	require.Equal(t, 1, s.count(t, "logout_deliveries", "session_id = $1", session.SessionID))
}
