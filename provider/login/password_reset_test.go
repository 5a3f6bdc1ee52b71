package login

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/provider/mail"
	"ithildin/storage"
)

// letterBox is where the letters of a fixture arrive.
type letterBox struct {
	mu       sync.Mutex
	messages []mail.Message
}

// Send implements mail.Sender.
func (l *letterBox) Send(_ context.Context, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, m)
	return nil
}

// received delivers what is queued, and returns all letters so far.
func (f *fixture) received() []mail.Message {
	f.t.Helper()
	f.Wait()
	require.NoError(f.t, f.mail.Deliver(f.t.Context()))
	f.letters.mu.Lock()
	defer f.letters.mu.Unlock()
	return f.letters.messages
}

var linkInLetter = regexp.MustCompile(`https://\S+`)

// link is the path and query of the link in the latest letter.
func (f *fixture) link() string {
	f.t.Helper()
	letters := f.received()
	require.NotEmpty(f.t, letters)
	link := linkInLetter.FindString(letters[len(letters)-1].Text)
	require.True(f.t, strings.HasPrefix(link, f.server.URL+PathResetPassword), link)
	return strings.TrimPrefix(link, f.server.URL)
}

// forget asks for a link from the sign-in form.
func (b *browser) forget(email string) page {
	p := b.begin("")
	p = b.get(PathForgotPassword + "?" + url.Values{"request": {p.request(b.f.t)}}.Encode())
	return b.post(PathForgotPassword, url.Values{"request": {p.request(b.f.t)}, "email": {email}})
}

func (b *browser) reset(p page, password string) page {
	return b.post(PathResetPassword, url.Values{
		"request": {p.request(b.f.t)}, "password": {password}, "repeat": {password},
	})
}

func (f *fixture) reasonsOfRefusedLinks() (reasons []string) {
	for _, e := range f.events(storage.EventPasswordResetRefused) {
		reasons = append(reasons, e.Details["reason"])
	}
	return reasons
}

func TestForgottenPasswordIsSetByALinkAndTheSignInGoesOn(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		elsewhere, b := f.signedIn(), f.browser()
		require.Contains(t, b.begin("").body, `id="forgot-password"`)
		require.Contains(t, b.forget("  Doctor@Example.com ").body, `id="notice"`)
		link := f.link()

		for range 2 { // as a scanner of mail does
			require.Equal(t, http.StatusOK, f.browser().get(link).StatusCode)
		}
		form := b.get(link)
		require.NotContains(t, form.Request.URL.RawQuery, "link=", "the secret leaves the address")
		require.Contains(t, form.body, testEmail)
		signIn := b.reset(form, anotherPassword)
		require.Equal(t, PathSignIn, signIn.Request.URL.Path)
		require.Contains(t, signIn.body, `id="sign-in-notice"`)
		require.Nil(t, b.login(), "the mail alone opens no session")
		require.Nil(t, elsewhere.login())
		require.Equal(t, "signed in as "+testEmail, b.signIn(signIn, testEmail, anotherPassword).body)

		require.Equal(t, http.StatusGone, f.browser().get(link).StatusCode, "it is good once")
		require.Len(t, f.events(storage.EventPasswordResetSent), 1)
		set := f.events(storage.EventPasswordSet)
		require.Len(t, set, 1)
		require.Equal(t, "password_reset", set[0].Details["by"])
	})
}

func TestForgottenPasswordIsAnsweredAlikeWhoeverAsks(t *testing.T) {
	f := newFixture(t)
	blocked := f.createUser("blocked@example.com", testPassword)
	require.NoError(t, f.store.BlockUser(t.Context(), blocked, ""))
	f.createUserWith("signature@example.com", "")
	b := f.browser()
	known := b.forget(testEmail)
	require.Len(t, f.received(), 1)
	for _, email := range []string{"nobody@example.com", "blocked@example.com", "signature@example.com", testEmail} {
		p := b.forget(email)
		require.Equal(t, known.StatusCode, p.StatusCode)
		sealed := regexp.MustCompile(`request=[^"&]+`)
		require.Equal(t, sealed.ReplaceAllString(known.body, ""), sealed.ReplaceAllString(p.body, ""), email)
		f.Wait()
	}
	require.Len(t, f.received(), 1)
	require.ElementsMatch(t, []string{reasonResetNoUser, "user_blocked", reasonResetNoAccount, reasonResetLimited},
		f.reasonsOfRefusedLinks())
}

func TestForgottenPasswordRefusesWhatIsNoEmail(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	for _, typed := range []string{"", "doctor", "a@b\x00", strings.Repeat("a", 300) + "@example.com"} {
		require.Contains(t, b.forget(typed).body, `role="alert"`, typed)
	}
	require.Empty(t, f.received())
}

func TestLinksOfForgottenPasswordsAreLimited(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	for range 6 {
		b.forget(testEmail)
		f.Wait()
		f.clock.advance(2 * time.Minute)
	}
	require.Len(t, f.received(), 3, "an account gets three in an hour")
	for range 20 {
		b.forget("nobody@example.com")
		f.Wait()
	}
	f.createUser("another@example.com", testPassword)
	b.forget("another@example.com")
	require.Len(t, f.received(), 3, "a network gets twenty in an hour")
	f.clock.advance(time.Hour + time.Minute)
	b.forget("another@example.com")
	require.Len(t, f.received(), 4)
}

func TestTheOperatorSaysHowManyLinksOfForgottenPasswordsThereMayBe(t *testing.T) {
	f := newFixtureOn(t, "https", openStore, func(c *identity.Components) {
		c.Limits.PasswordResetsOfAccount, c.Limits.PasswordResetsOfNetwork = 1, 4
	})
	b := f.browser()
	for range 2 {
		b.forget(testEmail)
		f.Wait()
		f.clock.advance(2 * time.Minute)
	}
	require.Len(t, f.received(), 1, "an account gets one in an hour")
	for _, email := range []string{"second@example.com", "third@example.com", "fourth@example.com"} {
		f.createUser(email, testPassword)
		b.forget(email)
		f.Wait()
	}
	require.Len(t, f.received(), 3, "a network gets four in an hour, one of which was refused")
}

func TestAttackALinkOfAForgottenPasswordThatIsOver(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, f *fixture){
		"late": func(_ *testing.T, f *fixture) { f.clock.advance(25*time.Minute + time.Second) },
		"after a newer one": func(_ *testing.T, f *fixture) {
			f.clock.advance(2 * time.Minute)
			f.browser().forget(testEmail)
			f.received()
		},
		"after the password was set": func(t *testing.T, f *fixture) {
			require.NoError(t, f.store.SetPassword(t.Context(), f.userID, "another"))
		},
		"of a user who is blocked": func(t *testing.T, f *fixture) {
			require.NoError(t, f.store.BlockUser(t.Context(), f.userID, ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			b := f.browser()
			b.forget(testEmail)
			link := f.link()
			form := b.get(link)
			end(t, f)
			require.Equal(t, http.StatusGone, b.get(link).StatusCode)
			require.Equal(t, http.StatusGone, b.reset(form, anotherPassword).StatusCode, "nor by a page from before")
		})
	}
	t.Run("forged", func(t *testing.T) {
		f := newFixture(t)
		for _, link := range []string{"?link=" + strings.Repeat("A", 43), "?link=%00", ""} {
			require.Equal(t, http.StatusGone, f.browser().get(PathResetPassword+link).StatusCode)
		}
	})
	t.Run("in the request of a sign-in", func(t *testing.T) {
		f := newFixture(t)
		b := f.browser()
		p := b.reset(b.begin(""), anotherPassword)
		require.Equal(t, http.StatusBadRequest, p.StatusCode)
	})
	t.Run("in another browser", func(t *testing.T) {
		f := newFixture(t)
		b := f.browser()
		b.forget(testEmail)
		require.Equal(t, http.StatusBadRequest, f.browser().reset(b.get(f.link()), anotherPassword).StatusCode)
	})
}

func TestLinkOfAForgottenPasswordTakesFivePasswordsInVain(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.forget(testEmail)
	form := b.get(f.link())
	for range 5 {
		require.Contains(t, b.reset(form, "short").body, `role="alert"`)
	}
	require.Equal(t, http.StatusGone, b.reset(form, anotherPassword).StatusCode)
}

func TestLinkOfAForgottenPasswordRefusesTwoDifferentPasswords(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.forget(testEmail)
	form := b.get(f.link())
	p := b.post(PathResetPassword, url.Values{
		"request": {form.request(t)}, "password": {anotherPassword}, "repeat": {anotherPassword + "x"},
	})
	require.Contains(t, p.body, `role="alert"`)
	require.False(t, f.hasPassword(anotherPassword))
}

func TestForgottenPasswordWithoutMailIsTheOperatorsBusiness(t *testing.T) {
	f := newFixture(t)
	f.signIn.mail = nil
	b := f.browser()
	require.NotContains(t, b.begin("").body, "forgot-password")
	require.Contains(t, b.get(PathForgotPassword).body, `id="notice"`)
}

func TestForgottenPasswordWithoutASignInLeadsToTheAccount(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	p := b.get(PathForgotPassword)
	b.post(PathForgotPassword, url.Values{"request": {p.request(t)}, "email": {testEmail}})
	p = b.signIn(b.reset(b.get(f.link()), anotherPassword), testEmail, anotherPassword)
	require.Equal(t, http.StatusOK, p.StatusCode)
	require.NotNil(t, b.login())
}

func TestLettersOfForgottenPasswordsAreInTheLanguageOfThePage(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	b.header = http.Header{"Accept-Language": {"en"}}
	b.forget(testEmail)
	require.Contains(t, f.received()[0].Text, "password")
	require.NotContains(t, f.received()[0].Text, "пароль")
}

func TestEveryLanguageHasAllTextsOfForgottenPasswords(t *testing.T) {
	requireAllTexts(t, passwordResetTexts)
}
