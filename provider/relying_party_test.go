package provider_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/storage"
)

// relyingParty is a client's own server, which is told of logouts.
type relyingParty struct {
	t      testing.TB
	server *httptest.Server
	mutex  sync.Mutex
	status int           // of the answer
	silent chan struct{} // where not nil, nothing is answered before it closes
	tokens []string
}

func newRelyingParty(t testing.TB) *relyingParty {
	rp := &relyingParty{t: t, status: http.StatusOK}
	rp.server = httptest.NewTLSServer(http.HandlerFunc(rp.serve))
	t.Cleanup(rp.server.Close)
	return rp
}

func (rp *relyingParty) serve(w http.ResponseWriter, r *http.Request) {
	rp.mutex.Lock()
	silent, status := rp.silent, rp.status
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		rp.tokens = append(rp.tokens, r.PostFormValue("logout_token"))
	}
	rp.mutex.Unlock()
	if silent != nil {
		<-silent
	}
	w.WriteHeader(status)
}

func (rp *relyingParty) response(status int) {
	rp.mutex.Lock()
	defer rp.mutex.Unlock()
	rp.status = status
}

// received are the logout tokens that came so far.
func (rp *relyingParty) received() []string {
	rp.mutex.Lock()
	defer rp.mutex.Unlock()
	return append([]string(nil), rp.tokens...)
}

// reachable lets a provider reach relying parties on this machine.
func reachable(parties ...*relyingParty) func(*provider.Options) {
	roots := x509.NewCertPool()
	for _, rp := range parties {
		roots.AddCert(rp.server.Certificate())
	}
	return func(o *provider.Options) {
		o.Outbound = outbound.New(
			outbound.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: roots},
		)
	}
}

// backchannel registers a client for the back channel at a relying party.
func (rp *relyingParty) backchannel(c *storage.Client) {
	c.Metadata.BackchannelLogoutURI = rp.server.URL + "/backchannel-logout?key=secret"
	c.Metadata.PostLogoutRedirectURIs = []string{postLogoutURI}
}

const postLogoutURI = "https://client.example/signed-out"

// signedIn is a browser that has signed in to a client, with the tokens that the client got.
func (s *stack) signedIn(clientID, scope string) (*browser, reply) {
	b := s.browser()
	tokens := s.redeem(clientID, b.code(request(clientID, scope)))
	require.Equal(s.t, http.StatusOK, tokens.status, tokens.raw)
	return b, tokens
}

// logout sends the browser to the end_session_endpoint.
func (b *browser) logout(parameters url.Values) page {
	return b.get(b.stack.server.URL + oauth.PathLogout + "?" + parameters.Encode())
}

// hinted is a logout of whoever the hint names, with the way back and further parameters in pairs.
func hinted(hint, postLogoutRedirectURI string, further ...string) url.Values {
	parameters := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {postLogoutRedirectURI}}
	for i := 0; i < len(further); i += 2 {
		parameters.Set(further[i], further[i+1])
	}
	return parameters
}

// confirm answers the page that asks whether to sign out.
func (b *browser) confirm(p page) page {
	require.Equal(b.stack.t, "/login/sign-out", p.url.Path, p.body)
	require.Contains(b.stack.t, p.body, `id="logout-confirm"`)
	return b.post(b.stack.server.URL+"/login/sign-out", url.Values{"request": {p.request(b.stack.t)}})
}

// isSignedIn asks as clients do, with prompt=none.
func (b *browser) isSignedIn(clientID string) bool {
	parameters := request(clientID, "openid")
	parameters.Set("prompt", "none")
	p := b.authorize(parameters)
	require.NotNil(b.stack.t, p.location, p.body)
	if code := p.location.Query().Get("error"); code != "" {
		require.Equal(b.stack.t, "login_required", code)
		return false
	}
	return true
}

// user makes one more user with the password of the first.
func (s *stack) user(email string) {
	first, err := s.store.FindUser(s.t.Context(), s.userID)
	require.NoError(s.t, err)
	first.ID, first.Email = s.store.NewID(), email
	require.NoError(s.t, s.store.CreateUser(s.t.Context(), *first))
}

func claimsOf(t testing.TB, token string) map[string]any {
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(raw, &claims))
	return claims
}
