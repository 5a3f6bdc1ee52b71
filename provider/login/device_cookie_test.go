package login

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// limitAccount makes as many sign-ins to the doctor's account fail, from elsewhere and from the address of the tests,
// as any limit but that of a device allows.
func (f *fixture) limitAccount() {
	for kind, limited := range map[string]struct {
		value string
		most  int
	}{
		"account":             {testEmail, accountFailures},
		"address":             {"127.0.0.1", addressFailures},
		"account and address": {testEmail + "\x00127.0.0.1", pairFailures},
	} {
		subject, err := f.store.SignInSubject(f.t.Context(), kind, limited.value)
		require.NoError(f.t, err)
		until := f.clock.Now().Add(identity.DefaultLimits().FailedSignInWindow)
		for range limited.most {
			_, err := f.store.RecordSignInFailure(f.t.Context(), [][]byte{subject}, until)
			require.NoError(f.t, err)
		}
	}
}

// setDevice makes the browser send this device cookie.
func (b *browser) setDevice(value string) {
	b.client.Jar.SetCookies(b.url(), []*http.Cookie{{Name: b.f.layout.cookieName(deviceCookie), Value: value, Path: "/",
		Secure: true}})
}

func (b *browser) signInAgain(email, password string) page {
	return b.signIn(b.begin(""), email, password)
}

func TestPersonSignsInFromKnownDeviceWhileAccountIsLimited(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		known := f.signedIn()
		require.Equal(t, "signed in as "+testEmail, known.signInAgain(testEmail, testPassword).body)
		f.limitAccount()

		require.Equal(t, http.StatusTooManyRequests, f.browser().signInAgain(testEmail, testPassword).StatusCode)
		for range deviceFailures + 1 {
			require.Equal(t, "signed in as "+testEmail, known.signInAgain(testEmail, testPassword).body)
		}
	})
}

func TestEverybodyOfASharedComputerIsKnown(t *testing.T) {
	f := newFixture(t)
	shared := f.signedIn()
	phc, err := f.passwords.Hash(t.Context(), testPassword)
	require.NoError(t, err)
	for i := range deviceUsers - 1 {
		email := fmt.Sprintf("nurse-%d@example.com", i)
		f.createUserWith(email, phc)
		require.Equal(t, "signed in as "+email, shared.signInAgain(email, testPassword).body)
	}
	f.createUserWith("one-too-many@example.com", phc)
	before := shared.cookie(deviceCookie).Value
	require.Less(t, len(before), maximumDevice)
	require.Equal(t, "signed in as one-too-many@example.com",
		shared.signInAgain("one-too-many@example.com", testPassword).body)
	f.limitAccount()

	require.Equal(t, "signed in as nurse-0@example.com", shared.signInAgain("nurse-0@example.com", testPassword).body)
	require.Equal(t, http.StatusTooManyRequests, shared.signInAgain(testEmail, testPassword).StatusCode,
		"whose sign-in is longest ago is forgotten")
	shared.setDevice(before)
	require.Equal(t, "signed in as "+testEmail, shared.signInAgain(testEmail, testPassword).body)
}

func TestDeviceIsForgottenAfterHalfAYear(t *testing.T) {
	f := newFixture(t)
	known := f.signedIn()
	f.clock.advance(identity.DeviceLifetime - time.Second)
	f.limitAccount()
	require.Equal(t, http.StatusOK, known.signInAgain(testEmail, testPassword).StatusCode)

	f.clock.advance(identity.DeviceLifetime)
	f.limitAccount()
	require.Equal(t, http.StatusTooManyRequests, known.signInAgain(testEmail, testPassword).StatusCode)
}

func TestDeviceOnWhichThePasswordWasChangedIsKnown(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phc, err := f.passwords.Hash(t.Context(), testPassword)
		require.NoError(t, err)
		require.NoError(t, f.store.SetPasswordToChange(t.Context(), f.userID, phc))
		known := f.browser()
		form := known.signInAgain(testEmail, testPassword)
		require.Equal(t, PathNewPassword, form.Request.URL.Path)
		const chosen = "another long password of hers"
		changed := known.post(PathNewPassword, url.Values{"request": {form.request(t)}, "password": {chosen}})
		require.Equal(t, "signed in as "+testEmail, changed.body)
		f.limitAccount()

		require.Equal(t, "signed in as "+testEmail, known.signInAgain(testEmail, chosen).body)
	})
}

func TestAttackDeviceCookieOfAnotherUser(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.createUser("attacker@example.com", testPassword)
		attacker := f.browser()
		require.Equal(t, "signed in as attacker@example.com",
			attacker.signInAgain("attacker@example.com", testPassword).body)
		f.limitAccount()

		require.Equal(t, http.StatusTooManyRequests, attacker.signInAgain(testEmail, testPassword).StatusCode)
	})
}

func TestAttackForgedDeviceCookie(t *testing.T) {
	f := newFixture(t)
	owner := f.signedIn()
	value := owner.cookie(deviceCookie).Value
	raw, err := base64.RawURLEncoding.DecodeString(value)
	require.NoError(t, err)
	raw[len(raw)/2] ^= 1
	elsewhere := newFixture(t)
	require.Equal(t, http.StatusOK, elsewhere.browser().begin("").StatusCode)
	request := owner.begin("").request(t)
	f.limitAccount()

	for name, forged := range map[string]string{
		"in clear": base64.RawURLEncoding.EncodeToString([]byte(
			`{"id":"x","users":[{"id":"` + f.userID + `","password_set_at":0,"at":` + fmt.Sprint(f.clock.Now().Unix()) + `}]}`)),
		"one bit changed":               base64.RawURLEncoding.EncodeToString(raw),
		"cut":                           value[:len(value)/2],
		"of another server":             elsewhere.signedIn().cookie(deviceCookie).Value,
		"a sealed request of a browser": request,
		"too long":                      strings.Repeat("A", maximumDevice+4),
	} {
		attacker := f.browser()
		attacker.begin("")
		attacker.setDevice(forged)
		require.Equal(t, http.StatusTooManyRequests, attacker.signInAgain(testEmail, testPassword).StatusCode, name)
	}
	require.Equal(t, http.StatusOK, owner.signInAgain(testEmail, testPassword).StatusCode)
}

// Whoever has stolen the cookie guesses as often as one device may, from however many addresses, and takes nothing from
// the other devices of its owner.
func TestAttackGuessesWithAStolenDeviceCookie(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		robbed, other, thief := f.signedIn(), f.signedIn(), f.browser()
		thief.setDevice(robbed.cookie(deviceCookie).Value)
		f.limitAccount()
		for i := range deviceFailures {
			thief.header.Set("Test-Address", fmt.Sprintf("198.51.100.%d", i))
			require.Equal(t, http.StatusOK, thief.signInAgain(testEmail, "not it").StatusCode)
		}

		for i := range 3 {
			thief.header.Set("Test-Address", fmt.Sprintf("203.0.113.%d", i))
			require.Equal(t, http.StatusTooManyRequests, thief.signInAgain(testEmail, testPassword).StatusCode)
		}
		require.Equal(t, "signed in as "+testEmail, other.signInAgain(testEmail, testPassword).body)
		f.clock.advance(identity.DefaultLimits().FailedSignInWindow + time.Second)
		require.Equal(t, "signed in as "+testEmail, robbed.signInAgain(testEmail, testPassword).body)
	})
}

func TestAttackDeviceCookieFromBeforeAChangeOfPassword(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		known := f.signedIn()
		phc, err := f.passwords.Hash(t.Context(), "another password of hers")
		require.NoError(t, err)
		require.NoError(t, f.store.SetPassword(t.Context(), f.userID, phc))
		f.limitAccount()

		require.Equal(t, http.StatusTooManyRequests,
			known.signInAgain(testEmail, "another password of hers").StatusCode)
	})
}

func TestAttackDeviceCookieOfABlockedUser(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		known := f.signedIn()
		require.NoError(t, f.store.BlockUser(t.Context(), f.userID, "left"))
		f.limitAccount()

		require.Equal(t, http.StatusTooManyRequests, known.signInAgain(testEmail, testPassword).StatusCode)
		require.NoError(t, f.store.UnblockUser(t.Context(), f.userID))
		require.Equal(t, "signed in as "+testEmail, known.signInAgain(testEmail, testPassword).body)
	})
}

// The login API is for servers of others: what a browser sends along with their request says nothing there.
func TestAttackDeviceCookieAtTheLoginAPI(t *testing.T) {
	f := newFixture(t)
	known := f.signedIn()
	f.limitAccount()
	r := httptest.NewRequest(http.MethodPost, "/auth/login", nil)
	r.AddCookie(&http.Cookie{Name: f.layout.cookieName(deviceCookie), Value: known.cookie(deviceCookie).Value})
	_, err := f.identity.CheckPassword(r, identity.PasswordAttempt{Username: testEmail, Password: testPassword})
	require.ErrorIs(t, err, identity.ErrSignInLimited)
}

func TestDeviceCookieTellsNothing(t *testing.T) {
	f := newFixture(t)
	value := f.signedIn().cookie(deviceCookie).Value
	raw, err := base64.RawURLEncoding.DecodeString(value)
	require.NoError(t, err)
	require.NotContains(t, string(raw), f.userID)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: f.layout.cookieName(deviceCookie), Value: value})
	opened, err := f.signIn.devices.read(r)
	require.NoError(t, err)
	require.Equal(t, []identity.DeviceUser{{ID: f.userID, At: f.store.Now()}}, opened.Users)
	require.True(t, opened.Knows(&storage.User{ID: f.userID}, f.clock.Now()))
}
