package login

import (
	"context"
	"errors"
	"net/http"
	"time"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// A sign-in may take several pages. What a person has proved so far is kept in the sealed request, which belongs to one
// browser; what may be tried how often is counted in the database, so that an older page gives no more tries.

// passedLifetime is how long a person has from the password to the last page of the sign-in.
const passedLifetime = 10 * time.Minute

// SignInProgress is what a person has proved already.
type SignInProgress struct {
	UserID string `json:"user_id"`
	At     int64  `json:"at"` // microseconds
	// PasswordSetAt is that of the user's password which the sign-in began with, in seconds; 0 where it began otherwise.
	PasswordSetAt int64 `json:"password_set_at,omitempty"`
	// CodeID and Phone are what a one-time code was sent under and to; Register says that the phone is new, Resent that
	// the person asked for another code.
	CodeID   string `json:"code_id,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Register bool   `json:"register,omitempty"`
	Resent   bool   `json:"resent,omitempty"`
	// Remember says that the person has shown a second factor, and wants to be asked for none in this browser.
	Remember bool `json:"remember,omitempty"`
	// Draft is the authenticator that a person without a second factor has to add.
	Draft *AuthenticatorDraft `json:"draft,omitempty"`
	// AMR and ACR are set once nothing is left to prove with what the person has: the password is too old, recovery codes
	// are shown, or a passkey is to be added.
	AMR []string `json:"amr,omitempty"`
	ACR string   `json:"acr,omitempty"`
	// SessionID is the session that a second factor is added to, AuthTime when it began, in microseconds; "" and 0 for a
	// sign-in from the beginning.
	SessionID string `json:"session_id,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"`
	// Nonce is what is to be signed.
	Nonce string `json:"nonce,omitempty"`
}

// The pages of the further steps.
const (
	PathCode        = "/login/code"
	PathPhone       = "/login/phone"
	PathNewPassword = "/login/new-password"
	PathSignature   = "/login/signature"
)

var (
	errUserBlocked = errors.New("login: the user of the sign-in is blocked")
	errCodeBlocked = errors.New("login: the user of the sign-in was blocked by wrong one-time codes")
)

// proceed takes a person who has proved so much to the next step of the sign-in; after the last the session starts.
func (s *signInPages) proceed(
	w http.ResponseWriter, r *http.Request, p Interaction, user *storage.User, proof identity.Proof,
) error {
	p.Passkey = nil
	next, err := s.identity.NextStep(r.Context(), user, p.Required, proof)
	if err == nil && next.Step == identity.StepEnrolment && p.FirstFactor {
		next, err = identity.Next{Step: identity.StepPhone}, s.identity.CreateEmptyFactor(r, user.ID)
	}
	if err != nil {
		return err
	}
	if next.Step == identity.StepDone {
		return s.complete(w, r, p, user, proof)
	}
	remember := p.Progress != nil && p.Progress.Remember
	p.Progress = &SignInProgress{
		UserID: user.ID, At: s.now().UnixMicro(), PasswordSetAt: storage.EpochSeconds(user.PasswordSetAt),
		Remember: remember,
	}
	switch next.Step {
	case identity.StepPhone:
		return s.RedirectToPage(w, r, PathPhone, p)
	case identity.StepEnrolment:
		return factorPages{s}.beginEnrolment(w, r, p)
	case identity.StepPasskeyEnrolment, identity.StepNewPassword:
		p.Progress.AMR, p.Progress.ACR = proof.AMR, proof.ACR
		page := PathNewPassword
		if next.Step == identity.StepPasskeyEnrolment {
			page = PathPasskeyEnrolment
		}
		return s.RedirectToPage(w, r, page, p)
	}
	problem, err := factorPages{s}.askFactor(w, r, p, next.Kinds[0], next.Phone)
	if err != nil || problem == nil {
		return err
	}
	return s.writeSignIn(w, r, p, user.Email, problem)
}

// sendSignInCode sends a code to the phone of a sign-in under a new id. The refusal says why it did not go out.
func (s *signInPages) sendSignInCode(ctx context.Context, p *Interaction) (problem *formError, err error) {
	p.Progress.CodeID, problem, err = s.sendCode(ctx, p.Progress.UserID, p.Progress.Phone)
	return problem, err
}

// sendCode sends a code to a phone for a user and returns the id under which it was sent. The page into which that is
// sealed decides what the code is good for. The refusal says why it did not go out.
func (s *signInPages) sendCode(ctx context.Context, userID, phone string) (id string, problem *formError, err error) {
	id = s.store.NewID()
	err = s.identity.SendOneTimeCode(ctx, userID, id, phone)
	switch {
	case errors.Is(err, identity.ErrOneTimeCodeLimited):
		return id, refusedCodeLimited, nil
	case errors.Is(err, identity.ErrMessageNotSent):
		s.logger.WarnContext(ctx, "a one-time code was not sent", "cause", err)
		return id, refusedCodeNotSent, nil
	}
	return id, nil, err
}

// complete starts the session of a person who has nothing left to prove.
func (s *signInPages) complete(
	w http.ResponseWriter, r *http.Request, p Interaction, user *storage.User, proof identity.Proof,
) error {
	authTime := s.now()
	if p.Progress != nil && p.Progress.SessionID != "" {
		current, err := s.Login(r.Context(), r, "")
		if err != nil {
			return err
		}
		if current == nil || current.User.ID != user.ID || current.Session.SessionID != p.Progress.SessionID {
			return ErrPendingForeign // it has ended meanwhile
		}
		authTime = time.UnixMicro(p.Progress.AuthTime)
	}
	session, device, err := s.startSession(w, r, user, proof, authTime)
	if err == nil && p.Progress != nil && p.Progress.Remember {
		err = s.browsers().Remember(r, user, device, session.UserAgent)
	}
	if err != nil {
		return err
	}
	if err := s.identity.RecordSignIn(r, identity.SignIn{
		ClientID: p.ClientID, UserID: user.ID, SessionID: session.SessionID, Proof: proof,
	}); err != nil {
		return err
	}
	p.Progress = nil
	return s.RedirectToPage(w, r, PathContinue, p)
}

// passed opens the request of a further step, with its user as of now.
func (s *signInPages) passed(r *http.Request) (Interaction, *storage.User, error) {
	p, err := s.OpenInteraction(r)
	if err != nil {
		return p, nil, err
	}
	if p.Progress == nil || p.Progress.UserID == "" {
		return p, nil, ErrPendingForeign
	}
	if s.now().Sub(time.UnixMicro(p.Progress.At)) > passedLifetime {
		return p, nil, ErrPendingExpired
	}
	user, err := s.store.FindUser(r.Context(), p.Progress.UserID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return p, nil, ErrPendingForeign
	case err != nil:
		return p, nil, err
	case user.IsBlocked:
		return p, nil, errUserBlocked
	case p.Progress.PasswordSetAt != 0 && p.Progress.PasswordSetAt != storage.EpochSeconds(user.PasswordSetAt):
		return p, nil, ErrPendingForeign // whoever knows the old password proves nothing any more
	}
	return p, user, nil
}

// stepPage is a page with one field.
type stepPage struct {
	Action, Request, Lead, Hint, Message, Label string
	Notice, Value                               string // what has happened, and what was typed before
	Name, Type, InputMode, Autocomplete         string
	MaxLength                                   int
	Button, ButtonID                            string
	Resend                                      string // the words of the button that sends another code
	OtherNumber                                 string // the words of the button that asks for another number
	UserName                                    string // for the password manager, with a field of a password
	Links                                       []pageLink
	Contact                                     bool   // it says whom to ask
	Captcha                                     string // the action of the form, where it has a captcha
	Repeat                                      string // the label of the field a second time; "": it is there once
	Remember                                    string // the label of the box that has the browser remembered; "": none
}

// writeStep shows a page with one field, after a refusal with its words.
func (s *signInPages) writeStep(
	w http.ResponseWriter,
	r *http.Request,
	p Interaction,
	title func(*messageSet) string,
	page func(*messageSet) stepPage,
	problem *formError,
) error {
	request, err := s.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := s.newView(w, r, p.UILocales)
	content := page(v.Messages)
	content.Request = request
	if content.Contact {
		v.showContact()
	}
	if content.Captcha != "" {
		v.showCaptcha(content.Captcha)
	}
	v.Links = content.Links
	return s.writeForm(w, v, "step.html", title(v.Messages), problem, func(message string) any {
		content.Message = message
		return content
	})
}

// writeForm shows the page of a form, after a refusal with its words, which page puts where they belong.
func (s *signInPages) writeForm(
	w http.ResponseWriter, v *view, name, title string, problem *formError, page func(message string) any,
) error {
	v.Title, v.Heading = title, title
	status, message := s.showRefusal(w, v, problem)
	v.Page = page(message)
	return v.write(w, status, name)
}
