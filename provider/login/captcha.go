package login

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
)

// Captcha has a service check, before a form is sent, that a person fills it in: reCAPTCHA version 3, or a service
// whose script has the same functions. The zero Captcha is none. It is never the only guard of a form, and it is on no
// page on which a password is typed, for its script comes from elsewhere.
type Captcha struct {
	SiteKey   string
	ScriptURL string // https; where the script is, without the site key
}

// ReCAPTCHAScriptURL is Google's.
const ReCAPTCHAScriptURL = "https://www.google.com/recaptcha/api.js"

// The actions by which the service tells the forms apart.
const (
	captchaForgotPassword = "forgot_password"
	captchaInvitation     = "invitation"
)

// longestCaptchaResponse bounds what a form brings from the service, in bytes.
const longestCaptchaResponse = 8 << 10

var (
	captchaScript     = template.JS(mustRead("pages/captcha.js"))
	captchaScriptHash = inbound.SourceHash(string(captchaScript))
)

var (
	refusedCaptcha     = &formError{http.StatusOK, messageCaptcha, ""}
	refusedCaptchaAway = &formError{http.StatusServiceUnavailable, messageCaptchaAway, ""}
)

// captchaForm is what a form with a captcha has besides.
type captchaForm struct {
	SiteKey, Action string
	Source          string      // of the service's script
	Script          template.JS // ours, which asks it
	Host            string      // of the service, for the person
	Notice          string
	NoScript        string
}

// isOn says whether there is one.
func (c Captcha) isOn() bool { return c.SiteKey != "" }

// policy lets a page load the script of the service, and what that loads.
func (c Captcha) policy() contentPolicy {
	if c.ScriptURL == ReCAPTCHAScriptURL {
		// https://developers.google.com/recaptcha/docs/faq, "I'm using content security policy"
		return contentPolicy{
			Script:  captchaScriptHash + " https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/",
			Frames:  []string{"https://www.google.com/recaptcha/", "https://recaptcha.google.com/recaptcha/"},
			Connect: "https://www.google.com/recaptcha/",
		}
	}
	origin := ""
	if u, err := url.Parse(c.ScriptURL); err == nil {
		origin = u.Scheme + "://" + u.Host
	}
	return contentPolicy{Script: captchaScriptHash + " " + origin, Frames: []string{origin}, Connect: origin}
}

// showCaptcha puts the captcha into the form of a page, where there is one.
func (v *view) showCaptcha(action string) {
	c := v.layout.captcha
	if !c.isOn() {
		return
	}
	separator := "?"
	if strings.Contains(c.ScriptURL, "?") {
		separator = "&"
	}
	words := v.Messages.Captcha
	v.Captcha = &captchaForm{
		SiteKey: c.SiteKey, Action: action, Script: captchaScript, Notice: words.Notice, NoScript: words.NoScript,
		Source: c.ScriptURL + separator + url.Values{"render": {c.SiteKey}}.Encode(),
	}
	if u, err := url.Parse(c.ScriptURL); err == nil {
		v.Captcha.Host = u.Host
	}
	v.Policy = c.policy()
}

// checkCaptcha asks the service about what a form brings from it. The refusal says what is wrong. Without a captcha
// there is none.
func (s *signInPages) checkCaptcha(r *http.Request, action string) (*formError, error) {
	if !s.layout.captcha.isOn() {
		return nil, nil
	}
	response := r.PostForm.Get("captcha")
	if response == "" || len(response) > longestCaptchaResponse {
		return refusedCaptcha, nil
	}
	err := s.identity.VerifyCaptcha(r.Context(), identity.CaptchaAnswer{
		Response: response, Address: s.identity.ClientAddress(r), Action: action,
	})
	var rejected *identity.CaptchaError
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &rejected):
		s.logger.InfoContext(r.Context(), "a captcha was refused", "request_id", s.requestID(r), "cause", err)
		return refusedCaptcha, nil
	case r.Context().Err() != nil:
		return nil, err
	}
	s.logger.WarnContext(r.Context(), "the captcha service was of no use", "request_id", s.requestID(r), "cause", err)
	return refusedCaptchaAway, nil
}

// captchaText is what forms say of the captcha in one language.
type captchaText struct{ Notice, NoScript string }

var captchaTexts = map[string]*captchaText{
	ukrainian: {
		Notice:   "Перед надсиланням форми служба перевірить, що її заповнює людина:",
		NoScript: "Для перевірки потрібен JavaScript. Увімкніть його в браузері й оновіть сторінку.",
	},
	english: {
		Notice:   "Before the form is sent, a service checks that a person fills it in:",
		NoScript: "The check needs JavaScript. Turn it on in your browser and reload the page.",
	},
}
