package login

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image/png"
	"net/http"
	"strings"
	"unicode"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// The pages on which a person adds an authenticator in a sign-in that requires a second factor, where there is none.
const (
	PathEnrolment = "/login/authenticator/new"
	PathEnrolled  = "/login/authenticator/saved"
)

// qrSize is the width and height of a QR code in pixels.
const qrSize = 240

// AuthenticatorDraft is an authenticator that a person is adding: it is stored once its app has shown a code.
type AuthenticatorDraft struct {
	ID     string `json:"id"`
	Secret []byte `json:"secret"`
}

// authenticatorPage shows a secret to an app, and takes the code that this makes of it.
type authenticatorPage struct {
	Text    *factorText
	Action  string
	Request string
	Lead    string
	QRCode  template.URL
	Secret  string // in groups, as people type it
	Name    string
	Message string
}

// recoveryPage shows recovery codes, this once.
type recoveryPage struct {
	Text     *factorText
	Notice   string
	Codes    []string
	Download template.URL
	// Action is where the form leads that goes on with a sign-in, with Request; "" in an account.
	Action, Request string
}

func (s factorPages) newDraft() (*AuthenticatorDraft, error) {
	secret, err := s.factors().NewAuthenticatorSecret()
	if err != nil {
		return nil, err
	}
	return &AuthenticatorDraft{ID: s.store.NewID(), Secret: secret}, nil
}

// authenticatorForm is the form to add an authenticator: where it leads, what it says first, and what was typed before.
type authenticatorForm struct {
	action, email, name string
	draft               *AuthenticatorDraft
	lead                func(*factorText) string
	links               func(*view) []pageLink
}

func (s factorPages) writeAuthenticatorForm(
	w http.ResponseWriter, r *http.Request, p Interaction, form authenticatorForm, problem *formError,
) error {
	request, err := s.Seal(w, r, p)
	if err != nil {
		return err
	}
	key, err := s.factors().AuthenticatorKey(form.email, form.draft.Secret)
	if err != nil {
		return err
	}
	drawn, err := key.Image(qrSize, qrSize)
	if err != nil {
		return fmt.Errorf("login: QR code: %w", err)
	}
	var image bytes.Buffer
	if err := png.Encode(&image, drawn); err != nil {
		return fmt.Errorf("login: QR code: %w", err)
	}
	v := s.newView(w, r, p.UILocales)
	text := v.Messages.Factors
	page := authenticatorPage{
		Text: text, Action: form.action, Request: request, Lead: form.lead(text), Name: form.name,
		QRCode: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(image.Bytes())),
		Secret: inGroups(key.Secret()),
	}
	if form.links != nil {
		v.Links = form.links(v)
	}
	return s.writeForm(w, v, "authenticator.html", text.EnrolTitle, problem, func(message string) any {
		page.Message = message
		return page
	})
}

// inGroups writes a secret in groups of four, as people read it off.
func inGroups(secret string) string {
	var groups strings.Builder
	for i, letter := range secret {
		if i > 0 && i%4 == 0 {
			groups.WriteByte(' ')
		}
		groups.WriteRune(unicode.ToUpper(letter))
	}
	return groups.String()
}

// addAuthenticator stores what a form has added. The refusal says why the form is shown again.
func (s factorPages) addAuthenticator(
	w http.ResponseWriter, r *http.Request, p Interaction, userID string, draft *AuthenticatorDraft, first bool,
) (recovery []string, problem *formError, err error) {
	name := identity.FactorName(r.PostForm.Get("name"))
	if name == "" {
		name = s.layout.texts[s.language(w, r, p.UILocales)].Factors.NameDefault
	}
	recovery, err = s.factors().AddAuthenticator(r, identity.NewAuthenticator{
		ID: draft.ID, UserID: userID, Name: name, Secret: draft.Secret, First: first,
		Code: strings.Join(strings.Fields(r.PostForm.Get("code")), ""),
	})
	if errors.Is(err, identity.ErrOneTimeCodeInvalid) {
		return nil, refusedFactorCode, nil
	}
	return recovery, nil, err
}

// writeRecoveryCodes shows recovery codes. With an action, a form goes on from there; otherwise links do.
func (s factorPages) writeRecoveryCodes(
	w http.ResponseWriter, r *http.Request, p Interaction, page recoveryPage, links func(*view) []pageLink,
) error {
	v := s.newView(w, r, p.UILocales)
	page.Text = v.Messages.Factors
	if page.Action != "" {
		request, err := s.Seal(w, r, p)
		if err != nil {
			return err
		}
		page.Request = request
	}
	list := page.Text.RecoveryCodesTitle + " · " + s.host + "\r\n\r\n" + strings.Join(page.Codes, "\r\n") + "\r\n"
	page.Download = template.URL("data:text/plain;charset=utf-8;base64," +
		base64.StdEncoding.EncodeToString([]byte(list)))
	v.Title, v.Page = page.Text.RecoveryCodesTitle, page
	if links != nil {
		v.Links = links(v)
	}
	return v.write(w, http.StatusOK, "recovery_codes.html")
}

// beginEnrolment leads to the form, which must be filled in to sign in.
func (s factorPages) beginEnrolment(w http.ResponseWriter, r *http.Request, p Interaction) error {
	var err error
	if p.Progress.Draft, err = s.newDraft(); err != nil {
		return err
	}
	return s.RedirectToPage(w, r, PathEnrolment, p)
}

// enrolling is awaited for the form: there is still no second factor. Where the person has to follow a link first, it
// writes the page that says so, and returns no user.
func (s factorPages) enrolling(w http.ResponseWriter, r *http.Request) (Interaction, *storage.User, error) {
	p, user, has, err := s.awaited(r)
	switch {
	case err != nil:
		return p, nil, err
	case p.Progress.Draft == nil, len(has.List) > 0, has.PhoneMissing:
		return p, nil, ErrPendingForeign
	}
	if answered, err := s.askForLink(w, r, p, user.ID, has, p.Progress.ACR); answered || err != nil {
		return p, nil, err
	}
	return p, user, nil
}

func enrolmentForm(p Interaction, user *storage.User, name string) authenticatorForm {
	return authenticatorForm{
		action: PathEnrolment, email: user.Email, name: name, draft: p.Progress.Draft,
		lead: func(t *factorText) string { return t.EnrolRequired + " " + t.EnrolLead },
	}
}

func (s factorPages) showEnrolment(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.enrolling(w, r)
	if err != nil || user == nil {
		return err
	}
	return s.writeAuthenticatorForm(w, r, p, enrolmentForm(p, user, ""), nil)
}

// submitEnrolment stores the authenticator and shows the recovery codes; the sign-in goes on from there.
func (s factorPages) submitEnrolment(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.enrolling(w, r)
	if err != nil || user == nil {
		return err
	}
	recovery, problem, err := s.addAuthenticator(w, r, p, user.ID, p.Progress.Draft, true)
	switch {
	case errors.Is(err, identity.ErrHasFactor), errors.Is(err, storage.ErrConflict):
		return ErrPendingForeign
	case err != nil:
		return err
	case problem != nil:
		name := identity.FactorName(r.PostForm.Get("name"))
		return s.writeAuthenticatorForm(w, r, p, enrolmentForm(p, user, name), problem)
	}
	p.Progress.Draft = nil
	p.Progress.AMR, p.Progress.ACR = identity.ByAuthenticator.AMR, identity.ByAuthenticator.ACR
	return s.writeRecoveryCodes(w, r, p, recoveryPage{Codes: recovery, Action: PathEnrolled}, nil)
}

// submitEnrolled goes on with a sign-in whose second factor was added a moment ago.
func (s factorPages) submitEnrolled(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.passed(r)
	if err != nil {
		return err
	}
	if p.Progress.ACR == "" {
		return ErrPendingForeign
	}
	return s.proceed(w, r, p, user, identity.Proof{AMR: p.Progress.AMR, ACR: p.Progress.ACR})
}
