package login

import (
	"html"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/storage"
)

const (
	anotherPassword = "seven quiet herons over a lake"
	testPhone       = "+380501112233"
)

// phone gives the fixture's user a second factor.
func (f *fixture) phone(number string) storage.AuthenticationFactor {
	factor := storage.AuthenticationFactor{
		ID: f.store.NewID(), UserID: f.userID, Type: identity.FactorSMS, Factor: number, IsActive: true,
		CreatedAt: f.clock.Now(), UpdatedAt: f.clock.Now(),
	}
	require.NoError(f.t, f.store.CreateAuthenticationFactor(f.t.Context(), factor))
	return factor
}

// signedInWithCode signs in by a code to testPhone.
func (f *fixture) signedInWithCode() *browser {
	b := f.browser()
	p := b.signIn(b.begin(""), testEmail, testPassword)
	p = b.typeCode(p, PathCode, f.sms.code(f.t, testPhone))
	require.Equal(f.t, "signed in as "+testEmail, p.body)
	return b
}

func (b *browser) typeCode(p page, path, code string) page {
	return b.post(path, url.Values{"request": {p.request(b.f.t)}, "code": {code}})
}

// changePassword fills in the form for another password.
func (b *browser) changePassword(p page, present, password, repeat string) page {
	return b.post(PathPassword, url.Values{
		"request": {p.request(b.f.t)}, "current": {present}, "password": {password}, "repeat": {repeat},
	})
}

func (f *fixture) hasPassword(password string) bool {
	user, err := f.store.FindUser(f.t.Context(), f.userID)
	require.NoError(f.t, err)
	right, err := f.identity.IsPasswordOf(f.t.Context(), user, password)
	require.NoError(f.t, err)
	return right
}

func TestChangingThePasswordEndsOtherSessionsAndRenewsThisOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b, elsewhere := f.signedIn(), f.signedIn()
		before, session := b.cookie(sessionCookie).Value, b.login().Session
		f.clock.advance(time.Minute)

		p := b.changePassword(b.get(PathPassword), testPassword, anotherPassword, anotherPassword)

		require.Equal(t, PathAccount, p.Request.URL.Path)
		require.Contains(t, p.body, "Пароль змінено")
		require.True(t, f.hasPassword(anotherPassword))
		require.Nil(t, elsewhere.login())
		require.NotEqual(t, before, b.cookie(sessionCookie).Value)
		_, err := f.store.FindLogin(t.Context(), storage.Hash(before), testClient)
		require.ErrorIs(t, err, storage.ErrNotFound, "the old cookie is worth nothing")
		after := b.login().Session
		require.Equal(t, session.SessionID, after.SessionID)
		require.Equal(t, session.AuthTime.UnixMicro(), after.AuthTime.UnixMicro(), "a password alone makes it no newer")
		events := f.events(storage.EventPasswordSet)
		require.Len(t, events, 1)
		require.Equal(t, f.userID, events[0].UserID)
		require.Equal(t, "request-1", events[0].RequestID)
		require.Len(t, f.events(storage.EventSignOut), 1, "of the session elsewhere")
		require.Equal(t, "signed in as "+testEmail,
			b.signIn(b.begin(""), testEmail, anotherPassword).body)
	})
}

func TestPasswordFormSaysTheRulesAndKeepsThem(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	form := b.get(PathPassword)
	require.Contains(t, form.body, "Щонайменше 12 символів")
	require.Contains(t, form.body, "останніх трьох паролів")
	for want, typed := range map[string][3]string{
		"Заповніть усі три поля.":       {testPassword, anotherPassword, ""},
		"не збігаються":                 {testPassword, anotherPassword, anotherPassword + "!"},
		"Поточний пароль неправильний.": {"not it at all", anotherPassword, anotherPassword},
		"Пароль закороткий":             {testPassword, "short", "short"},
		"легко вгадати":                 {testPassword, "doctor@example.com", "doctor@example.com"},
		"вже використовували":           {testPassword, testPassword, testPassword},
	} {
		p := b.changePassword(form, typed[0], typed[1], typed[2])
		require.Contains(t, p.body, want)
		require.Contains(t, p.body, `aria-invalid="true"`)
		require.NotContains(t, p.body, anotherPassword)
	}
	require.True(t, f.hasPassword(testPassword))
}

func TestPasswordOfAnAccountWithAPhoneNeedsACodeUnlessOneWasJustTyped(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.phone(testPhone)
		b := f.signedInWithCode()
		sent := len(f.sms.received(testPhone))
		p := b.changePassword(b.get(PathPassword), testPassword, anotherPassword, anotherPassword)
		require.Contains(t, p.body, "Пароль змінено", "the code of the sign-in is fresh")
		require.Len(t, f.sms.received(testPhone), sent)

		f.clock.advance(11 * time.Minute)
		form := b.get(PathPassword)
		require.Contains(t, html.UnescapeString(form.body), "надішлемо код на номер +380 ••• ••• 33")
		p = b.changePassword(form, anotherPassword, testPassword+" 2", testPassword+" 2")
		require.Equal(t, PathPasswordCode, p.Request.URL.Path)
		require.True(t, f.hasPassword(anotherPassword), "nothing is set before the code")
		wrong := b.typeCode(p, PathPasswordCode, "000000")
		require.Contains(t, wrong.body, "Код неправильний")
		resent := b.post(PathPasswordCode, url.Values{"request": {wrong.request(t)}, "decision": {"resend"}})
		require.Contains(t, resent.body, "Новий код надіслано")
		done := b.typeCode(resent, PathPasswordCode, f.sms.code(t, testPhone))
		require.Contains(t, done.body, "Пароль змінено")
		require.True(t, f.hasPassword(testPassword+" 2"))
		require.Equal(t, storage.AssuranceOneTimeCode, b.login().Session.ACR)
		require.Equal(t, f.clock.Now().UnixMicro(), b.login().Session.AuthTime.UnixMicro())
	})
}

func TestPasswordPageRequiresASignInAndReturnsAfterIt(t *testing.T) {
	f := newFixture(t)
	p := f.browser().get(PathPassword)
	require.Equal(t, PathSignIn, p.Request.URL.Path)
	require.NotContains(t, p.body, `id="change-password"`, "the link would lead here again")
	require.Contains(t, f.browser().begin("").body, `href="/login/account/password" id="change-password"`)
	require.Contains(t, f.signedIn().get(PathAccount).body, `href="/login/account/password"`)
}

func TestPersonWithoutAPasswordIsToldSo(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	_, err := f.store.SQL().ExecContext(t.Context(), `UPDATE users SET password = ''`)
	require.NoError(t, err)
	require.Contains(t, b.get(PathPassword).body, "входите без пароля")
	require.NotContains(t, b.get(PathAccount).body, `id="change-password"`)
}

// Whoever has a stolen session, and not the password, changes nothing, and is counted as at the sign-in.
func TestAttackAStolenSessionChangesThePassword(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedIn()
		form := b.get(PathPassword)
		for range 2 * deviceFailures {
			b.changePassword(form, "a guess of a password", anotherPassword, anotherPassword)
		}
		p := b.changePassword(form, testPassword, anotherPassword, anotherPassword)
		require.Equal(t, http.StatusTooManyRequests, p.StatusCode)
		require.NotEmpty(t, p.Header.Get("Retry-After"))
		require.True(t, f.hasPassword(testPassword))
		require.Len(t, f.events(storage.EventSignInFailed), deviceFailures)
	})
}

func TestAttackAnotherSiteSubmitsThePasswordForm(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	form := b.get(PathPassword)
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Origin", "https://elsewhere.example")
	p := b.changePassword(form, testPassword, anotherPassword, anotherPassword)
	require.Equal(t, http.StatusForbidden, p.StatusCode)
	require.True(t, f.hasPassword(testPassword))
}

// The form of another person of the same browser, of another browser, and of the same browser's earlier session.
func TestAttackPasswordFormOfAnotherSession(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	form := b.get(PathPassword)
	require.Equal(t, http.StatusBadRequest,
		f.signedIn().changePassword(form, testPassword, anotherPassword, anotherPassword).StatusCode, "another browser")
	b.press(b.get(PathAccount), "sign_out_everywhere", "yes")
	require.Equal(t, PathSignIn,
		b.changePassword(form, testPassword, anotherPassword, anotherPassword).Request.URL.Path, "signed out")
	b.signIn(b.begin(""), testEmail, testPassword)
	require.Equal(t, http.StatusBadRequest,
		b.changePassword(form, testPassword, anotherPassword, anotherPassword).StatusCode, "an earlier session")
	f.createUser("nurse@example.com", testPassword)
	b.signIn(b.begin(""), "nurse@example.com", testPassword)
	require.Equal(t, http.StatusBadRequest,
		b.changePassword(form, testPassword, anotherPassword, anotherPassword).StatusCode, "another person")
	require.True(t, f.hasPassword(testPassword))
}

// A code that was sent for a sign-in confirms no change, and the request of one is none of the other.
func TestAttackCodeOfASignInConfirmsAChangeOfThePassword(t *testing.T) {
	f := newFixture(t)
	f.phone(testPhone)
	b := f.signedInWithCode()
	f.clock.advance(11 * time.Minute)
	step := b.changePassword(b.get(PathPassword), testPassword, anotherPassword, anotherPassword)
	signIn := b.signIn(b.begin(""), testEmail, testPassword)
	require.Contains(t, b.typeCode(step, PathPasswordCode, f.sms.code(t, testPhone)).body, "Код неправильний")
	require.Equal(t, http.StatusBadRequest, b.typeCode(signIn, PathPasswordCode, f.sms.code(t, testPhone)).StatusCode)
	require.Equal(t, http.StatusBadRequest, b.typeCode(step, PathCode, "000000").StatusCode)
	require.True(t, f.hasPassword(testPassword))
}

func TestAttackAStepOfAPasswordChangeIsReplayedOrLate(t *testing.T) {
	f := newFixture(t)
	f.phone(testPhone)
	b := f.signedInWithCode()
	f.clock.advance(11 * time.Minute)
	late := b.changePassword(b.get(PathPassword), testPassword, anotherPassword, anotherPassword)
	f.clock.advance(11 * time.Minute)
	require.Equal(t, http.StatusBadRequest, b.typeCode(late, PathPasswordCode, f.sms.code(t, testPhone)).StatusCode)

	step := b.changePassword(b.get(PathPassword), testPassword, anotherPassword, anotherPassword)
	code := f.sms.code(t, testPhone)
	require.Contains(t, b.typeCode(step, PathPasswordCode, code).body, "Пароль змінено")
	user, err := f.store.FindUser(t.Context(), f.userID)
	require.NoError(t, err)
	replayed := b.typeCode(step, PathPasswordCode, code)
	require.Equal(t, http.StatusBadRequest, replayed.StatusCode)
	require.Contains(t, replayed.body, "Зміну не завершено")
	require.Contains(t, replayed.body, `href="/login/account"`)
	again, err := f.store.FindUser(t.Context(), f.userID)
	require.NoError(t, err)
	require.Equal(t, user.PasswordSetAt, again.PasswordSetAt)
}

// Of many changes at once that know the same password, one is made.
func TestAttackManyChangesOfAPasswordAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedIn()
		current := b.login()
		hash, err := f.passwords.Hash(t.Context(), anotherPassword)
		require.NoError(t, err)
		results := make([]error, 8)
		var racers sync.WaitGroup
		for i := range results {
			racers.Go(func() {
				session := current.Session
				session.ID = storage.Hash(f.store.NewID())
				_, results[i] = f.store.ChangePassword(t.Context(), storage.PasswordChange{
					UserID: f.userID, Password: hash, PasswordSetAt: current.User.PasswordSetAt, Cookie: current.Session.ID,
					Session: &session,
				})
			})
		}
		racers.Wait()
		made := 0
		for _, err := range results {
			if err == nil {
				made++
				continue
			}
			require.ErrorIs(t, err, storage.ErrConflict)
		}
		require.Equal(t, 1, made)
		history, err := f.store.PasswordHistory(t.Context(), f.userID)
		require.NoError(t, err)
		require.Len(t, history, 1)
	})
}
