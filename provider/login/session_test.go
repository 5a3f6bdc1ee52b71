package login

import (
	"crypto/sha256"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// signedIn is a browser in which the doctor has signed in.
func (f *fixture) signedIn() *browser {
	b := f.browser()
	require.Equal(f.t, "signed in as "+testEmail, b.signIn(b.begin(""), testEmail, testPassword).body)
	return b
}

// login asks what Login says to the browser's cookie.
func (b *browser) login() *storage.Login {
	r, err := http.NewRequestWithContext(b.f.t.Context(), http.MethodGet, b.f.server.URL, nil)
	require.NoError(b.f.t, err)
	if c := b.cookie(sessionCookie); c != nil {
		r.AddCookie(c)
	}
	found, err := b.f.Login(r.Context(), r, testClient)
	require.NoError(b.f.t, err)
	return found
}

func TestEachSignInMakesANewSessionAndEndsTheOldOne(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	before := b.cookie(sessionCookie).Value

	b.signIn(b.begin(""), testEmail, testPassword)

	require.NotEqual(t, before, b.cookie(sessionCookie).Value)
	_, err := f.store.FindLogin(t.Context(), sessionHash(before), testClient)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func TestACookieFromBeforeSignInIsWorthNothingAfterIt(t *testing.T) {
	f := newFixture(t)
	planted, err := f.newToken()
	require.NoError(t, err)
	b := f.browser()
	form := b.begin("")
	b.header.Set("Cookie", f.cookieName(sessionCookie)+"="+planted)
	b.signIn(form, testEmail, testPassword)
	_, err = f.store.FindLogin(t.Context(), sessionHash(planted), testClient)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func TestOnlyTheHashOfTheCookieIsStored(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	hash := sha256.Sum256([]byte(b.cookie(sessionCookie).Value))
	require.Equal(t, hash[:], b.login().Session.ID)
}

func TestASessionEndsWhenItIsIdleOrTooOld(t *testing.T) {
	f := newFixture(t)

	idle := f.signedIn()
	f.clock.advance(SessionIdle)
	require.NotNil(t, idle.login())
	f.clock.advance(time.Second)
	require.Nil(t, idle.login())

	used := f.signedIn()
	for range 12 {
		require.NotNil(t, used.login())
		f.use(used.login())
		f.clock.advance(time.Hour)
	}
	require.Nil(t, used.login(), "twelve hours are the most")
}

// use flushes what QueueSessionUse queues.
func (f *fixture) use(l *storage.Login) {
	work := f.store.NewUnitOfWork()
	f.QueueSessionUse(work, l)
	require.NoError(f.t, work.Flush(f.t.Context()))
}

func TestUseIsWrittenOnlyAfterATenthOfTheIdleTime(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	began := b.login().Session.LastUsedAt

	f.clock.advance(SessionIdle/10 - time.Second)
	f.use(b.login())
	require.Equal(t, began, b.login().Session.LastUsedAt)

	f.clock.advance(time.Second)
	f.use(b.login())
	require.Equal(t, began+360, b.login().Session.LastUsedAt)
}

func TestABlockedUserHasNoSession(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	require.NoError(t, f.store.BlockUser(t.Context(), f.userID, "left"))
	require.Nil(t, b.login())

	// As if the session had been made while the user was being blocked.
	now := f.clock.Now()
	token, err := f.newToken()
	require.NoError(t, err)
	require.NoError(t, f.store.CreateLoginSession(t.Context(), storage.LoginSession{
		ID: sessionHash(token), SessionID: f.store.NewID(), UserID: f.userID, LastUsedAt: now.Unix(),
		CreatedAt: now.Unix(), ExpiresAt: now.Add(SessionLifetime).Unix(),
	}))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL, nil)
	require.NoError(t, err)
	r.AddCookie(&http.Cookie{Name: f.cookieName(sessionCookie), Value: token})
	found, err := f.Login(t.Context(), r, testClient)
	require.NoError(t, err)
	require.Nil(t, found)
}
