package login

import (
	"encoding/base32"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// app is an authenticator app of the test's user.
type app struct {
	f      *fixture
	secret string // in base32
}

func (a app) code() string {
	code, err := totp.GenerateCode(a.secret, a.f.clock.Now())
	require.NoError(a.f.t, err)
	return code
}

// authenticator adds an app as its owner would, with the recovery codes of the first one.
func (f *fixture) authenticator(name string) (app, []string) {
	f.t.Helper()
	secret, err := f.signIn.factors().NewAuthenticatorSecret()
	require.NoError(f.t, err)
	a := app{f, base32.StdEncoding.EncodeToString(secret)}
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.server.URL, nil)
	require.NoError(f.t, err)
	recovery, err := f.signIn.factors().AddAuthenticator(r, identity.NewAuthenticator{
		ID: f.store.NewID(), UserID: f.userID, Name: name, Secret: secret, Code: a.code(),
	})
	require.NoError(f.t, err)
	f.clock.advance(30 * time.Second) // the code that proved the secret is used up
	return a, recovery
}

var shownSecret = regexp.MustCompile(`<code id="authenticator-secret">([A-Z2-7 ]+)</code>`)

// shownApp is an app that has scanned the secret of a page.
func (f *fixture) shownApp(p page) app {
	found := shownSecret.FindStringSubmatch(p.body)
	require.NotNil(f.t, found, p.body)
	return app{f, strings.ReplaceAll(found[1], " ", "")}
}

var otherFactor = regexp.MustCompile(`<a href="([^"]+)" id="other-factor">`)

// choose goes from the page of a second factor to that of another kind.
func (b *browser) choose(p page, kind string) page {
	found := otherFactor.FindStringSubmatch(p.body)
	require.NotNil(b.f.t, found, p.body)
	choice := b.get(html.UnescapeString(found[1]))
	require.Equal(b.f.t, PathFactor, choice.Request.URL.Path)
	return b.post(PathFactor, url.Values{"request": {choice.request(b.f.t)}, "kind": {kind}})
}

const signedInAsDoctor = "signed in as " + testEmail

func TestSignInAsksForAnAuthenticatorAndEndsWithIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.authenticator("Робочий телефон")
		b := f.browser()
		p := b.signIn(b.begin(""), testEmail, testPassword)
		require.Equal(t, PathAuthenticator, p.Request.URL.Path)
		require.Contains(t, p.body, "Відкрийте застосунок-автентифікатор")
		require.Nil(t, b.login(), "the password alone begins no session")
		wrong := b.typeCode(p, PathAuthenticator, "000000")
		require.Contains(t, wrong.body, "Код неправильний або вже використаний")
		require.NotContains(t, wrong.body, "000000")
		code := phone.code()
		require.Equal(t, signedInAsDoctor, b.typeCode(wrong, PathAuthenticator, " "+code[:3]+" "+code[3:]).body)
		require.Equal(t, []string{"pwd", "otp", "mfa"}, b.login().Session.AMR)
		require.Equal(t, storage.AssuranceOneTimeCode, b.login().Session.ACR)

		replayed := b.typeCode(p, PathAuthenticator, code)
		require.Contains(t, replayed.body, "Код неправильний або вже використаний")
		failures := f.events(storage.EventSignInFailed)
		require.Len(t, failures, 2)
		require.Equal(t, map[string]string{"reason": "authenticator"}, failures[0].Details)
	})
}

func TestPersonChoosesAmongTheirSecondFactors(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.phone(testPhone)
		_, recovery := f.authenticator("phone")
		b := f.browser()
		p := b.signIn(b.begin("ui_locales=en"), testEmail, testPassword)
		require.Equal(t, PathAuthenticator, p.Request.URL.Path, "the strongest is asked for")
		require.Empty(t, f.sms.received(testPhone), "and no message is sent")
		sms := b.choose(p, identity.FactorSMS)
		require.Equal(t, PathCode, sms.Request.URL.Path)
		require.Contains(t, sms.body, "Confirm in another way")
		require.Equal(t, signedInAsDoctor, b.typeCode(sms, PathCode, f.sms.code(t, testPhone)).body)
		require.Equal(t, []string{"pwd", "otp", "sms", "mfa"}, b.login().Session.AMR)

		typed := b.choose(p, storage.FactorRecoveryCode)
		require.Equal(t, PathRecoveryCode, typed.Request.URL.Path)
		require.Contains(t, b.typeCode(typed, PathRecoveryCode, "AAAA-AAAA-AAAA").body, "The code is wrong or was used")
		require.Equal(t, signedInAsDoctor, b.typeCode(typed, PathRecoveryCode, strings.ToLower(recovery[0])).body)
		require.Equal(t, []string{"pwd", "otp", "mfa"}, b.login().Session.AMR)
		require.Contains(t, b.typeCode(typed, PathRecoveryCode, recovery[0]).body, "The code is wrong or was used", "once")
		require.Len(t, f.events(storage.EventRecoveryCodeUsed), 1)
	})
}

func TestPersonWithOneSecondFactorHasNoOtherToChoose(t *testing.T) {
	f := newFixture(t)
	f.phone(testPhone)
	b := f.browser()
	p := b.signIn(b.begin(""), testEmail, testPassword)
	require.NotContains(t, p.body, "other-factor")
	foreign := b.post(PathFactor, url.Values{"request": {p.request(t)}, "kind": {storage.FactorTOTP}})
	require.Equal(t, http.StatusBadRequest, foreign.StatusCode)
	typed := b.typeCode(p, PathRecoveryCode, "AAAA-AAAA-AAAA")
	require.Equal(t, http.StatusBadRequest, typed.StatusCode)
}

func TestSignInPagesBlockTheUserAfterThreeWrongCodesOfAnyFactor(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phone, recovery := f.authenticator("phone")
		b := f.browser()
		p := b.signIn(b.begin(""), testEmail, testPassword)
		b.typeCode(p, PathAuthenticator, "000000")
		require.Contains(t, b.typeCode(p, PathRecoveryCode, "AAAA").body, "залишилася одна спроба")
		require.Contains(t, b.get(PathAuthenticator+"?request="+p.request(t)).body, "Залишилася одна спроба")
		last := b.typeCode(p, PathAuthenticator, "000000")
		require.Equal(t, http.StatusForbidden, last.StatusCode)
		require.Contains(t, last.body, "заблоковано")
		require.Equal(t, http.StatusForbidden, b.typeCode(p, PathAuthenticator, phone.code()).StatusCode)
		require.Equal(t, http.StatusForbidden, b.typeCode(p, PathRecoveryCode, recovery[0]).StatusCode)
	})
}

// A phone that an operator has reset must not be set by whoever knows the password, if there is another second factor.
func TestAttackAPhoneIsSetInThePlaceOfAnAuthenticator(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.phone("")
		b := f.browser()
		before := b.signIn(b.begin(""), testEmail, testPassword)
		require.Equal(t, PathPhone, before.Request.URL.Path)
		sent := b.post(PathPhone, url.Values{"request": {before.request(t)}, "phone": {testPhone}})
		require.Equal(t, PathCode, sent.Request.URL.Path)
		f.authenticator("phone")
		require.Equal(t, http.StatusBadRequest, b.typeCode(sent, PathCode, f.sms.code(t, testPhone)).StatusCode)

		p := b.signIn(b.begin(""), testEmail, testPassword)
		require.Equal(t, PathAuthenticator, p.Request.URL.Path)
		for _, request := range []string{p.request(t), before.request(t)} {
			set := b.post(PathPhone, url.Values{"request": {request}, "phone": {testPhone}})
			require.Equal(t, http.StatusBadRequest, set.StatusCode)
		}
		require.Empty(t, f.phoneNow())
	})
}

func TestRequiredSecondFactorIsAddedInTheSignIn(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.browser()
		p := b.signIn(b.begin("assurance=one_time_code"), testEmail, testPassword)
		require.Equal(t, PathEnrolment, p.Request.URL.Path)
		require.Contains(t, p.body, "Для цього доступу потрібне додаткове підтвердження входу")
		require.Contains(t, p.body, `src="data:image/png;base64,`)
		phone := f.shownApp(p)
		add := func(p page, code string) page {
			return b.post(PathEnrolment, url.Values{"request": {p.request(t)}, "name": {"Мій <телефон>"}, "code": {code}})
		}
		wrong := add(p, "000000")
		require.Contains(t, wrong.body, "Код неправильний або вже використаний")
		require.Contains(t, wrong.body, `value="Мій &lt;телефон&gt;"`)
		require.Equal(t, phone.secret, f.shownApp(wrong).secret, "the app need not be set up anew")
		require.Nil(t, b.login())
		codes := add(wrong, phone.code())
		require.Contains(t, codes.body, "Резервні коди")
		require.Contains(t, codes.body, `download="recovery-codes.txt"`)
		require.Equal(t, 10, strings.Count(codes.body, "<li><code>"))
		require.Nil(t, b.login(), "the codes are shown before the sign-in goes on")
		require.Equal(t, signedInAsDoctor, b.post(PathEnrolled, url.Values{"request": {codes.request(t)}}).body)
		require.Equal(t, storage.AssuranceOneTimeCode, b.login().Session.ACR)
		require.Len(t, f.events(storage.EventFactorCreated), 1)
		require.Equal(t, http.StatusBadRequest, add(p, phone.code()).StatusCode, "there is a second factor now")
	})
}

// Leaving the page of the second factor out ends no sign-in.
func TestAttackASecondFactorIsLeftOut(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.browser()
		enrolment := b.signIn(b.begin("assurance=one_time_code"), testEmail, testPassword)
		f.authenticator("phone")
		asked := b.signIn(b.begin(""), testEmail, testPassword)
		for _, p := range []page{enrolment, asked} {
			for _, path := range []string{PathContinue, PathEnrolled, PathNewPassword, PathEnrolment} {
				request := url.Values{"request": {p.request(t)}, "code": {"000000"}, "password": {"seven quiet herons"}}
				b.post(path, request)
				b.get(path + "?" + request.Encode())
				require.Nil(t, b.login(), path)
			}
		}
	})
}

func TestSessionIsSteppedUpByTheSecondFactorAlone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedIn()
		began := b.login().Session
		phone, _ := f.authenticator("phone")
		f.phone(testPhone)
		f.clock.advance(10 * time.Minute)
		p := b.get("/authorize?step_up&assurance=one_time_code")
		require.Equal(t, PathAuthenticator, p.Request.URL.Path, "the password is not asked for again")
		require.Equal(t, signedInAsDoctor, b.typeCode(p, PathAuthenticator, phone.code()).body)
		now := b.login().Session
		require.Equal(t, storage.AssuranceOneTimeCode, now.ACR)
		require.Equal(t, began.SessionID, now.SessionID)
		require.True(t, began.AuthTime.Equal(now.AuthTime), "auth_time stays that of the password")
		require.NotEqual(t, began.ID, now.ID, "under another cookie")
	})
}

func TestSteppingUpSendsNoMessageBeforeThePersonSaysSo(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	f.phone(testPhone)
	p := b.get("/authorize?step_up&assurance=one_time_code")
	require.Equal(t, PathFactor, p.Request.URL.Path)
	require.Empty(t, f.sms.received(testPhone))
	code := b.post(PathFactor, url.Values{"request": {p.request(t)}, "kind": {identity.FactorSMS}})
	require.Equal(t, signedInAsDoctor, b.typeCode(code, PathCode, f.sms.code(t, testPhone)).body)
}

func TestAttackAStolenSessionAddsTheSecondFactorThatItLacks(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	require.Equal(t, PathSignIn, b.get("/authorize?step_up&assurance=one_time_code").Request.URL.Path,
		"whoever has no second factor signs in from the beginning")
}

func TestAttackAnEndedSessionIsSteppedUp(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedIn()
		phone, _ := f.authenticator("phone")
		p := b.get("/authorize?step_up&assurance=one_time_code")
		_, err := f.store.EndLoginSessions(t.Context(), f.userID)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, b.typeCode(p, PathAuthenticator, phone.code()).StatusCode)
		require.Nil(t, b.login())
	})
}
