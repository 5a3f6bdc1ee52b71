package login

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

const newPhone = "+380671112244"

// phoneStep goes from the account to the page that asks for the code to the phone so far.
func (b *browser) phoneStep() page {
	return b.post(PathPhoneChange, url.Values{
		"request": {b.get(PathPhoneChange).request(b.f.t)}, "password": {testPassword},
	})
}

// numberStep goes on to the page that asks for the new number.
func (b *browser) numberStep() page {
	p := b.phoneStep()
	return b.typeCode(p, PathPhoneCode, b.f.sms.code(b.f.t, testPhone))
}

func (b *browser) giveNumber(p page, number string) page {
	return b.post(PathPhoneNew, url.Values{"request": {p.request(b.f.t)}, "phone": {number}})
}

func (f *fixture) phoneNow() string {
	factor, err := f.identity.SecondFactor(f.t.Context(), f.userID)
	require.NoError(f.t, err)
	return factor.Factor
}

func TestChangingThePhoneAsksForPasswordAndBothNumbers(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.phone(testPhone)
		b := f.signedInWithCode()
		require.Contains(t, b.get(PathAccount).body, `href="/login/account/phone" id="change-phone"`)

		wrong := b.post(PathPhoneChange, url.Values{
			"request": {b.get(PathPhoneChange).request(t)}, "password": {"not it at all"},
		})
		require.Contains(t, wrong.body, "Поточний пароль неправильний.")
		p := b.numberStep()
		require.Equal(t, PathPhoneNew, p.Request.URL.Path)
		require.Contains(t, b.giveNumber(p, "12345").body, "Вкажіть номер українського")
		require.Contains(t, b.giveNumber(p, "050 111 22 33").body, "Це ваш теперішній номер")
		f.clock.advance(2 * time.Minute) // past the window in which codes are counted
		p = b.giveNumber(p, "067 111 22 44")
		require.Equal(t, PathPhoneConfirm, p.Request.URL.Path)
		require.Contains(t, b.typeCode(p, PathPhoneConfirm, "000000").body, "Код неправильний")
		require.Equal(t, testPhone, f.phoneNow(), "nothing is stored before the end")
		another := b.post(PathPhoneConfirm, url.Values{"request": {p.request(t)}, "decision": {"other_number"}})
		require.Equal(t, PathPhoneNew, another.Request.URL.Path)
		p = b.typeCode(p, PathPhoneConfirm, f.sms.code(t, newPhone))

		require.Equal(t, PathAccount, p.Request.URL.Path)
		require.Contains(t, p.body, "Номер телефону змінено")
		require.Equal(t, newPhone, f.phoneNow())
		told, err := f.store.AccountNotices(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, testPhone, told[0].FormerPhone, "the number before is told")
		events := f.events(storage.EventFactorChanged)
		require.Len(t, events, 1)
		require.Equal(t, "request-1", events[0].RequestID)
		require.Equal(t, f.userID, events[0].UserID)
	})
}

func TestPhoneIsChangedOnceADayUnlessAnOperatorHelps(t *testing.T) {
	f := newFixture(t)
	f.operator = testOperator
	f.phone(testPhone)
	b := f.signedInWithCode()
	b.typeCode(b.giveNumber(b.numberStep(), newPhone), PathPhoneConfirm, f.sms.code(t, newPhone))
	require.Equal(t, newPhone, f.phoneNow())

	p := b.get(PathPhoneChange)
	require.Contains(t, p.body, "зовсім недавно")
	require.Contains(t, p.body, "help@example.org")
	f.clock.advance(24*time.Hour + time.Second)
	b.typeCode(b.signIn(b.begin(""), testEmail, testPassword), PathCode, f.sms.code(t, newPhone))
	require.Contains(t, b.get(PathPhoneChange).body, "Спершу підтвердьте")
}

func TestPersonWithoutThePhoneIsToldWhomToAsk(t *testing.T) {
	f := newFixture(t)
	f.operator = testOperator
	b := f.signedIn()
	p := b.get(PathPhoneChange)
	require.Contains(t, p.body, "не налаштовано")
	require.Contains(t, p.body, "help@example.org")
	require.NotContains(t, b.get(PathAccount).body, `id="change-phone"`)

	f.phone(testPhone)
	b = f.signedInWithCode()
	for _, p := range []page{b.get(PathPhoneChange), b.phoneStep()} {
		require.Contains(t, p.body, "Немає доступу до цього номера?")
		require.Contains(t, p.body, "help@example.org")
	}
}

func TestPhonePageRequiresASignIn(t *testing.T) {
	require.Equal(t, PathSignIn, newFixture(t).browser().get(PathPhoneChange).Request.URL.Path)
}

// A session from before an operator has reset the phone must not set another: its person signs in anew.
func TestAttackASessionFromBeforeAnOperatorsResetSetsThePhone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		factor := f.phone(testPhone)
		b := f.signedInWithCode()
		step := b.numberStep()
		require.NoError(t, f.store.ResetAuthenticationFactor(t.Context(), factor.ID))
		require.Equal(t, http.StatusBadRequest, b.giveNumber(step, newPhone).StatusCode)
		require.Equal(t, PathSignIn, b.get(PathPhoneChange).Request.URL.Path)
		require.Empty(t, f.phoneNow())
		require.Empty(t, f.sms.received(newPhone))
	})
}

func TestAttackAPhoneChangeByAnotherSessionSiteOrKindOfRequest(t *testing.T) {
	f := newFixture(t)
	f.phone(testPhone)
	b := f.signedInWithCode()
	step := b.phoneStep()
	code := f.sms.code(t, testPhone)
	f.clock.advance(2 * time.Minute)
	other := f.signedInWithCode()
	require.Equal(t, http.StatusBadRequest, other.typeCode(step, PathPhoneCode, code).StatusCode, "another browser")
	require.Equal(t, http.StatusBadRequest, b.giveNumber(step, newPhone).StatusCode, "the code is left out")
	require.Equal(t, http.StatusBadRequest, b.typeCode(step, PathPhoneConfirm, code).StatusCode, "likewise")
	require.Equal(t, http.StatusBadRequest, b.typeCode(step, PathPasswordCode, code).StatusCode, "another change")
	require.Equal(t, http.StatusBadRequest, b.typeCode(step, PathCode, code).StatusCode, "a sign-in")
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Origin", "https://elsewhere.example")
	require.Equal(t, http.StatusForbidden, b.typeCode(step, PathPhoneCode, code).StatusCode)
	require.Equal(t, testPhone, f.phoneNow())
}

func TestAttackAStepOfAPhoneChangeIsReplayedOrLate(t *testing.T) {
	f := newFixture(t)
	f.phone(testPhone)
	b := f.signedInWithCode()
	late := b.numberStep()
	f.clock.advance(11 * time.Minute)
	require.Equal(t, http.StatusBadRequest, b.giveNumber(late, newPhone).StatusCode)

	step := b.phoneStep()
	code := f.sms.code(t, testPhone)
	number := b.typeCode(step, PathPhoneCode, code)
	require.Contains(t, b.typeCode(step, PathPhoneCode, code).body, "Код неправильний", "a code is good once")
	confirm := b.giveNumber(number, newPhone)
	code = f.sms.code(t, newPhone)
	require.Contains(t, b.typeCode(confirm, PathPhoneConfirm, code).body, "Номер телефону змінено")
	require.Equal(t, http.StatusBadRequest, b.typeCode(confirm, PathPhoneConfirm, code).StatusCode)
	require.Equal(t, http.StatusBadRequest, b.giveNumber(number, "+380639998877").StatusCode)
	require.Equal(t, newPhone, f.phoneNow())
}

// Of two changes at once that have both proved the phone so far, one is made.
func TestAttackTwoPhoneChangesAtOnce(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.phone(testPhone)
		numbers := []string{newPhone, "+380639998877"}
		var steps []page
		b := f.signedInWithCode()
		for _, number := range numbers {
			f.clock.advance(2 * time.Minute)
			steps = append(steps, b.giveNumber(b.numberStep(), number))
		}
		codes := []string{f.sms.code(t, numbers[0]), f.sms.code(t, numbers[1])}
		results := make([]page, len(steps))
		var racers sync.WaitGroup
		for i := range steps {
			racers.Go(func() { results[i] = b.typeCode(steps[i], PathPhoneConfirm, codes[i]) })
		}
		racers.Wait()
		made := 0
		for _, p := range results {
			if p.Request.URL.Query().Get("changed") == changedPhone {
				made++
			}
		}
		require.LessOrEqual(t, made, 1)
		if made == 0 {
			require.Equal(t, testPhone, f.phoneNow(), "each has seen the other")
		}
		require.Len(t, f.events(storage.EventFactorChanged), made)
	})
}
