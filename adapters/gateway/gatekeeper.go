package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/provider"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
)

// Gatekeeper signs people in to a first-party web front end that keeps its token in a cookie (contract section 7.4). It
// is a client of the provider like any other, but for the exchange, which needs no network.
type Gatekeeper struct {
	Provider     *provider.Provider
	ClientID     string
	ClientSecret string
	Scope        string
	// RedirectURL is where the browser goes when it has signed in or out.
	RedirectURL string
}

// The paths of a gatekeeper on the public listener.
const (
	PathLogin    = "/auth/login"
	PathRedirect = "/auth/redirect"
	PathLogout   = "/auth/logout"
)

const (
	stateCookie = "ithildin-gatekeeper"
	stateLife   = 600 // seconds
	metaCookie  = "meta"
)

// Mount adds the routes of the public listener; the login API has the same paths with other methods.
func (k *Gatekeeper) Mount(r chi.Router) {
	r.Get(PathLogin, k.login)
	r.Get(PathRedirect, k.redirect)
	r.Get(PathLogout, k.logout)
}

func (k *Gatekeeper) redirectURI() string { return k.Provider.Issuer() + PathRedirect }

func (k *Gatekeeper) secure() bool { return strings.HasPrefix(k.Provider.Issuer(), "https:") }

// stateName has the prefix with which a browser refuses what another host tries to set.
func (k *Gatekeeper) stateName() string {
	if k.secure() {
		return "__Host-" + stateCookie
	}
	return stateCookie
}

func (k *Gatekeeper) setCookie(w http.ResponseWriter, name, value string, maxAge int, httpOnly bool) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: httpOnly, Secure: k.secure(),
		SameSite: http.SameSiteLaxMode,
	})
}

// login begins: the browser remembers a state and the verifier of a challenge (RFC 7636), and goes to the authorization
// endpoint.
func (k *Gatekeeper) login(w http.ResponseWriter, r *http.Request) {
	state, verifier := rand.Text(), rand.Text()+rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	k.setCookie(w, k.stateName(), state+"."+verifier, stateLife, true)
	query := url.Values{
		"response_type": {"code"}, "client_id": {k.ClientID}, "redirect_uri": {k.redirectURI()}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if k.Scope != "" {
		query.Set("scope", k.Scope)
	}
	k.goOn(w, k.Provider.Issuer()+oauth.PathAuthorize+"?"+query.Encode())
}

func (k *Gatekeeper) goOn(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusFound)
}

// redirect ends: the code becomes a token in a cookie. The state must be the browser's, or somebody else's code would
// sign this browser in as that person.
func (k *Gatekeeper) redirect(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	cookie, err := r.Cookie(k.stateName())
	state, verifier := "", ""
	if err == nil {
		state, verifier, _ = strings.Cut(cookie.Value, ".")
	}
	k.setCookie(w, k.stateName(), "", -1, true)
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(query.Get("state"))) != 1 {
		k.refuse(w, r, http.StatusBadRequest, "invalid_request",
			"The sign-in was not begun in this browser, or long ago. Begin again at "+PathLogin)
		return
	}
	if code := query.Get("error"); code != "" {
		k.refuse(w, r, http.StatusUnauthorized, "access_denied", "Sign-in failed")
		return
	}
	set, err := k.Provider.Exchange(r.Context(), provider.TokenRequest{Form: url.Values{
		"grant_type": {"authorization_code"}, "client_id": {k.ClientID}, "client_secret": {k.ClientSecret},
		"code": {query.Get("code")}, "redirect_uri": {k.redirectURI()}, "code_verifier": {verifier},
	}})
	if err != nil {
		known := oauth.AsError(err)
		k.refuse(w, r, known.Status, known.Code, known.Description)
		return
	}
	about, err := json.Marshal(map[string]string{"scope": set.Scope, "userId": set.UserID})
	if err != nil {
		panic("gateway: meta: " + err.Error()) // strings always marshal
	}
	seconds := max(1, int(set.ExpiresAt.Sub(k.Provider.Store().Now())/time.Second))
	k.setCookie(w, cookieAuthorization, set.AccessToken, seconds, true)
	// The front end reads this one: it says who is signed in, and opens nothing.
	k.setCookie(w, metaCookie, url.QueryEscape(string(about)), seconds, false)
	k.goOn(w, k.RedirectURL)
}

// logout ends the token of the cookie and its refresh token, and removes the cookies. Another site must not do that.
func (k *Gatekeeper) logout(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		k.refuse(w, r, http.StatusForbidden, "forbidden", "Cross-site request")
		return
	}
	if cookie, err := r.Cookie(cookieAuthorization); err == nil {
		info, err := k.Provider.Tokens().Inspect(r.Context(), cookie.Value)
		if err == nil && info.ClientID == k.ClientID {
			err = k.Provider.Tokens().End(r.Context(), cookie.Value, info)
		}
		if err != nil && !errors.Is(err, provider.ErrInactive) {
			k.refuse(w, r, oauth.AsError(err).Status, "internal_error", "Service is temporarily unavailable. Try later")
			return
		}
	}
	k.setCookie(w, cookieAuthorization, "", -1, true)
	k.setCookie(w, metaCookie, "", -1, false)
	k.goOn(w, k.RedirectURL)
}

func (k *Gatekeeper) refuse(w http.ResponseWriter, r *http.Request, status int, kind, message string) {
	var body errorBody
	body.Meta.URL, body.Meta.Type = k.Provider.Issuer()+r.URL.Path, "object"
	body.Meta.RequestID, body.Meta.Code = inbound.RequestID(r), status
	body.Error.Type, body.Error.Message = kind, message
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a browser that is gone has nobody to tell
}
