package login

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

func TestEachSignInReplacesTheSessionCookie(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	before := b.cookie(sessionCookie).Value

	b.signIn(b.begin(""), testEmail, testPassword)

	require.NotEqual(t, before, b.cookie(sessionCookie).Value)
	_, err := f.store.FindLogin(t.Context(), storage.Hash(before), testClient)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func TestASignInOfTheSameUserKeepsTheSession(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	before, state := b.login().Session, b.cookie(browserStateCookie).Value
	f.clock.advance(time.Minute)
	b.header.Set("User-Agent", "Mozilla/5.0 \xff Firefox/133.0"+strings.Repeat("…", maximumUserAgent))

	b.signIn(b.begin(""), testEmail, testPassword)

	after := b.login().Session
	require.Equal(t, before.SessionID, after.SessionID)
	require.Equal(t, before.CreatedAt, after.CreatedAt)
	require.Equal(t, before.AuthTime.Add(time.Minute), after.AuthTime)
	require.Equal(t, f.store.Now().Add(SessionLifetime), after.ExpiresAt)
	require.Equal(t, state, b.cookie(browserStateCookie).Value, "to clients nothing has changed")
	require.LessOrEqual(t, len(after.UserAgent), maximumUserAgent)
	require.True(t, utf8.ValidString(after.UserAgent))
	require.Contains(t, after.UserAgent, "Firefox/133.0")
}

func TestASignInOfSomebodyElseEndsTheSession(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	before, state := b.login().Session, b.cookie(browserStateCookie).Value
	f.createUser("nurse@example.com", testPassword)

	b.signIn(b.begin(""), "nurse@example.com", testPassword)

	require.NotEqual(t, before.SessionID, b.login().Session.SessionID)
	require.NotEqual(t, state, b.cookie(browserStateCookie).Value)
	active, err := f.store.ListLoginSessions(t.Context(), f.userID)
	require.NoError(t, err)
	require.Empty(t, active)
	require.Len(t, f.events(storage.EventSignOut), 1)
}

func TestBrowserStateCookieIsReadableAndUnrelatedToTheSession(t *testing.T) {
	for scheme, want := range map[string]http.SameSite{"https": http.SameSiteNoneMode, "http": http.SameSiteLaxMode} {
		f := newFixtureOver(t, scheme)
		b := f.browser()
		w := httptest.NewRecorder()
		f.setBrowserState(w, f.BrowserState("session"), 0)
		cookie := w.Result().Cookies()[0]
		require.False(t, cookie.HttpOnly)
		require.Equal(t, scheme == "https", cookie.Secure)
		require.Equal(t, want, cookie.SameSite)
		require.NotContains(t, cookie.Value, "session")

		b.signIn(b.begin(""), testEmail, testPassword)
		require.Equal(t, f.BrowserState(b.login().Session.SessionID), b.cookie(browserStateCookie).Value)
		b.post(PathSignOut, nil)
		require.Nil(t, b.cookie(browserStateCookie))
	}
}

// The attacker puts a cookie into the victim's browser, made up or of the attacker's own session, and waits for the
// victim to sign in (OWASP, session fixation): the session of a sign-in has a cookie that is new.
func TestAttackSessionFixation(t *testing.T) {
	f := newFixture(t)
	attackerID := f.createUser("attacker@example.com", testPassword)
	attacker := f.browser()
	attacker.signIn(attacker.begin(""), "attacker@example.com", testPassword)
	madeUp, err := f.layout.newToken()
	require.NoError(t, err)
	for _, planted := range []string{madeUp, attacker.cookie(sessionCookie).Value} {
		victim := f.browser()
		form := victim.begin("")
		victim.header.Set("Cookie", f.layout.cookieName(sessionCookie)+"="+planted)
		victim.signIn(form, testEmail, testPassword)
		victim.header.Del("Cookie")
		require.NotEqual(t, planted, victim.cookie(sessionCookie).Value)
		require.Equal(t, f.userID, victim.login().User.ID)
		login, err := f.store.FindLogin(t.Context(), storage.Hash(planted), testClient)
		if err != nil {
			require.ErrorIs(t, err, storage.ErrNotFound)
			continue
		}
		require.Equal(t, attackerID, login.User.ID)
	}
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
	work := f.store.NewBatch()
	f.QueueSessionUse(work, l)
	require.NoError(f.t, work.Flush(f.t.Context()))
}

func TestSessionUseIsStoredAfterATenthOfTheIdleTime(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	began := b.login().Session.LastUsedAt

	f.clock.advance(SessionIdle/10 - time.Second)
	f.use(b.login())
	require.Equal(t, began, b.login().Session.LastUsedAt)

	f.clock.advance(time.Second)
	f.use(b.login())
	require.Equal(t, began.Add(SessionIdle/10), b.login().Session.LastUsedAt)
}

func TestABlockedUserHasNoSession(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	require.NoError(t, f.store.BlockUser(t.Context(), f.userID, "left"))
	require.Nil(t, b.login())

	// As if the session had been made while the user was being blocked.
	now := f.clock.Now()
	token, err := f.layout.newToken()
	require.NoError(t, err)
	require.NoError(t, f.store.CreateLoginSession(t.Context(), storage.LoginSession{
		ID: storage.Hash(token), SessionID: f.store.NewID(), UserID: f.userID, LastUsedAt: now,
		CreatedAt: now, ExpiresAt: now.Add(SessionLifetime),
	}))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL, nil)
	require.NoError(t, err)
	r.AddCookie(&http.Cookie{Name: f.layout.cookieName(sessionCookie), Value: token})
	found, err := f.Login(t.Context(), r, testClient)
	require.NoError(t, err)
	require.Nil(t, found)
}
