package login

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/mail"
	"ithildin/storage"
)

// The pages by which a person who forgot the password sets another: one sends a link by mail, the other takes the
// password.
const (
	PathForgotPassword = "/login/forgot"
	PathResetPassword  = "/login/reset"
)

// Why a link was asked for and not sent, for the audit.
const (
	reasonResetLimited   = "too_many_requests"
	reasonResetNoUser    = "user_unknown"
	reasonResetNoAccount = "no_password" // a user who signs in by other means
)

const (
	// linksAtOnce bounds the requests for links that are worked on behind their answers.
	linksAtOnce = 16
	// linkTime bounds each.
	linkTime = 15 * time.Second
)

// passwordResetPages are the pages of a forgotten password. Whoever asks for a link is answered before anybody is
// looked up, so neither words nor time tell whether there is an account.
type passwordResetPages struct {
	*signInPages
	passwords identity.PasswordResets
	issuer    string // without a trailing slash
	slots     chan struct{}
	sender    sync.WaitGroup
}

// Wait returns once every link that was asked for is queued.
func (s *Service) Wait() { s.resets.sender.Wait() }

// SendPasswordResetLink queues a letter with the link by which a user sets another password, since an operator asks for
// it, and records that with the operator of the context. mail.ErrOff: no letters are sent here.
func (s *Service) SendPasswordResetLink(ctx context.Context, user *storage.User, language string) error {
	if !s.resets.mail.IsOn() {
		return mail.ErrOff
	}
	event := storage.ByActor(ctx, storage.Event{Kind: storage.EventPasswordResetSent, UserID: user.ID})
	if err := s.resets.createLink(ctx, Interaction{Page: PathAccount}, user, language); err != nil {
		return err
	}
	return s.resets.store.RecordEvents(ctx, []storage.Event{event})
}

// send queues the link that a request asks for, behind its answer. Beyond the bound none is sent, as if the letter was
// lost: the person asks again.
func (s *passwordResetPages) send(r *http.Request, p Interaction, email, language string) {
	select {
	case s.slots <- struct{}{}:
	default:
		s.logger.WarnContext(r.Context(), "too many links for forgotten passwords are asked for at once")
		return
	}
	ctx, cancel := context.WithTimeout(inbound.Detached(r.Context()), linkTime)
	r = r.Clone(ctx)
	s.sender.Go(func() {
		defer func() { <-s.slots }()
		defer cancel()
		if err := s.queueLink(r, p, email, language); err != nil {
			s.logger.LogAttrs(ctx, slog.LevelError, "the link for a forgotten password was not sent",
				slog.String("request_id", s.requestID(r)), slog.Any("error", err))
		}
	})
}

// queueLink stores a link for the user with an e-mail address and the letter with it, together. The audit says so, or
// why there is none.
func (s *passwordResetPages) queueLink(r *http.Request, p Interaction, email, language string) error {
	within, err := s.passwords.Count(r, email)
	if err != nil {
		return err
	}
	event := storage.Event{Kind: storage.EventPasswordResetRefused, ClientID: p.ClientID}
	user, err := s.store.FindUserByEmail(r.Context(), email)
	reason := ""
	switch {
	case errors.Is(err, storage.ErrNotFound):
		reason = reasonResetNoUser
	case err != nil:
		return err
	case user.IsBlocked:
		event.UserID, reason = user.ID, identity.ReasonUserBlocked
	case user.Password == "":
		event.UserID, reason = user.ID, reasonResetNoAccount
	default:
		event.UserID = user.ID
	}
	if !within {
		reason = reasonResetLimited
	}
	if reason != "" {
		event.Details = map[string]string{"reason": reason}
		return s.identity.Record(r, event)
	}
	event.Kind = storage.EventPasswordResetSent
	if err := s.createLink(r.Context(), p, user, language); err != nil {
		return err
	}
	return s.identity.Record(r, event)
}

// PasswordLink is the link with a secret to the page on which a password is set, of a server with that issuer.
func PasswordLink(issuer, secret string) string {
	return issuer + PathResetPassword + "?" + url.Values{"link": {secret}}.Encode()
}

// NewPasswordReset makes what is stored of such a link, which is good for so long; by it the user sets a password, and
// goes on to their account.
func NewPasswordReset(
	user *storage.User, id, secret string, now time.Time, lifetime time.Duration,
) (storage.PasswordReset, error) {
	return newPasswordReset(Interaction{Page: PathAccount}, storage.PasswordReset{
		ID: id, Hash: storage.Hash(secret), CreatedAt: now, ExpiresAt: now.Add(lifetime),
	}, user)
}

// newPasswordReset completes what is stored of a link by its user, and by what the person goes on with.
func newPasswordReset(
	p Interaction, reset storage.PasswordReset, user *storage.User,
) (_ storage.PasswordReset, err error) {
	p.At, p.Progress, p.Change, p.LoginHint = 0, nil, nil, user.Email
	reset.UserID, reset.Email, reset.PasswordSetAt = user.ID, user.Email, user.PasswordSetAt
	reset.Request, err = json.Marshal(p)
	return reset, err
}

func (s *passwordResetPages) createLink(
	ctx context.Context, p Interaction, user *storage.User, language string,
) error {
	secret, err := s.layout.newToken()
	if err != nil {
		return err
	}
	now := s.now()
	reset, err := newPasswordReset(p, storage.PasswordReset{
		ID: s.store.NewID(), Hash: storage.Hash(secret), CreatedAt: now,
		ExpiresAt: now.Add(s.identity.Limits().PasswordResetLifetime),
	}, user)
	if err != nil {
		return err
	}
	return s.store.Together(ctx, func(ctx context.Context) error {
		if err := s.store.CreatePasswordReset(ctx, reset); err != nil {
			return err
		}
		return s.mail.Enqueue(ctx, mail.Mail{
			Purpose: mail.PasswordReset, To: user.Email, Language: language, UserID: user.ID, LinkID: reset.ID,
			Link: PasswordLink(s.issuer, secret), ExpiresAt: reset.ExpiresAt,
		})
	})
}

// openReset finds the link that a page is about; the person goes on with the request of the page.
// storage.ErrNotFound: the link is over.
func (s *passwordResetPages) openReset(r *http.Request) (Interaction, *storage.PasswordReset, error) {
	p, err := s.OpenInteraction(r)
	if err != nil {
		return p, nil, err
	}
	if p.PasswordResetID == "" {
		return p, nil, ErrPendingForeign
	}
	reset, err := s.store.FindPasswordReset(r.Context(), p.PasswordResetID, identity.PasswordResetRefusals)
	return p, reset, err
}

// followLink takes a person from the link in the letter to the page of the new password. It uses nothing up, for mail
// scanners open links; the secret leaves the address of the page.
func (s *passwordResetPages) followLink(w http.ResponseWriter, r *http.Request, secret string) error {
	reset, err := s.store.FindPasswordResetByHash(r.Context(), storage.Hash(secret), identity.PasswordResetRefusals)
	if errors.Is(err, storage.ErrNotFound) {
		return s.writeOver(w, r)
	}
	if err != nil {
		return err
	}
	var p Interaction
	if err := json.Unmarshal(reset.Request, &p); err != nil {
		return err
	}
	p.PasswordResetID = reset.ID
	return s.RedirectToPage(w, r, PathResetPassword, p)
}

// submitReset sets the password, and asks the person to sign in with it: the mail alone opens no session.
func (s *passwordResetPages) submitReset(w http.ResponseWriter, r *http.Request) error {
	p, reset, err := s.openReset(r)
	if errors.Is(err, storage.ErrNotFound) {
		return s.writeOver(w, r)
	}
	if err != nil {
		return err
	}
	password := r.PostForm.Get("password")
	if password != r.PostForm.Get("repeat") {
		return s.writeReset(w, r, p, reset, refusedPasswordsDiffer)
	}
	ended, err := s.passwords.Set(r.Context(), reset, password)
	problem, err := refusedPassword(err)
	switch {
	case problem != nil:
		return s.writeReset(w, r, p, reset, problem)
	case errors.Is(err, storage.ErrUsed):
		return s.writeOver(w, r)
	case err != nil:
		return err
	}
	if err := s.identity.Record(r, storage.Event{
		Kind: storage.EventPasswordSet, ClientID: p.ClientID, UserID: reset.UserID,
		Details: map[string]string{"by": "password_reset"},
	}); err != nil {
		return err
	}
	if err := s.ended(r, ended...); err != nil {
		return err
	}
	user, err := s.store.FindUser(r.Context(), reset.UserID)
	if err == nil {
		err = s.devices.rememberLink(w, user)
	}
	if err != nil {
		return err
	}
	p.PasswordResetID, p.PasswordIsSet = "", true
	return s.RedirectToPage(w, r, PathSignIn, p)
}

// typedEmail is an address as somebody typed it, "" where it can't be one.
func typedEmail(typed string) string {
	typed = strings.TrimSpace(typed)
	if keepable(typed) == "" || strings.ContainsRune(typed, 0) || !strings.Contains(typed, "@") {
		return ""
	}
	return typed
}
