package provider_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/jwks"
	"ithildin/jwks/jwkstest"
	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	redirectURI = "https://client.example/callback"
	password    = "correct horse battery staple"
	secret      = "a-secret-of-more-than-128-random-bits-honestly"
)

// stack is a whole provider behind a real HTTP server, with one user who has a role.
type stack struct {
	t        testing.TB
	store    *storage.Store
	keys     *jwks.Set
	provider *provider.Provider
	server   *httptest.Server
	clock    *storagetest.Clock
	userID   string
	roleID   string
	options  []func(*provider.Options)
	outbound *outbound.Client // nil: public addresses only
}

func newStack(t testing.TB, engine storagetest.Engine, options ...func(*provider.Options)) *stack {
	return newStackOn(t, storagetest.NewClock(), func(clock *storagetest.Clock) *storage.Store {
		return engine.Open(t, storagetest.At(clock))
	}, options...)
}

func newStackOn(
	t testing.TB,
	clock *storagetest.Clock,
	open func(*storagetest.Clock) *storage.Store,
	options ...func(*provider.Options),
) *stack {
	s := &stack{t: t, clock: clock, store: open(clock), options: options}
	s.start()
	ctx := context.Background()
	hash, err := cheapPasswords().Hash(ctx, password)
	require.NoError(t, err)
	s.userID, s.roleID = uuid.NewString(), uuid.NewString()
	require.NoError(t, s.store.CreateUser(ctx, storage.User{
		ID: s.userID, Email: "doctor@example.com", Password: hash, PasswordSetAt: clock.Now(),
		Profile: json.RawMessage(`{"name":"Олена Коваль","given_name":"Олена","phone_number":"+380501234567"}`),
	}))
	require.NoError(t,
		s.store.CreateRole(ctx, storage.Role{ID: s.roleID, Name: "DOCTOR", Scope: []string{"patients:view"}}))
	require.NoError(t, s.store.GrantRole(ctx, s.userID, s.roleID, ""))
	return s
}

func cheapPasswords() *identity.Passwords {
	return identity.NewPasswords(identity.PasswordOptions{CheapForTests: true})
}

// start makes the provider and its server on the store, as another process would.
func (s *stack) start(changes ...func(*provider.Options)) {
	ctx := context.Background()
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String()
	base, err := url.Parse(issuer)
	require.NoError(s.t, err)
	jwkstest.Fill(s.t, provider.KeyStore{Store: s.store}, s.clock.Now(), jwks.SupportedAlgorithms...)
	s.keys = jwks.New(provider.KeyStore{Store: s.store}, jwks.Options{Now: s.clock.Now})
	require.NoError(s.t, s.keys.Load(ctx))
	options := provider.Options{
		Store: s.store, Keys: s.keys, Passwords: cheapPasswords(),
		Issuer: base, Now: s.clock.Now,
		Outbound: s.outbound,
	}
	for _, change := range append(s.options[:len(s.options):len(s.options)], changes...) {
		change(&options)
	}
	s.provider, err = provider.New(ctx, options)
	require.NoError(s.t, err)
	server.Config.Handler = s.provider.Handler()
	server.Start()
	s.t.Cleanup(server.Close)
	s.server = server
}

// client makes a standard client with one connection; change alters it before it is stored.
func (s *stack) client(id string, change func(*storage.Client)) *storage.Client {
	policy, err := storage.NewPolicy(storage.PresetStandard)
	require.NoError(s.t, err)
	connection := &storage.Connection{
		ID: uuid.NewString(), ClientID: id, RedirectURIs: []string{redirectURI},
		Secrets: []storage.ConnectionSecret{{ID: uuid.NewString(), Hash: storage.Hash(secret + id)}},
	}
	connection.ApplyPreset(storage.PresetStandard)
	c := &storage.Client{
		ID: id, Name: "Клініка", Policy: policy, Connections: []*storage.Connection{connection},
		Scope: []string{"openid", "profile", "email", "phone", "offline_access", "patients:view", "patients:create"},
		Metadata: storage.Metadata{
			GrantTypes:    []string{"authorization_code", "refresh_token", "client_credentials"},
			ResponseTypes: []string{"code"}, TokenEndpointAuthMethod: storage.AuthMethodBasic,
		},
	}
	if change != nil {
		change(c)
	}
	require.NoError(s.t, s.store.CreateClient(context.Background(), *c))
	return c
}

// browser follows redirects within the provider and stops at the client's.
type browser struct {
	stack *stack
	http  *http.Client
}

func (s *stack) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &browser{stack: s, http: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host != s.server.URL {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// page is what a browser ended at.
type page struct {
	status   int
	url      *url.URL
	location *url.URL
	body     string
	header   http.Header
}

// parameters are those of an authorization response, of the query or of the fragment.
func (p page) parameters() url.Values {
	if p.location.Fragment == "" {
		return p.location.Query()
	}
	values, _ := url.ParseQuery(p.location.EscapedFragment())
	return values
}

func (b *browser) do(r *http.Request) page {
	response, err := b.http.Do(r)
	require.NoError(b.stack.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.stack.t, err)
	p := page{status: response.StatusCode, url: response.Request.URL, body: string(body), header: response.Header}
	if location := response.Header.Get("Location"); location != "" {
		p.location, err = url.Parse(location)
		require.NoError(b.stack.t, err)
	}
	return p
}

func (b *browser) get(address string) page {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	require.NoError(b.stack.t, err)
	return b.do(r)
}

func (b *browser) post(address string, form url.Values) page {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, nil)
	require.NoError(b.stack.t, err)
	r.Header.Set("Origin", b.stack.server.URL)
	return b.postFrom(r, form)
}

// postFrom sends a form with the headers of a request, which say from where.
func (b *browser) postFrom(r *http.Request, form url.Values) page {
	r.Body = io.NopCloser(strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// authorize begins an authorization request.
func (b *browser) authorize(parameters url.Values) page {
	return b.get(b.stack.server.URL + oauth.PathAuthorize + "?" + parameters.Encode())
}

var hiddenRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)

func (p page) request(t testing.TB) string {
	found := hiddenRequest.FindStringSubmatch(p.body)
	require.NotNil(t, found, "no hidden request in: %s", p.body)
	return found[1]
}

// signIn answers the sign-in page.
func (b *browser) signIn(p page) page {
	require.Equal(b.stack.t, "/login/sign-in", p.url.Path, p.body)
	return b.post(b.stack.server.URL+"/login/sign-in", url.Values{
		"request": {p.request(b.stack.t)}, "username": {"doctor@example.com"}, "password": {password},
	})
}

// decide answers the consent page.
func (b *browser) decide(p page, decision string) page {
	require.Equal(b.stack.t, "/login/consent", p.url.Path, p.body)
	return b.post(b.stack.server.URL+"/login/consent",
		url.Values{"request": {p.request(b.stack.t)}, "decision": {decision}})
}

// code goes all the way from a fresh browser to a code.
func (b *browser) code(parameters url.Values) string {
	p := b.authorize(parameters)
	if p.location == nil && p.url.Path == "/login/sign-in" {
		p = b.signIn(p)
	}
	if p.location == nil && p.url.Path == "/login/consent" {
		p = b.decide(p, "accept")
	}
	require.NotNil(b.stack.t, p.location, "%d %s", p.status, p.body)
	code := p.location.Query().Get("code")
	require.NotEmpty(b.stack.t, code, p.location.String())
	return code
}

func request(clientID, scope string) url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "scope": {scope}, "state": {"s-1"},
	}
}

// reply is a JSON answer.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (a reply) member(name string) string { s, _ := a.body[name].(string); return s }

// post sends a form to an endpoint, with HTTP Basic where an id is given.
func (s *stack) post(path, id string, form url.Values) reply {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.server.URL+path,
		strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		r.SetBasicAuth(id, secret+id)
	}
	return s.send(r)
}

func (s *stack) send(r *http.Request) reply {
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	a := reply{status: response.StatusCode, header: response.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body)
	return a
}

func (s *stack) redeem(id, code string) reply {
	return s.post(oauth.PathToken, id, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
	})
}

func (s *stack) refresh(id, token string) reply {
	return s.post(oauth.PathToken, id, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (s *stack) userinfo(token string) reply {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.server.URL+oauth.PathUserinfo, nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	return s.send(r)
}

func decodeHeader(t testing.TB, token string) map[string]any {
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	require.NoError(t, err)
	var header map[string]any
	require.NoError(t, json.Unmarshal(raw, &header))
	return header
}
