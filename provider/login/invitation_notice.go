package login

import (
	"net/http"
)

// invitationNoticePage is a page that says what has happened, with a way on where there is one.
type invitationNoticePage struct {
	Text       *invitationText
	Lead, Hint string
	Email      string // whom the invitation is for, where somebody else is signed in
	Request    string // of the form by which another person signs in; "" without the form
	Open       string // where the client begins a sign-in
	RequestID  string
}

// noticeStatus are the statuses of notices; the others have 200, since nothing is wrong with the address.
var noticeStatus = map[invitationNotice]int{
	noticeTaxID: http.StatusForbidden, noticeRefused: http.StatusForbidden,
	noticeUnavailable: http.StatusServiceUnavailable, noticeLimited: http.StatusTooManyRequests,
	noticeBrowser: http.StatusBadRequest,
}

// The values of Retry-After, in seconds.
var noticeRetryAfter = map[invitationNotice]string{noticeUnavailable: "60", noticeLimited: "3600"}

// writeNotice shows a notice. open is "" where it leads nowhere.
func (i *invitationPages) writeNotice(
	w http.ResponseWriter, r *http.Request, notice invitationNotice, open string,
) error {
	v := i.newView(w, r, "")
	text := v.Messages.Invitations
	v.Title = text.Notices[notice].Title
	v.Page = invitationNoticePage{
		Text: text, Lead: text.Notices[notice].Lead, Hint: text.Notices[notice].Hint, Open: open,
		RequestID: i.requestID(r),
	}
	switch notice {
	case noticeAccepted, noticeRejected, noticeAnswered:
	default:
		v.showContact()
	}
	status := noticeStatus[notice]
	if status == 0 {
		status = http.StatusOK
	}
	if after := noticeRetryAfter[notice]; after != "" {
		w.Header().Set("Retry-After", after)
	}
	return v.write(w, status, "invitation_notice.html")
}

// writeOtherPerson says that somebody else is signed in than the invitation is for, and lets the right person sign in.
func (i *invitationPages) writeOtherPerson(w http.ResponseWriter, r *http.Request, p Interaction) error {
	request, err := i.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := i.newView(w, r, "")
	text := v.Messages.Invitations
	v.Title = text.OtherTitle
	v.Page = invitationNoticePage{
		Text: text, Lead: text.OtherLead, Email: p.Invitation.Email, Hint: text.OtherHint, Request: request,
		RequestID: i.requestID(r),
	}
	return v.write(w, http.StatusForbidden, "invitation_notice.html")
}
