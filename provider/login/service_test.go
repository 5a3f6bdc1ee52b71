package login

import (
	"cmp"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/mail"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	testClient   = "6498d88e-97fb-47e2-85a5-99e884f888aa"
	testEmail    = "doctor@example.com"
	testPassword = "correct horse battery staple"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a Service over a real SQLite store, behind a real server that stands where package provider will.
type fixture struct {
	*Service
	t         *testing.T
	clock     *clock
	server    *httptest.Server
	store     *storage.Store
	identity  *identity.Service
	passwords *identity.Passwords
	userID    string
	sms       *smsBox
	letters   *letterBox
	mail      *mail.Service
	counts    sync.Map
}

func newFixture(t *testing.T) *fixture { return newFixtureOver(t, "https") }

func newFixtureOver(t *testing.T, scheme string) *fixture {
	t.Helper()
	return newFixtureOn(t, scheme, openStore)
}

// onEachEngine runs a test over a store of every engine.
func onEachEngine(t *testing.T, test func(t *testing.T, f *fixture)) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		test(t, newFixtureOn(t, "https", openOn(engine)))
	})
}

func openOn(engine storagetest.Engine) func(*testing.T, *clock) *storage.Store {
	return func(t *testing.T, c *clock) *storage.Store {
		return engine.Open(t, func(o *storage.Options) { o.Now = c.Now })
	}
}

func newFixtureOn(
	t *testing.T, scheme string, open func(*testing.T, *clock) *storage.Store, changes ...func(*identity.Components),
) *fixture {
	t.Helper()
	f := &fixture{
		t: t, sms: &smsBox{}, letters: &letterBox{},
		clock: &clock{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)},
	}
	mux := http.NewServeMux()
	f.server = httptest.NewUnstartedServer(mux)
	if scheme == "https" {
		f.server.StartTLS()
	} else {
		f.server.Start()
	}
	t.Cleanup(f.server.Close)
	store := open(t, f.clock)
	f.store = store
	issuer, err := url.Parse(f.server.URL)
	require.NoError(t, err)
	f.passwords = identity.NewPasswords(identity.PasswordOptions{CheapForTests: true})
	requestID := func(*http.Request) string { return "request-1" }
	clientAddress := func(r *http.Request) string { return cmp.Or(r.Header.Get("Test-Address"), "127.0.0.1") }
	count := func(kind string) { n, _ := f.counts.LoadOrStore(kind, 0); f.counts.Store(kind, n.(int)+1) }
	components := identity.Components{SMS: f.sms}
	for _, change := range changes {
		change(&components)
	}
	f.identity = identity.New(identity.Options{
		Store: store, Host: issuer.Host, Now: f.clock.Now, Passwords: f.passwords, RequestID: requestID,
		ClientAddress: clientAddress, Count: count, Components: components,
	})
	f.mail = mail.New(mail.Options{Store: store, Sender: f.letters, ServiceName: "Портал", Now: f.clock.Now})
	f.Service, err = New(t.Context(), Options{
		Mail:  f.mail,
		Store: store, Identity: f.identity, Issuer: issuer, Now: f.clock.Now, RequestID: requestID, Count: count,
	})
	require.NoError(t, err)
	require.NoError(t, store.CreateClient(t.Context(), storage.Client{ID: testClient, Name: "Клініка <Здоров'я>"}))
	f.userID = f.createUser(testEmail, testPassword)
	f.mount(mux)
	return f
}

func openStore(t *testing.T, c *clock) *storage.Store {
	t.Helper()
	return storagetest.Engines()[0].Open(t, func(o *storage.Options) { o.Now = c.Now })
}

// mount serves /authorize, which suspends a request made of its query, and what comes after sign-in.
func (f *fixture) mount(server *http.ServeMux) {
	pages := inbound.NewRouter()
	f.Mount(pages)
	server.Handle("/login/", pages)
	server.Handle("/authorize", f.handle(func(w http.ResponseWriter, r *http.Request) error {
		query := r.URL.Query()
		p := Interaction{
			Frontend: "standard", Query: r.URL.RawQuery, ClientID: testClient,
			LoginHint: query.Get("login_hint"), UILocales: query.Get("ui_locales"),
			Required: identity.RequiredAuthentication{Assurance: query.Get("assurance")},
		}
		if !query.Has("step_up") {
			return f.RedirectToPage(w, r, query.Get("page"), p)
		}
		current, err := f.Login(r.Context(), r, testClient)
		if err != nil {
			return err
		}
		return f.StepUp(w, r, p, current)
	}))
	server.Handle("GET "+PathContinue, f.handle(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := f.OpenInteraction(r); err != nil {
			return err
		}
		current, err := f.Login(r.Context(), r, testClient)
		if err == nil && current != nil {
			_, err = io.WriteString(w, "signed in as "+current.User.Email)
		}
		return err
	}))
}

func (f *fixture) createUser(email, password string) string {
	phc, err := f.passwords.Hash(f.t.Context(), password)
	require.NoError(f.t, err)
	return f.createUserWith(email, phc)
}

func (f *fixture) createUserWith(email, phc string) string {
	u := storage.User{ID: f.store.NewID(), Email: email, Password: phc, CreatedAt: f.clock.Now()}
	require.NoError(f.t, f.store.CreateUser(f.t.Context(), u))
	return u.ID
}

func (f *fixture) events(kind string) []storage.Event {
	events, err := f.store.ListEvents(f.t.Context(), storage.EventFilter{Kind: kind, Limit: 100})
	require.NoError(f.t, err)
	return events
}

// browser keeps cookies and follows redirects.
type browser struct {
	f      *fixture
	client *http.Client
	header http.Header // sent with each request
}

func (f *fixture) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(f.t, err)
	client := *f.server.Client()
	client.Jar = jar
	return &browser{f: f, client: &client, header: http.Header{}}
}

// page is what a browser has in front of it.
type page struct {
	*http.Response
	body string
}

func (b *browser) do(r *http.Request) page {
	for name, values := range b.header {
		r.Header[name] = values
	}
	response, err := b.client.Do(r)
	require.NoError(b.f.t, err)
	defer func() { require.NoError(b.f.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.f.t, err)
	return page{response, string(body)}
}

func (b *browser) get(path string) page {
	r, err := http.NewRequestWithContext(b.f.t.Context(), http.MethodGet, b.f.server.URL+path, nil)
	require.NoError(b.f.t, err)
	return b.do(r)
}

func (b *browser) post(path string, form url.Values) page {
	r, err := http.NewRequestWithContext(b.f.t.Context(), http.MethodPost, b.f.server.URL+path,
		strings.NewReader(form.Encode()))
	require.NoError(b.f.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.f.server.URL)
	return b.do(r)
}

// begin comes to the sign-in page as an authorization request does. The query is that of /authorize.
func (b *browser) begin(query string) page {
	return b.get("/authorize?page=" + url.QueryEscape(PathSignIn) + "&" + query)
}

// signIn fills in the form of a sign-in page.
func (b *browser) signIn(p page, username, password string) page {
	return b.post(PathSignIn, url.Values{"request": {p.request(b.f.t)}, "username": {username}, "password": {password}})
}

func (b *browser) url() *url.URL {
	u, err := url.Parse(b.f.server.URL)
	require.NoError(b.f.t, err)
	return u
}

func (b *browser) cookie(name string) *http.Cookie {
	for _, c := range b.client.Jar.Cookies(b.url()) {
		if c.Name == b.f.layout.cookieName(name) {
			return c
		}
	}
	return nil
}

var hiddenRequest = regexp.MustCompile(`<input type="hidden" name="request" value="([^"]*)">`)

// request is the sealed request that the page carries.
func (p page) request(t *testing.T) string {
	t.Helper()
	found := hiddenRequest.FindStringSubmatch(p.body)
	require.NotNil(t, found, p.body)
	return html.UnescapeString(found[1])
}

// smsBox keeps what phones get.
type smsBox struct {
	mu    sync.Mutex
	texts map[string][]string
}

// Send implements identity.SMSSender.
func (s *smsBox) Send(_ context.Context, phone, message string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts == nil {
		s.texts = map[string][]string{}
	}
	s.texts[phone] = append(s.texts[phone], message)
	return nil
}

func (s *smsBox) received(phone string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts[phone])
}

// code is the latest that a phone got.
func (s *smsBox) code(t *testing.T, phone string) string {
	texts := s.received(phone)
	require.NotEmpty(t, texts, phone)
	return texts[len(texts)-1][strings.LastIndex(texts[len(texts)-1], " ")+1:]
}
