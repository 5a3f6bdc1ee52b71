package login

import (
	"errors"
	"net/http"
	"net/url"

	"ithildin/provider/identity"
	"ithildin/storage"
)

var refusedEmail = &formError{http.StatusOK, messageEmail, ""} // of what is no e-mail address

// forgotLink leads from the sign-in form to the page that sends a link.
func (s *signInPages) forgotLink(v *view, request string) pageLink {
	return pageLink{
		ID: "forgot-password", Address: s.layout.path + PathForgotPassword + "?" + url.Values{"request": {request}}.Encode(),
		Words: v.Messages.Resets.Forgot,
	}
}

// showForgot asks for the e-mail address. Who comes from no sign-in gets to their account in the end.
func (s *passwordResetPages) showForgot(w http.ResponseWriter, r *http.Request) error {
	if !s.mail.IsOn() {
		return s.writeOff(w, r)
	}
	if !r.URL.Query().Has("request") {
		return s.RedirectToPage(w, r, PathForgotPassword, Interaction{Page: PathAccount})
	}
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	return s.writeForgot(w, r, p, keepable(p.LoginHint), nil)
}

func (s *passwordResetPages) writeForgot(
	w http.ResponseWriter, r *http.Request, p Interaction, typed string, problem *formError,
) error {
	return s.writeStep(w, r, p, func(t *messageSet) string { return t.Resets.Title },
		func(t *messageSet) stepPage {
			words := t.Resets
			return stepPage{
				Action: PathForgotPassword, Lead: words.Lead, Label: t.Username, Name: "email", Type: "text", InputMode: "email",
				Autocomplete: "username", MaxLength: identity.MaximumUsername, Value: typed, Button: words.Send,
				ButtonID: "forgot-submit", Captcha: captchaForgotPassword,
			}
		}, problem)
}

// submitForgot answers everybody alike, and then sends a link if there is an account.
func (s *passwordResetPages) submitForgot(w http.ResponseWriter, r *http.Request) error {
	if !s.mail.IsOn() {
		return s.writeOff(w, r)
	}
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	typed := r.PostForm.Get("email")
	email := typedEmail(typed)
	if email == "" {
		return s.writeForgot(w, r, p, keepable(typed), refusedEmail)
	}
	if problem, err := s.checkCaptcha(r, captchaForgotPassword); err != nil || problem != nil {
		if err != nil {
			return err
		}
		return s.writeForgot(w, r, p, email, problem)
	}
	p.LoginHint = email
	request, err := s.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := s.newView(w, r, p.UILocales)
	words := v.Messages.Resets
	v.Title, v.Page = words.SentTitle, noticePage{Lead: words.Sent, More: words.SentMore}
	again := s.forgotLink(v, request)
	again.ID, again.Words = "forgot-again", words.Again
	v.Links = []pageLink{again}
	v.showContact()
	if err := v.write(w, http.StatusOK, "notice.html"); err != nil {
		return err
	}
	s.send(r, p, email, v.Language)
	return nil
}

// writeOff says that a forgotten password is the operator's business, where no mail is sent.
func (s *passwordResetPages) writeOff(w http.ResponseWriter, r *http.Request) error {
	v := s.newView(w, r, "")
	v.Title, v.Page = v.Messages.Resets.Title, noticePage{Lead: v.Messages.Resets.Off}
	v.showContact()
	return v.write(w, http.StatusOK, "notice.html")
}

// writeOver says that a link is good no more, whatever the reason: a wrong one learns nothing.
func (s *passwordResetPages) writeOver(w http.ResponseWriter, r *http.Request) error {
	v := s.newView(w, r, "")
	words := v.Messages.Resets
	v.Title, v.Page = words.OverTitle, noticePage{Lead: words.Over}
	if s.mail.IsOn() {
		v.Links = []pageLink{{ID: "forgot-again", Address: s.layout.path + PathForgotPassword, Words: words.Again}}
	}
	v.showContact()
	return v.write(w, http.StatusGone, "notice.html")
}

func (s *passwordResetPages) showReset(w http.ResponseWriter, r *http.Request) error {
	if secret := r.URL.Query().Get("link"); secret != "" {
		return s.followLink(w, r, secret)
	}
	if !r.URL.Query().Has("request") {
		return s.writeOver(w, r)
	}
	p, reset, err := s.openReset(r)
	if errors.Is(err, storage.ErrNotFound) {
		return s.writeOver(w, r)
	}
	if err != nil {
		return err
	}
	return s.writeReset(w, r, p, reset, nil)
}

func (s *passwordResetPages) writeReset(
	w http.ResponseWriter, r *http.Request, p Interaction, reset *storage.PasswordReset, problem *formError,
) error {
	return s.writeStep(w, r, p, func(t *messageSet) string { return t.NewPasswordTitle }, func(t *messageSet) stepPage {
		words := t.Resets
		page := newPasswordPage(t, PathResetPassword, words.For+" "+reset.Email)
		page.UserName, page.Repeat = reset.Email, t.Credentials.Repeat
		page.Button, page.ButtonID = words.Save, "reset-submit"
		return page
	}, problem)
}
