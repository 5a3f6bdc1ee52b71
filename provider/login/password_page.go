package login

import (
	"errors"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// The pages for another password.
const (
	PathPassword     = "/login/account/password"
	PathPasswordCode = "/login/account/password/code"
	// PathChangePasswordURL is where programs that manage passwords look for the page (W3C, A Well-Known URL for
	// Changing Passwords).
	PathChangePasswordURL = "/.well-known/change-password"
)

var (
	refusedPresentPassword = &formError{http.StatusOK, messagePresentPassword, ""}
	refusedPasswordsEmpty  = &formError{http.StatusOK, messagePasswordsEmpty, ""}
	refusedPasswordsDiffer = &formError{http.StatusOK, messagePasswordsDiffer, ""}
)

// LeadToChangePassword leads to the page for another password, behind a sign-in where the person is not signed in.
func (l *layout) LeadToChangePassword(w http.ResponseWriter, r *http.Request) error {
	l.redirect(w, r, PathPassword, "")
	return nil
}

type passwordPage struct {
	Text     *credentialText
	Request  string
	UserName string
	Phone    string // masked, where a code will go to it
	Message  string
	Field    string // the field that Message is about
}

var passwordCode = codeStep{path: PathPasswordCode, title: func(t *credentialText) string { return t.PasswordTitle }}

// changePasswordLink leads from the sign-in form to the page for another password, behind a sign-in of its own.
func (v *view) changePasswordLink(p Interaction) []pageLink {
	if p.Page == PathPassword || p.Required.Form == storage.LoginFormPatient {
		return nil
	}
	return []pageLink{{"change-password", v.Path + PathPassword, v.Messages.Credentials.PasswordTitle}}
}

// changesOf are the links to what a person may change about their account.
func (a *accountPages) changesOf(r *http.Request, userID string, v *view) (links []pageLink, err error) {
	user, err := a.store.FindUser(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	if user.Password != "" {
		links = append(links, pageLink{"change-password", v.Path + PathPassword, v.Messages.Credentials.PasswordTitle})
	}
	if (identity.Passkeys{Service: a.identity}).AreOn() {
		links = append(links, pageLink{"passkeys", v.Path + PathPasskeys, v.Messages.Passkeys.Title})
	}
	factor, err := a.identity.SecondFactor(r.Context(), userID)
	switch {
	case errors.Is(err, identity.ErrNoFactor):
	case err != nil:
		return nil, err
	case factor.IsActive && factor.Factor != "":
		links = append(links, pageLink{"change-phone", v.Path + PathPhoneChange, v.Messages.Credentials.PhoneTitle})
	}
	return append(links, pageLink{"access", v.Path + PathAccess, v.Messages.Data.AccessTitle},
		pageLink{"export", v.Path + PathExport, v.Messages.Data.ExportTitle}), nil
}

func (c *credentialPages) showPassword(w http.ResponseWriter, r *http.Request) error {
	current, p, err := c.begin(w, r, PathPassword)
	if err != nil || current == nil {
		return err
	}
	user, err := c.store.FindUser(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	if user.Password == "" {
		v := c.newView(w, r, "")
		t := v.Messages.Credentials
		v.Title, v.Page, v.Links = t.PasswordTitle, noticePage{Lead: t.PasswordNone}, v.accountLink()
		return v.write(w, http.StatusOK, "notice.html")
	}
	return c.writePassword(w, r, current, p, nil)
}

func (c *credentialPages) writePassword(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction, problem *formError,
) error {
	phone, err := c.phoneForCode(r, current)
	if err != nil {
		return err
	}
	request, err := c.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := c.newView(w, r, "")
	page := passwordPage{Text: v.Messages.Credentials, Request: request, UserName: current.User.Email}
	if phone != "" {
		page.Phone = identity.MaskPhone(phone)
	}
	v.Title, v.Links = page.Text.PasswordTitle, c.cancelLink(v.Messages)
	v.Heading = v.Title
	var status int
	status, page.Message = c.showRefusal(w, v, problem)
	switch problem {
	case nil:
	case refusedPresentPassword, refusedLimited, refusedPasswordsEmpty:
		page.Field = "current"
	case refusedPasswordsDiffer:
		page.Field = "repeat"
	default:
		page.Field = "password"
	}
	v.Page = page
	return v.write(w, status, "password.html")
}

// phoneForCode is the number to which a code goes before the password is changed: that of the second factor, unless
// the session began with a code a short time ago. "": none.
func (c *credentialPages) phoneForCode(r *http.Request, current *storage.Login) (string, error) {
	factor, err := c.activePhone(r, current.User.ID)
	if err != nil || factor == nil {
		return "", err
	}
	session := current.Session
	if session.ACR == storage.AssuranceOneTimeCode && c.now().Sub(session.AuthTime) <= changeLifetime {
		return "", nil
	}
	return factor.Factor, nil
}

func (c *credentialPages) submitPassword(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	password := r.PostForm.Get("password")
	problem, err := c.checkPasswords(r, current, p.Change, r.PostForm.Get("current"), password, r.PostForm.Get("repeat"))
	if err != nil {
		return err
	}
	if problem != nil {
		return c.writePassword(w, r, current, p, problem)
	}
	if p.Change.Phone, err = c.phoneForCode(r, current); err != nil {
		return err
	}
	if p.Change.Phone == "" {
		return c.changePassword(w, r, current, p.Change, nil)
	}
	if p.Change.CodeID, problem, err = c.sendCode(r.Context(), current.User.ID, p.Change.Phone); err != nil {
		return err
	}
	if problem != nil {
		p.Change.Password = ""
		return c.writePassword(w, r, current, p, problem)
	}
	return c.RedirectToPage(w, r, PathPasswordCode, p)
}

// checkPasswords proves the present password, and notes the hash of the new one where it may be taken.
func (c *credentialPages) checkPasswords(
	r *http.Request, current *storage.Login, change *AccountChange, present, password, repeat string,
) (*formError, error) {
	switch {
	case present == "" || password == "" || repeat == "":
		return refusedPasswordsEmpty, nil
	case password != repeat:
		return refusedPasswordsDiffer, nil
	}
	if problem, err := c.checkPassword(r, current, change, present); problem != nil || err != nil {
		return problem, err
	}
	var err error
	change.Password, err = c.identity.HashNewPassword(r.Context(), current.User.ID, password, identity.CheckNewPassword)
	return refusedPassword(err)
}

// refusedPassword says why a new password is not taken; any other error is returned.
func refusedPassword(err error) (*formError, error) {
	switch {
	case errors.Is(err, identity.ErrPasswordShort), errors.Is(err, identity.ErrPasswordForm):
		return refusedPasswordShort, nil
	case errors.Is(err, identity.ErrPasswordLong):
		return refusedPasswordLong, nil
	case errors.Is(err, identity.ErrPasswordKnown):
		return refusedPasswordKnown, nil
	case errors.Is(err, identity.ErrPasswordUsed):
		return refusedPasswordUsed, nil
	}
	return nil, err
}

func (c *credentialPages) showPasswordCode(
	w http.ResponseWriter, r *http.Request, _ *storage.Login, p Interaction,
) error {
	step := passwordCode
	step.phone = p.Change.Phone
	return c.writeCode(w, r, p, step, nil)
}

func (c *credentialPages) submitPasswordCode(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	step := passwordCode
	step.phone = p.Change.Phone
	right, err := c.tookCode(w, r, p, step)
	if err != nil || !right {
		return err
	}
	return c.changePassword(w, r, current, p.Change, &identity.ByOneTimeCode)
}

// changePassword sets the new password and goes on with the session under a new cookie; the others end. by is what the
// person has proved besides the password, nil for nothing: the session then stays as strong, and as old, as it was.
func (c *credentialPages) changePassword(
	w http.ResponseWriter, r *http.Request, current *storage.Login, change *AccountChange, by *identity.Proof,
) error {
	cookie, err := c.layout.newToken()
	if err != nil {
		return err
	}
	now, session := c.now(), current.Session
	session.ID, session.UserAgent, session.LastUsedAt = storage.Hash(cookie), userAgent(r), now
	if by != nil {
		session.AuthTime, session.AMR, session.ACR = now, by.AMR, by.ACR
		session.ExpiresAt = now.Add(SessionLifetime)
	}
	ended, err := c.store.ChangePassword(c.identity.ActingAsOwner(r, current.User.ID), storage.PasswordChange{
		UserID: current.User.ID, Password: change.Password,
		PasswordSetAt: storage.FromEpochSeconds(change.PasswordSetAt),
		Cookie:        current.Session.ID, Session: &session,
	})
	if errors.Is(err, storage.ErrConflict) {
		return errChangeOver
	}
	if err != nil {
		return err
	}
	c.layout.setCookie(w, sessionCookie, cookie, 0)
	if err := c.ended(r, ended...); err != nil {
		return err
	}
	user, err := c.store.FindUser(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	if _, err := c.devices.remember(w, r, user); err != nil {
		return err
	}
	c.redirectChanged(w, r, changedPassword)
	return nil
}
