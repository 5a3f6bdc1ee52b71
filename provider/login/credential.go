package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// changeLifetime is for how long a person who has typed a one-time code need not type another to change their account,
// and how long a change may take from the password on.
const changeLifetime = 10 * time.Minute

// credentialPages are those on which a signed-in person changes what they sign in with.
type credentialPages struct{ *signInPages }

// AccountChange is how far a signed-in person has come with a change. It is worth something in their session alone.
type AccountChange struct {
	Page      string `json:"page"` // where it began, so that no step of one change is a step of another
	UserID    string `json:"user_id"`
	SessionID string `json:"session_id"`
	// At is when the present password was proved, in microseconds, 0 before; PasswordSetAt is that of this password,
	// in seconds.
	At            int64 `json:"at,omitempty"`
	PasswordSetAt int64 `json:"password_set_at,omitempty"`
	// Phone is that of the second factor when the change began, CodeID what the latest code was sent under.
	Phone  string `json:"phone,omitempty"`
	CodeID string `json:"code_id,omitempty"`
	Resent bool   `json:"resent,omitempty"`
	// Password is the hash of the new one, which only the code keeps from being set.
	Password string `json:"password,omitempty"`
	// Confirmed says that the code to Phone was right; NewPhone is the number that is to be in its place.
	Confirmed bool   `json:"confirmed,omitempty"`
	NewPhone  string `json:"new_phone,omitempty"`
	// Draft is the authenticator that is being added, Factor what is being removed, and SetID the recovery codes that are
	// being made.
	Draft  *AuthenticatorDraft `json:"draft,omitempty"`
	Factor string              `json:"factor,omitempty"`
	SetID  string              `json:"set_id,omitempty"`
}

// changePage shows or submits a page of a change, of the person who is signed in.
type changePage func(http.ResponseWriter, *http.Request, *storage.Login, Interaction) error

// mount adds the pages below the account.
func (c *credentialPages) mount(pages chi.Router) {
	type handler = func(http.ResponseWriter, *http.Request) error
	for path, page := range map[string][2]handler{
		PathPassword:     {c.showPassword, c.opening(PathPassword, c.submitPassword)},
		PathPasswordCode: {c.proved(PathPassword, c.showPasswordCode), c.proved(PathPassword, c.submitPasswordCode)},
		PathPhoneChange:  {c.showPhoneChange, c.opening(PathPhoneChange, c.submitPhoneChange)},
		PathPhoneCode:    {c.proved(PathPhoneChange, c.showOldPhone), c.proved(PathPhoneChange, c.submitOldPhone)},
		PathPhoneNew:     {c.confirmed(c.showNewPhone), c.confirmed(c.submitNewPhone)},
		PathPhoneConfirm: {c.confirmed(c.showPhoneConfirm), c.confirmed(c.submitPhoneConfirm)},
	} {
		inbound.Route(pages, path, c.handle(page[0]), http.MethodGet, http.MethodHead)
		inbound.Route(pages, path, c.handle(page[1]), http.MethodPost)
	}
}

// begin returns the session of the person who opens the first page of a change, and its request. Without a session it
// leads to the sign-in, and returns none.
func (c *credentialPages) begin(
	w http.ResponseWriter, r *http.Request, page string,
) (*storage.Login, Interaction, error) {
	current, err := c.Login(r.Context(), r, "")
	if err != nil {
		return nil, Interaction{}, err
	}
	if current == nil {
		return nil, Interaction{}, c.RedirectToPage(w, r, PathSignIn, Interaction{Page: page})
	}
	return current, Interaction{Change: &AccountChange{
		Page: page, UserID: current.User.ID, SessionID: current.Session.SessionID,
	}}, nil
}

// opening makes the handler of a page that carries the request of a change, for nobody but whom it was made for.
func (c *credentialPages) opening(start string, page changePage) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		current, _, err := c.begin(w, r, start)
		if err != nil || current == nil {
			return err
		}
		p, err := c.OpenInteraction(r)
		if err != nil {
			return err
		}
		change := p.Change
		if change == nil || change.Page != start || change.UserID != current.User.ID ||
			change.SessionID != current.Session.SessionID {
			return errChangeOver
		}
		return page(w, r, current, p)
	}
}

// proved is opening for a page after the password: nothing may have changed since that was proved.
func (c *credentialPages) proved(start string, page changePage) func(http.ResponseWriter, *http.Request) error {
	return c.opening(start, func(
		w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
	) error {
		change := p.Change
		if change.PasswordSetAt != storage.EpochSeconds(current.User.PasswordSetAt) ||
			c.now().Sub(time.UnixMicro(change.At)) > changeLifetime {
			return errChangeOver
		}
		factor, err := c.activePhone(r, current.User.ID)
		if err != nil {
			return err
		}
		if factor == nil || factor.Factor != change.Phone {
			return errChangeOver
		}
		return page(w, r, current, p)
	})
}

// activePhone is the second factor to which codes go, nil where there is none.
func (c *credentialPages) activePhone(r *http.Request, userID string) (*storage.AuthenticationFactor, error) {
	factor, err := c.identity.SecondFactor(r.Context(), userID)
	switch {
	case errors.Is(err, identity.ErrNoFactor), err == nil && (!factor.IsActive || factor.Factor == ""):
		return nil, nil
	}
	return factor, err
}

// checkPassword proves the present password of a change and notes that. Failures count as those of a sign-in.
func (c *credentialPages) checkPassword(
	r *http.Request, current *storage.Login, change *AccountChange, password string,
) (*formError, error) {
	from, err := c.devices.read(r)
	if err != nil {
		return nil, err
	}
	user, err := c.identity.CheckPassword(r, identity.PasswordAttempt{
		Username: current.User.Email, Password: password, Device: from,
	})
	switch {
	case errors.Is(err, identity.ErrWrongPassword), err == nil && user.ID != current.User.ID:
		return refusedPresentPassword, nil
	case errors.Is(err, identity.ErrSignInLimited):
		return refusedLimited, nil
	case errors.Is(err, identity.ErrUserBlocked):
		return nil, errUserBlocked
	case err != nil:
		return nil, err
	}
	change.At, change.PasswordSetAt = c.now().UnixMicro(), storage.EpochSeconds(user.PasswordSetAt)
	return nil, nil
}

// codeStep is a page that takes a one-time code for a change.
type codeStep struct {
	path  string
	phone string // to which the code went
	title func(*credentialText) string
	// lost says that the page tells what to do without the phone, other that another number may be given.
	lost, other bool
}

func (c *credentialPages) writeCode(
	w http.ResponseWriter, r *http.Request, p Interaction, step codeStep, problem *formError,
) error {
	text := func(t *messageSet) *credentialText { return t.Credentials }
	return c.writeStep(w, r, p, func(t *messageSet) string { return step.title(text(t)) },
		func(t *messageSet) stepPage {
			page := codePage(t, step.path, step.phone, p.Change.Resent)
			page.Links = c.cancelLink(t)
			if step.lost {
				page.Hint, page.Contact = text(t).PhoneLost, true
			}
			if step.other {
				page.OtherNumber = t.CodeOtherNumber
			}
			return page
		}, problem)
}

// tookCode tries the code of a form, or sends another one where that is wanted. Unless the code was right, it answers.
func (c *credentialPages) tookCode(
	w http.ResponseWriter, r *http.Request, p Interaction, step codeStep,
) (right bool, err error) {
	change := p.Change
	var problem *formError
	if r.PostForm.Get("decision") == decisionResend {
		if change.CodeID, problem, err = c.sendCode(r.Context(), change.UserID, step.phone); err != nil {
			return false, err
		}
		if change.Resent = problem == nil; change.Resent {
			return false, c.RedirectToPage(w, r, step.path, p)
		}
		return false, c.writeCode(w, r, p, step, problem)
	}
	problem, err = c.tryCode(r, sentCode{userID: change.UserID, id: change.CodeID, phone: step.phone})
	if err != nil || problem == nil {
		return err == nil, err
	}
	change.Resent = false
	return false, c.writeCode(w, r, p, step, problem)
}

func (l *layout) cancelLink(t *messageSet) []pageLink {
	return []pageLink{{"cancel", l.path + PathAccount, t.Credentials.Cancel}}
}

// accountLink leads to the account.
func (v *view) accountLink() []pageLink {
	return []pageLink{{"account", v.Path + PathAccount, v.Messages.Account}}
}

// redirectChanged leads to the account, which says what was changed.
func (c *credentialPages) redirectChanged(w http.ResponseWriter, r *http.Request, changed string) {
	c.writeHeaders(w, contentPolicy{})
	http.Redirect(w, r, c.layout.path+PathAccount+"?changed="+changed, http.StatusSeeOther)
}

// changed is what the account page says of a change that has just been made, "" without one.
func (v *view) changed(r *http.Request) string {
	return v.Messages.Credentials.Changed[r.URL.Query().Get("changed")]
}
