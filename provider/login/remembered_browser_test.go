package login

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const remembered = 30 * 24 * time.Hour

func newRememberingFixture(t *testing.T, open func(*testing.T, *clock) *storage.Store) *fixture {
	relyingParty, err := identity.NewRelyingParty(identity.RelyingPartyOptions{Issuer: issuerOfPasskeys})
	require.NoError(t, err)
	return newFixtureOn(t, "https", open, func(c *identity.Components) {
		c.Passkeys, c.RememberBrowser = relyingParty, remembered
	})
}

func rememberingOnEachEngine(t *testing.T, test func(t *testing.T, f *fixture)) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		test(t, newRememberingFixture(t, openOn(engine)))
	})
}

// rememberedBy signs in with an app, has the browser remembered, and ends the session.
func (b *browser) rememberedBy(a app) {
	b.f.t.Helper()
	b.f.clock.advance(time.Minute) // to a code of its own
	p := b.signIn(b.begin(""), testEmail, testPassword)
	require.Equal(b.f.t, PathAuthenticator, p.Request.URL.Path, p.body)
	require.Contains(b.f.t, p.body, `name="remember"`)
	signedIn := b.post(PathAuthenticator, url.Values{
		"request": {p.request(b.f.t)}, "code": {a.code()}, "remember": {"yes"},
	})
	require.Equal(b.f.t, signedInAsDoctor, signedIn.body)
	b.signOut()
}

// signOut ends the session of the browser alone.
func (b *browser) signOut() {
	_, err := b.f.store.EndLoginSession(b.f.t.Context(), b.login().Session.ID)
	require.NoError(b.f.t, err)
}

var aForgetting = regexp.MustCompile(`name="forget_browser" value="([^"]+)"`)

func TestRememberedBrowserIsAskedForThePasswordAlone(t *testing.T) {
	rememberingOnEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.authenticator("phone")
		b := f.browser()
		b.rememberedBy(phone)
		require.Equal(t, signedInAsDoctor, b.signIn(b.begin(""), testEmail, testPassword).body)
		require.Equal(t, storage.AssurancePassword, b.login().Session.ACR, "and says so")
		require.Equal(t, []string{"pwd"}, b.login().Session.AMR)
		require.Equal(t, PathSignIn, b.get(PathAddAuthenticator).Request.URL.Path, "second factors are changed by one")
		require.Len(t, f.events(storage.EventBrowserRemembered), 1)

		p := f.browser().signIn(f.browser().begin(""), testEmail, testPassword)
		require.NotEqual(t, signedInAsDoctor, p.body, "another browser")
		f.clock.advance(remembered)
		require.Equal(t, PathAuthenticator, b.signIn(b.begin(""), testEmail, testPassword).Request.URL.Path)
	})
}

func TestBrowserIsNotRememberedUnlessThePersonAndTheOperatorSaySo(t *testing.T) {
	f := newRememberingFixture(t, openStore)
	phone, recovery := f.authenticator("phone")
	b := f.browser()
	p := b.signIn(b.begin(""), testEmail, testPassword)
	b.typeCode(p, PathAuthenticator, phone.code())
	b.signOut()
	p = b.signIn(b.begin(""), testEmail, testPassword)
	require.Equal(t, PathAuthenticator, p.Request.URL.Path)
	p = b.choose(p, storage.FactorRecoveryCode)
	require.NotContains(t, p.body, `name="remember"`)
	b.post(PathRecoveryCode, url.Values{"request": {p.request(t)}, "code": {recovery[0]}, "remember": {"yes"}})
	b.signOut()
	require.Equal(t, PathAuthenticator, b.signIn(b.begin(""), testEmail, testPassword).Request.URL.Path)

	off := newFixture(t)
	phone, _ = off.authenticator("phone")
	b = off.browser()
	p = b.signIn(b.begin(""), testEmail, testPassword)
	require.NotContains(t, p.body, `name="remember"`)
	b.post(PathAuthenticator, url.Values{"request": {p.request(t)}, "code": {phone.code()}, "remember": {"yes"}})
	b.signOut()
	require.Equal(t, PathAuthenticator, b.signIn(b.begin(""), testEmail, testPassword).Request.URL.Path)
}

func TestAttackRememberedBrowserStandsInForARequiredFactor(t *testing.T) {
	rememberingOnEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.authenticator("phone")
		b := f.browser()
		b.rememberedBy(phone)
		for _, required := range []string{
			storage.AssuranceOneTimeCode, storage.AssurancePhishingResistant, storage.AssurancePhishingResistantHardware,
		} {
			p := b.signIn(b.begin("assurance="+required), testEmail, testPassword)
			require.Equal(t, PathAuthenticator, p.Request.URL.Path, required)
			require.Nil(t, b.login())
		}
		b.signIn(b.begin(""), testEmail, testPassword)
		require.Equal(t, PathAuthenticator, b.get("/authorize?step_up&assurance=one_time_code").Request.URL.Path)
	})
}

func TestAttackRememberedBrowserOfAnotherPerson(t *testing.T) {
	rememberingOnEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.authenticator("phone")
		b := f.browser()
		b.rememberedBy(phone)
		doctor := f.userID
		nurse := f.createUser("nurse@example.com", testPassword)
		f.userID = nurse
		f.authenticator("of the nurse")
		f.userID = doctor
		p := b.signIn(b.begin(""), "nurse@example.com", testPassword)
		require.Equal(t, PathAuthenticator, p.Request.URL.Path, "a shared computer is remembered for one person")

		thief := f.browser()
		stolen := b.cookie(deviceCookie)
		thief.client.Jar.SetCookies(thief.url(), []*http.Cookie{{
			Name: stolen.Name, Value: stolen.Value[:len(stolen.Value)-2] + "AA", Path: "/", Secure: true,
		}})
		require.Equal(t, PathAuthenticator, thief.signIn(thief.begin(""), testEmail, testPassword).Request.URL.Path,
			"a cookie that was changed is none")
	})
}

func TestAttackRememberedBrowserAfterAChangeOfPassword(t *testing.T) {
	rememberingOnEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.authenticator("phone")
		b := f.browser()
		b.rememberedBy(phone)
		hash, err := f.passwords.Hash(t.Context(), anotherPassword)
		require.NoError(t, err)
		f.clock.advance(time.Minute)
		require.NoError(t, f.store.SetPassword(t.Context(), f.userID, hash))
		require.Equal(t, PathAuthenticator, b.signIn(b.begin(""), testEmail, anotherPassword).Request.URL.Path)
		browsers, err := f.store.ListRememberedBrowsers(t.Context(), f.userID)
		require.NoError(t, err)
		require.Empty(t, browsers)
	})
}

func TestAttackRememberedBrowserAfterAFactorWasTakenAway(t *testing.T) {
	rememberingOnEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.authenticator("phone")
		f.clock.advance(time.Minute)
		f.authenticator("tablet")
		b := f.browser()
		b.rememberedBy(phone)
		factors, err := f.store.ListSecondFactors(t.Context(), f.userID)
		require.NoError(t, err)
		require.NoError(t, f.store.RemoveSecondFactor(t.Context(), f.userID, factors[0].Kind, factors[0].ID))
		require.Equal(t, PathAuthenticator, b.signIn(b.begin(""), testEmail, testPassword).Request.URL.Path)

		f.phone(testPhone)
		b = f.browser()
		p := b.choose(b.signIn(b.begin(""), testEmail, testPassword), identity.FactorSMS)
		b.post(PathCode, url.Values{
			"request": {p.request(t)}, "code": {f.sms.code(t, testPhone)}, "remember": {"yes"},
		})
		b.signOut()
		require.Equal(t, signedInAsDoctor, b.signIn(b.begin(""), testEmail, testPassword).body)
		_, err = f.store.EndLoginSessions(t.Context(), f.userID)
		require.NoError(t, err)
		require.NotEqual(t, signedInAsDoctor, b.signIn(b.begin(""), testEmail, testPassword).body,
			"signing out everywhere ends it too")
	})
}

func TestPersonEndsThatABrowserIsRemembered(t *testing.T) {
	rememberingOnEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.authenticator("phone")
		b := f.browser()
		b.rememberedBy(phone)
		b.signIn(b.begin(""), testEmail, testPassword)
		p := b.get(PathAccount)
		require.Contains(t, p.body, "Браузери, де підтвердження не питають")
		require.Contains(t, p.body, `id="one-factor"`, "one factor alone may be lost")
		id := aForgetting.FindStringSubmatch(p.body)[1]

		f.createUser("nurse@example.com", testPassword)
		other := f.browser()
		other.signIn(other.begin(""), "nurse@example.com", testPassword)
		require.Equal(t, http.StatusNotFound, other.press(other.get(PathAccount), "forget_browser", id).StatusCode)
		require.Equal(t, http.StatusNotFound, b.press(p, "forget_browser", "nothing").StatusCode)

		p = b.press(p, "forget_browser", id)
		require.NotContains(t, p.body, "forget_browser")
		require.Len(t, f.events(storage.EventBrowserForgotten), 1)
		b.signOut()
		require.Equal(t, PathAuthenticator, b.signIn(b.begin(""), testEmail, testPassword).Request.URL.Path)
	})
}
