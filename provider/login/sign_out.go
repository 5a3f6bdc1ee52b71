package login

import (
	"errors"
	"html/template"
	"net/http"

	"ithildin/storage"
)

// SignedOutPage is what a browser shows after the session has ended. Whoever is told by the front channel has a frame
// on it (OIDC Front-Channel Logout 3).
type SignedOutPage struct {
	Frames    []string // URLs
	Next      string   // where the person goes on to in a moment; "" where the way ends here
	UILocales string
}

// frameSeconds is how long the frames have before the page goes on.
const frameSeconds = "2"

type signOutPage struct {
	UserName string // "" where nobody is signed in
	Request  string
	Done     bool
	Frames   []string
	Next     template.URL
}

// showSignOut asks before it ends the session, so that a link or an image elsewhere can't. The request is optional: it
// carries what package provider wants to go on with afterwards.
func (a *accountPages) showSignOut(w http.ResponseWriter, r *http.Request) error {
	p, request, err := a.optionalPending(r)
	if err != nil {
		return err
	}
	current, err := a.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	page := signOutPage{Request: request}
	if current != nil {
		page.UserName = current.User.Email
	}
	v := a.newView(w, r, p.UILocales)
	v.Title, v.Page = v.Messages.SignOut, page
	return v.write(w, http.StatusOK, "sign_out.html")
}

// submitSignOut ends the session and goes on with the pending request, where there is one.
func (a *accountPages) submitSignOut(w http.ResponseWriter, r *http.Request) error {
	p, _, err := a.optionalPending(r)
	if err != nil {
		return err
	}
	ended, err := a.EndSession(w, r)
	if err != nil {
		return err
	}
	return a.afterSignOut(w, r, ended, p)
}

// goOn is what comes after a sign-out where package provider has nothing to add.
func (a *accountPages) goOn(w http.ResponseWriter, r *http.Request, _ *storage.EndedSession, p Interaction) error {
	if p.At != 0 {
		return a.RedirectToPage(w, r, PathContinue, p)
	}
	return a.SignedOut(w, r, SignedOutPage{})
}

// SignedOut writes the page after a sign-out.
func (a *accountPages) SignedOut(w http.ResponseWriter, r *http.Request, page SignedOutPage) error {
	v := a.newView(w, r, page.UILocales)
	// The address was registered by its client, letter by letter, and may have a scheme of a native app, which the
	// template would not let pass. No script runs on this page, whatever the scheme.
	v.Title, v.Page = v.Messages.SignedOut, signOutPage{Done: true, Frames: page.Frames, Next: template.URL(page.Next)}
	v.Policy.Frames = origins(page.Frames)
	if page.Next != "" {
		w.Header().Set("Refresh", frameSeconds+"; url="+page.Next)
	}
	return v.write(w, http.StatusOK, "sign_out.html")
}

// optionalPending opens the request that the page carries. One that is missing, too old or another browser's keeps
// nobody from signing out.
func (a *accountPages) optionalPending(r *http.Request) (Interaction, string, error) {
	p, err := a.OpenInteraction(r)
	if errors.Is(err, ErrPendingForeign) || errors.Is(err, ErrPendingExpired) {
		return Interaction{}, "", nil
	}
	if err != nil {
		return Interaction{}, "", err
	}
	request, err := sealedRequest(r)
	return p, request, err
}
