package ehealth_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAttackScannerThatOpensTheLinkUsesNothingUp(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		code := api.add(nurseEmail, "")
		for range 3 {
			w.browser().follow(code)
			b := w.browser()
			b.read(b.http.Head(w.server.URL + "/invite?" + url.Values{"invite": {code}}.Encode()))
		}
		for _, call := range api.called() {
			require.Equal(t, "GET invite", call)
		}
		b := w.browser()
		require.Contains(t, b.submit(b.register(code), accepts).body, "Запрошення прийнято")
	})
}

func TestAttackUsedLinkOpensNothingInAnotherBrowser(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	code := api.add(nurseEmail, "")
	early := w.browser()
	page := early.follow(code)
	b := w.browser()
	b.submit(b.register(code), accepts)
	require.Contains(t, w.browser().follow(code).body, "Запрошення вже використано")
	require.Contains(t, early.submit(page, chosen("Another horse battery 5taple")).body, "Запрошення вже використано")
	require.Contains(t, early.reload(page).body, "Запрошення вже використано")
}

func TestAttackInvitationThatEndedMeanwhileIsNotAccepted(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	w.factor(doctorPhone)
	code := api.add(doctorEmail, "")
	b := w.browser()
	p := b.answerPage(code)
	api.alter(code, func(r *employeeRequest) { r.status = "EXPIRED" })
	require.Contains(t, b.submit(p, accepts).body, "Запрошення вже не діє")
	require.Empty(t, api.bearers)
	require.Empty(t, w.events(storage.EventInvitationAccepted))
}

func TestAttackInvitationSetsNoPasswordOfAnAccount(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		code := api.add(nurseEmail, "")
		b := w.browser()
		p := b.follow(code)
		made := w.admin(http.MethodPost, "users", body("user", map[string]any{
			"email": nurseEmail, "password": nursePassword,
		}))
		require.Equal(t, http.StatusCreated, made.status)
		before, err := w.store.FindUserByEmail(t.Context(), nurseEmail)
		w.must(err)
		api.called()

		p = b.submit(p, chosen("Another horse battery 5taple"))
		require.Equal(t, "/login/sign-in", p.path, p.body)
		require.Equal(t, []string{"GET invite", "GET invite"}, api.called(), "it is not even tried")
		after, err := w.store.FindUserByEmail(t.Context(), nurseEmail)
		w.must(err)
		require.Equal(t, before.Password, after.Password)

		// The same where the account comes between the look and the call.
		second := api.add("midwife@example.com", "")
		p = b.follow(second)
		api.before = func(http.ResponseWriter, *http.Request) bool {
			if api.status(second) == "NEW" && len(api.called()) > 0 {
				w.admin(http.MethodPost, "users", body("user", map[string]any{
					"email": "midwife@example.com", "password": nursePassword,
				}))
			}
			return false
		}
		api.called()
		p = b.submit(p, chosen("Another horse battery 5taple"))
		require.Equal(t, "/login/sign-in", p.path, p.body)
		refused := b.submit(p, url.Values{
			"username": {"midwife@example.com"}, "password": {"Another horse battery 5taple"},
		})
		require.Contains(t, refused.body, "Неправильна електронна пошта або пароль")
	})
}

func TestAttackInvitationIsAnsweredByAnotherPersonsSession(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		w.factor(doctorPhone)
		b := w.browser()
		own := b.answerPage(api.add(doctorEmail, ""))
		foreign := api.add(nurseEmail, "")
		w.admin(http.MethodPost, "users", body("user", map[string]any{"email": nurseEmail, "password": nursePassword}))
		p := b.submit(b.follow(foreign), url.Values{})
		require.Equal(t, http.StatusForbidden, p.status)
		require.Contains(t, p.body, "Запрошення для іншої людини")
		require.Contains(t, p.body, nurseEmail)
		require.NotContains(t, p.body, `value="accept"`)
		require.Equal(t, http.StatusForbidden, b.submit(p, accepts).status, "whatever is sent")
		require.Empty(t, api.bearers)
		refused := w.events(storage.EventInvitationRefused)
		require.Len(t, refused, 1)
		require.Equal(t, doctorID, refused[0].UserID)
		require.Equal(t, "other_user", refused[0].Details["reason"])

		// The way on: the right person signs in, and the doctor's session is over.
		p = b.submit(p, url.Values{"decision": {"switch"}})
		require.Equal(t, "/login/sign-in", p.path)
		require.Contains(t, p.body, `value="`+nurseEmail+`"`)
		p = b.submit(p, url.Values{"username": {nurseEmail}, "password": {nursePassword}})
		p = b.submit(p, url.Values{"phone": {nursePhone}})
		p = b.submit(p, url.Values{"code": {w.components.code(nursePhone).String()}})
		require.Equal(t, "/login/invite/accept", p.path, p.body)
		require.Equal(t, http.StatusForbidden, b.submit(own, accepts).status, "a page that was made for the doctor")
		require.Contains(t, b.submit(p, accepts).body, "Запрошення прийнято")
	})
}

func TestAttackAccountOfAnotherTaxIDAccepts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		w.factor(doctorPhone)
		code := api.add(doctorEmail, "1111111111")
		b := w.browser()
		p := b.answerPage(api.add(doctorEmail, "3087512347"))
		p = b.submit(b.follow(code), url.Values{})
		require.Equal(t, http.StatusForbidden, p.status)
		require.Contains(t, p.body, "Податковий номер у запрошенні не такий")
		require.NotContains(t, p.body, "3087512347")
		require.NotContains(t, p.body, "<form")
		require.Empty(t, api.bearers)
		require.Equal(t, "tax_id", w.events(storage.EventInvitationRefused)[0].Details["reason"])
	})
}

func TestAttackInvitationOfAnotherAddressBetweenTwoPages(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	code := api.add(nurseEmail, "")
	b := w.browser()
	p := b.follow(code)
	api.alter(code, func(r *employeeRequest) { r.email = "thief@example.com" })
	got := b.submit(p, chosen(nursePassword))
	require.Contains(t, got.body, "Запрошення змінилося")
	require.NotContains(t, got.body, "thief@example.com")
	require.NotContains(t, api.called(), "POST user")
	require.Equal(t, "changed", w.events(storage.EventInvitationRefused)[0].Details["reason"])
}

func TestAttackEHealthAPIMakesTheAccountOfAnotherAddress(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	b := w.browser()
	p := b.follow(api.add(nurseEmail, ""))
	api.before = func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			return false
		}
		made := w.admin(http.MethodPost, "users", body("user", map[string]any{
			"email": "thief@example.com", "password": nursePassword,
		}))
		rw.WriteHeader(made.status)
		return true
	}
	p = b.submit(p, chosen(nursePassword))
	require.Equal(t, http.StatusForbidden, p.status)
	require.Contains(t, p.body, "Запрошення не вдалося прийняти")
	require.Empty(t, w.events(storage.EventSignIn))
}

func TestAttackCodesAreGuessed(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		code := api.add(nurseEmail, "")
		for i := range 20 {
			require.Contains(t, w.browser().follow("guess"+strconv.Itoa(i)).body, "Запрошення не знайдено")
		}
		api.called()
		p := w.browser().follow("guess20")
		require.Equal(t, http.StatusTooManyRequests, p.status)
		require.Equal(t, http.StatusTooManyRequests, w.browser().follow(code).status)
		require.Empty(t, api.called(), "ehealth.api is left in peace")
		w.later.Store(3601)
		require.Contains(t, w.browser().follow(code).body, "Створіть обліковий запис")
	})
}

func TestAttackAnswersOfTheEHealthAPIThatAreNone(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	for name, answer := range map[string]http.HandlerFunc{
		"huge":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) },
		"malformed": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"data": [`) },
		"empty":     func(http.ResponseWriter, *http.Request) {},
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"data"`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		},
		"an error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "internal words")
		},
	} {
		t.Run(name, func(t *testing.T) {
			code := api.add(nurseEmail, "")
			b := w.browser()
			p := b.follow(code)
			api.before = func(w http.ResponseWriter, r *http.Request) bool { answer(w, r); return true }
			defer func() { api.before = nil }()
			for _, got := range []page{b.reload(p), b.submit(p, chosen(nursePassword)), w.browser().follow(code)} {
				require.Equal(t, http.StatusServiceUnavailable, got.status)
				require.Contains(t, got.body, "Система охорони здоров’я зараз не відповідає")
				require.NotContains(t, got.body, "internal words")
			}
		})
	}
	_, err := w.store.FindUserByEmail(t.Context(), nurseEmail)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func TestAnswerThatTheEHealthAPIDoesNotTakeCanBeGivenAgain(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	w.factor(doctorPhone)
	code := api.add(doctorEmail, "")
	b := w.browser()
	p := b.answerPage(code)
	api.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadGateway)
		}
		return r.Method == http.MethodPost
	}
	got := b.submit(p, accepts)
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.Contains(t, got.body, `value="accept"`)
	require.Empty(t, w.events(storage.EventInvitationAccepted))
	api.before = nil
	require.Contains(t, b.submit(got, accepts).body, "Запрошення прийнято")
}

func TestAttackManyAnswersAtOnceAreOne(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w, api := inviting(t, engine)
		w.factor(doctorPhone)
		code := api.add(doctorEmail, "")
		b := w.browser()
		p := b.answerPage(code)
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				form := url.Values{"request": {hidden.FindStringSubmatch(p.body)[1]}, "decision": {"accept"}, "rules": {"yes"}}
				response, err := b.http.PostForm(w.server.URL+p.path, form)
				assert.NoError(t, err)
				content, err := io.ReadAll(response.Body)
				assert.NoError(t, err)
				assert.NoError(t, response.Body.Close())
				assert.Contains(t, string(content), "Запрошення прийнято")
			})
		}
		group.Wait()
		require.Equal(t, "APPROVED", api.status(code))
		require.Len(t, w.events(storage.EventInvitationAccepted), 1)
	})
}

func TestAttackPagesOfAnInvitationAreOpenedInAnotherBrowser(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	p := w.browser().follow(api.add(nurseEmail, ""))
	api.called()
	thief := w.browser()
	for _, path := range []string{"/login/invite", "/login/invite/accept"} {
		got := thief.submit(page{path: path, body: p.body}, chosen(nursePassword))
		require.Equal(t, http.StatusBadRequest, got.status)
		require.Contains(t, got.body, "Відкрийте посилання з листа ще раз")
	}
	require.Empty(t, api.called())
	require.False(t, strings.Contains(p.body, "invite="), "no code in the page")
}
