package console

import (
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/inbound"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// visit is a request of an operator who is signed in.
type visit struct {
	*view
	session  *storage.ConsoleSession
	operator operator.Operator
}

// parameter is a part of the path, which address has escaped once more than the router decodes; "" where it is broken.
func (v *visit) parameter(name string) string {
	value, err := url.PathUnescape(chi.URLParam(v.r, name))
	if err != nil {
		return ""
	}
	return value
}

// isFresh returns whether the operator has proved within the last minutes who they are.
func (v *visit) isFresh() bool { return v.store.Now().Sub(v.session.AuthTime) <= signInAge }

// MountAdmin adds the routes to the admin listener. They are open, for they have a guard of their own.
func (c *Console) MountAdmin(open, _ chi.Router) {
	for path, page := range map[string]func(http.ResponseWriter, *http.Request) error{
		pathSignIn: c.showSignIn, pathCallback: c.callback,
	} {
		open.Method(http.MethodGet, path, c.handle(page))
	}
	open.Method(http.MethodPost, pathSignIn, c.handle(c.readingForm(c.beginSignIn)))
	open.Method(http.MethodPost, pathPreferences, c.handle(c.readingForm(c.setPreferences)))
	for _, route := range routes() {
		open.Method(route.method, Root+route.path, c.handle(c.signedIn(route)))
	}
	open.Handle(strings.TrimSuffix(Root, "/"), http.RedirectHandler(Root, http.StatusMovedPermanently))
	open.Handle(Root+"*", c.handle(func(http.ResponseWriter, *http.Request) error { return errNoPage }))
}

// handle writes the page of an error.
func (c *Console) handle(page func(http.ResponseWriter, *http.Request) error) http.Handler {
	protected := http.NewCrossOriginProtection()
	protected.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.fail(w, r, errCrossOrigin)
	}))
	return protected.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := inbound.Admitted(r)
		if err == nil {
			err = page(w, r)
		}
		if err != nil {
			c.fail(w, r, err)
		}
	}))
}

// signedIn makes the handler of a route: for operators with its right, and a POST only with the token of the session.
func (c *Console) signedIn(route route) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, who, token, err := c.findSession(r)
		if errors.Is(err, errNoSession) {
			return c.askToSignIn(w, r)
		}
		if err != nil {
			return err
		}
		inbound.RecordOf(r.Context()).About(ClientID, who.ID)
		r = r.WithContext(who.With(r.Context(), storage.ByConsole))
		v := &visit{view: c.newView(w, r), session: session, operator: who}
		v.Token, v.Operator, v.Menu = token, who.Name, menuOf(v)
		if r.Method == http.MethodPost {
			form, err := readForm(r)
			if err != nil {
				return errForm
			}
			r.PostForm = form
			if subtle.ConstantTimeCompare([]byte(form.Get("token")), []byte(token)) != 1 {
				return errCrossOrigin
			}
		}
		if route.right != "" && !who.Has(route.right) {
			return &pageError{status: http.StatusForbidden, key: "error.right", detail: string(route.right)}
		}
		return route.page(v)
	}
}

// askToSignIn leads to the sign-in. What was posted is lost; the person comes back to the page of the action.
func (c *Console) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	query := url.Values{"to": {r.URL.RequestURI()}}
	if _, err := r.Cookie(c.cookieName(sessionCookie)); err == nil {
		query.Set("over", "")
	}
	if r.Method == http.MethodPost && r.URL.Path == pathSearch {
		query.Set("to", Root)
	}
	goOn(w, r, pathSignIn+"?"+query.Encode())
	return nil
}

// readingForm reads the form of a page that needs no session.
func (c *Console) readingForm(
	page func(http.ResponseWriter, *http.Request) error,
) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := readForm(r)
		if err != nil {
			return errForm
		}
		r.PostForm = form
		return page(w, r)
	}
}

// longestForm bounds what a page posts, in bytes; the scopes of a role are the longest of it.
const longestForm = 32 << 10

// readForm reads the form of a posted page; a body of another kind is an empty form.
func readForm(r *http.Request) (url.Values, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return url.Values{}, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, longestForm))
	if err != nil {
		return nil, err
	}
	return inbound.ParseForm(string(body))
}
