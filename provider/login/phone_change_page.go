package login

import (
	"errors"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// The pages for another phone.
const (
	PathPhoneChange  = "/login/account/phone"
	PathPhoneCode    = "/login/account/phone/code"
	PathPhoneNew     = "/login/account/phone/new"
	PathPhoneConfirm = "/login/account/phone/confirm"
)

var refusedSamePhone = &formError{http.StatusOK, messageSamePhone, ""}

// confirmed is proved for a page after the code to the phone so far.
func (c *credentialPages) confirmed(page changePage) func(http.ResponseWriter, *http.Request) error {
	return c.proved(PathPhoneChange, func(
		w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
	) error {
		if !p.Change.Confirmed {
			return errChangeOver
		}
		return page(w, r, current, p)
	})
}

// phoneToChange is the number that a person may change now. Where there is none, it answers with why, and returns "".
func (c *credentialPages) phoneToChange(
	w http.ResponseWriter, r *http.Request, current *storage.Login,
) (string, error) {
	factor, err := c.identity.SecondFactor(r.Context(), current.User.ID)
	switch {
	case errors.Is(err, identity.ErrNoFactor), err == nil && !factor.IsActive:
		return "", c.writePhoneNotice(w, r, func(t *credentialText) string { return t.PhoneNone })
	case err != nil:
		return "", err
	case factor.Factor == "":
		// An operator has reset it. Whoever has the session need not be the owner: they prove it by signing in anew.
		return "", c.RedirectToPage(w, r, PathSignIn, Interaction{Page: PathAccount})
	}
	limited, err := c.identity.IsPhoneChangeLimited(r.Context(), current.User.ID)
	if err != nil {
		return "", err
	}
	if limited {
		return "", c.writePhoneNotice(w, r, func(t *credentialText) string { return t.PhoneLimited })
	}
	return factor.Factor, nil
}

func (c *credentialPages) writePhoneNotice(
	w http.ResponseWriter, r *http.Request, lead func(*credentialText) string,
) error {
	v := c.newView(w, r, "")
	t := v.Messages.Credentials
	v.Title, v.Page, v.Links = t.PhoneTitle, noticePage{Lead: lead(t)}, v.accountLink()
	v.showContact()
	return v.write(w, http.StatusOK, "notice.html")
}

func (c *credentialPages) showPhoneChange(w http.ResponseWriter, r *http.Request) error {
	current, p, err := c.begin(w, r, PathPhoneChange)
	if err != nil || current == nil {
		return err
	}
	phone, err := c.phoneToChange(w, r, current)
	if err != nil || phone == "" {
		return err
	}
	return c.writePhonePassword(w, r, current, p, phone, nil)
}

func (c *credentialPages) writePhonePassword(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction, phone string, problem *formError,
) error {
	return c.writeStep(w, r, p, func(t *messageSet) string { return t.Credentials.PhoneTitle },
		func(t *messageSet) stepPage {
			text := t.Credentials
			return stepPage{
				Action: PathPhoneChange, Lead: text.PhoneLead + " " + identity.MaskPhone(phone) + ".", Hint: text.PhoneLost,
				Label: text.Present, Name: "password", Type: "password", Autocomplete: "current-password",
				MaxLength: identity.MaximumPassword, Button: text.PhoneButton, ButtonID: "phone-password-submit",
				UserName: current.User.Email, Links: c.cancelLink(t), Contact: true,
			}
		}, problem)
}

// submitPhoneChange takes the password and sends a code to the phone so far.
func (c *credentialPages) submitPhoneChange(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	phone, err := c.phoneToChange(w, r, current)
	if err != nil || phone == "" {
		return err
	}
	problem, err := c.checkPassword(r, current, p.Change, r.PostForm.Get("password"))
	if err == nil && problem == nil {
		p.Change.Phone = phone
		p.Change.CodeID, problem, err = c.sendCode(r.Context(), current.User.ID, phone)
	}
	if err != nil {
		return err
	}
	if problem != nil {
		return c.writePhonePassword(w, r, current, p, phone, problem)
	}
	return c.RedirectToPage(w, r, PathPhoneCode, p)
}

func oldPhoneStep(p Interaction) codeStep {
	return codeStep{
		path: PathPhoneCode, phone: p.Change.Phone, lost: true,
		title: func(t *credentialText) string { return t.PhoneTitle },
	}
}

func (c *credentialPages) showOldPhone(w http.ResponseWriter, r *http.Request, _ *storage.Login, p Interaction) error {
	return c.writeCode(w, r, p, oldPhoneStep(p), nil)
}

func (c *credentialPages) submitOldPhone(
	w http.ResponseWriter, r *http.Request, _ *storage.Login, p Interaction,
) error {
	right, err := c.tookCode(w, r, p, oldPhoneStep(p))
	if err != nil || !right {
		return err
	}
	p.Change.Confirmed, p.Change.CodeID, p.Change.Resent = true, "", false
	return c.RedirectToPage(w, r, PathPhoneNew, p)
}

func (c *credentialPages) showNewPhone(w http.ResponseWriter, r *http.Request, _ *storage.Login, p Interaction) error {
	return c.writeNewPhone(w, r, p, "", nil)
}

func (c *credentialPages) writeNewPhone(
	w http.ResponseWriter, r *http.Request, p Interaction, typed string, problem *formError,
) error {
	return c.writeStep(w, r, p, func(t *messageSet) string { return t.Credentials.NewPhoneTitle },
		func(t *messageSet) stepPage {
			return stepPage{
				Action: PathPhoneNew, Lead: t.Credentials.NewPhoneLead, Hint: t.PhoneHint, Label: t.PhoneLabel,
				Name: "phone", Type: "tel", InputMode: "tel", Autocomplete: "tel", MaxLength: identity.LongestPhone,
				Value: typed, Button: t.PhoneButton, ButtonID: "phone-submit", Links: c.cancelLink(t),
			}
		}, problem)
}

// submitNewPhone sends a code to the number that is to be in the place of the one so far.
func (c *credentialPages) submitNewPhone(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	typed := r.PostForm.Get("phone")
	number, isNumber := identity.NormalizePhone(typed)
	switch {
	case !isNumber:
		return c.writeNewPhone(w, r, p, typed, refusedPhone)
	case number == p.Change.Phone:
		return c.writeNewPhone(w, r, p, typed, refusedSamePhone)
	}
	var problem *formError
	var err error
	p.Change.NewPhone, p.Change.Resent = number, false
	if p.Change.CodeID, problem, err = c.sendCode(r.Context(), current.User.ID, number); err != nil {
		return err
	}
	if problem != nil {
		return c.writeNewPhone(w, r, p, typed, problem)
	}
	return c.RedirectToPage(w, r, PathPhoneConfirm, p)
}

func newPhoneStep(p Interaction) codeStep {
	return codeStep{
		path: PathPhoneConfirm, phone: p.Change.NewPhone, other: true,
		title: func(t *credentialText) string { return t.ConfirmTitle },
	}
}

func (c *credentialPages) showPhoneConfirm(
	w http.ResponseWriter, r *http.Request, _ *storage.Login, p Interaction,
) error {
	if p.Change.NewPhone == "" {
		return errChangeOver
	}
	return c.writeCode(w, r, p, newPhoneStep(p), nil)
}

// submitPhoneConfirm stores the new number, if the one so far is still that of the second factor.
func (c *credentialPages) submitPhoneConfirm(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	if p.Change.NewPhone == "" {
		return errChangeOver
	}
	if r.PostForm.Get("decision") == decisionOtherNumber {
		p.Change.NewPhone, p.Change.CodeID, p.Change.Resent = "", "", false
		return c.RedirectToPage(w, r, PathPhoneNew, p)
	}
	right, err := c.tookCode(w, r, p, newPhoneStep(p))
	if err != nil || !right {
		return err
	}
	factor, err := c.identity.SecondFactor(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	if factor.Factor != p.Change.Phone || !factor.IsActive {
		return errChangeOver
	}
	err = c.identity.ChangePhone(c.identity.ActingAsOwner(r, current.User.ID), *factor, p.Change.NewPhone)
	switch {
	case errors.Is(err, identity.ErrPhoneChangeLimited):
		return c.writePhoneNotice(w, r, func(t *credentialText) string { return t.PhoneLimited })
	case errors.Is(err, storage.ErrConflict):
		return errChangeOver
	case err != nil:
		return err
	}
	c.redirectChanged(w, r, changedPhone)
	return nil
}
