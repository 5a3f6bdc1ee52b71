package login

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/provider/identity/passkeytest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// needingLinks is a fixture whose people follow a link before they add the first second factor.
func needingLinks(t *testing.T, open func(*testing.T, *clock) *storage.Store) *fixture {
	relyingParty, err := identity.NewRelyingParty(identity.RelyingPartyOptions{Issuer: issuerOfPasskeys})
	require.NoError(t, err)
	return newFixtureOn(t, "https", open, func(c *identity.Components) {
		c.Passkeys, c.FirstFactorNeedsLink = relyingParty, true
	})
}

var firstFactorLink = regexp.MustCompile(`<a href="([^"]+)" id="first-factor-link">`)

// enrol answers the page that adds a passkey in a sign-in.
func (b *browser) enrol(p page, a *passkeytest.Authenticator) page {
	options, request := p.ceremony(b.f.t)
	return b.post(PathPasskeyEnrolment, url.Values{
		"request": {request}, "credential": {a.Create(b.f.t, options)}, "name": {"Ключ"},
	})
}

func TestAttackStolenPasswordAddsTheFirstSecondFactor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := needingLinks(t, openOn(engine))
		b := f.browser()
		for _, assurance := range []string{storage.AssuranceOneTimeCode, storage.AssurancePhishingResistant} {
			p := b.signIn(b.begin("assurance="+assurance), testEmail, testPassword)
			require.Equal(t, http.StatusForbidden, p.StatusCode, assurance)
			require.Contains(t, p.body, `id="first-factor-link"`)
			require.NotContains(t, p.body, "authenticator-secret")
			require.NotContains(t, p.body, "data-options")
			require.Nil(t, b.login())
			for _, path := range []string{PathEnrolment, PathPasskeyEnrolment} {
				posted := b.post(path, url.Values{"request": {p.Request.URL.Query().Get("request")}, "code": {"000000"}})
				require.Contains(t, []int{http.StatusForbidden, http.StatusBadRequest}, posted.StatusCode)
			}
		}
		b = f.signedIn()
		for _, path := range []string{PathAddAuthenticator, PathPasskeys} {
			p := b.get(path)
			require.Equal(t, http.StatusForbidden, p.StatusCode, path)
			require.Contains(t, p.body, `id="first-factor-link"`)
		}
		require.Empty(t, f.events(storage.EventFactorCreated))
		require.Empty(t, f.passkeysOf(f.userID))
	})
}

func TestFirstSecondFactorIsAddedAfterALinkToTheMailbox(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := needingLinks(t, openOn(engine))
		b := f.browser()
		p := b.signIn(b.begin("assurance=one_time_code"), testEmail, testPassword)
		forgot := b.get(html.UnescapeString(firstFactorLink.FindStringSubmatch(p.body)[1]))
		require.Contains(t, forgot.body, `value="`+testEmail+`"`)
		b.post(PathForgotPassword, url.Values{"request": {forgot.request(t)}, "email": {testEmail}})
		signIn := b.reset(b.get(f.link()), anotherPassword)
		enrolment := b.signIn(signIn, testEmail, anotherPassword)
		require.Equal(t, PathEnrolment, enrolment.Request.URL.Path, "the request goes on")
		require.Equal(t, http.StatusOK, enrolment.StatusCode)
		codes := b.post(PathEnrolment, url.Values{
			"request": {enrolment.request(t)}, "code": {f.shownApp(enrolment).code()},
		})
		require.Equal(t, signedInAsDoctor, b.post(PathEnrolled, url.Values{"request": {codes.request(t)}}).body)
		require.Equal(t, http.StatusOK, b.get(PathAddAuthenticator).StatusCode, "a second factor was shown")
	})
}

func TestAttackLinkOfAnotherPersonOrOfBefore(t *testing.T) {
	f := needingLinks(t, openStore)
	b := f.browser()
	other := f.createUser("nurse@example.com", testPassword)
	require.NotEmpty(t, other)
	b.forget("nurse@example.com")
	b.reset(b.get(f.link()), anotherPassword)
	b.signIn(b.begin(""), testEmail, testPassword)
	require.Equal(t, http.StatusForbidden, b.get(PathAddAuthenticator).StatusCode, "a link of somebody else")

	b = f.browser()
	b.signIn(b.begin(""), "nurse@example.com", anotherPassword)
	require.Equal(t, http.StatusForbidden, b.get(PathAddAuthenticator).StatusCode, "a link in another browser")

	b = f.browser()
	b.forget(testEmail)
	b.reset(b.get(f.link()), anotherPassword)
	b.signIn(b.begin(""), testEmail, anotherPassword)
	require.Equal(t, http.StatusOK, b.get(PathAddAuthenticator).StatusCode)
	f.clock.advance(31 * time.Minute)
	b.signIn(b.begin(""), testEmail, anotherPassword)
	require.Equal(t, http.StatusForbidden, b.get(PathAddAuthenticator).StatusCode, "a link of half an hour ago")
}

func TestRequiredPasskeyIsAddedInTheSignIn(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.browser()
		p := b.signIn(b.begin("assurance=phr"), testEmail, testPassword)
		require.Equal(t, PathPasskeyEnrolment, p.Request.URL.Path)
		require.Contains(t, p.body, "потрібен ключ доступу")
		require.Nil(t, b.login())
		a := passkeytest.New(issuerOfPasskeys.String())
		a.IsBackupEligible = true
		codes := b.enrol(p, a)
		require.Contains(t, codes.body, `id="recovery-codes"`)
		require.Nil(t, b.login(), "the codes are shown before the sign-in goes on")
		require.Equal(t, signedInAsDoctor, b.post(PathEnrolled, url.Values{"request": {codes.request(t)}}).body)
		require.Equal(t, storage.AssurancePhishingResistant, b.login().Session.ACR)
		require.Equal(t, []string{"pwd", "swk", "user", "mfa"}, b.login().Session.AMR)

		// One that is synchronised is no hardware: another is added after it was used.
		p = b.usePasskey(b.begin("assurance=phrh"), a)
		require.Equal(t, PathPasskeyEnrolment, p.Request.URL.Path)
		require.Contains(t, p.body, "синхронізується між пристроями")
		again := passkeytest.New(issuerOfPasskeys.String())
		again.IsBackupEligible = true
		require.Equal(t, PathPasskeyEnrolment, b.enrol(p, again).Request.URL.Path, "one that is synchronised too")
		p = b.usePasskey(b.begin("assurance=phrh"), a)
		require.Equal(t, signedInAsDoctor, b.enrol(p, passkeytest.New(issuerOfPasskeys.String())).body)
		require.Equal(t, storage.AssurancePhishingResistantHardware, b.login().Session.ACR)
		require.Equal(t, []string{"hwk", "user", "mfa"}, b.login().Session.AMR)
		require.Len(t, f.passkeysOf(f.userID), 3)
	})
}

// Whoever got a password and a code by a fake site has no passkey, and gets none by them beside one that is there.
func TestAttackWeakerFactorBringsInAnotherPasskey(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		f.withPasskey()
		phone, _ := f.authenticator("phone")
		b := f.browser()
		p := b.signIn(b.begin("assurance=phr"), testEmail, testPassword)
		require.Equal(t, PathPasskeyFactor, p.Request.URL.Path)
		p = b.choose(p, storage.FactorTOTP)
		refused := b.typeCode(p, PathAuthenticator, phone.code())
		require.Equal(t, http.StatusForbidden, refused.StatusCode)
		require.Contains(t, refused.body, "потрібно ввійти з ключем доступу")
		shown := b.get(PathPasskeyEnrolment + "?" + url.Values{"request": {p.request(t)}}.Encode())
		require.Equal(t, http.StatusBadRequest, shown.StatusCode)
		require.Nil(t, b.login())
		require.Len(t, f.passkeysOf(f.userID), 1)
	})
}

func TestPasskeyIsAddedInTheSignInAfterTheSecondFactorThatIsThere(t *testing.T) {
	f := newPasskeyFixture(t)
	phone, _ := f.authenticator("phone")
	b := f.browser()
	p := b.signIn(b.begin("assurance=phr"), testEmail, testPassword)
	require.Equal(t, PathAuthenticator, p.Request.URL.Path, "the password alone adds nothing beside a second factor")
	enrolment := b.get(PathPasskeyEnrolment + "?" + url.Values{"request": {p.request(t)}}.Encode())
	require.Equal(t, http.StatusBadRequest, enrolment.StatusCode)
	p = b.typeCode(p, PathAuthenticator, phone.code())
	require.Equal(t, PathPasskeyEnrolment, p.Request.URL.Path)
	require.Equal(t, signedInAsDoctor, b.enrol(p, passkeytest.New(issuerOfPasskeys.String())).body)
	require.Equal(t, storage.AssurancePhishingResistantHardware, b.login().Session.ACR)
	require.Equal(t, http.StatusForbidden, b.enrol(p, passkeytest.New(issuerOfPasskeys.String())).StatusCode,
		"the one that is there has to be used")
}
