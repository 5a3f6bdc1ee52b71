package login

import (
	"net/http"

	"ithildin/provider/identity"
)

// askForLink writes a page for a person who has no second factor, has proved as much as acr says, and has to follow a
// link to their mailbox before they add one. It says whether it has: whoever knows the password alone, and may have
// stolen it, adds none. The person goes on with the request afterwards.
func (s factorPages) askForLink(
	w http.ResponseWriter, r *http.Request, p Interaction, userID string, has identity.SecondFactors, acr string,
) (answered bool, err error) {
	if !s.factors().FirstNeedsLink(has, acr) {
		return false, nil
	}
	user, err := s.store.FindUser(r.Context(), userID)
	if err != nil {
		return false, err
	}
	if followed, err := s.devices.followedLink(r, user); followed || err != nil {
		return false, err
	}
	p.LoginHint = user.Email
	request, err := s.Seal(w, r, p)
	if err != nil {
		return false, err
	}
	v := s.newView(w, r, p.UILocales)
	t := v.Messages.Factors
	v.Title, v.Page = t.FirstTitle, noticePage{Lead: t.FirstLead, More: t.FirstOff}
	if s.mail.IsOn() && user.Password != "" {
		v.Page = noticePage{Lead: t.FirstLead, More: t.FirstMore}
		link := s.forgotLink(v, request)
		link.ID, link.Words = "first-factor-link", t.FirstSend
		v.Links = []pageLink{link}
	}
	v.showContact()
	return true, v.write(w, http.StatusForbidden, "notice.html")
}
