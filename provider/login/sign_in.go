package login

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// maximumUsername is the longest email address (RFC 5321 4.5.3.1.3), in characters.
const maximumUsername = 254

// formError is why a form is shown again: the message, and the reason that the audit keeps.
type formError struct {
	status  int
	message string // a message key
	reason  string // "" where no guess was made, so that there is nothing to record
}

var (
	refusedEmpty     = &formError{http.StatusOK, messageEmpty, ""}
	refusedMalformed = &formError{http.StatusOK, messageWrong, ""}
	refusedLimited   = &formError{http.StatusTooManyRequests, messageLimited, ""}
	refusedUnknown   = &formError{http.StatusOK, messageWrong, "unknown_user"}
	refusedWrong     = &formError{http.StatusOK, messageWrong, "wrong_password"}
	refusedBlocked   = &formError{http.StatusForbidden, messageBlocked, "user_blocked"}
	// A patient's account is that of a person in the registry.
	refusedNotRegistered = &formError{http.StatusForbidden, messageNotRegistered, ""}
)

type signInPage struct {
	Heading  string
	Lead     string
	Client   Presentation
	Request  string
	Username string
	Message  string
}

func (s *Service) showSignIn(w http.ResponseWriter, r *http.Request) error {
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
func (s *Service) writeSignIn(
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
	if err != nil {
		return err
	}
	v := s.newView(w, r, p.UILocales)
	page := signInPage{
		Heading: v.Words.SignIn, Lead: v.Words.SignInTo, Client: v.present(destination), Request: request, Username: username,
	}
	if p.Required.Form == storage.LoginFormPatient {
		page.Heading, page.Lead = v.Words.PatientSignIn, v.Words.PatientSignInTo
	}
	v.Title = page.Heading
	status := http.StatusOK
	if problem != nil {
		status, page.Message = problem.status, s.refuse(w, v, problem)
		v.Title = v.Words.Error + ": " + v.Title
	}
	v.Page = page
	return v.write(w, status, "sign_in.html")
}

// refuse words a refusal. One that ends by itself says when, on the page and in Retry-After.
func (s *Service) refuse(w http.ResponseWriter, v *view, problem *formError) string {
	message := v.Words.Messages[problem.message]
	wait := map[*formError]time.Duration{refusedLimited: limitWindow, refusedCodeLimited: oneTimeCodeWindow}[problem]
	if wait == 0 {
		return message
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
	again := s.now().Add(wait + time.Minute - 1).Truncate(time.Minute)
	return strings.ReplaceAll(message, "{time}", again.In(kyiv).Format("15:04")+" "+v.Words.Zone)
}

// destination is the name of what a person signs in to: a client, or this service itself.
func (s *Service) destination(ctx context.Context, p Interaction) (Presentation, error) {
	if p.Page != "" {
		return Presentation{Name: s.host}, nil
	}
	client, err := s.store.Client(ctx, p.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return Presentation{}, errUnknownClient
	}
	if err != nil {
		return Presentation{}, err
	}
	return PresentationOf(client), nil
}

func (s *Service) submitSignIn(w http.ResponseWriter, r *http.Request) error {
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	username := strings.TrimSpace(r.PostForm.Get("username"))
	password := r.PostForm.Get("password")
	if problem := checkTyped(username, password); problem != nil {
		return s.writeSignIn(w, r, p, keepable(username), problem)
	}
	from, err := s.device(r)
	if err != nil {
		return err
	}
	user, problem, err := s.authenticate(r, username, password, from)
	if err != nil {
		return err
	}
	if problem != nil {
		if err := s.recordRefusal(r, p, user, problem); err != nil {
			return err
		}
		return s.writeSignIn(w, r, p, username, problem)
	}
	if p.Required.Form == storage.LoginFormPatient && user.TaxID == "" {
		return s.writeSignIn(w, r, p, username, refusedNotRegistered)
	}
	return s.afterPassword(w, r, p, user)
}

// checkTyped refuses what can't be right, without a guess: no account is asked for, so nothing is learned.
func checkTyped(username, password string) *formError {
	switch {
	case username == "" || password == "":
		return refusedEmpty
	case identity.TooLong(username, maximumUsername) || identity.TooLong(password, identity.MaximumPassword),
		!utf8.ValidString(username) || !utf8.ValidString(password), strings.ContainsRune(username, 0):
		return refusedMalformed
	}
	return nil
}

// keepable is a name that may be shown again.
func keepable(username string) string {
	if identity.TooLong(username, maximumUsername) || !utf8.ValidString(username) {
		return ""
	}
	return username
}

// authenticate says who signs in, or why not. The user is also returned beside a refusal, where known, for the audit.
// An unknown user and a wrong password take the same steps; a blocked user is told so only after the right password.
func (s *Service) authenticate(
	r *http.Request, username, password string, from device,
) (*storage.User, *formError, error) {
	ctx := r.Context()
	// Guesses from elsewhere must not make a known device wait either.
	release, err := s.attempts.acquire(ctx, cmp.Or(from.ID, username))
	if err != nil {
		return nil, nil, err
	}
	defer release()
	user, err := s.store.FindUserByEmail(ctx, username)
	if errors.Is(err, storage.ErrNotFound) {
		user, err = &storage.User{}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	try, within, err := s.beginAttempt(ctx, s.limitsOf(r, username, user, from))
	if err != nil {
		return nil, nil, err
	}
	if !within {
		// Without its row, a person who keeps trying is not kept out for longer.
		return nil, refusedLimited, try.forget(ctx)
	}
	ok, stale, err := s.passwords.Verify(ctx, user.Password, password)
	if err != nil {
		return nil, nil, errors.Join(err, try.forget(ctx))
	}
	switch {
	case !ok && user.ID == "":
		return nil, refusedUnknown, nil
	case !ok:
		return user, refusedWrong, nil
	}
	if err := try.forget(ctx); err != nil {
		return nil, nil, err
	}
	if user.IsBlocked {
		return user, refusedBlocked, nil
	}
	if stale {
		s.upgrade(ctx, user, password)
	}
	return user, nil, nil
}

// upgrade hashes a password anew. That it does not succeed keeps nobody out: the next sign-in tries again.
func (s *Service) upgrade(ctx context.Context, user *storage.User, password string) {
	phc, err := s.passwords.Hash(ctx, password)
	if err == nil {
		err = s.store.UpgradePassword(ctx, user.ID, user.Password, phc)
	}
	if err != nil {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "password hash not upgraded",
			slog.String("user_id", user.ID), slog.Any("error", err))
	}
}

// recordRefusal keeps a failed guess in the audit. Attempts over the limit are only counted: whoever makes them could
// otherwise fill the table.
func (s *Service) recordRefusal(r *http.Request, p Interaction, user *storage.User, problem *formError) error {
	if problem == refusedLimited {
		s.count(eventSignInLimited)
		return nil
	}
	e := storage.Event{Kind: eventSignInFailed, ClientID: p.ClientID, Details: map[string]string{"reason": problem.reason}}
	if user != nil {
		e.UserID = user.ID
	}
	return s.record(r, e)
}
