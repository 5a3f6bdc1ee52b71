package identity

import (
	"encoding/base32"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func (f *fixture) request() *http.Request {
	return httptest.NewRequestWithContext(f.t.Context(), http.MethodPost, "/", nil)
}

// app is an authenticator app of the test's user, whose clock is off by some time.
type app struct {
	f      *fixture
	secret []byte
	off    time.Duration
}

func (a app) code() string {
	code, err := totp.GenerateCode(base32.StdEncoding.EncodeToString(a.secret), a.f.clock.Now().Add(a.off))
	require.NoError(a.f.t, err)
	return code
}

// add adds an authenticator and returns its app, with the recovery codes that were made.
func (f *fixture) add(name string) (app, []string) {
	f.t.Helper()
	secret, err := f.NewAuthenticatorSecret()
	require.NoError(f.t, err)
	a := app{f: f, secret: secret}
	recovery, err := f.AddAuthenticator(f.request(), NewAuthenticator{
		ID: f.store.NewID(), UserID: f.user.ID, Name: name, Secret: secret, Code: a.code(),
	})
	require.NoError(f.t, err)
	f.clock.Advance(authenticatorStep) // the code that proved the secret is used up
	return a, recovery
}

func (f *fixture) verify(code string) error {
	return f.VerifyAuthenticator(f.t.Context(), f.user.ID, code)
}

func (f *fixture) recover(code string) error {
	return f.VerifyRecoveryCode(f.request(), "clinic", f.user.ID, code)
}

func (f *fixture) factors() SecondFactors {
	has, err := f.SecondFactors(f.t.Context(), f.user.ID)
	require.NoError(f.t, err)
	return has
}

func onEachEngine(t *testing.T, test func(t *testing.T, f *fixture)) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) { test(t, newFixture(t, engine)) })
}

func TestAuthenticatorCodesAreTakenWithOneStepOfDrift(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.add("phone")
		for off, taken := range map[time.Duration]bool{
			-2 * authenticatorStep: false, -authenticatorStep: true, 0: true, authenticatorStep: true,
			2 * authenticatorStep: false,
		} {
			f.clock.Advance(10 * authenticatorStep)
			phone.off = off
			if taken {
				require.NoError(t, f.verify(phone.code()), off)
			} else {
				require.ErrorIs(t, f.verify(phone.code()), ErrOneTimeCodeInvalid, off)
			}
		}
		for _, damaged := range []string{"", "12345", "1234567", "abcdef", "１２３４５６"} {
			require.ErrorIs(t, f.verify(damaged), ErrOneTimeCodeInvalid, damaged)
			require.NoError(t, f.store.ResetOneTimeCodeFailures(t.Context(), f.user.ID))
		}
	})
}

func TestAttackACodeOfAnAuthenticatorIsReplayedWithinItsTime(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phone, _ := f.add("phone")
		code := phone.code()
		require.NoError(t, f.verify(code))
		require.ErrorIs(t, f.verify(code), ErrOneTimeCodeInvalid)
		phone.off = -authenticatorStep
		require.ErrorIs(t, f.verify(phone.code()), ErrOneTimeCodeInvalid, "nor is one from before it taken")
		user, err := f.store.FindUser(t.Context(), f.user.ID)
		require.NoError(t, err)
		require.Zero(t, user.OneTimeCodeFailures, "a form that was sent twice blocks nobody")
	})
}

// raced makes many tries at once and says how many were right.
func raced(tries int, try func() error) (right int) {
	var wait sync.WaitGroup
	var mu sync.Mutex
	for range tries {
		wait.Go(func() {
			if try() == nil {
				mu.Lock()
				defer mu.Unlock()
				right++
			}
		})
	}
	wait.Wait()
	return right
}

func TestAttackOneCodeIsSentManyTimesAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phone, recovery := f.add("phone")
		code := phone.code()
		require.Equal(t, 1, raced(8, func() error { return f.verify(code) }))
		require.Equal(t, 1, raced(2, func() error { return f.recover(recovery[0]) }))
		require.EqualValues(t, 9, f.factors().RecoveryCodes)
	})
}

func TestAttackCodesOfAnAuthenticatorAreGuessed(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		phone, recovery := f.add("phone")
		require.ErrorIs(t, f.verify("000000"), ErrOneTimeCodeInvalid)
		require.ErrorIs(t, f.recover("0000-0000-0000"), ErrOneTimeCodeLastTry, "recovery codes count with the others")
		require.ErrorIs(t, f.verify("000000"), ErrOneTimeCodeBlocked)
		user, err := f.store.FindUser(t.Context(), f.user.ID)
		require.NoError(t, err)
		require.True(t, user.IsBlocked)

		require.NoError(t, f.store.UnblockUser(t.Context(), f.user.ID))
		for range 20 {
			_ = f.verify("000000")
			_ = f.store.UnblockUser(t.Context(), f.user.ID)
		}
		require.ErrorIs(t, f.verify(phone.code()), ErrSignInLimited, "not even the right one is looked at")
		require.ErrorIs(t, f.recover(recovery[0]), ErrSignInLimited)
		f.clock.Advance(f.Limits().FailedSignInWindow + time.Second)
		require.NoError(t, f.verify(phone.code()))
	})
}

func TestRecoveryCodeIsGoodOnceHoweverItIsTyped(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		_, recovery := f.add("phone")
		require.Len(t, recovery, 10)
		for _, code := range recovery {
			require.Regexp(t, `^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$`, code)
		}
		require.NoError(t, f.recover(" "+strings.ToLower(strings.ReplaceAll(recovery[0], "-", " "))))
		require.ErrorIs(t, f.recover(recovery[0]), ErrOneTimeCodeInvalid)
		f.clock.Advance(time.Second)
		require.NoError(t, f.recover(strings.NewReplacer("0", "o", "1", "l").Replace(recovery[1])))
		events, err := f.store.ListEvents(t.Context(), storage.EventFilter{Kind: storage.EventRecoveryCodeUsed, Limit: 9})
		require.NoError(t, err)
		require.Len(t, events, 2)
		require.Equal(t, map[string]string{"left": "8"}, events[0].Details)

		again, err := f.ReplaceRecoveryCodes(f.request(), f.user.ID, f.store.NewID())
		require.NoError(t, err)
		require.ErrorIs(t, f.recover(recovery[2]), ErrOneTimeCodeInvalid, "those before are good no more")
		require.NoError(t, f.recover(again[0]))
	})
}

func TestRecoveryCodesStandInForAnotherFactorOnly(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		_, err := f.ReplaceRecoveryCodes(f.request(), f.user.ID, f.store.NewID())
		require.ErrorIs(t, err, ErrNoFactor)
		_, recovery := f.add("phone")
		require.Equal(t, []string{storage.FactorTOTP, storage.FactorRecoveryCode}, f.factors().Kinds())
		_, more := f.add("tablet")
		require.Empty(t, more, "there are some already")
		for _, factor := range f.factors().List {
			require.NoError(t, f.RemoveFactor(f.request(), f.user.ID, factor.Kind, factor.ID))
		}
		require.Empty(t, f.factors().Kinds())
		require.ErrorIs(t, f.recover(recovery[0]), ErrOneTimeCodeInvalid, "they went with the last factor")
	})
}

func TestLastSecondFactorStaysWhereARoleDemandsOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		require.NoError(t, f.store.PutScope(ctx, storage.Scope{
			Name: "patients:view", Assurance: storage.AssuranceOneTimeCode, LoginForm: storage.LoginFormPassword,
			GovernedBy: storage.GovernedByRole,
		}))
		role := storagetest.Role(t, f.store, "patients:view")
		require.NoError(t, f.store.GrantRole(ctx, f.user.ID, role.ID, ""))
		f.add("phone")
		f.add("tablet")
		list := f.factors().List
		remove := func(factor storage.SecondFactor) error {
			return f.RemoveFactor(f.request(), f.user.ID, factor.Kind, factor.ID)
		}
		right := 0
		failures := make([]error, len(list))
		var wait sync.WaitGroup
		for i, factor := range list {
			wait.Go(func() { failures[i] = remove(factor) })
		}
		wait.Wait()
		for _, err := range failures {
			if err == nil {
				right++
				continue
			}
			require.ErrorIs(t, err, ErrLastFactor, "two that are removed at once see each other")
		}
		require.Equal(t, 1, right)
		require.Len(t, f.factors().List, 1)
		require.ErrorIs(t, remove(storage.SecondFactor{Kind: storage.FactorTOTP, ID: f.store.NewID()}), ErrFactorUnknown)
		require.NoError(t, f.store.RevokeRole(ctx, f.user.ID, role.ID, ""))
		require.NoError(t, remove(f.factors().List[0]))
	})
}

func TestAuthenticatorIsAddedOnceBySomebodyWhoHasItsSecret(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		secret, err := f.NewAuthenticatorSecret()
		require.NoError(t, err)
		phone := app{f: f, secret: secret}
		draft := NewAuthenticator{
			ID: f.store.NewID(), UserID: f.user.ID, Name: "phone", Secret: secret, Code: "000000", First: true,
		}
		_, err = f.AddAuthenticator(f.request(), draft)
		require.ErrorIs(t, err, ErrOneTimeCodeInvalid)
		require.Empty(t, f.factors().List)
		draft.Code = phone.code()
		_, err = f.AddAuthenticator(f.request(), draft)
		require.NoError(t, err)
		require.ErrorIs(t, f.verify(draft.Code), ErrOneTimeCodeInvalid, "the code that proved the secret signs nobody in")
		draft.ID = f.store.NewID()
		_, err = f.AddAuthenticator(f.request(), draft)
		require.ErrorIs(t, err, ErrHasFactor, "the first was added before")
		draft.First = false
		for range mostFactors - 1 {
			draft.ID = f.store.NewID()
			_, err = f.AddAuthenticator(f.request(), draft)
			require.NoError(t, err)
		}
		draft.ID = f.store.NewID()
		_, err = f.AddAuthenticator(f.request(), draft)
		require.ErrorIs(t, err, ErrTooManyFactors)
		events, err := f.store.ListEvents(t.Context(), storage.EventFilter{Kind: storage.EventFactorCreated, Limit: 20})
		require.NoError(t, err)
		require.Len(t, events, mostFactors)
		require.Equal(t, f.user.ID, events[0].UserID)
		require.NotContains(t, string(events[0].After), "secret")
	})
}

func TestNameOfASecondFactorIsCleaned(t *testing.T) {
	for typed, want := range map[string]string{
		"  Робочий \t телефон\x00 ": "Робочий телефон", "a\u202eb": "ab", "": "",
		strings.Repeat("я", 70): strings.Repeat("я", LongestFactorName),
	} {
		require.Equal(t, want, FactorName(typed))
	}
}

func TestSessionChangesSecondFactorsForFiveMinutes(t *testing.T) {
	f := newFixture(t, storagetest.Engines()[0])
	session := storage.LoginSession{AuthTime: f.clock.Now(), ACR: storage.AssurancePassword}
	none, some := SecondFactors{}, SecondFactors{List: []storage.SecondFactor{{Kind: storage.FactorTOTP}}}
	require.True(t, f.MayChangeFactors(session, none))
	require.False(t, f.MayChangeFactors(session, some), "the password alone is not enough where there is more")
	session.ACR = storage.AssuranceOneTimeCode
	require.True(t, f.MayChangeFactors(session, some))
	f.clock.Advance(5*time.Minute + time.Second)
	require.False(t, f.MayChangeFactors(session, some))
	require.False(t, f.MayChangeFactors(session, none))
}
