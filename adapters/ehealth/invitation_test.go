package ehealth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestInvitedPersonWithoutAnAccountGetsOneWithAPhoneAndTheRole(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		code := api.add(nurseEmail, "")
		b := w.browser()
		p := b.follow(code)
		require.Equal(t, "/login/invite", p.path)
		for _, shown := range []string{"Клініка «Здоров’я»", "лікар", "Головний лікар", "Коваль Олена Іванівна",
			nurseEmail, "2026-12-01",
			"Щонайменше 12 символів"} {
			require.Contains(t, p.body, shown)
		}
		for _, kept := range []string{"1980-02-29", "+380991234567", "АА120518", "DD123543", code} {
			require.NotContains(t, p.body, kept, "the link alone shows no more than is needed")
		}
		p = b.register(code)
		require.Contains(t, p.body, "1980-02-29")
		require.Contains(t, p.body, rulesURI)
		require.Equal(t, "NEW", api.status(code), "nothing is answered for the person")
		api.called()

		p = b.submit(p, url.Values{"decision": {"accept"}})
		require.Contains(t, p.body, "підтвердьте, що ви ознайомлені з правилами")
		p = b.submit(p, accepts)
		require.Contains(t, p.body, "Запрошення прийнято")
		require.Contains(t, p.body, `href="https://mis-a.example/begin?from=mail&amp;iss=http`)
		require.Equal(t, []string{"GET invite", "GET invite", "POST approve", "GET invite"}, api.called())

		user, err := w.store.FindUserByEmail(t.Context(), nurseEmail)
		w.must(err)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), user.ID, "SMS")
		w.must(err)
		require.Equal(t, nursePhone, factor.Factor)
		roles, err := w.store.ListUserRoles(t.Context(), user.ID)
		w.must(err)
		require.Equal(t, []storage.UserRole{
			{RoleID: w.doctorRole.ID, RoleName: "DOCTOR", ClientID: hospitalID},
		}, roles)
		events := w.events(storage.EventInvitationAccepted)
		require.Len(t, events, 1)
		require.Equal(t, user.ID, events[0].UserID)
		require.Equal(t, hospitalID, events[0].ClientID)
		require.NotEmpty(t, events[0].RequestID)
		require.NotEmpty(t, events[0].Address)
		require.NotEqual(t, http.StatusOK, w.verify(api.bearers[0]).status, "the token is over")
	})
}

func TestInvitedPersonWithAnAccountSignsInByPasswordAndCode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		w.factor(doctorPhone)
		code := api.add("Doctor@Example.com", "3087512347")
		api.alter(code, func(r *employeeRequest) { r.email = doctorEmail })
		b := w.browser()
		p := b.follow(code)
		require.Contains(t, p.body, "вже є обліковий запис")
		require.NotContains(t, p.body, `type="password"`)
		p = b.answerPage(code)
		p = b.submit(p, url.Values{"decision": {"reject"}})
		require.Contains(t, p.body, "Запрошення відхилено")
		require.Equal(t, "REJECTED", api.status(code))
		require.Len(t, w.events(storage.EventInvitationRejected), 1)

		second := api.add(doctorEmail, "")
		p = b.submit(b.follow(second), url.Values{})
		require.Equal(t, "/login/invite/accept", p.path, "the session is strong enough")
		require.Contains(t, b.submit(p, accepts).body, "Запрошення прийнято")
	})
}

func TestInvitedPersonWithoutASecondFactorSetsAPhone(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	b := w.browser()
	p := b.submit(b.follow(api.add(doctorEmail, "")), url.Values{})
	p = b.submit(p, url.Values{"username": {doctorEmail}, "password": {doctorPassword}})
	require.Equal(t, "/login/phone", p.path, p.body)
	p = b.submit(p, url.Values{"phone": {doctorPhone}})
	p = b.submit(p, url.Values{"code": {w.components.code(doctorPhone).String()}})
	require.Equal(t, "/login/invite/accept", p.path, p.body)
	created := w.events(storage.EventFactorCreated)
	require.Len(t, created, 1)
	require.Equal(t, doctorID, created[0].UserID)
}

func TestInvitationNeedsNoSecondFactorWhereTheOperatorSaysSo(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0], func(o *provider.Options) { o.Invitations.FactorOptional = true })
	b := w.browser()
	p := b.submit(b.follow(api.add(doctorEmail, "")), url.Values{})
	p = b.submit(p, url.Values{"username": {doctorEmail}, "password": {doctorPassword}})
	require.Equal(t, "/login/invite/accept", p.path, p.body)
	require.Contains(t, b.submit(p, accepts).body, "Запрошення прийнято")
}

func TestPasswordOfAnInvitedPersonIsCheckedBeforeAnythingIsSent(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	b := w.browser()
	p := b.follow(api.add(nurseEmail, ""))
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"short":      {chosen("Short1"), "Пароль закороткий"},
		"no digit":   {chosen("Correct horse battery staple"), "У паролі мають бути велика й мала літери та цифра."},
		"common":     {chosen("Password123456"), "Такий пароль легко вгадати"},
		"own e-mail": {chosen("Nurse@example.com1"), "Такий пароль легко вгадати"},
		"differ":     {url.Values{"password": {nursePassword}, "repeat": {"x"}, "agree": {"yes"}}, "Паролі не збігаються"},
		"no consent": {url.Values{"password": {nursePassword}, "repeat": {nursePassword}}, "Без згоди"},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.submit(p, c.form)
			require.Equal(t, http.StatusOK, got.status)
			require.Contains(t, got.body, c.want)
			require.Contains(t, got.body, `role="alert"`)
			require.NotContains(t, got.body, c.form.Get("password"))
		})
	}
	require.NotContains(t, api.called(), "POST user")
}

func TestInvitationPagesAreEnglishWhereThePersonIs(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	b := w.browser()
	p := b.follow(api.add(nurseEmail, ""))
	found := hidden.FindStringSubmatch(p.body)
	p = b.read(b.http.Get(w.server.URL + p.path + "?lang=en&request=" + url.QueryEscape(found[1])))
	for _, shown := range []string{"You are invited", "doctor", "Password again", "I agree to the processing"} {
		require.Contains(t, p.body, shown)
	}
	require.Contains(t, b.submit(p, chosen("Short1")).body, "The password is too short")
}

func TestOldLinksOfInvitationsLeadToThePage(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	code := api.add(nurseEmail, "")
	for _, path := range []string{"/invite", "/invite/", "/invite/accept", "/login/invite"} {
		for name, written := range map[string]string{
			"escaped": url.QueryEscape(code), "as it is": code, "with a full stop": url.QueryEscape(code) + ".",
		} {
			b := w.browser()
			p := b.read(b.http.Get(w.server.URL + path + "?invite=" + written))
			require.Contains(t, p.body, "Створіть обліковий запис", "%s, %s", path, name)
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request(t, w.server.URL+"/invite?invite=a"))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, w.server.URL+"/login/invite?invite=a", response.Header.Get("Location"))
	require.Equal(t, "no-referrer", response.Header.Get("Referrer-Policy"))
}

func request(t *testing.T, address string) *http.Request {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	return r
}

func TestOldAddressOfTheConsentPageBeginsAnAuthorizationRequest(t *testing.T) {
	w := newWorld(t, storagetest.Engines()[0])
	b := w.browser()
	p := b.read(b.http.Get(w.server.URL + "/accept?" + url.Values{
		"client_id": {hospitalID}, "redirect_uri": {redirectURI}, "scope": {"legal_entity:read"},
	}.Encode()))
	require.Equal(t, "/login/sign-in", p.path, p.body)
	require.Equal(t, "/login/consent", b.password(p, doctorPassword).path)
}

func TestWithoutAnEHealthAPILinksOfInvitationsSayWhatToDo(t *testing.T) {
	w := newWorld(t, storagetest.Engines()[0])
	for _, path := range []string{
		"/invite?invite=YWJj", "/invite", "/invite/accept?invite=YWJj", "/login/invite?invite=YWJj",
	} {
		b := w.browser()
		p := b.read(b.http.Get(w.server.URL + path))
		require.Equal(t, http.StatusOK, p.status, path)
		require.Contains(t, p.body, "Запрошення тут не приймають", path)
		require.Contains(t, p.body, "Зверніться до закладу", path)
	}
}

func TestInvitationThatTakesNoAnswerSaysWhy(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	for status, want := range map[string]string{
		"EXPIRED": "Запрошення вже не діє", "APPROVED": "Запрошення вже використано",
		"REJECTED": "Запрошення вже використано",
	} {
		code := api.add(nurseEmail, "")
		api.alter(code, func(r *employeeRequest) { r.status = status })
		p := w.browser().follow(code)
		require.Equal(t, http.StatusOK, p.status)
		require.Contains(t, p.body, want)
		require.NotContains(t, p.body, nurseEmail)
		require.Contains(t, p.body, "Номер запиту")
	}
}

func TestPersonWhoAnsweredIsToldWhichAnswer(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	w.factor(doctorPhone)
	code := api.add(doctorEmail, "")
	b := w.browser()
	p := b.answerPage(code)
	require.Contains(t, b.submit(p, accepts).body, "Запрошення прийнято")
	api.called()
	require.Contains(t, b.submit(p, accepts).body, "Запрошення прийнято", "again")
	require.Contains(t, b.submit(p, url.Values{"decision": {"reject"}}).body, "Запрошення прийнято", "it stays so")
	for _, call := range api.called() {
		require.Equal(t, "GET invite", call)
	}
	require.Len(t, w.events(storage.EventInvitationAccepted), 1)
	require.False(t, strings.Contains(b.follow(code).body, "<form"))
}
