package provider_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/login"
	"ithildin/storage/storagetest"
)

// captchas verifies the answer "person", for the action that it was solved for.
type captchas struct {
	mu     sync.Mutex
	solved string // the action
	away   bool
	asked  int
}

// Verify implements identity.CaptchaVerifier.
func (c *captchas) Verify(_ context.Context, a identity.CaptchaAnswer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	switch {
	case c.away:
		return errors.New("the service is away")
	case a.Response != "person" || a.Action != c.solved || a.Address == "":
		return &identity.CaptchaError{Codes: []string{"refused"}}
	}
	return nil
}

// withCaptcha puts a captcha on the pages.
func withCaptcha(c *captchas) func(*provider.Options) {
	return func(o *provider.Options) {
		o.Components.Captcha = c
		o.Captcha = login.Captcha{SiteKey: "site-key", ScriptURL: login.ReCAPTCHAScriptURL}
	}
}

const captchaScript = `src="https://www.google.com/recaptcha/api.js?render=site-key"`

func TestLinkForAForgottenPasswordIsSentOnceTheCaptchaIsSolved(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		captcha := &captchas{solved: "forgot_password"}
		s := newResetting(t, engine, withCaptcha(captcha))
		b := s.browser()
		p := b.get(s.stack.server.URL + login.PathForgotPassword)
		require.Contains(t, p.body, captchaScript)
		require.Contains(t, p.body, `data-captcha="site-key" data-action="forgot_password"`)
		require.Contains(t, p.body, "www.google.com", "a person sees who is asked")
		require.Contains(t, p.body, "<noscript>")
		policy := p.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/;")
		require.NotContains(t, policy, "unsafe-inline")

		send := func(email, response string) page {
			return b.answer(p, url.Values{"email": {email}, "captcha": {response}})
		}
		known := send(forgetfulEmail, "")
		require.Contains(t, known.body, "Не вдалося перевірити, що форму заповнює людина")
		require.Contains(t, known.body, `value="`+forgetfulEmail+`"`, "what was typed stays")
		require.Zero(t, captcha.asked, "there is nothing to ask about")
		require.Contains(t, send(forgetfulEmail, "program").body, "Не вдалося перевірити")
		captcha.solved = "invitation"
		require.Contains(t, send(forgetfulEmail, "person").body, "Не вдалося перевірити", "of another form")
		captcha.away = true
		unavailable := send(forgetfulEmail, "person")
		require.Equal(t, http.StatusServiceUnavailable, unavailable.status)
		require.Contains(t, unavailable.body, "Перевірка тимчасово недоступна")
		require.Empty(t, s.letters())

		captcha.away, captcha.solved = false, "forgot_password"
		s.asked += 2
		for _, email := range []string{"nobody@example.com", forgetfulEmail} {
			require.Contains(t, send(email, "person").body, "Якщо обліковий запис із такою адресою є", email)
		}
		require.Len(t, s.letters(), 1)
	})
}

func TestInvitationIsShownOnceTheCaptchaIsSolved(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		captcha := &captchas{solved: "invitation"}
		i := newInviting(t, engine, withCaptcha(captcha))
		i.invite("nurse@example.com", "")
		b := i.browser()
		check := b.get(i.link())
		require.Contains(t, check.body, captchaScript)
		require.Contains(t, check.body, `data-action="invitation"`)
		require.NotContains(t, check.body, "Головна лікарка", "nothing of the invitation is shown before")
		request := check.request(t)

		answer := b.get(i.stack.server.URL + login.PathInvitationAnswer + "?" + url.Values{"request": {request}}.Encode())
		require.Equal(t, login.PathInvitation, answer.url.Path, "no other page leads past it")
		skipped := b.answer(check, invitedPassword())
		require.Contains(t, skipped.body, "Не вдалося перевірити")
		require.NotContains(t, skipped.body, "Головна лікарка")
		require.Contains(t, b.answer(check, url.Values{"captcha": {"program"}}).body, "Не вдалося перевірити")

		p := b.answer(check, url.Values{"captcha": {"person"}})
		require.Contains(t, p.body, "Головна лікарка")
		require.Contains(t, p.body, `id="password"`)
		require.NotContains(t, p.body, "recaptcha", "no script from elsewhere is where a password is typed")
		require.NotContains(t, p.header.Get("Content-Security-Policy"), "script-src")
		p = i.setPhone(b, b.answer(p, invitedPassword()))
		require.Equal(t, login.PathInvitationAnswer, p.url.Path, p.body)
		b.answer(p, acceptance())
		require.Len(t, i.rolesOf("nurse@example.com"), 1)
	})
}

func TestPagesHaveNoCaptchaWhereNoneIsConfigured(t *testing.T) {
	captcha := &captchas{}
	onlyAPI := func(o *provider.Options) { o.Components.Captcha = captcha }
	s := newResetting(t, storagetest.Engines()[0], onlyAPI)
	p := s.browser().get(s.stack.server.URL + login.PathForgotPassword)
	i := newInviting(t, storagetest.Engines()[0], onlyAPI)
	i.invite("nurse@example.com", "")
	invited := i.browser().get(i.link())
	require.Contains(t, invited.body, "Головна лікарка")
	for _, shown := range []page{p, invited} {
		require.NotContains(t, shown.body, "<script")
		require.NotContains(t, shown.body, "captcha")
		require.NotContains(t, shown.header.Get("Content-Security-Policy"), "script-src")
	}
	s.ask(forgetfulEmail)
	require.Len(t, s.letters(), 1)
	require.Zero(t, captcha.asked)
}
