package login

import "net/http"

// PathFront is the address that people type.
const PathFront = "/"

// ShowFront takes a signed-in person to their account, and tells anybody else where to go.
func (s *Service) ShowFront(w http.ResponseWriter, r *http.Request) error {
	current, err := s.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if current != nil {
		s.redirect(w, r, PathAccount, "")
		return nil
	}
	v := s.newView(w, r, "")
	t := v.Messages.Operator
	v.Title, v.Page = t.FrontTitle, noticePage{Lead: t.FrontLead, More: t.FrontMore}
	v.Links = append([]pageLink{{"front-sign-in", v.Path + PathAccount, t.FrontSignIn}}, v.signInLinks()...)
	v.showContact()
	return v.write(w, http.StatusOK, "notice.html")
}
