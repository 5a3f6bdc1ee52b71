package login

import (
	"errors"
	"net/http"
)

type signOutPage struct {
	UserName string // "" where nobody is signed in
	Request  string
	Done     bool
}

// showSignOut asks before it ends the session, so that a link or an image elsewhere can't. The request is optional: it
// carries what package provider wants to go on with afterwards.
func (s *Service) showSignOut(w http.ResponseWriter, r *http.Request) error {
	p, request, err := s.optionalPending(r)
	if err != nil {
		return err
	}
	current, err := s.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	page := signOutPage{Request: request}
	if current != nil {
		page.UserName = current.User.Email
	}
	v := s.newView(w, r, p.UILocales)
	v.Title, v.Page = v.Words.SignOut, page
	return v.write(w, http.StatusOK, "sign_out.html")
}

// submitSignOut ends the session and goes on with the pending request, where there is one.
func (s *Service) submitSignOut(w http.ResponseWriter, r *http.Request) error {
	p, request, err := s.optionalPending(r)
	if err != nil {
		return err
	}
	if err := s.SignOut(w, r); err != nil {
		return err
	}
	if request != "" {
		s.redirect(w, r, PathContinue, request)
		return nil
	}
	v := s.newView(w, r, p.UILocales)
	v.Title, v.Page = v.Words.SignedOut, signOutPage{Done: true}
	return v.write(w, http.StatusOK, "sign_out.html")
}

// optionalPending opens the request that the page carries. One that is missing, too old or another browser's keeps nobody
// from signing out.
func (s *Service) optionalPending(r *http.Request) (Pending, string, error) {
	p, err := s.Pending(r)
	if errors.Is(err, ErrPendingForeign) || errors.Is(err, ErrPendingExpired) {
		return Pending{}, "", nil
	}
	if err != nil {
		return Pending{}, "", err
	}
	request, err := sealedRequest(r)
	return p, request, err
}
