package ehealth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// demand makes a scope ask for a form and an assurance.
func (w *world) demand(name, form, assurance string) {
	w.must(w.store.PutScope(w.t.Context(), storage.Scope{
		Name: name, TitleUkrainian: "Назва", TitleEnglish: "Title", GovernedBy: storage.GovernedByRole, LoginForm: form,
		Assurance: assurance,
	}))
}

// ask opens the legacy sign-in for a scope of the hospital.
func (b *browser) ask(scope string) page {
	return b.open(url.Values{"client_id": {hospitalID}, "redirect_uri": {redirectURI}, "scope": {scope}})
}

func (b *browser) password(p page, password string) page {
	return b.submit(p, url.Values{"username": {doctorEmail}, "password": {password}})
}

func (b *browser) accept(p page) page {
	require.Equal(b.stack.t, "/login/consent", p.path, p.body)
	return b.submit(p, url.Values{"decision": {"accept"}})
}

var landed = regexp.MustCompile(`^https://mis-a\.example/cb\?code=[A-Za-z0-9]{32}$`)

// session is the newest login session of the doctor.
func (w *world) session() storage.LoginSession {
	sessions, err := w.store.ListLoginSessions(w.t.Context(), doctorID)
	w.must(err)
	require.NotEmpty(w.t, sessions)
	return sessions[0]
}

func TestSignInAsksForAOneTimeCodeIfAScopeRequiresIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.demand("employee:read", storage.LoginFormPassword, storage.AssuranceOneTimeCode)
		b := w.browser()
		p := b.accept(b.password(b.ask("legal_entity:read"), doctorPassword))
		require.Regexp(t, landed, p.location, "a password is enough for this one")
		require.Equal(t, []string{"pwd"}, w.session().AMR)

		standard := url.Values{
			"response_type": {"code"}, "client_id": {hospitalID}, "redirect_uri": {redirectURI}, "scope": {"employee:read"},
			"prompt": {"none"},
		}
		silent := b.read(b.http.Get(w.server.URL + "/oauth2/authorize?" + standard.Encode()))
		require.Contains(t, silent.location, "error=login_required", "the session is too weak")
		p = b.ask("employee:read")
		require.Equal(t, "/login/sign-in", p.path)
		p = b.password(p, doctorPassword)
		require.Equal(t, "/login/authenticator/new", p.path, p.body)
		require.Contains(t, p.body, "для вашого облікового запису його ще не налаштовано")

		w.factor(doctorPhone)
		p = b.ask("employee:read")
		require.Equal(t, "/login/factor", p.path, "the session lacks the second factor alone")
		p = b.submit(p, url.Values{"kind": {"SMS"}})
		require.Equal(t, "/login/code", p.path, p.body)
		require.Contains(t, p.body, "&#43;380 ••• ••• 67")
		require.NotContains(t, p.body, doctorPhone)
		wrong := b.submit(p, url.Values{"code": {w.components.wrong(doctorPhone).String()}})
		require.Contains(t, wrong.body, "Код неправильний")
		first := w.components.code(doctorPhone).String()
		again := b.submit(wrong, url.Values{"decision": {"resend"}})
		require.Equal(t, "/login/code", again.path)
		if second := w.components.code(doctorPhone).String(); second != first {
			require.Contains(t, b.submit(again, url.Values{"code": {first}}).body, "Код неправильний")
		}
		code := w.components.code(doctorPhone).String()
		p = b.submit(again, url.Values{"code": {" " + code[:3] + " " + code[3:]}})
		require.Regexp(t, landed, b.accept(p).location)
		require.Equal(t, "one_time_code", w.session().ACR)
		require.Equal(t, []string{"pwd", "otp", "sms", "mfa"}, w.session().AMR)
		require.Contains(t, b.submit(again, url.Values{"code": {code}}).body, "Код неправильний",
			"an older page is worth nothing")
		require.Regexp(t, landed, b.ask("employee:read legal_entity:read").location, "session and consent are remembered")
	})
}

func TestSignInPagesBlockTheUserAfterThreeWrongCodes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		b := w.browser()
		p := b.password(b.ask("legal_entity:read"), doctorPassword)
		wrong := func() page { return b.submit(p, url.Values{"code": {w.components.wrong(doctorPhone).String()}}) }
		require.Contains(t, wrong().body, "Код неправильний.")
		require.Contains(t, wrong().body, "Код неправильний, і залишилася одна спроба.", "before the last try")
		again := w.server.URL + "/login/code?request=" + url.QueryEscape(hidden.FindStringSubmatch(p.body)[1])
		require.Contains(t, b.read(b.http.Get(again)).body, "Залишилася одна спроба.")
		last := wrong()
		require.Equal(t, http.StatusForbidden, last.status)
		require.Contains(t, last.body, "Ви тричі ввели неправильний код, тому ваш обліковий запис заблоковано.")
		require.Contains(t, last.body, "Зверніться до адміністратора")
		require.NotContains(t, last.body, "<form", "there is nothing to try again")
		got := b.submit(p, url.Values{"code": {w.components.code(doctorPhone).String()}})
		require.Equal(t, http.StatusForbidden, got.status)
		require.Contains(t, got.body, "Обліковий запис заблоковано.")
		w.components.smsAway = true
		w.must(w.store.UnblockUser(t.Context(), doctorID))
		away := b.password(b.ask("legal_entity:read"), doctorPassword)
		require.Equal(t, http.StatusServiceUnavailable, away.status)
		require.Contains(t, away.body, "Не вдалося надіслати SMS")
	})
}

func TestSignInAsksForThePhoneOfAnEmptyFactor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor("")
		b := w.browser()
		p := b.password(b.ask("legal_entity:read"), doctorPassword)
		require.Equal(t, "/login/phone", p.path, p.body)
		rejected := b.submit(p, url.Values{"phone": {"12 34"}})
		require.Contains(t, rejected.body, "Вкажіть номер українського мобільного оператора")
		require.Contains(t, rejected.body, `value="12 34"`, "what was typed is there to be mended")
		mistaken := b.submit(p, url.Values{"phone": {"067 111 22 33"}})
		require.Equal(t, "/login/code", mistaken.path, mistaken.body)
		p = b.submit(mistaken, url.Values{"decision": {"other_number"}})
		require.Equal(t, "/login/phone", p.path, p.body)
		code := b.submit(p, url.Values{"phone": {"050 123-45-67"}})
		require.Equal(t, "/login/code", code.path, code.body)
		done := b.submit(code, url.Values{"code": {w.components.code(doctorPhone).String()}})
		require.Regexp(t, landed, b.accept(done).location)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		require.Equal(t, doctorPhone, factor.Factor)
		replaced := b.submit(p, url.Values{"phone": {"+380671112233"}})
		require.Equal(t, http.StatusBadRequest, replaced.status, "the factor has a phone now")
	})
}

func TestSignInPageConfirmsThatAnotherCodeWasSent(t *testing.T) {
	w := newWorld(t, storagetest.Engines()[0])
	w.factor(doctorPhone)
	b := w.browser()
	p := b.password(b.ask("legal_entity:read"), doctorPassword)
	require.NotContains(t, p.body, "Новий код надіслано.")
	require.NotContains(t, p.body, "other_number", "a number that is set is not another person's to change")
	again := b.submit(p, url.Values{"decision": {"resend"}})
	require.Contains(t, again.body, "Новий код надіслано.")
	require.Contains(t, again.body, `role="status"`)
	require.Equal(t, http.StatusBadRequest, b.submit(again, url.Values{"decision": {"other_number"}}).status)
	b.submit(again, url.Values{"decision": {"resend"}})
	limited := b.submit(again, url.Values{"decision": {"resend"}})
	require.Equal(t, http.StatusTooManyRequests, limited.status)
	require.Regexp(t, `Новий код можна надіслати після \d\d:\d\d за київським часом`, limited.body)
}

// TestAPasswordOfAnOperatorIsChangedAtTheNextSignIn goes through the page, and meets the login API's words.
func TestAPasswordOfAnOperatorIsChangedAtTheNextSignIn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		user, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		w.must(w.store.SetPasswordToChange(t.Context(), doctorID, user.Password))

		w.rejected(w.login(byPassword()), http.StatusUnauthorized, "password_expired",
			"The password expired for user: "+doctorID)
		change := w.login(byPassword("grant_type", "change_password", "scope", "user:change_password"))
		require.Equal(t, "change_password_token", change.member("data.name"), change.raw)

		b := w.browser()
		p := b.password(b.ask("legal_entity:read"), doctorPassword)
		require.Equal(t, "/login/new-password", p.path, p.body)
		require.Contains(t, p.body, "Цей пароль вам дав адміністратор.")
		done := b.submit(p, url.Values{"password": {"дощ над києвом не спиняється"}})
		require.Regexp(t, landed, b.accept(done).location)
		user, err = w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		require.False(t, user.MustChangePassword)
		require.Equal(t, http.StatusCreated, w.login(byPassword("password", "дощ над києвом не спиняється")).status)
	})
}

func TestSignInAsksForANewPasswordWhenTheOldOneExpired(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		w.later.Store(90 * 86400)
		b := w.browser()
		code := b.password(b.ask("legal_entity:read"), doctorPassword)
		p := b.submit(code, url.Values{"code": {w.components.code(doctorPhone).String()}})
		require.Equal(t, "/login/new-password", p.path, "the second factor comes first")
		for password, says := range map[string]string{
			"Short1": "закороткий", "Password1234": "легко вгадати", doctorEmail: "легко вгадати",
			strings.Repeat("довгий пароль ", 100): "задовгий",
		} {
			require.Contains(t, b.submit(p, url.Values{"password": {password}}).body, says)
		}
		done := b.submit(p, url.Values{"password": {"дощ над києвом не спиняється"}})
		require.Regexp(t, landed, b.accept(done).location)
		require.Equal(t, http.StatusBadRequest, b.submit(p, url.Values{"password": {"сонце над києвом не сідає"}}).status,
			"once is enough")
		w.later.Store(91 * 86400)
		next := w.browser()
		require.Equal(t, "/login/code", next.password(next.ask("legal_entity:read"), "дощ над києвом не спиняється").path)
	})
}

var content = regexp.MustCompile(`<textarea[^>]*>([^<]*)</textarea>`)

// signed sends a signed file from the signature page; the service says of it what answer has.
func (b *browser) signed(p page, file string, response map[string]any) page {
	c := b.stack.components
	encoded, err := json.Marshal(response)
	require.NoError(b.stack.t, err)
	c.mu.Lock()
	c.signed[base64.StdEncoding.EncodeToString([]byte(file))] = string(encoded)
	c.mu.Unlock()
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	require.NoError(b.stack.t, writer.WriteField("request", hidden.FindStringSubmatch(p.body)[1]))
	part, err := writer.CreateFormFile("signature", "sign-in.p7s")
	require.NoError(b.stack.t, err)
	_, err = part.Write([]byte(file))
	require.NoError(b.stack.t, err)
	require.NoError(b.stack.t, writer.Close())
	return b.read(b.http.Post(b.stack.server.URL+"/login/signature", writer.FormDataContentType(), &form))
}

func TestSignInAsksForADigitalSignatureIfAScopeRequiresIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.demand("employee:read", storage.LoginFormSignature, storage.AssuranceSignature)
		b := w.browser()
		p := b.ask("legal_entity:read employee:read")
		require.Equal(t, "/login/signature", p.path, "the strictest wins")
		var message any
		require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(content.FindStringSubmatch(p.body)[1])), &message))
		by := func(drfo string, content any) map[string]any {
			return map[string]any{"data": map[string]any{"content": content, "signatures": []any{signature(drfo)}}}
		}
		unconfirmed := "Підпис не вдалося підтвердити"
		require.Contains(t, b.signed(p, "another", by("3087512347", map[string]string{"nonce": "another"})).body, unconfirmed)
		require.Contains(t, b.signed(p, "two", map[string]any{"data": map[string]any{
			"content": message, "signatures": []any{signature("3087512347"), signature("3087512347")},
		}}).body, unconfirmed)
		require.Contains(t, b.signed(p, "stranger", by("1", message)).body, "Не знайдено користувача")
		for _, entry := range []string{"", "2222222222", "3087512347 INACTIVE"} {
			w.components.persons = map[string]string{"585041f5-1272-4bca-8d41-8440eefe7d26": entry}
			require.Contains(t, b.signed(p, "mine", by("3087512347", message)).body, "Не знайдено користувача", entry)
		}
		w.components.persons = map[string]string{}
		require.Contains(t, b.signed(p, "mine", by("3087512347", message)).body, "Не знайдено користувача")
		w.components.persons = nil
		require.Contains(t, b.signed(p, "", nil).body, "Додайте підписаний файл")
		done := b.signed(p, "mine", by("3087512347", message))
		require.Regexp(t, landed, b.accept(done).location)
		require.Equal(t, "signature", w.session().ACR)
		require.Equal(t, []string{"pop"}, w.session().AMR)
		require.Contains(t, b.signed(p, "mine", by("3087512347", message)).body, unconfirmed, "a signature signs in once")
		other := w.browser()
		require.Equal(t, http.StatusBadRequest, other.signed(p, "mine", by("3087512347", message)).status,
			"and in one browser only")
		require.Regexp(t, landed, b.ask("legal_entity:read").location, "a stronger session is good for less")
	})
}

func TestThePatientsFormIsForPeopleInTheRegistry(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.demand("employee:read", storage.LoginFormPatient, storage.AssurancePassword)
		b := w.browser()
		p := b.ask("employee:read")
		require.Contains(t, p.body, "<h1>Вхід для пацієнтів</h1>")
		user, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		user.TaxID = ""
		w.must(w.store.UpdateUser(t.Context(), *user))
		rejected := b.password(p, doctorPassword)
		require.Equal(t, http.StatusForbidden, rejected.status)
		require.Contains(t, rejected.body, "немає даних про пацієнта")
		user.TaxID = "3087512347"
		w.must(w.store.UpdateUser(t.Context(), *user))
		require.Regexp(t, landed, b.accept(b.password(p, doctorPassword)).location)
	})
}

func TestTheUsersOfATrustedClientAreNotAskedForConsent(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.change(hospitalID, func(c *storage.Client) { c.Policy.Trusted = true })
		b := w.browser()
		p := b.password(b.open(url.Values{"client_id": {hospitalID}, "redirect_uri": {redirectURI}}), doctorPassword)
		require.Regexp(t, landed, p.location)
		approval, err := w.store.FindApproval(t.Context(), doctorID, hospitalID)
		w.must(err)
		require.Equal(t, []string{"employee:read", "legal_entity:read"}, approval.Scope)
	})
}

func TestApprovalByAPIRequiresTheAssuranceOfItsScopes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.demand("employee:read", storage.LoginFormPassword, storage.AssuranceOneTimeCode)
		request := body("app", map[string]any{"client_id": hospitalID, "redirect_uri": redirectURI, "scope": "employee:read"})
		approve := func(token string) reply {
			return w.send(http.MethodPost, "/oauth/apps/authorize", headers("Authorization", "Bearer "+token), request)
		}
		weak := approve(w.login(byPassword()).member("data.value"))
		require.Equal(t, http.StatusForbidden, weak.status, weak.raw)
		w.factor(doctorPhone)
		half := w.login(byPassword()).member("data.value")
		strong := w.twoFactor(half, w.components.code(doctorPhone)).member("data.value")
		require.Equal(t, http.StatusCreated, approve(strong).status)
	})
}

func TestConsentIsAskedForNewScopesOnly(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		b := w.browser()
		require.Regexp(t, landed, b.accept(b.password(b.ask("legal_entity:read"), doctorPassword)).location)
		p := b.ask("legal_entity:read employee:read")
		require.Contains(t, p.body, "employee:read")
		require.NotContains(t, p.body, "legal_entity:read")
		require.Regexp(t, landed, b.accept(p).location)
		require.Regexp(t, landed, b.ask("employee:read legal_entity:read").location)
	})
}
