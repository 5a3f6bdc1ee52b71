package login

import "net/http"

// invitationCheckPage has a button alone. The captcha is on it, and not on the page behind it, on which a new person
// types a password.
type invitationCheckPage struct{ Lead, Request, Message, Button string }

// unchecked returns the request of a page of an invitation that is not shown before a captcha is solved. What is wrong
// with a request is said by find.
func (i *invitationPages) unchecked(r *http.Request) (Interaction, bool) {
	if !i.layout.captcha.isOn() {
		return Interaction{}, false
	}
	p, err := i.OpenInteraction(r)
	return p, err == nil && p.Invitation != nil && !p.Invitation.Checked
}

// writeCheck shows the captcha, after a refusal with its words.
func (i *invitationPages) writeCheck(
	w http.ResponseWriter, r *http.Request, p Interaction, problem *formError,
) error {
	request, err := i.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := i.newView(w, r, "")
	text := v.Messages.Invitations
	page := invitationCheckPage{Lead: text.CheckLead, Request: request, Button: text.CheckButton}
	v.Title, v.Heading = text.Title, text.Title
	v.showCaptcha(captchaInvitation)
	var status int
	status, page.Message = i.showRefusal(w, v, problem)
	v.Page = page
	return v.write(w, status, "invitation_check.html")
}

// submitCheck goes on to the invitation once the captcha is solved.
func (i *invitationPages) submitCheck(w http.ResponseWriter, r *http.Request, p Interaction) error {
	problem, err := i.checkCaptcha(r, captchaInvitation)
	if err != nil {
		return err
	}
	if problem != nil {
		return i.writeCheck(w, r, p, problem)
	}
	p.Invitation.Checked = true
	return i.RedirectToPage(w, r, PathInvitation, p)
}
