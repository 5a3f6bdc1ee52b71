package login

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// add fills in the form for a new authenticator.
func (b *browser) add(p page, name, code string) page {
	return b.post(PathAddAuthenticator, url.Values{"request": {p.request(b.f.t)}, "name": {name}, "code": {code}})
}

func (f *fixture) secondFactors() []storage.SecondFactor {
	factors, err := f.store.ListSecondFactors(f.t.Context(), f.userID)
	require.NoError(f.t, err)
	return factors
}

// signedInWith is a browser whose person has just signed in with a code of their app.
func (f *fixture) signedInWith(a app) *browser {
	b := f.browser()
	f.clock.advance(30 * time.Second)
	p := b.signIn(b.begin(""), testEmail, testPassword)
	require.Equal(f.t, signedInAsDoctor, b.typeCode(p, PathAuthenticator, a.code()).body)
	return b
}

var removal = regexp.MustCompile(`<a href="(/login/account/factor[^"]*)"`)

func TestPersonAddsAndRemovesAuthenticators(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedIn()
		require.Contains(t, b.get(PathAccount).body, `id="add-authenticator"`)
		p := b.get(PathAddAuthenticator)
		require.Equal(t, PathAddAuthenticator, p.Request.URL.Path)
		phone := f.shownApp(p)
		require.Contains(t, b.add(p, "", "000000").body, "Код неправильний")
		require.Empty(t, f.secondFactors(), "nothing is stored before the code")
		codes := b.add(p, "<script>alert(1)</script>", phone.code())
		require.Equal(t, 10, strings.Count(codes.body, "<li><code>"))
		require.Contains(t, codes.body, "Застосунок-автентифікатор додано")

		b = f.signedInWith(phone)
		account := b.get(PathAccount).body
		require.Contains(t, account, "&lt;script&gt;alert(1)&lt;/script&gt;")
		require.NotContains(t, account, "<script>alert")
		require.Contains(t, account, "залишилося: 10")
		p = b.get(PathAddAuthenticator)
		tablet := f.shownApp(p)
		require.NotEqual(t, phone.secret, tablet.secret)
		second := b.add(p, "", tablet.code())
		require.Equal(t, PathAccount, second.Request.URL.Path, "there are recovery codes already")
		require.Equal(t, "Застосунок-автентифікатор", f.secondFactors()[1].Name)

		for _, last := range []bool{false, true} {
			link := removal.FindStringSubmatch(b.get(PathAccount).body)
			require.NotNil(t, link)
			asked := b.get(html.UnescapeString(link[1]))
			require.Equal(t, last, strings.Contains(asked.body, "Це ваш останній спосіб"), asked.body)
			removed := b.post(PathRemoveFactor, url.Values{"request": {asked.request(t)}})
			require.Contains(t, removed.body, "Спосіб підтвердження видалено")
		}
		require.Empty(t, f.secondFactors())
		require.Len(t, f.events(storage.EventFactorCreated), 2)
		require.Len(t, f.events(storage.EventFactorDeleted), 2)
	})
}

func TestAnAuthenticatorWithoutANameIsCalledByTheLanguageOfThePage(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedIn()
		p := b.get(PathAddAuthenticator + "?lang=en")
		b.add(p, " ", f.shownApp(p).code())
		require.Equal(t, "Authenticator app", f.secondFactors()[0].Name)
	})
}

func TestNewRecoveryCodesAreShownOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phone, before := f.authenticator("phone")
		b := f.signedInWith(phone)
		p := b.get(PathRecoveryCodes)
		require.Contains(t, p.body, "Невикористаних кодів зараз: 10.")
		make := url.Values{"request": {p.request(t)}}
		codes := b.post(PathRecoveryCodes, make)
		require.Equal(t, 10, strings.Count(codes.body, "<li><code>"))
		require.NotContains(t, codes.body, before[0])
		require.Equal(t, "no-store", codes.Header.Get("Cache-Control"))
		require.Equal(t, http.StatusBadRequest, b.post(PathRecoveryCodes, make).StatusCode, "the form works once")
		require.Len(t, f.events(storage.EventRecoveryCodesCreated), 2)
	})
}

func TestPersonWithoutSecondFactorsGetsNoRecoveryCodes(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	require.NotContains(t, b.get(PathAccount).body, "new-recovery-codes")
	require.Contains(t, b.get(PathRecoveryCodes).body, "Спершу додайте застосунок-автентифікатор")
}

// A session of some minutes ago, or one that began without the second factor, changes nothing: neither by the page nor
// by a form that was opened in time.
func TestAttackAStolenSessionChangesSecondFactors(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		old := f.signedIn()
		form := old.get(PathAddAuthenticator)
		thief := f.shownApp(form)
		f.clock.advance(5*time.Minute + time.Second)
		for _, p := range []page{old.get(PathAddAuthenticator), old.add(form, "thief", thief.code())} {
			require.Equal(t, PathSignIn, p.Request.URL.Path)
		}
		require.Empty(t, f.secondFactors())

		before := f.signedIn()
		form = before.get(PathAddAuthenticator)
		thief = f.shownApp(form)
		f.authenticator("phone")
		id := f.secondFactors()[0].ID
		for _, path := range []string{PathAddAuthenticator, PathRecoveryCodes, PathRemoveFactor + "?id=" + id} {
			require.Equal(t, PathSignIn, before.get(path).Request.URL.Path, path)
		}
		require.Equal(t, PathSignIn, before.add(form, "thief", thief.code()).Request.URL.Path)
		require.Len(t, f.secondFactors(), 2, "the authenticator and its recovery codes")
	})
}

func TestAfterTheNewSignInThePersonIsWhereTheyWere(t *testing.T) {
	f := newFixture(t)
	phone, _ := f.authenticator("phone")
	b := f.signedInWith(phone)
	f.clock.advance(6 * time.Minute)
	path := PathRemoveFactor + "?id=" + f.secondFactors()[0].ID
	p := b.signIn(b.get(path), testEmail, testPassword)
	p = b.typeCode(p, PathAuthenticator, phone.code())
	require.Contains(t, p.body, "signed in as", "the page of package provider that goes on")
	require.Equal(t, PathRemoveFactor, b.get(path).Request.URL.Path)
}

func TestAttackSecondFactorsOfOthersAreChanged(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.authenticator("phone")
		id := f.secondFactors()[0].ID
		f.createUser("thief@example.com", testPassword)
		b := f.browser()
		b.signIn(b.begin(""), "thief@example.com", testPassword)
		require.Equal(t, http.StatusNotFound, b.get(PathRemoveFactor+"?id="+id).StatusCode)
		form := b.get(PathAddAuthenticator)
		other := f.browser()
		other.signIn(other.begin(""), "thief@example.com", testPassword)
		require.Equal(t, http.StatusBadRequest, other.add(form, "x", f.shownApp(form).code()).StatusCode,
			"a form belongs to one session")
		require.Len(t, f.secondFactors(), 2)
	})
}

func TestAttackAnotherSiteSubmitsTheFormsOfSecondFactors(t *testing.T) {
	f := newFixture(t)
	phone, recovery := f.authenticator("phone")
	b := f.signedInWith(phone)
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Origin", "https://elsewhere.example")
	for _, path := range []string{
		PathFactor, PathAuthenticator, PathRecoveryCode, PathEnrolment, PathEnrolled, PathAddAuthenticator,
		PathRecoveryCodes, PathRemoveFactor,
	} {
		p := b.post(path, url.Values{"code": {recovery[0]}})
		require.Equal(t, http.StatusForbidden, p.StatusCode, path)
		require.Contains(t, p.body, "з іншого сайту", path)
	}
}
