package login

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// The limits of package identity, whose tests are about them.
const (
	pairFailures    = 10
	accountFailures = 100
	addressFailures = 100
	deviceFailures  = 10
	deviceUsers     = 8
)

func TestSignInStartsASessionAndContinuesTheRequest(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("scope=openid")
	require.Equal(t, http.StatusOK, form.StatusCode)

	p := b.signIn(form, "  Doctor@Example.com ", testPassword)

	require.Equal(t, "signed in as "+testEmail, p.body)
	require.Equal(t, PathContinue, p.Request.URL.Path)
	events := f.events(storage.EventSignIn)
	require.Len(t, events, 1)
	require.Equal(t, f.userID, events[0].UserID)
	require.Equal(t, testClient, events[0].ClientID)
	require.Equal(t, "request-1", events[0].RequestID)
	require.Equal(t, "127.0.0.1", events[0].Address)
	sessions, err := f.store.ListLoginSessions(t.Context(), f.userID)
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	require.Equal(t, f.clock.Now().UnixMicro(), sessions[0].AuthTime.UnixMicro())
	require.Equal(t, []string{identity.AMRPassword}, sessions[0].AMR)
	require.Equal(t, sessions[0].SessionID, events[0].Details["session_id"])
}

func TestRightPasswordClearsItsOwnAttempt(t *testing.T) {
	f := newFixture(t)
	for range pairFailures + 1 {
		b := f.browser()
		require.Equal(t, "signed in as "+testEmail, b.signIn(b.begin(""), testEmail, testPassword).body)
	}
}

func TestAnUnknownUserAndAWrongPasswordGetTheSamePage(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("")

	wrong := b.signIn(form, testEmail, "not it")
	unknown := b.signIn(form, "nobody@example.com", "not it")

	require.Equal(t, http.StatusOK, wrong.StatusCode)
	require.Contains(t, wrong.body, `role="alert"`)
	require.Contains(t, wrong.body, "Неправильна електронна пошта або пароль.")
	require.Contains(t, wrong.body, `value="doctor@example.com"`)
	require.NotContains(t, wrong.body, "not it")
	require.Equal(t, wrong.StatusCode, unknown.StatusCode)
	require.Equal(t, strings.ReplaceAll(wrong.body, testEmail, "nobody@example.com"), unknown.body)
	require.Nil(t, b.cookie(sessionCookie))
	events := f.events(storage.EventSignInFailed)
	require.Len(t, events, 2)
	for _, e := range events {
		require.NotContains(t, e.Details, "username")
	}
}

func TestABlockedUserIsToldSoOnlyAfterTheRightPassword(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.store.BlockUser(t.Context(), f.userID, "left"))
	b := f.browser()
	form := b.begin("")

	require.Contains(t, b.signIn(form, testEmail, "not it").body, "Неправильна")
	p := b.signIn(form, testEmail, testPassword)

	require.Equal(t, http.StatusForbidden, p.StatusCode)
	require.Contains(t, p.body, "заблоковано")
	require.Nil(t, b.cookie(sessionCookie))
}

func TestSignInIsRefusedAfterTenFailuresWhateverThePassword(t *testing.T) {
	for name, email := range map[string]string{"a known account": testEmail, "an unknown account": "nobody@example.com"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			b := f.browser()
			form := b.begin("")
			for range pairFailures {
				require.Equal(t, http.StatusOK, b.signIn(form, email, "not it").StatusCode)
			}

			for range 3 {
				p := b.signIn(form, strings.ToUpper(email), testPassword)
				require.Equal(t, http.StatusTooManyRequests, p.StatusCode)
				require.Equal(t, "600", p.Header.Get("Retry-After"))
				require.Contains(t, p.body, "Забагато невдалих спроб входу. Спробуйте знову після 11:10 за київським часом.")
			}
			require.Len(t, f.events(storage.EventSignInFailed), pairFailures)
			require.Equal(t, http.StatusOK, b.signIn(form, "another@example.com", "not it").StatusCode)

			f.clock.advance(identity.DefaultLimits().FailedSignInWindow + time.Second)
			require.Equal(t, http.StatusOK, b.signIn(form, email, testPassword).StatusCode)
		})
	}
}

func TestParallelGuessesAreCountedAgainstTheLimit(t *testing.T) {
	f := newFixture(t)
	form := f.browser()
	request := form.begin("").request(t)
	var verified, limited atomic.Int64
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			p := form.post(PathSignIn, url.Values{"request": {request}, "username": {testEmail}, "password": {"not it"}})
			switch p.StatusCode {
			case http.StatusOK:
				verified.Add(1)
			case http.StatusTooManyRequests:
				limited.Add(1)
			}
		})
	}
	group.Wait()
	require.LessOrEqual(t, verified.Load(), int64(pairFailures))
	require.Equal(t, int64(30), verified.Load()+limited.Load())
	require.Len(t, f.events(storage.EventSignInFailed), int(verified.Load()))
}

func TestAnAddressHasALimitOfItsOwn(t *testing.T) {
	f := newFixture(t)
	subject, err := f.store.SignInSubject(t.Context(), "address", "127.0.0.1")
	require.NoError(t, err)
	for range addressFailures {
		end := f.clock.Now().Add(identity.DefaultLimits().FailedSignInWindow)
		_, err := f.store.RecordSignInFailure(t.Context(), [][]byte{subject}, end)
		require.NoError(t, err)
	}
	b := f.browser()
	require.Equal(t, http.StatusTooManyRequests, b.signIn(b.begin(""), testEmail, testPassword).StatusCode)
}

func TestAnAddressIsANetworkWhereOneSubscriberHasMany(t *testing.T) {
	require.Equal(t, inbound.Network("2001:db8:1:2:3::1"), inbound.Network("2001:db8:1:2:4::2"))
	require.NotEqual(t, inbound.Network("2001:db8:1:2::1"), inbound.Network("2001:db8:1:3::1"))
	require.Equal(t, "192.0.2.7", inbound.Network("::ffff:192.0.2.7"))
	require.NotEqual(t, inbound.Network("192.0.2.7"), inbound.Network("192.0.2.8"))
	require.Equal(t, "not an address", inbound.Network("not an address"))
}

func TestAnImportedPasswordIsHashedAnewAtSignIn(t *testing.T) {
	f := newFixture(t)
	imported, err := bcrypt.GenerateFromPassword([]byte("from the old system"), bcrypt.MinCost)
	require.NoError(t, err)
	id := f.createUserWith("nurse@example.com", string(imported))

	for range 2 {
		b := f.browser()
		require.Equal(t, "signed in as nurse@example.com",
			b.signIn(b.begin(""), "nurse@example.com", "from the old system").body)
	}

	user, err := f.store.FindUser(t.Context(), id)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(user.Password, "$argon2id$"), user.Password)
}

func TestAUserWithoutAPasswordCannotSignIn(t *testing.T) {
	f := newFixture(t)
	f.createUserWith("federated@example.com", "")
	b := f.browser()
	form := b.begin("")
	require.Contains(t, b.signIn(form, "federated@example.com", "").body, "Введіть")
	require.Contains(t, b.signIn(form, "federated@example.com", "x").body, "Неправильна")
}

func TestInvalidCredentialsAreRefusedWithoutCountingAnAttempt(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("")
	for name, typed := range map[string][2]string{
		"no username":                {"", "x"},
		"only spaces":                {"   ", "x"},
		"no password":                {testEmail, ""},
		"username too long":          {strings.Repeat("a", identity.MaximumUsername+1), "x"},
		"password too long":          {testEmail, strings.Repeat("a", identity.MaximumPassword+1)},
		"username not UTF-8":         {"\xff", "x"},
		"password not UTF-8":         {testEmail, "\xff"},
		"a zero byte in the account": {"a\x00b", "x"},
	} {
		p := b.signIn(form, typed[0], typed[1])
		require.Equal(t, http.StatusOK, p.StatusCode, name)
		require.Contains(t, p.body, `role="alert"`, name)
	}
	require.Empty(t, f.events(storage.EventSignInFailed))
}

func TestAFormFromAnotherSiteIsRefused(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("")
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Origin", "https://elsewhere.example")

	p := b.signIn(form, testEmail, testPassword)

	require.Equal(t, http.StatusForbidden, p.StatusCode)
	require.Contains(t, p.body, "Форму надіслано з іншого сайту")
	require.Nil(t, b.cookie(sessionCookie))
}

func TestAFormThatIsTooLargeIsRefused(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("")
	p := b.signIn(form, testEmail, strings.Repeat("a", maximumForm))
	require.Equal(t, http.StatusRequestEntityTooLarge, p.StatusCode)
}

func TestTheLoginHintIsFilledIn(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	require.Contains(t, b.begin("login_hint=doctor%40example.com").body, `value="doctor@example.com"`)
	require.Contains(t, b.begin("login_hint="+strings.Repeat("a", 300)).body, `name="username" value=""`)
}

func TestSignInForADeletedClientIsAnErrorPage(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	form := b.begin("")
	require.NoError(t, f.store.DeleteClient(t.Context(), testClient))
	p := b.get(PathSignIn + "?request=" + form.request(t))
	require.Equal(t, http.StatusBadRequest, p.StatusCode)
	require.Contains(t, p.body, "Не знайдено застосунку")
}
