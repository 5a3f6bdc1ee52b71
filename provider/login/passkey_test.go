package login

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/provider/identity/passkeytest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// issuerOfPasskeys is where authenticators believe to be: the server of a test is at an address, and has no passkeys.
var issuerOfPasskeys = &url.URL{Scheme: "https", Host: "id.example.com"}

// newPasskeyFixture is newFixture with passkeys.
func newPasskeyFixture(t *testing.T) *fixture { return newPasskeyFixtureOn(t, openStore) }

func newPasskeyFixtureOn(t *testing.T, open func(*testing.T, *clock) *storage.Store) *fixture {
	relyingParty, err := identity.NewRelyingParty(identity.RelyingPartyOptions{Issuer: issuerOfPasskeys})
	require.NoError(t, err)
	return newFixtureOn(t, "https", open, func(c *identity.Components) { c.Passkeys = relyingParty })
}

func withPasskeysOnEachEngine(t *testing.T, test func(t *testing.T, f *fixture)) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		test(t, newPasskeyFixtureOn(t, openOn(engine)))
	})
}

var (
	passkeyForm = regexp.MustCompile(
		`(?s)<form [^>]*id="passkey"[^>]* data-options="([^"]*)".*?name="request" value="([^"]*)"`)
	aRemoval = regexp.MustCompile(`name="remove" value="([^"]+)"`)
)

// ceremony is what the page asks an authenticator, and the request that goes with the answer.
func (p page) ceremony(t *testing.T) (options, request string) {
	t.Helper()
	found := passkeyForm.FindStringSubmatch(p.body)
	require.NotNil(t, found, p.body)
	return html.UnescapeString(found[1]), html.UnescapeString(found[2])
}

// addPasskey answers the form for another passkey.
func (b *browser) addPasskey(p page, a *passkeytest.Authenticator, name string) page {
	options, request := p.ceremony(b.f.t)
	return b.post(PathPasskeys, url.Values{
		"request": {request}, "credential": {a.Create(b.f.t, options)}, "name": {name},
	})
}

// usePasskey answers the sign-in form with a passkey.
func (b *browser) usePasskey(p page, a *passkeytest.Authenticator) page {
	options, request := p.ceremony(b.f.t)
	return b.post(PathPasskey, url.Values{"request": {request}, "credential": {a.Get(b.f.t, options)}})
}

// confirm answers the page of the second factor with a passkey.
func (b *browser) confirm(p page, a *passkeytest.Authenticator) page {
	require.Equal(b.f.t, PathPasskeyFactor, p.Request.URL.Path, p.body)
	options, request := p.ceremony(b.f.t)
	return b.post(PathPasskeyFactor, url.Values{"request": {request}, "credential": {a.Get(b.f.t, options)}})
}

// signedInBy is signedIn by a passkey.
func (f *fixture) signedInBy(a *passkeytest.Authenticator) *browser {
	b := f.browser()
	require.Equal(f.t, "signed in as "+testEmail, b.usePasskey(b.begin(""), a).body)
	return b
}

func (b *browser) removePasskey(p page) page {
	return b.post(PathPasskeys, url.Values{
		"request": {p.request(b.f.t)}, "remove": {aRemoval.FindStringSubmatch(p.body)[1]},
	})
}

// withPasskey gives the fixture's user a passkey.
func (f *fixture) withPasskey(changes ...func(*passkeytest.Authenticator)) *passkeytest.Authenticator {
	f.t.Helper()
	a := passkeytest.New(issuerOfPasskeys.String())
	for _, change := range changes {
		change(a)
	}
	b := f.signedIn()
	require.Contains(f.t, b.addPasskey(b.get(PathPasskeys), a, "Телефон").body, "Ключ доступу додано")
	return a
}

func (f *fixture) passkeysOf(userID string) []storage.Passkey {
	passkeys, err := f.store.ListPasskeys(f.t.Context(), userID)
	require.NoError(f.t, err)
	return passkeys
}

func (f *fixture) reasons() (reasons []string) {
	for _, event := range f.events(storage.EventSignInFailed) {
		reasons = append(reasons, event.Details["reason"])
	}
	return reasons
}

// told are the names in the notices of a kind to the fixture's user.
func (f *fixture) told(kind string) (names []string) {
	notices, err := f.store.AccountNotices(f.t.Context(), 50)
	require.NoError(f.t, err)
	for _, n := range notices {
		if n.Kind == kind && n.UserID == f.userID {
			names = append(names, n.Name)
		}
	}
	return names
}

func TestAPersonSignsInWithAPasskeyAndNothingElse(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		f.phone(testPhone) // a passkey is two factors by itself
		a := passkeytest.New(issuerOfPasskeys.String())
		with := f.signedInWithCode()
		require.Contains(t, with.addPasskey(with.get(PathPasskeys), a, " Телефон ").body, "Ключ доступу додано")
		f.clock.advance(time.Minute)
		b := f.browser()

		require.Equal(t, "signed in as "+testEmail, b.usePasskey(b.begin(""), a).body)

		session := b.login().Session
		require.Equal(t, []string{"hwk", "user", "mfa"}, session.AMR)
		require.Equal(t, storage.AssurancePhishingResistantHardware, session.ACR)
		passkey := f.passkeysOf(f.userID)[0]
		require.Equal(t, "Телефон", passkey.Name)
		require.Equal(t, []string{"internal"}, passkey.Transports, "those that are known")
		require.Equal(t, a.SignCount, passkey.SignCount)
		require.Equal(t, f.store.Now(), passkey.LastUsedAt)
		require.NotContains(t, string(passkey.UserHandle), f.userID)
		require.Len(t, passkey.UserHandle, 64)
		signIns := f.events(storage.EventSignIn)
		require.Equal(t, passkey.ID, signIns[0].Details["passkey_id"])
		require.Equal(t, "hwk user mfa", signIns[0].Details["amr"])
		created := f.events(storage.EventPasskeyCreated)
		require.Len(t, created, 1)
		require.Equal(t, f.userID, created[0].UserID)
		require.Equal(t, []string{"Телефон"}, f.told(storage.EventPasskeyCreated))
	})
}

func TestAPasskeyThatMayBeCopiedIsNoHardware(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey(func(a *passkeytest.Authenticator) { a.IsBackupEligible, a.Counts = true, false })
	b := f.browser()
	b.usePasskey(b.begin(""), a)
	require.Equal(t, []string{"swk", "user", "mfa"}, b.login().Session.AMR)
	require.Equal(t, storage.AssurancePhishingResistant, b.login().Session.ACR)
	require.Equal(t, "signed in as "+testEmail, b.usePasskey(b.begin(""), a).body, "it does not count, and may go on so")
	require.Contains(t, b.get(PathPasskeys).body, "синхронізується")
}

func TestPasskeysOfAPersonAreNamedExcludedAndRemoved(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedInBy(f.withPasskey())
		p := b.get(PathPasskeys)
		options, _ := p.ceremony(t)
		require.Contains(t, options, `"excludeCredentials":[{`)
		require.Contains(t, options, `"residentKey":"required"`)
		require.Contains(t, options, `"userVerification":"required"`)
		b.header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Firefox/133.0")
		b.addPasskey(p, passkeytest.New(issuerOfPasskeys.String()), "")
		f.clock.advance(time.Second)
		p = b.get(PathPasskeys)
		require.Contains(t, p.body, "Firefox · Linux", "without a name it is that of the device")
		require.Equal(t, f.passkeysOf(f.userID)[0].UserHandle, f.passkeysOf(f.userID)[1].UserHandle)

		first := f.passkeysOf(f.userID)[0]
		p = b.post(PathPasskeys, url.Values{"request": {p.request(t)}, "remove": {first.ID}})
		require.Contains(t, p.body, "Ключ доступу видалено")
		require.Len(t, f.passkeysOf(f.userID), 1)
		require.Len(t, f.events(storage.EventPasskeyDeleted), 1)
		require.Equal(t, []string{first.Name}, f.told(storage.EventPasskeyDeleted))
	})
}

func TestARemovedPasskeySignsNobodyIn(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	owner := f.signedInBy(a)
	owner.removePasskey(owner.get(PathPasskeys))
	b := f.browser()
	p := b.usePasskey(b.begin(""), a)
	require.Contains(t, p.body, "тут не зареєстровано, або його видалено")
	require.Nil(t, b.login())
	require.Equal(t, []string{"unknown_passkey"}, f.reasons())
}

func TestAPersonHasABoundedNumberOfPasskeys(t *testing.T) {
	f := newPasskeyFixture(t)
	b := f.signedInBy(f.withPasskey())
	for range 9 {
		b.addPasskey(b.get(PathPasskeys), passkeytest.New(issuerOfPasskeys.String()), "")
	}
	p := b.get(PathPasskeys)
	require.Contains(t, p.body, "найбільша можлива кількість")
	require.Nil(t, passkeyForm.FindStringSubmatch(p.body))
}

func TestAPasskeyOfABlockedUserIsRefused(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	require.NoError(t, f.store.BlockUser(t.Context(), f.userID, ""))
	b := f.browser()
	p := b.usePasskey(b.begin(""), a)
	require.Equal(t, http.StatusForbidden, p.StatusCode)
	require.Contains(t, p.body, "заблоковано")
	require.Nil(t, b.login())
	require.Equal(t, []string{identity.ReasonUserBlocked}, f.reasons())
}

func TestAttackSignCountOfAPasskeyGoesBack(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		a := f.withPasskey()
		b, thief := f.browser(), f.browser()
		b.usePasskey(b.begin(""), a)
		b.usePasskey(b.begin(""), a)
		a.SignCount-- // a copy that was made before the last sign-in

		p := thief.usePasskey(thief.begin(""), a)

		require.Equal(t, http.StatusForbidden, p.StatusCode)
		require.Contains(t, p.body, "існує копія цього ключа")
		require.Nil(t, thief.login())
		require.Equal(t, []string{"passkey_cloned"}, f.reasons())
		events := f.events(storage.EventPasskeyCloned)
		require.Len(t, events, 1)
		require.Equal(t, f.userID, events[0].UserID)
		require.Equal(t, []string{"Телефон"}, f.told(storage.EventPasskeyCloned))
		a.SignCount++
		require.Equal(t, "signed in as "+testEmail, b.usePasskey(b.begin(""), a).body, "the owner goes on")
	})
}

func TestAttackAnswerOfAPasskeyIsReplayed(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		a := f.withPasskey(func(a *passkeytest.Authenticator) { a.Counts = false }) // so that no count stops it
		b := f.browser()
		options, request := b.begin("").ceremony(t)
		form := url.Values{"request": {request}, "credential": {a.Get(t, options)}}
		var answers sync.Map
		var running sync.WaitGroup
		for i := range 8 {
			running.Go(func() { answers.Store(i, b.post(PathPasskey, form).body == "signed in as "+testEmail) })
		}
		running.Wait()
		won := 0
		answers.Range(func(_, signedIn any) bool {
			if signedIn == true {
				won++
			}
			return true
		})
		require.Equal(t, 1, won)
		require.Contains(t, b.post(PathPasskey, form).body, "або її вже надіслано")
		require.Len(t, f.events(storage.EventSignIn), 2, "with that by which the passkey was added")
	})
}

func TestAttackAnswerOfAPasskeyIsWrong(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	other := f.browser()
	foreign, _ := other.begin("").ceremony(t)
	for name, attack := range map[string]func(b *browser, p page) page{
		"of another site": func(b *browser, p page) page {
			a.Origin = "https://id.example.com.evil.example"
			defer func() { a.Origin = issuerOfPasskeys.String() }()
			return b.usePasskey(p, a)
		},
		"without the verification of the owner": func(b *browser, p page) page {
			a.IsVerified = false
			defer func() { a.IsVerified = true }()
			return b.usePasskey(p, a)
		},
		"to the question of another browser": func(b *browser, p page) page {
			_, request := p.ceremony(t)
			return b.post(PathPasskey, url.Values{"request": {request}, "credential": {a.Get(t, foreign)}})
		},
		"no JSON": func(b *browser, p page) page {
			_, request := p.ceremony(t)
			return b.post(PathPasskey, url.Values{"request": {request}, "credential": {"{"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := f.browser()
			p := attack(b, b.begin(""))
			require.Contains(t, p.body, "не вдалося підтвердити")
			require.Nil(t, b.login())
			require.Equal(t, "signed in as "+testEmail, b.usePasskey(p, a).body, "the page asks anew")
		})
	}
}

func TestAttackRequestWithThePasskeyQuestionOfAnotherBrowser(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	victim, thief := f.browser(), f.browser()
	options, request := thief.begin("").ceremony(t)
	victim.begin("")
	p := victim.post(PathPasskey, url.Values{"request": {request}, "credential": {a.Get(t, options)}})
	require.Equal(t, http.StatusBadRequest, p.StatusCode)
	require.Nil(t, victim.login(), "nobody is signed in by what somebody else began")
}

func TestAnAnswerAfterFiveMinutesIsLate(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	b := f.browser()
	p := b.begin("")
	f.clock.advance(5 * time.Minute)
	p = b.usePasskey(p, a)
	require.Contains(t, p.body, "Час на відповідь минув")
	require.Equal(t, "signed in as "+testEmail, b.usePasskey(p, a).body)
}

func TestAttackStolenSessionAddsNoPasskey(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		a := f.withPasskey()
		b := f.signedInBy(a)
		before := b.get(PathPasskeys)
		f.clock.advance(5*time.Minute + time.Second)

		p := b.get(PathPasskeys)
		require.Equal(t, PathSignIn, p.Request.URL.Path)
		require.Contains(t, p.body, "підтвердьте, що це ви")
		require.Contains(t, p.body, `value="`+testEmail+`"`)
		require.Equal(t, PathSignIn, b.removePasskey(before).Request.URL.Path)
		require.Equal(t, PathSignIn,
			b.addPasskey(before, passkeytest.New(issuerOfPasskeys.String()), "").Request.URL.Path)
		require.Len(t, f.passkeysOf(f.userID), 1)

		require.Equal(t, "signed in as "+testEmail, b.usePasskey(p, a).body)
		require.Equal(t, PathPasskeys, b.get(PathPasskeys).Request.URL.Path, "with a passkey it is confirmed too")
	})
}

func TestAttackPasskeyIsAddedOrRemovedForSomebodyElse(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	victim := f.signedInBy(a)
	p := victim.get(PathPasskeys)
	options, request := p.ceremony(t)
	form := url.Values{"request": {request}, "credential": {passkeytest.New(issuerOfPasskeys.String()).Create(t, options)}}

	t.Run("from another site", func(t *testing.T) {
		b := f.signedInBy(a)
		b.header.Set("Sec-Fetch-Site", "cross-site")
		b.header.Set("Origin", "https://elsewhere.example")
		require.Equal(t, http.StatusForbidden, b.post(PathPasskeys, form).StatusCode)
	})
	t.Run("in another session", func(t *testing.T) {
		require.Equal(t, http.StatusBadRequest, f.signedInBy(a).post(PathPasskeys, form).StatusCode)
	})
	t.Run("without a session", func(t *testing.T) {
		require.Equal(t, PathSignIn, f.browser().post(PathPasskeys, form).Request.URL.Path)
	})
	t.Run("with the page of one user and the session of another", func(t *testing.T) {
		f.createUser("nurse@example.com", testPassword)
		victim.signIn(victim.begin(""), "nurse@example.com", testPassword)
		require.Equal(t, http.StatusBadRequest, victim.post(PathPasskeys, form).StatusCode)
	})
	t.Run("a passkey of another user by its id", func(t *testing.T) {
		nurse := f.browser()
		nurse.signIn(nurse.begin(""), "nurse@example.com", testPassword)
		own := nurse.get(PathPasskeys)
		_, request := own.ceremony(t)
		require.Equal(t, http.StatusNotFound, nurse.post(PathPasskeys,
			url.Values{"request": {request}, "remove": {f.passkeysOf(f.userID)[0].ID}}).StatusCode)
	})
	t.Run("a sign-in that answers a registration", func(t *testing.T) {
		b := f.signedInBy(a)
		other := passkeytest.New(issuerOfPasskeys.String())
		options, _ := b.get(PathPasskeys).ceremony(t)
		answer := other.Create(t, options)
		_, request := b.begin("").ceremony(t)
		require.Equal(t, http.StatusBadRequest,
			b.post(PathPasskeys, url.Values{"request": {request}, "credential": {answer}}).StatusCode)
	})
	require.Len(t, f.passkeysOf(f.userID), 1)
}

func TestAttackPasskeyIsRegisteredTwice(t *testing.T) {
	f := newPasskeyFixture(t)
	b := f.signedInBy(f.withPasskey())
	options, request := b.get(PathPasskeys).ceremony(t)
	form := url.Values{"request": {request}, "credential": {passkeytest.New(issuerOfPasskeys.String()).Create(t, options)}}
	require.Contains(t, b.post(PathPasskeys, form).body, "Ключ доступу додано")
	require.Contains(t, b.post(PathPasskeys, form).body, "або її вже надіслано")
	require.Len(t, f.passkeysOf(f.userID), 2)
}

func TestAttackNameOfAPasskeyIsMarkup(t *testing.T) {
	f := newPasskeyFixture(t)
	b := f.signedInBy(f.withPasskey())
	p := b.addPasskey(b.get(PathPasskeys), passkeytest.New(issuerOfPasskeys.String()),
		"<script>alert(1)</script>\"'\x00\n\u202e")
	require.NotContains(t, p.body, "<script>alert")
	require.Contains(t, p.body, "&lt;script&gt;alert(1)&lt;/script&gt;")
	for _, passkey := range f.passkeysOf(f.userID) {
		require.NotContains(t, passkey.Name, "\u202e")
	}
}

func TestFailuresOfAPasskeyAreLimited(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	b := f.browser()
	p := b.begin("")
	a.Origin = "https://evil.example"
	for range 10 {
		p = b.usePasskey(p, a)
		require.Contains(t, p.body, "не вдалося підтвердити")
	}
	a.Origin = issuerOfPasskeys.String()
	p = b.usePasskey(p, a)
	require.Equal(t, http.StatusTooManyRequests, p.StatusCode)
	require.Len(t, f.reasons(), 10)
	b.header.Set("Test-Address", "192.0.2.7")
	require.Equal(t, "signed in as "+testEmail, b.usePasskey(p, a).body, "from elsewhere its owner still signs in")
	require.Equal(t, PathPasskeyFactor, b.signIn(b.begin(""), testEmail, testPassword).Request.URL.Path)
}

func TestPagesThatAskAuthenticatorsMay(t *testing.T) {
	f := newPasskeyFixture(t)
	b := f.signedIn()
	for path, want := range map[string]string{PathPasskeys: "(self)", PathAccount: "()"} {
		p := b.get(path)
		require.Equal(t, "publickey-credentials-create="+want+", publickey-credentials-get="+want,
			p.Header.Get("Permissions-Policy"))
	}
	p := b.begin("")
	require.Contains(t, p.Header.Get("Content-Security-Policy"), "script-src 'self'")
	require.Contains(t, p.body, `autocomplete="username webauthn"`)
	require.NotContains(t, p.body, "allowCredentials", "nothing is told of accounts")
	require.Contains(t, p.body, ` data-offer=""`)
	require.NotContains(t, b.signIn(p, testEmail, "not it").body, ` data-offer=""`)
	script := b.get(PathPasskeyScript)
	require.Equal(t, "text/javascript; charset=utf-8", script.Header.Get("Content-Type"))
}

func TestAPasskeyConfirmsASignInByThePassword(t *testing.T) {
	withPasskeysOnEachEngine(t, func(t *testing.T, f *fixture) {
		a := f.withPasskey()
		a.IsVerified = false // the password is the other factor
		b := f.browser()
		p := b.signIn(b.begin(""), testEmail, testPassword)
		options, _ := p.ceremony(t)
		require.Contains(t, options, `"allowCredentials":[{`)
		require.Contains(t, p.body, `id="other-factor"`, "there are recovery codes too")

		require.Equal(t, "signed in as "+testEmail, b.confirm(p, a).body)

		session := b.login().Session
		require.Equal(t, []string{"pwd", "hwk", "user", "mfa"}, session.AMR)
		require.Equal(t, storage.AssurancePhishingResistantHardware, session.ACR)
		account := b.get(PathAccount)
		require.Contains(t, account.body, "Ключ доступу")
		require.Contains(t, account.body, `href="/login/account/passkeys" aria-label="Видалити: Телефон"`)
		require.Equal(t, PathPasskeys, b.get(PathPasskeys).Request.URL.Path, "a second factor was used just now")
	})
}

func TestTheFirstPasskeyComesWithRecoveryCodes(t *testing.T) {
	f := newPasskeyFixture(t)
	b := f.signedIn()
	a := passkeytest.New(issuerOfPasskeys.String())
	p := b.addPasskey(b.get(PathPasskeys), a, "")
	require.Contains(t, p.body, `id="recovery-codes"`)
	require.Equal(t, PathSignIn, b.get(PathPasskeys).Request.URL.Path, "the password alone changes no second factor now")
	b = f.signedInBy(a)
	p = b.addPasskey(b.get(PathPasskeys), passkeytest.New(issuerOfPasskeys.String()), "")
	require.NotContains(t, p.body, `id="recovery-codes"`, "there are some")
}

func TestAttackPasskeyConfirmsTheSignInOfSomebodyElse(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	f.createUser("nurse@example.com", testPassword)
	nurse, hers := f.browser(), passkeytest.New(issuerOfPasskeys.String())
	nurse.signIn(nurse.begin(""), "nurse@example.com", testPassword)
	nurse.addPasskey(nurse.get(PathPasskeys), hers, "")
	thief := f.browser()
	asked := thief.signIn(thief.begin(""), testEmail, testPassword)

	p := thief.confirm(asked, hers)
	require.Contains(t, p.body, "тут не зареєстровано")
	require.Nil(t, thief.login())

	own := thief.begin("")
	options, _ := own.ceremony(t)
	_, request := p.ceremony(t)
	p = thief.post(PathPasskeyFactor, url.Values{"request": {request}, "credential": {hers.Get(t, options)}})
	require.Nil(t, thief.login(), "an answer to another question")
	options, request = own.ceremony(t)
	p = thief.post(PathPasskeyFactor, url.Values{"request": {request}, "credential": {a.Get(t, options)}})
	require.Equal(t, http.StatusBadRequest, p.StatusCode, "no password was proved in it")
	require.Contains(t, f.reasons(), "unknown_passkey")
}

func TestAttackPasskeyThatConfirmsASignInIsACopy(t *testing.T) {
	f := newPasskeyFixture(t)
	a := f.withPasskey()
	f.signedInBy(a)
	a.SignCount--
	b := f.browser()
	p := b.confirm(b.signIn(b.begin(""), testEmail, testPassword), a)
	require.Equal(t, http.StatusForbidden, p.StatusCode)
	require.Contains(t, p.body, "існує копія цього ключа")
	require.Nil(t, b.login())
}
