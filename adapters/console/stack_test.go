package console_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/console"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/mail"
	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	password = "correct horse battery staple"
	phone    = "+380501234567"
)

// stack is a provider with its console, each behind a real HTTP server on a site of its own.
type stack struct {
	t        testing.TB
	store    *storage.Store
	clock    *storagetest.Clock
	keys     *jwks.Set
	provider *provider.Provider
	console  *console.Console
	issuer   string
	admin    string // the listener as browsers reach it, without a path
	phones   *phones
	hash     string // of password
	letters  *mail.Service
}

// phones are what one-time codes go to.
type phones struct {
	mutex sync.Mutex
	last  map[string]string
}

// Send implements identity.SMSSender.
func (p *phones) Send(_ context.Context, number, message string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.last[number] = regexp.MustCompile(`[0-9]{6}`).FindString(message)
	return nil
}

func (p *phones) code(number string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.last[number]
}

// newStack makes a stack that sends no letters; mailingStack makes one that gives them to a sender.
func newStack(t testing.TB, engine storagetest.Engine) *stack { return mailingStack(t, engine, nil) }

func mailingStack(t testing.TB, engine storagetest.Engine, sender mail.Sender) *stack {
	s := &stack{t: t, clock: storagetest.NewClock(), phones: &phones{last: map[string]string{}}}
	s.store = engine.Open(t, storagetest.At(s.clock))
	public, private := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	s.issuer = "http://" + public.Listener.Addr().String()
	// localhost and 127.0.0.1 are two sites, as the issuer and an intranet are.
	s.admin = "http://localhost:" + strings.Split(private.Listener.Addr().String(), ":")[1]
	issuer, err := url.Parse(s.issuer)
	require.NoError(t, err)
	keys := jwks.New(provider.KeyStore{Store: s.store}, jwks.Options{Now: s.clock.Now})
	require.NoError(t, keys.Load(context.Background()))
	passwords := identity.NewPasswords(identity.PasswordOptions{})
	s.letters = mail.New(mail.Options{Store: s.store, Sender: sender, ServiceName: "eHealth", Now: s.clock.Now})
	s.provider, err = provider.New(context.Background(), provider.Options{
		Store: s.store, Keys: keys, Passwords: passwords, Issuer: issuer, Now: s.clock.Now, Mail: s.letters,
		Components: identity.Components{
			SMS: s.phones, Limits: identity.Limits{OneTimeCodesSent: 1000, FailedSignIns: 1000},
		},
	})
	require.NoError(t, err)
	s.keys = keys
	s.restart()
	public.Config.Handler = s.provider.Handler()
	private.Config.Handler = s.provider.AdminHandler(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	}, s.console.MountAdmin)
	for _, server := range []*httptest.Server{public, private} {
		server.Start()
		t.Cleanup(server.Close)
	}
	s.hash, err = passwords.Hash(context.Background(), password)
	require.NoError(t, err)
	return s
}

// restart makes the console again, as a new process does.
func (s *stack) restart() {
	at, err := url.Parse(s.admin)
	require.NoError(s.t, err)
	s.console, err = console.New(context.Background(), console.Options{
		Provider: s.provider, Keys: s.keys, URL: at, Mail: s.letters,
	})
	require.NoError(s.t, err)
}

// person makes an account with a password and, where withFactor says so, a phone.
func (s *stack) person(email string, withFactor bool) storage.User {
	u := storagetest.User(s.t, s.store, func(u *storage.User) {
		u.Email, u.Password, u.PasswordSetAt = email, s.hash, s.clock.Now()
	})
	if withFactor {
		require.NoError(s.t, s.store.CreateAuthenticationFactor(context.Background(), storage.AuthenticationFactor{
			ID: s.store.NewID(), UserID: u.ID, Type: "SMS", Factor: phone, IsActive: true, CreatedAt: s.clock.Now(),
			UpdatedAt: s.clock.Now(),
		}))
	}
	return u
}

// operator makes a person with a second factor and a role with these rights everywhere.
func (s *stack) operator(email string, rights ...operator.Right) (storage.User, storage.Role) {
	u := s.person(email, true)
	var scope []string
	for _, right := range rights {
		scope = append(scope, string(right))
	}
	role := storagetest.Role(s.t, s.store, scope...)
	require.NoError(s.t, s.store.GrantRole(context.Background(), u.ID, role.ID, ""))
	return u, role
}

// browser is one that follows redirects and keeps cookies.
type browser struct {
	stack *stack
	http  *http.Client
}

func (s *stack) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &browser{stack: s, http: &http.Client{Jar: jar}}
}

// page is what a browser ended at.
type page struct {
	status int
	url    *url.URL
	body   string
	header http.Header
}

func (b *browser) do(r *http.Request) page {
	response, err := b.http.Do(r)
	require.NoError(b.stack.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.stack.t, err)
	return page{status: response.StatusCode, url: response.Request.URL, body: string(body), header: response.Header}
}

func (b *browser) get(address string) page {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	require.NoError(b.stack.t, err)
	r.Header.Set("Accept-Language", "en")
	return b.do(r)
}

// post sends a form as a page of the same origin does.
func (b *browser) post(address string, form url.Values) page {
	at, err := url.Parse(address)
	require.NoError(b.stack.t, err)
	return b.postFrom(at.Scheme+"://"+at.Host, address, form)
}

func (b *browser) postFrom(origin, address string, form url.Values) page {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(b.stack.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	r.Header.Set("Accept-Language", "en")
	return b.do(r)
}

// hidden reads a hidden field of a page.
func (p page) hidden(t testing.TB, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(p.body)
	require.NotNil(t, found, "no field %s at %s: %s", name, p.url, p.body)
	return found[1]
}

// pressed begins a sign-in from the page of the console and ends at the one of the provider, or wherever that leads.
func (b *browser) pressed(to string) page {
	return b.post(b.stack.admin+"/console/sign-in", url.Values{"to": {to}})
}

// prove answers the pages of the provider until the browser is back at the console.
func (b *browser) prove(p page, email string) page {
	t := b.stack.t
	if p.url.Path == "/login/sign-in" {
		p = b.post(b.stack.issuer+p.url.Path, url.Values{
			"request": {p.hidden(t, "request")}, "username": {email}, "password": {password},
		})
	}
	if p.url.Path == "/login/code" {
		p = b.post(b.stack.issuer+p.url.Path, url.Values{
			"request": {p.hidden(t, "request")}, "code": {b.stack.phones.code(phone)},
		})
	}
	if p.url.Path == "/login/consent" {
		p = b.post(b.stack.issuer+p.url.Path, url.Values{"request": {p.hidden(t, "request")}, "decision": {"accept"}})
	}
	return p
}

// signIn signs an operator in and opens the first page of the console.
func (b *browser) signIn(email string) page {
	p := b.prove(b.pressed("/console/"), email)
	require.Equal(b.stack.t, http.StatusOK, p.status, p.body)
	require.Equal(b.stack.t, "/console/callback", p.url.Path, p.body)
	return b.console("")
}

// console opens a page by its path below the root.
func (b *browser) console(path string) page { return b.get(b.stack.admin + "/console/" + path) }

// act fills in the page of an action and sends it.
func (b *browser) act(path string, form url.Values) page {
	t := b.stack.t
	t.Helper()
	asked := b.console(path)
	require.Equal(t, http.StatusOK, asked.status, asked.body)
	require.Equal(t, strings.Split("/console/"+path, "?")[0], asked.url.EscapedPath(), "%s is not asked", path)
	sent := url.Values{"token": {asked.hidden(t, "token")}, "reason": {"ticket 4711"}}
	for name, values := range form {
		sent[name] = values
	}
	return b.post(b.stack.admin+"/console/"+path, sent)
}

// lastEvent is the newest event of a kind.
func (s *stack) lastEvent(kind string) storage.Event {
	s.t.Helper()
	events, err := s.store.ListEvents(context.Background(), storage.EventFilter{Kind: kind, Limit: 1})
	require.NoError(s.t, err)
	require.Len(s.t, events, 1, kind)
	return events[0]
}

// linkTo is where the row of a list leads that has this note below its link.
func linkTo(t testing.TB, p page, note string) string {
	t.Helper()
	found := regexp.MustCompile(`<a href="([^"]+)"><bdi>[^<]*</bdi></a><span class="note"><bdi>` +
		regexp.QuoteMeta(html.EscapeString(note)) + `<`).FindStringSubmatch(p.body)
	require.NotNil(t, found, "no link to %s: %s", note, p.body)
	return html.UnescapeString(found[1])
}
