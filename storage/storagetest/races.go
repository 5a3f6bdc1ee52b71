package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// racers is how many attempts are made at once.
const racers = 100

// RunRaces holds an engine to what the contract says of many attempts at once.
func RunRaces(t *testing.T, engine Engine) {
	runParts(t, engine, []part{
		{"One of many exchanges of a code wins", raceForACode},
		{"One of many answers to a pushed request wins", raceForAPushedRequest},
		{"One of many answers to a device wins", raceForTheAnswerToADevice},
		{"Within the grace every refresh of a family succeeds", raceWithinTheGrace},
		{"Without a grace one refresh wins and the family ends", raceWithoutAGrace},
		{"A refresh token that stays serves every request", raceInPlace},
		{"One of many uses of a token id wins", raceForATokenID},
		{"One of many holders has a lease", raceForALease},
		{"One of many replicas makes and replaces a signing key", raceForASigningKey},
		{"One of many deliverers has the next attempt", raceForALogoutDelivery},
		{"One of many senders has the next attempt of a mail", raceForAMail},
		{"Each address before is told of its change", raceOfAddresses},
		{"Of many mails as many are claimed as the ceiling allows", raceForTheMailCeiling},
		{"One of many ends of a session ends it", raceToEndASession},
		{"No token of a session outlives its end", raceOfAnEndAndItsTokens},
		{"Every failed sign-in is counted", raceOfFailures},
		{"One of many guesses verifies a one-time code", raceForAOneTimeCode},
		{"One of many uses of a sign count wins", raceForASignCount},
		{"One of many uses of a time step of an authenticator wins", raceForATimeStep},
		{"One of many uses of a recovery code wins", raceForARecoveryCode},
		{"One user has an email", raceForAnEmail},
		{"An initial access token is good for so many registrations", raceForRegistrations},
		{"No registration passes the quota", raceForTheQuota},
		{"No client of a document passes the quota", raceForDocumentClients},
		{"No approval is lost among many", raceOfApprovals},
		{"Every process has the same random key", raceForARandomKey},
		{"No change of configuration is lost", raceOfChanges},
	})
}

// race makes every attempt at the same moment and returns their errors in order.
func race(attempt func(i int) error) []error {
	failures := make([]error, racers)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range racers {
		running.Go(func() {
			<-start
			failures[i] = attempt(i)
		})
	}
	close(start)
	running.Wait()
	return failures
}

// requireOneWinner says who won; all others must have one of the errors.
func requireOneWinner(t *testing.T, failures []error, losses ...error) (winner int) {
	t.Helper()
	winner = -1
	for i, err := range failures {
		if err == nil {
			require.Equal(t, -1, winner, "two won")
			winner = i
			continue
		}
		isLoss := false
		for _, loss := range losses {
			isLoss = isLoss || errors.Is(err, loss)
		}
		require.True(t, isLoss, "%v", err)
	}
	require.NotEqual(t, -1, winner, "nobody won")
	return winner
}

func requireAllWin(t *testing.T, failures []error) {
	t.Helper()
	for _, err := range failures {
		require.NoError(t, err)
	}
}

func raceForACode(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	value, code := Code(t, s.store, client, User(t, s.store))
	exchanges := make([]*exchange, racers)
	requireAllWin(t, race(func(i int) error {
		exchanges[i] = newExchange(s.store, client)
		return exchanges[i].presentCode(t.Context(), value)
	}))
	winner := requireOneWinner(t, race(func(i int) error { return exchanges[i].redeemCode(t.Context()) }), storage.ErrUsed)
	require.Equal(t, 1, s.count(t, "grants", "client_id = $1", client.ID))
	require.Equal(t, 1, s.count(t, "access_tokens", "client_id = $1", client.ID))
	grant, err := s.store.FindGrant(t.Context(), code.GrantID)
	require.NoError(t, err)
	require.Equal(t, exchanges[winner].issued.refresh.ID, grant.RefreshTokenID)
}

// presentAll are requests that have all read the same refresh token before any of them answers.
func (s *suite) presentAll(t *testing.T, client *storage.Client, grant storage.Grant) []*exchange {
	t.Helper()
	exchanges := make([]*exchange, racers)
	requireAllWin(t, race(func(i int) error {
		exchanges[i] = newExchange(s.store, client)
		return exchanges[i].presentRefreshToken(t.Context(), byGeneration(grant.ID, 0))
	}))
	return exchanges
}

func raceWithinTheGrace(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	grant := Grant(t, s.store, client, User(t, s.store))
	exchanges := s.presentAll(t, client, grant)
	requireAllWin(t, race(func(i int) error { return exchanges[i].rotate(t.Context()) }))
	found, err := s.store.FindGrant(t.Context(), grant.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, found.Generation)
	require.Zero(t, found.RevokedAt)
	require.Equal(t, racers, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
}

func raceWithoutAGrace(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetStandard, Opaque, withoutGrace)
	grant := Grant(t, s.store, client, User(t, s.store))
	failures := race(func(i int) error {
		e := newExchange(s.store, client)
		err := e.presentRefreshToken(t.Context(), byGeneration(grant.ID, 0))
		if errors.Is(err, storage.ErrReuse) { // fosite revokes then
			_, revoked := s.store.RevokeGrant(t.Context(), grant.ID)
			return errors.Join(err, revoked)
		}
		if err != nil {
			return err
		}
		return e.rotate(t.Context())
	})
	requireOneWinner(t, failures, storage.ErrReuse, storage.ErrNotFound)
	found, err := s.store.FindGrant(t.Context(), grant.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, found.Generation)
	require.NotZero(t, found.RevokedAt)
	require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
}

func raceInPlace(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetEHealth)
	grant := Grant(t, s.store, client, User(t, s.store))
	exchanges := s.presentAll(t, client, grant)
	requireAllWin(t, race(func(i int) error { return exchanges[i].refreshInPlace(t.Context()) }))
	require.Equal(t, racers, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
}

func raceForATokenID(t *testing.T, s *suite) {
	failures := race(func(int) error {
		return s.store.UseJTI(t.Context(), "client_assertion", "client", "1", s.store.NewID(), s.store.Now().Add(time.Hour))
	})
	requireOneWinner(t, failures, storage.ErrUsed)
	client := Client(t, s.store, storage.PresetStandard, Opaque)
	grant := Grant(t, s.store, client, User(t, s.store))
	exchanges := s.presentAll(t, client, grant)
	failures = race(func(i int) error {
		exchanges[i].presentTokenID("of many requests")
		return exchanges[i].refreshInPlace(t.Context())
	})
	requireOneWinner(t, failures, storage.ErrReplayed)
	require.Equal(t, 1, s.count(t, "access_tokens", "grant_id = $1", grant.ID))
}

func raceForAPushedRequest(t *testing.T, s *suite) {
	p := s.pushedRequest(t, "client")
	failures := race(func(int) error {
		batch := s.store.NewBatch()
		batch.UsePushedRequest(p.ID)
		return batch.Flush(t.Context())
	})
	requireOneWinner(t, failures, storage.ErrUsed)
}

func raceForTheAnswerToADevice(t *testing.T, s *suite) {
	d := s.deviceAuthorization(t, "client")
	failures := race(func(i int) error { return s.answerDevice(t, d.ID, i%2 == 0) })
	requireOneWinner(t, failures, storage.ErrUsed)
}

var errLost = errors.New("another one has it")

// lost makes an answer of no an error, for requireOneWinner.
func lost(won bool, err error) error {
	if err == nil && !won {
		return errLost
	}
	return err
}

func raceForALease(t *testing.T, s *suite) {
	for range 2 { // a free one, then one that has expired
		failures := race(func(int) error {
			return lost(s.store.AcquireLease(t.Context(), "janitor", s.store.NewID(), time.Minute))
		})
		requireOneWinner(t, failures, errLost)
		s.clock.Advance(time.Minute)
	}
}

func raceForASigningKey(t *testing.T, s *suite) {
	previous := ""
	for range 2 { // the first key, then its successor
		keys := make([]storage.SigningKey, racers)
		failures := race(func(i int) error {
			keys[i] = s.signingKey("RS256")
			return lost(s.store.ReplaceSigningKey(t.Context(), previous, keys[i], s.store.Now().Add(time.Minute),
				s.store.Now().Add(2*time.Minute)))
		})
		previous = keys[requireOneWinner(t, failures, errLost)].ID
		require.Equal(t, 1, s.count(t, "signing_keys", "retires_at = $1", 0))
	}
	require.Equal(t, 2, s.count(t, "signing_keys", "algorithm = $1", "RS256"))
}

func raceOfFailures(t *testing.T, s *suite) {
	subject := storage.Hash("account")
	requireAllWin(t, race(func(int) error {
		_, err := s.store.RecordSignInFailure(t.Context(), [][]byte{subject}, s.store.Now().Add(time.Hour))
		return err
	}))
	counts, err := s.store.CountSignInFailures(t.Context(), [][]byte{subject}, s.store.Now())
	require.NoError(t, err)
	require.Equal(t, []int64{racers}, counts)
}

func raceForAOneTimeCode(t *testing.T, s *suite) {
	code := s.oneTimeCode(t, "right")
	failures := race(func(int) error {
		return lost(s.store.VerifyOneTimeCode(t.Context(), code.ID, code.CodeMAC, racers))
	})
	requireOneWinner(t, failures, storage.ErrUsed)

	code = s.oneTimeCode(t, "wrong")
	for _, err := range race(func(int) error {
		return lost(s.store.VerifyOneTimeCode(t.Context(), code.ID, []byte("wrong"), 5))
	}) {
		require.Error(t, err)
	}
	found, err := s.store.FindOneTimeCode(t.Context(), "wrong")
	require.NoError(t, err)
	require.EqualValues(t, 5, found.Attempts)
}

func raceForASignCount(t *testing.T, s *suite) {
	p := s.passkey(t, User(t, s.store))
	requireOneWinner(t, race(func(int) error { return s.store.UsePasskey(t.Context(), p.ID, 1, false) }),
		storage.ErrConflict)
}

func raceForAnEmail(t *testing.T, s *suite) {
	failures := race(func(int) error {
		return s.store.CreateUser(t.Context(), storage.User{ID: s.store.NewID(), Email: "doctor@example.com"})
	})
	requireOneWinner(t, failures, storage.ErrConflict)
}

func raceOfApprovals(t *testing.T, s *suite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
	requireAllWin(t, race(func(i int) error {
		return s.store.Approve(t.Context(), storage.Approval{
			ID: s.store.NewID(), UserID: u.ID, ClientID: client.ID, Scope: []string{fmt.Sprint("scope-", i)},
		})
	}))
	found, err := s.store.FindApproval(t.Context(), u.ID, client.ID)
	require.NoError(t, err)
	require.Len(t, found.Scope, racers)
}

func raceForARandomKey(t *testing.T, s *suite) {
	stores := []*storage.Store{s.store, s.open(t), s.open(t)}
	keys := make([]string, racers)
	requireAllWin(t, race(func(i int) error {
		key, err := stores[i%len(stores)].RandomKey(context.WithoutCancel(t.Context()), "cookies", 32)
		keys[i] = string(key)
		return err
	}))
	for _, key := range keys {
		require.Equal(t, keys[0], key)
	}
}

func raceOfChanges(t *testing.T, s *suite) {
	before := s.configurationVersion(t)
	requireAllWin(t, race(func(int) error {
		id := s.store.NewID()
		return s.store.CreateRole(t.Context(), storage.Role{ID: id, Name: id})
	}))
	require.Equal(t, before+racers, s.configurationVersion(t))
}
