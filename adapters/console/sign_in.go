package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/storage"
)

const (
	pathSignIn   = Root + "sign-in"
	pathSignOut  = Root + "sign-out"
	pathCallback = Root + "callback"

	// signInAge is how long ago a sign-in may have been by which a session of the console begins, or an action is done
	// that needs a fresh one.
	signInAge = 5 * time.Minute
	// flowLife is how long a browser may take from the console to the sign-in and back, in seconds.
	flowLife = 600
	// longestTarget bounds the address of the page to which a sign-in leads, in bytes.
	longestTarget = 1024
)

// requiredContext asks for a second factor, as an essential acr (OIDC Core 5.5.1.1): phr and phrh are sign-ins that
// resist phishing (OpenID Connect EAP ACR Values 1.0), and a value that the provider does not know is ignored. The ID
// token is looked at too, for whoever signs in can change the request.
const requiredContext = `{"id_token":{"acr":{"essential":true,"values":["` + storage.AssuranceOneTimeCode + `","` +
	storage.AssuranceSignature + `","phr","phrh"]}}}`

// The reasons for which a sign-in is refused, as the audit has them; each has a text.
const (
	refusedState   = "state"         // not begun in this browser, or long ago
	refusedRequest = "request"       // the provider answered with an error
	refusedFactor  = "second_factor" // signed in without one
	refusedAge     = "too_old"       // signed in too long ago
	refusedRights  = "no_rights"
)

var errRefused = errors.New("console: the sign-in is refused")

// showSignIn asks whoever has no session to sign in, or to do so again for an action.
func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request) error {
	v := c.newView(w, r)
	to, again := r.URL.Query().Get("to"), r.URL.Query().Has("again")
	if !isOwn(to) {
		to = Root
	}
	v.Title = v.T("sign_in.title")
	m := message{Lead: v.T("sign_in.lead"), Button: v.T("sign_in.button"), Action: pathSignIn, Hidden: map[string]string{
		"to": to,
	}}
	switch {
	case again:
		v.Title, m.Lead = v.T("sign_in.again_title"), v.T("sign_in.again_lead")
		m.Hidden["again"] = "yes"
	case r.URL.Query().Has("out"):
		m.Notice = v.T("sign_in.out")
	case r.URL.Query().Has("over"):
		m.Notice = v.T("sign_in.over")
	}
	v.formTarget = c.issuer.Scheme + "://" + c.issuer.Host
	return v.write(http.StatusOK, "message.html", m)
}

// beginSignIn pushes an authorization request (RFC 9126) and sends the browser to the authorization endpoint with it.
// The cookie is Lax, for the way back comes from another site.
func (c *Console) beginSignIn(w http.ResponseWriter, r *http.Request) error {
	f := flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), To: r.PostForm.Get("to")}
	if !isOwn(f.To) {
		f.To = Root
	}
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier), oauth2.SetAuthURLParam("claims", requiredContext),
		oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(signInAge.Seconds()))),
	}
	if r.PostForm.Get("again") != "" {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	address, err := url.Parse(c.client.AuthCodeURL(f.State, options...))
	if err != nil {
		return err
	}
	request := address.Query()
	request.Set("client_secret", c.client.ClientSecret)
	uri, err := c.provider.Push(r, request)
	if err != nil {
		return err
	}
	address.RawQuery = url.Values{"client_id": {ClientID}, "request_uri": {uri}}.Encode()
	c.setCookie(w, flowCookie, f.encode(), flowLife, http.SameSiteLaxMode)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address.String(), http.StatusSeeOther)
	return nil
}

// flow is what the browser remembers of a sign-in that it has begun.
type flow struct{ State, Nonce, Verifier, To string }

func (f flow) encode() string {
	return strings.Join([]string{f.State, f.Nonce, f.Verifier, base64.RawURLEncoding.EncodeToString([]byte(f.To))}, ".")
}

func decodeFlow(value string) (f flow, known bool) {
	parts := strings.Split(value, ".")
	if len(parts) != 4 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return flow{}, false
	}
	to, err := base64.RawURLEncoding.DecodeString(parts[3])
	return flow{State: parts[0], Nonce: parts[1], Verifier: parts[2], To: string(to)}, err == nil
}

// callback ends a sign-in. The page that it answers with leads on by itself: a redirect would be a part of the way from
// another site, on which a browser leaves the Strict cookie out.
func (c *Console) callback(w http.ResponseWriter, r *http.Request) error {
	cookie, err := r.Cookie(c.cookieName(flowCookie))
	var f flow
	begun := false
	if err == nil {
		f, begun = decodeFlow(cookie.Value)
	}
	c.setCookie(w, flowCookie, "", -1, http.SameSiteLaxMode)
	query := r.URL.Query()
	if !begun || subtle.ConstantTimeCompare([]byte(f.State), []byte(query.Get("state"))) != 1 {
		return c.refuseSignIn(r, refusedState, "", nil)
	}
	if code := query.Get("error"); code != "" {
		return c.refuseSignIn(r, refusedRequest, "", errors.New(code))
	}
	proof, err := c.redeem(r.Context(), query.Get("code"), f)
	if err != nil {
		known := oauth.AsError(err)
		if known.Status >= http.StatusInternalServerError && !errors.Is(err, errRefused) {
			return err
		}
		return c.refuseSignIn(r, refusedRequest, "", err)
	}
	if reason := proof.refusal(c.store.Now()); reason != "" {
		return c.refuseSignIn(r, reason, proof.userID, nil)
	}
	who, _, err := c.findOperator(r.Context(), proof.userID)
	if err != nil && !errors.Is(err, errNoOperator) {
		return err
	}
	if err != nil {
		return c.refuseSignIn(r, refusedRights, proof.userID, nil)
	}
	if err := c.startSession(w, r, proof, who); err != nil {
		return err
	}
	if !isOwn(f.To) {
		f.To = Root
	}
	v := c.newView(w, r)
	v.Title, v.Refresh = v.T("callback.title"), f.To
	return v.write(http.StatusOK, "message.html", message{
		Lead: v.T("callback.lead", "name", who.Name), Links: []link{{v.T("callback.link"), f.To}},
	})
}

// proof is what the ID token says of a sign-in.
type proof struct {
	userID   string
	acr      string
	amr      []string
	authTime time.Time
}

// redeem exchanges a code in this process and verifies the ID token.
func (c *Console) redeem(ctx context.Context, code string, f flow) (proof, error) {
	set, err := c.provider.Exchange(ctx, provider.TokenRequest{Form: url.Values{
		"grant_type": {"authorization_code"}, "client_id": {ClientID}, "client_secret": {c.client.ClientSecret},
		"code": {code}, "redirect_uri": {c.client.RedirectURL}, "code_verifier": {f.Verifier},
	}})
	if err != nil {
		return proof{}, err
	}
	token, err := c.verifier.Verify(ctx, set.IDToken)
	if err != nil {
		return proof{}, errors.Join(errRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1 {
		return proof{}, errors.Join(errRefused, errors.New("the nonce is another one"))
	}
	var claims struct {
		ACR      string   `json:"acr"`
		AMR      []string `json:"amr"`
		AuthTime int64    `json:"auth_time"`
	}
	if err := token.Claims(&claims); err != nil {
		return proof{}, errors.Join(errRefused, err)
	}
	return proof{
		userID: token.Subject, acr: claims.ACR, amr: claims.AMR, authTime: storage.FromEpochSeconds(claims.AuthTime),
	}, nil
}

// refusal is why no session may begin by a sign-in, "" where it may. It has two factors if its amr says so (RFC 8176,
// mfa); a digital signature is as good.
func (p proof) refusal(now time.Time) string {
	switch {
	case !slices.Contains(p.amr, "mfa") && p.acr != storage.AssuranceSignature:
		return refusedFactor
	case now.Sub(p.authTime) > signInAge+time.Minute: // the minute is for the way back
		return refusedAge
	}
	return ""
}

// refuseSignIn says why there is no session, and keeps it in the audit.
func (c *Console) refuseSignIn(r *http.Request, reason, userID string, cause error) error {
	err := c.store.RecordEvents(r.Context(), []storage.Event{oauth.IdentifyEvent(r.Context(), storage.Event{
		Kind: storage.EventConsoleRefused, ClientID: ClientID, UserID: userID, Details: map[string]string{"reason": reason},
	})})
	if err != nil {
		return err
	}
	return &pageError{status: http.StatusForbidden, key: "refused." + reason, cause: cause, link: pathSignIn}
}

// signOut ends the session of the browser.
func signOut(v *visit) error {
	if err := v.store.EndConsoleSession(v.r.Context(), v.session.ID); err != nil {
		return err
	}
	v.setCookie(v.w, sessionCookie, "", -1, http.SameSiteStrictMode)
	err := v.store.RecordEvents(v.r.Context(), []storage.Event{storage.ByActor(v.r.Context(), storage.Event{
		Kind: storage.EventConsoleSignedOut, ClientID: ClientID, UserID: v.operator.ID,
	})})
	if err != nil {
		return err
	}
	goOn(v.w, v.r, pathSignIn+"?out")
	return nil
}

var errNoOperator = errors.New("console: not an operator")

// findOperator reads who a user is now: with the rights of their roles for the console or everywhere. errNoOperator:
// the user is gone or blocked, or has no right.
func (c *Console) findOperator(ctx context.Context, userID string) (operator.Operator, *storage.User, error) {
	login, err := c.store.FindUserForClient(ctx, userID, ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return operator.Operator{}, nil, errNoOperator
	}
	if err != nil {
		return operator.Operator{}, nil, err
	}
	rights, err := operator.RightsOfRoles(ctx, c.store, login.RoleIDs)
	if err != nil {
		return operator.Operator{}, nil, err
	}
	if login.User.IsBlocked || len(rights) == 0 {
		return operator.Operator{}, nil, errNoOperator
	}
	u := &login.User
	return operator.Operator{ID: u.ID, ClientID: ClientID, Name: u.Email, Rights: rights}, u, nil
}
