package login

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ithildin/provider/identity"
	"ithildin/provider/mail"
	"ithildin/storage"
)

// formError is why a form is shown again: the message, and the reason that is still to be kept in the audit.
type formError struct {
	status  int
	message string // a message key
	reason  string // "" where there is nothing to keep, or package identity has kept it
}

var (
	refusedEmpty   = &formError{http.StatusOK, messageEmpty, ""}
	refusedLimited = &formError{http.StatusTooManyRequests, messageLimited, ""}
	refusedWrong   = &formError{http.StatusOK, messageWrong, ""}
	refusedBlocked = &formError{http.StatusForbidden, messageBlocked, identity.ReasonUserBlocked}
	// A patient's account is that of a person in the registry.
	refusedNotRegistered = &formError{http.StatusForbidden, messageNotRegistered, ""}
)

type signInPage struct {
	Heading  string
	Lead     string
	Client   Presentation
	Request  string
	Username string
	Notice   string // what has happened, or why to sign in
	Message  string
	Passkey  *passkeyPart // nil where there are no passkeys
}

// signInPages are the pages on which people prove who they are.
type signInPages struct {
	*layout
	*interactions
	*sessions
	devices    *devices
	store      *storage.Store
	findClient func(ctx context.Context, id string) (*storage.Client, error)
	identity   *identity.Service
	now        func() time.Time
	tools      *signatureTools
	mail       *mail.Service // sends links to people who forgot their password
}

func (s *signInPages) showSignIn(w http.ResponseWriter, r *http.Request) error {
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	if p.Required.Form == storage.LoginFormSignature {
		return s.RedirectToPage(w, r, PathSignature, p)
	}
	return s.writeSignIn(w, r, p, keepable(p.LoginHint), nil)
}

// writeSignIn shows the form, after a refusal with its words and what was typed; never the password.
func (s *signInPages) writeSignIn(
	w http.ResponseWriter,
	r *http.Request,
	p Interaction,
	username string,
	problem *formError,
) error {
	destination, err := s.destination(r.Context(), p)
	if err != nil {
		return err
	}
	request, err := sealedRequest(r)
	if err == nil && p.Passkey != nil { // of a ceremony that is over
		p.Passkey = nil
		request, err = s.Seal(w, r, p)
	}
	if err != nil {
		return err
	}
	v := s.newView(w, r, p.UILocales)
	page := signInPage{
		Heading: v.Messages.SignIn, Lead: v.Messages.SignInTo, Client: v.present(destination), Request: request,
		Username: username,
	}
	if p.Required.Form == storage.LoginFormPatient {
		page.Heading, page.Lead = v.Messages.PatientSignIn, v.Messages.PatientSignInTo
	}
	v.Title = page.Heading
	var status int
	status, page.Message = s.showRefusal(w, v, problem)
	switch {
	case p.PasswordIsSet:
		page.Notice = v.Messages.Resets.Saved
	case p.Page == PathPasskeys:
		page.Notice = v.Messages.Passkeys.Confirm
	}
	if page.Passkey, err = s.signInByPasskey(w, r, v, p, problem); err != nil {
		return err
	}
	v.Page, v.Links = page, append(v.changePasswordLink(p), v.signInLinks()...)
	if s.mail.IsOn() {
		v.Links = append([]pageLink{s.forgotLink(v, request)}, v.Links...)
	}
	v.showContact()
	return v.write(w, status, "sign_in.html")
}

// showRefusal puts a refusal into the title of a page, and returns its status and its words; without one, 200 and "".
func (s *signInPages) showRefusal(w http.ResponseWriter, v *view, problem *formError) (status int, message string) {
	if problem == nil {
		return http.StatusOK, ""
	}
	v.Title = v.Messages.Error + ": " + v.Title
	return problem.status, s.refuse(w, v, problem)
}

// refuse words a refusal. One that ends by itself says when, on the page and in Retry-After.
func (s *signInPages) refuse(w http.ResponseWriter, v *view, problem *formError) string {
	message := v.Messages.ByKey[problem.message]
	if tellsToAsk[problem.message] {
		v.showContact()
	}
	var wait time.Duration
	switch problem {
	case refusedLimited:
		wait = s.identity.Limits().FailedSignInWindow
	case refusedCodeLimited:
		wait = s.identity.Limits().OneTimeCodeWindow
	default:
		return message
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
	again := s.now().Add(wait + time.Minute - 1).Truncate(time.Minute)
	return strings.ReplaceAll(message, "{time}", again.In(kyiv).Format("15:04")+" "+v.Messages.Zone)
}

// destination is the name of what a person signs in to: a client, or this service itself.
func (s *signInPages) destination(ctx context.Context, p Interaction) (Presentation, error) {
	if p.Page != "" {
		return Presentation{Name: s.serviceName()}, nil
	}
	client, err := s.findClient(ctx, p.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return Presentation{}, errUnknownClient
	}
	if err != nil {
		return Presentation{}, err
	}
	shown := PresentationOf(client)
	if shown.Host != "" { // a name of its own choice is for the consent page, which says that it is one
		shown.Name = shown.Host
	}
	return shown, nil
}

func (s *signInPages) submitSignIn(w http.ResponseWriter, r *http.Request) error {
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	username, password := strings.TrimSpace(r.PostForm.Get("username")), r.PostForm.Get("password")
	if username == "" || password == "" {
		return s.writeSignIn(w, r, p, keepable(username), refusedEmpty)
	}
	from, err := s.devices.read(r)
	if err != nil {
		return err
	}
	user, err := s.identity.CheckPassword(r, identity.PasswordAttempt{
		ClientID: p.ClientID, Username: username, Password: password, Device: from,
	})
	switch {
	case errors.Is(err, identity.ErrWrongPassword):
		return s.writeSignIn(w, r, p, keepable(username), refusedWrong)
	case errors.Is(err, identity.ErrSignInLimited):
		return s.writeSignIn(w, r, p, username, refusedLimited)
	case errors.Is(err, identity.ErrUserBlocked):
		return s.writeSignIn(w, r, p, username, refusedBlocked)
	case err != nil:
		return err
	}
	if p.Required.Form == storage.LoginFormPatient && user.TaxID == "" {
		return s.writeSignIn(w, r, p, username, refusedNotRegistered)
	}
	proof := identity.ByPassword
	if proof.IsRemembered, err = s.browsers().Knows(r.Context(), user, from); err != nil {
		return err
	}
	return s.proceed(w, r, p, user, proof)
}

// keepable is a name that may be shown again.
func keepable(username string) string {
	if identity.TooLong(username, identity.MaximumUsername) || !utf8.ValidString(username) {
		return ""
	}
	return username
}
