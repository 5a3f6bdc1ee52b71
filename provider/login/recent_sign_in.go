package login

import (
	"net/http"
	"net/url"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// beginConfirmed is begin for a page that asks for a sign-in of the last minutes, by a second factor where the person
// has one. It leads to one, and returns no session, where there is none or it is older; query is that of the page, for
// afterwards.
func (c *credentialPages) beginConfirmed(
	w http.ResponseWriter, r *http.Request, page, query string,
) (*storage.Login, Interaction, identity.SecondFactors, error) {
	current, p, err := c.begin(w, r, page)
	if err != nil || current == nil {
		return nil, p, identity.SecondFactors{}, err
	}
	has, err := c.factors().SecondFactors(r.Context(), current.User.ID)
	if err != nil {
		return nil, p, has, err
	}
	if !c.factors().MayChangeFactors(current.Session, has) {
		return nil, p, has, c.RedirectToPage(w, r, PathSignIn, Interaction{
			Page: page, Query: query, LoginHint: current.User.Email,
		})
	}
	return current, p, has, nil
}

// beginRecent is beginConfirmed for a page that changes second factors: a person without any may have to follow a link
// first.
func (c *credentialPages) beginRecent(
	w http.ResponseWriter, r *http.Request, page, query string,
) (*storage.Login, Interaction, identity.SecondFactors, error) {
	current, p, has, err := c.beginConfirmed(w, r, page, query)
	if err != nil || current == nil {
		return nil, p, has, err
	}
	if answered, err := (factorPages{c.signInPages}).askForLink(w, r, Interaction{Page: page, Query: query},
		current.User.ID, has, current.Session.ACR); answered || err != nil {
		return nil, p, has, err
	}
	return current, p, has, nil
}

// recent is opening for the form of such a page.
func (c *credentialPages) recent(page string, submit changePage) func(http.ResponseWriter, *http.Request) error {
	return c.opening(page, func(
		w http.ResponseWriter, r *http.Request, _ *storage.Login, p Interaction,
	) error {
		query := ""
		if p.Change.Factor != "" {
			query = url.Values{"id": {p.Change.Factor}}.Encode()
		}
		current, _, _, err := c.beginRecent(w, r, page, query)
		if err != nil || current == nil {
			return err
		}
		return submit(w, r, current, p)
	})
}
