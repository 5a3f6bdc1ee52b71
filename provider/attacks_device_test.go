package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// confirmDevice posts an answer with fields of the attacker's choice.
func (b *browser) confirmDevice(form url.Values) page {
	return b.post(b.stack.server.URL+"/device/confirm", form)
}

// A victim who is signed in opens the link that the attacker's device has sent.
func TestAttackDevicePhishingByACompleteLinkApprovesNothing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		b := s.browser()
		b.approve(s.beginDevice("tv", "openid")) // signed in, and the client approved
		begun := s.beginDevice("tv", "openid")
		opened := b.get(begun.member("verification_uri_complete"))
		require.Equal(t, http.StatusOK, opened.status)
		require.Equal(t, "/device", opened.url.Path, "it goes nowhere by itself")
		require.Contains(t, opened.body, `value="`+begun.member("user_code")+`"`)
		require.Contains(t, opened.body, "не вводьте: так шахраї отримують доступ")
		s.requirePoll("tv", begun, "authorization_pending")

		p := b.enter(begun.member("user_code"))
		require.Equal(t, "/device/confirm", p.url.Path, "the client was approved before, and the device is asked about")
		s.clock.Advance(5 * time.Second)
		s.requirePoll("tv", begun, "authorization_pending")
		for _, form := range []url.Values{
			{"decision": {"accept"}},
			{"decision": {"accept"}, "matches": {"no"}},
			{"decision": {"accept"}, "matches": {""}},
		} {
			form.Set("request", p.request(t))
			again := b.confirmDevice(form)
			require.Contains(t, again.body, "Звірте код із пристроєм")
		}
		s.clock.Advance(5 * time.Second)
		s.requirePoll("tv", begun, "authorization_pending")
	})
}

func TestAttackApprovalOfADeviceByAnotherSite(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", deviceClient)
	begun := s.beginDevice("tv", "openid")
	b := s.browser()
	p := b.toConfirmation(begun.member("user_code"))
	for path, form := range map[string]url.Values{
		"/device":         {"user_code": {begun.member("user_code")}},
		"/device/confirm": {"request": {p.request(t)}, "decision": {"accept"}, "matches": {"yes"}},
	} {
		for _, header := range []string{"Origin", "Sec-Fetch-Site"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+path, nil)
			require.NoError(t, err)
			r.Header.Set(header, map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}[header])
			require.Equal(t, http.StatusForbidden, b.postFrom(r, form).status, path)
		}
	}
	s.requirePoll("tv", begun, "authorization_pending")
	framed := b.get(s.server.URL + "/device")
	require.Contains(t, framed.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
}

// The attacker's browser was asked, and the victim's is made to answer; or the question is left out.
func TestAttackApprovalOfADeviceThatTheBrowserWasNotAskedAbout(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid")
		attacker, victim := s.browser(), s.browser()
		victim.approve(s.beginDevice("tv", "openid"))
		asked := attacker.toConfirmation(begun.member("user_code"))
		planted := victim.confirmDevice(url.Values{"request": {asked.request(t)}, "decision": {"accept"}, "matches": {"yes"}})
		require.Equal(t, http.StatusBadRequest, planted.status)
		require.Equal(t, http.StatusBadRequest, victim.get(asked.url.String()).status, "nor is the question shown")

		p := victim.enter(begun.member("user_code"))
		skipped := victim.confirmDevice(url.Values{
			"request": {p.url.Query().Get("request")}, "decision": {"accept"}, "matches": {"yes"},
		})
		require.Equal(t, "/device/confirm", skipped.url.Path)
		require.Contains(t, skipped.body, "Надати доступ іншому пристрою?")
		for _, path := range []string{"/login/consent", "/login/continue"} {
			other := victim.get(s.server.URL + path + "?request=" + url.QueryEscape(p.request(t)))
			require.NotContains(t, other.body, "Доступ надано", path)
		}
		require.Equal(t, http.StatusBadRequest, victim.post(s.server.URL+"/login/consent",
			url.Values{"request": {p.request(t)}, "decision": {"accept"}}).status)
		s.requirePoll("tv", begun, "authorization_pending")
	})
}

func TestAttackApprovalOfADeviceForAnotherUserOfTheBrowser(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", deviceClient)
	hash, err := cheapPasswords().Hash(t.Context(), password)
	require.NoError(t, err)
	require.NoError(t, s.store.CreateUser(t.Context(), storage.User{
		ID: uuid.NewString(), Email: "nurse@example.com", Password: hash, PasswordSetAt: s.clock.Now(),
	}))
	begun := s.beginDevice("tv", "openid")
	b := s.browser()
	p := b.toConfirmation(begun.member("user_code"))
	signedOut := b.get(s.server.URL + "/login/sign-out")
	require.Equal(t, http.StatusOK, signedOut.status)
	b.post(s.server.URL+"/login/sign-out", url.Values{})
	another := b.enter(begun.member("user_code"))
	another = b.post(s.server.URL+"/login/sign-in", url.Values{
		"request": {another.request(t)}, "username": {"nurse@example.com"}, "password": {password},
	})
	require.Contains(t, another.body, "nurse@example.com")
	answered := b.answerDevice(p, "accept") // the page of the doctor
	require.Contains(t, answered.body, "nurse@example.com", "asked anew")
	s.requirePoll("tv", begun, "authorization_pending")
}

func TestAttackPollingStormCostsOneLookUpASecond(t *testing.T) {
	s, proxy := proxiedStack(t)
	s.client("tv", deviceClient)
	begun := s.beginDevice("tv", "openid")
	for range 3 { // on whichever connection of the pool: everything is prepared by the last
		s.requirePoll("tv", s.beginDevice("tv", "openid"), "authorization_pending")
	}
	s.requirePoll("tv", begun, "authorization_pending")
	s.requirePoll("tv", begun, "slow_down")
	proxy.Reset()
	for range 50 {
		s.requirePoll("tv", begun, "slow_down")
	}
	require.Zero(t, proxy.RoundTrips(), "told from memory")
	for range 20 {
		s.clock.Advance(time.Second)
		s.requirePoll("tv", begun, "slow_down")
	}
	found, err := s.store.FindDeviceAuthorization(t.Context(), storage.Hash(begun.member("device_code")))
	require.NoError(t, err)
	require.Equal(t, time.Minute, found.Interval, "it grows to a minute and no further")
	s.clock.Advance(time.Minute)
	s.requirePoll("tv", begun, "authorization_pending")
	require.Equal(t, http.StatusOK, s.post(oauth.PathToken, "tv",
		url.Values{"grant_type": {"client_credentials"}}).status, "the client itself is not held up")
}

func TestAttackPollsAtOnceAreToldToSlowDown(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid")
		s.requirePoll("tv", begun, "authorization_pending")
		answers := make(chan string, 20)
		for range cap(answers) {
			go func() { answers <- s.poll("tv", begun).member("error") }()
		}
		for range cap(answers) {
			require.Equal(t, "slow_down", <-answers)
		}
		found, err := s.store.FindDeviceAuthorization(t.Context(), storage.Hash(begun.member("device_code")))
		require.NoError(t, err)
		require.GreaterOrEqual(t, found.Interval, 10*time.Second)
		require.LessOrEqual(t, found.Interval, time.Minute)
	})
}

// behindProxies believes the tests about addresses.
func behindProxies(o *provider.Options) {
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// enterFrom types a code at an address.
func (b *browser) enterFrom(address, code string) page {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, b.stack.server.URL+"/device", nil)
	require.NoError(b.stack.t, err)
	r.Header.Set("Origin", b.stack.server.URL)
	r.Header.Set("X-Forwarded-For", address)
	return b.postFrom(r, url.Values{"user_code": {code}})
}

func TestAttackGuessingTheCodesOfDevicesLocksNobodyOut(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, behindProxies)
		s.client("tv", deviceClient)
		right := s.beginDevice("tv", "openid").member("user_code")
		guess := "BBBB-BBBB"
		require.NotEqual(t, right, guess)
		for range 10 {
			require.Equal(t, "/device", s.browser().enterFrom("192.0.2.1", guess).url.Path)
		}
		for name, code := range map[string]string{"wrong": guess, "right": right} {
			require.Equal(t, "/login/sign-in", s.browser().enterFrom("192.0.2.1", code).url.Path,
				"%s: not looked at before somebody signs in", name)
		}
		elsewhere := s.browser().enterFrom("192.0.2.2", right)
		require.Equal(t, "/login/sign-in", elsewhere.url.Path)
		require.Contains(t, elsewhere.body, "Клініка", "others go on: this is the sign-in of the client of the device")

		neighbour := s.browser() // behind the address that guesses
		p := neighbour.signIn(neighbour.enterFrom("192.0.2.1", right))
		require.Equal(t, "/device", p.url.Path)
		require.Contains(t, p.body, right, "filled in already")
		require.Equal(t, "/device/confirm", neighbour.enterFrom("192.0.2.1", right).url.Path)
		for range 10 {
			require.Equal(t, http.StatusOK, neighbour.enterFrom("192.0.2.1", guess).status)
		}
		limited := neighbour.enterFrom("192.0.2.3", right)
		require.Equal(t, http.StatusTooManyRequests, limited.status, "a person has a limit too, from everywhere")
		require.Equal(t, "600", limited.header.Get("Retry-After"))
		s.clock.Advance(11 * time.Minute)
		right = s.beginDevice("tv", "openid").member("user_code")
		require.Equal(t, "/device/confirm", neighbour.enterFrom("192.0.2.3", right).url.Path)
	})
}

func TestAttackGuessingTheCodesOfDevicesFromManyAddresses(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], behindProxies)
	s.client("tv", deviceClient)
	right := s.beginDevice("tv", "openid").member("user_code")
	for n := range 100 {
		require.Equal(t, "/device", s.browser().enterFrom(fmt.Sprintf("198.51.100.%d", n), "BBBB-BBBB").url.Path)
	}
	b := s.browser()
	p := b.enterFrom("203.0.113.9", right)
	require.Equal(t, "/login/sign-in", p.url.Path)
	require.NotContains(t, p.body, "Клініка", "not looked at")
	require.Equal(t, "/device", b.signIn(p).url.Path)
	require.Equal(t, "/device/confirm", b.enterFrom("203.0.113.9", right).url.Path, "and nobody is locked out")
}

func TestAttackDeviceCodeOfAnotherClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		s.client("thief", deviceClient)
		begun := s.beginDevice("tv", "openid offline_access")
		s.requirePoll("thief", begun, "invalid_grant")
		s.browser().approve(begun)
		s.requirePoll("thief", begun, "invalid_grant")
		tokens := s.poll("tv", begun)
		require.Equal(t, http.StatusOK, tokens.status, "nothing was used up: %s", tokens.raw)
		s.requirePoll("thief", begun, "invalid_grant")
		require.Equal(t, http.StatusOK, s.refresh("tv", tokens.member("refresh_token")).status, "nor revoked")
	})
}

func TestAttackDeviceCodeReplayRevokesWhatItGave(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid offline_access")
		s.browser().approve(begun)
		tokens := s.poll("tv", begun)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		s.requirePoll("tv", begun, "invalid_grant")
		require.Equal(t, "invalid_grant", s.refresh("tv", tokens.member("refresh_token")).member("error"))
		require.Equal(t, http.StatusUnauthorized, s.userinfo(tokens.member("access_token")).status)
	})
}

func TestAttackOneOfManyPollsAtOnceGetsTheTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid")
		s.browser().approve(begun)
		answers := make(chan int, 20)
		for range cap(answers) {
			go func() { answers <- s.poll("tv", begun).status }()
		}
		won := 0
		for range cap(answers) {
			if <-answers == http.StatusOK {
				won++
			}
		}
		require.Equal(t, 1, won)
	})
}

func TestAttackApprovalOfADeviceAfterItsExpiry(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid")
		b := s.browser()
		p := b.toConfirmation(begun.member("user_code"))
		s.clock.Advance(10 * time.Minute)
		require.Contains(t, b.answerDevice(p, "accept").body, "Цей код більше не діє")
		s.requirePoll("tv", begun, "expired_token")
	})
}

func TestAttackADeviceIsAnsweredOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid")
		first, second := s.browser(), s.browser()
		p, q := first.toConfirmation(begun.member("user_code")), second.toConfirmation(begun.member("user_code"))
		var posts sync.WaitGroup
		answers := make(chan string, 10)
		for n := range cap(answers) {
			posts.Go(func() {
				b, asked := first, p
				if n%2 == 1 {
					b, asked = second, q
				}
				answers <- b.answerDevice(asked, "accept").body
			})
		}
		posts.Wait()
		granted := 0
		for range cap(answers) {
			if strings.Contains(<-answers, "Доступ надано") {
				granted++
			}
		}
		require.Equal(t, 1, granted)
		require.Contains(t, second.answerDevice(q, "deny").body, "Цей код більше не діє")
		require.Equal(t, http.StatusOK, s.poll("tv", begun).status, "a refusal that comes later takes nothing back")
	})
}

func TestAttackDeviceCodesAreNoAuthorizationCodes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid")
		b := s.browser()
		b.approve(begun)
		for _, form := range []url.Values{
			{"grant_type": {"authorization_code"}, "code": {begun.member("device_code")}},
			{"grant_type": {"authorization_code"}, "code": {begun.member("device_code")}, "redirect_uri": {redirectURI}},
		} {
			require.Equal(t, "invalid_grant", s.post(oauth.PathToken, "tv", form).member("error"))
		}
		code := b.code(request("tv", "openid"))
		got := s.post(oauth.PathToken, "tv", deviceForm(code))
		require.Equal(t, "invalid_grant", got.member("error"), got.raw)
		require.Equal(t, http.StatusOK, s.redeem("tv", code).status, "nothing was used up")
		require.Equal(t, http.StatusOK, s.poll("tv", begun).status)
	})
}

func TestAttackTokensForADeviceWhosePersonSignedOutOrWasBlocked(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		signedOut, blocked := s.beginDevice("tv", "openid"), s.beginDevice("tv", "openid")
		b := s.browser()
		b.approve(signedOut)
		b.post(s.server.URL+"/login/sign-out", url.Values{})
		s.requirePoll("tv", signedOut, "expired_token")
		s.browser().approve(blocked)
		require.NoError(t, s.store.BlockUser(t.Context(), s.userID, ""))
		require.Equal(t, http.StatusBadRequest, s.poll("tv", blocked).status)
	})
}

// A client under FAPI that was registered for the grant all the same, as by an import.
func TestAttackDeviceGrantOfAClientUnderFAPI(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	for _, profile := range []string{
		storage.ProfileFAPI2, storage.ProfileFAPI2MessageSigning, storage.ProfileFAPI1Advanced,
	} {
		s.client(profile, func(c *storage.Client) { deviceClient(c); c.Policy.Profile = profile })
		got := s.post(oauth.PathDevice, profile, url.Values{"scope": {"openid"}})
		require.NotEqual(t, http.StatusOK, got.status, profile)
		client, err := s.store.Client(t.Context(), profile)
		require.NoError(t, err)
		require.False(t, client.MayUseGrant(oauth.GrantTypeDeviceCode), profile)
	}
}

func TestAttackCodesOfDevicesAreNotReadableInTheDatabase(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", deviceClient)
	begun := s.beginDevice("tv", "openid")
	s.browser().approve(begun)
	found, err := s.store.FindDeviceAuthorization(t.Context(), storage.Hash(begun.member("device_code")))
	require.NoError(t, err)
	require.NotEqual(t, storage.Hash(begun.member("user_code")), found.UserCode, "a mere hash of so few codes hides none")
	require.Len(t, found.UserCode, 32)
	require.NotContains(t, found.Parameters, begun.member("device_code"))
}
