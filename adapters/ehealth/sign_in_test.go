package ehealth_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const password = "correct horse battery staple"

// clinic is a stack with a legacy client, one of whose redirect URIs has a query, and a doctor whose role has one
// scope.
func clinic(t testing.TB, engine storagetest.Engine, preset string) *stack {
	s := newStack(t, engine, 1_700_000_000)
	ctx := context.Background()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost) // as the old system stored them
	require.NoError(t, err)
	require.NoError(t, s.store.CreateUser(ctx,
		storage.User{ID: userID, Email: "doctor@example.com", Password: string(hash), PasswordSetAt: time.Unix(s.now, 0)}))
	role := storage.Role{ID: uuid.NewString(), Name: "DOCTOR", Scope: []string{"patients:view"}}
	require.NoError(t, s.store.CreateRole(ctx, role))
	kind := storage.ClientType{ID: uuid.NewString(), Name: "MSP", Scope: []string{"patients:view", "patients:create"}}
	require.NoError(t, s.store.CreateClientType(ctx, kind))
	policy, err := storage.NewPolicy(preset)
	require.NoError(t, err)
	connection := &storage.Connection{
		ID: uuid.NewString(), ClientID: clientID,
		RedirectURIs: []string{redirectURI, "https://mis-a.example/q?z=1&b=2&code=theirs"},
		Secrets:      []storage.ConnectionSecret{{ID: uuid.NewString(), Hash: storage.Hash(clientSecret)}},
	}
	connection.ApplyPreset(preset)
	require.NoError(t, s.store.CreateClient(ctx, storage.Client{
		ID: clientID, Name: "Амбулаторія", TypeID: kind.ID, Policy: policy, Connections: []*storage.Connection{connection},
		Metadata: storage.Metadata{
			GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
			TokenEndpointAuthMethod: storage.AuthMethodPost,
		},
	}))
	require.NoError(t, s.store.GrantRole(ctx, userID, role.ID, clientID))
	return s
}

// browser follows redirects within the provider.
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

type page struct {
	status   int
	path     string
	location string
	body     string
}

func (b *browser) read(response *http.Response, err error) page {
	require.NoError(b.stack.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.stack.t, err)
	return page{response.StatusCode, response.Request.URL.Path, response.Header.Get("Location"), string(body)}
}

func (b *browser) open(query url.Values) page {
	return b.read(b.http.Get(b.stack.server.URL + "/sign-in?" + query.Encode()))
}

var hidden = regexp.MustCompile(`name="request" value="([^"]+)"`)

func (b *browser) submit(p page, form url.Values) page {
	found := hidden.FindStringSubmatch(p.body)
	require.NotNil(b.stack.t, found, p.body)
	form.Set("request", found[1])
	return b.read(b.http.PostForm(b.stack.server.URL+p.path, form))
}

func (b *browser) signIn(p page) page {
	require.Equal(b.stack.t, "/login/sign-in", p.path, p.body)
	return b.submit(p, url.Values{"username": {"doctor@example.com"}, "password": {password}})
}

func query() url.Values {
	return url.Values{"client_id": {strings.ToUpper(clientID)}, "redirect_uri": {redirectURI}, "scope": {"patients:view"}}
}

func TestLegacySignInIssuesACodeForBothInterfaces(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetEHealth)
		b := s.browser()
		asked := query()
		asked.Set("state", "a b/ü")
		asked.Set("email", "doctor@example.com")
		asked.Set("user_data", "ignored")
		asked.Set("request", "x.y.z") // which is nothing that this face knows
		asked.Set("request_uri", "https://evil.example/")
		p := b.open(asked)
		require.Contains(t, p.body, `value="doctor@example.com"`)
		require.Contains(t, p.body, "Амбулаторія")
		p = b.signIn(p)
		require.Equal(t, "/login/consent", p.path)
		p = b.submit(p, url.Values{"decision": {"accept"}})
		require.Regexp(t, `^https://mis-a\.example/cb\?code=[A-Za-z0-9]{32}&state=a\+b%2F%C3%BC$`, p.location)
		value := func(p page) string {
			u, err := url.Parse(p.location)
			require.NoError(t, err)
			return u.Query().Get("code")
		}
		token := code()
		token["code"], token["scope"] = value(p), "patients:view"
		got := s.exchange(token)
		require.Equal(t, http.StatusCreated, got.status, got.raw)

		p = b.open(query())
		require.Empty(t, p.body, "consent and session are remembered")
		form := url.Values{"grant_type": {"authorization_code"}, "code": {value(p)}, "redirect_uri": {redirectURI}}
		r, err := http.NewRequest(http.MethodPost, s.server.URL+"/oauth2/token", strings.NewReader(form.Encode()))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(clientID, clientSecret)
		standard := b.read(http.DefaultClient.Do(r))
		require.Equal(t, http.StatusOK, standard.status, standard.body)
	})
}

func TestLegacyRedirectHasTheCodeBeforeTheOwnQueryOfTheURI(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetEHealth)
		b := s.browser()
		asked := query()
		asked.Set("redirect_uri", "https://mis-a.example/q?z=1&b=2&code=theirs")
		p := b.submit(b.signIn(b.open(asked)), url.Values{"decision": {"accept"}})
		require.Regexp(t, `^https://mis-a\.example/q\?code=[A-Za-z0-9]{32}&b=2&z=1$`, p.location)
	})
}

func TestARedirectURIWithAStateInItsQueryWorksAtSignInAndExchange(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetMithril)
		b := s.browser()
		asked := query()
		asked.Set("redirect_uri", redirectURI+"?FP=eyJhIjoxfQ==")
		p := b.submit(b.signIn(b.open(asked)), url.Values{"decision": {"accept"}})
		require.Regexp(t, `^https://mis-a\.example/cb\?code=[A-Za-z0-9]{32}&FP=eyJhIjoxfQ%3D%3D$`, p.location)
		u, err := url.Parse(p.location)
		require.NoError(t, err)
		token := code()
		token["code"], token["redirect_uri"] = u.Query().Get("code"), redirectURI+"?FP=eyJhIjoxfQ=="
		require.Equal(t, http.StatusCreated, s.exchange(token).status)
	})
}

func TestLegacyRedirectKeepsTheQueryOfTheURIExceptCodeAndState(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetMithril)
		b := s.browser()
		for brought, want := range map[string]string{
			"?FP=a;b&x=1":            `\?code=\w{32}&FP=a%3Bb&x=1&state=mine$`,
			"?FP=%zz&x=1":            `\?code=\w{32}&x=1&state=mine$`,
			"?state=theirs&x=1":      `\?code=\w{32}&x=1&state=mine$`,
			"?code=theirs&code=more": `\?code=\w{32}&state=mine$`,
			"?":                      `\?code=\w{32}&state=mine$`,
			"/deep":                  `/deep\?code=\w{32}&state=mine$`,
		} {
			asked := query()
			asked.Set("redirect_uri", redirectURI+brought)
			asked.Set("state", "mine")
			p := b.open(asked)
			if p.location == "" { // the first time; then session and consent are remembered
				p = b.submit(b.signIn(p), url.Values{"decision": {"accept"}})
			}
			require.Regexp(t, want, p.location, brought)
		}
	})
}

func TestLegacySignInIgnoresUnknownParameters(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetMithril)
		for _, address := range []string{"/sign-in?user_data=a;b&", "/sign-in/?"} {
			b := s.browser()
			p := b.read(b.http.Get(s.server.URL + address + query().Encode()))
			require.Equal(t, "/login/sign-in", p.path, address)
			require.Equal(t, http.StatusOK, p.status, address)
		}
		b := s.browser()
		require.Equal(t, http.StatusOK, b.read(b.http.Head(s.server.URL+"/sign-in?"+query().Encode())).status,
			"as a preview of a link asks")
	})
}

func TestLegacySignInWithoutAScopeAsksForThoseOfTheRoles(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetEHealth)
		b := s.browser()
		asked := query()
		asked.Del("scope")
		p := b.signIn(b.open(asked))
		require.Contains(t, p.body, "patients:view")
	})
}

func TestLegacySignInErrorIsAPageAndNeverARedirect(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetEHealth)
		with := func(name string, values ...string) url.Values {
			asked := query()
			asked[name] = values
			return asked
		}
		for name, c := range map[string]struct {
			query   url.Values
			signIn  bool
			content string
		}{
			"no client":         {with("client_id"), false, "не вказано ідентифікатора застосунку"},
			"an unknown client": {with("client_id", uuid.NewString()), false, "Не знайдено застосунку"},
			"no redirect URI":   {with("redirect_uri"), false, "не вказано адреси повернення"},
			"a foreign URI": {with("redirect_uri", "https://evil.example/https://mis-a.example/cb"), false,
				"Адреса повернення не збігається"},
			"two redirect URIs":  {with("redirect_uri", redirectURI, "https://evil.example/"), false, "Запит пошкоджено"},
			"a scope of no role": {with("scope", "patients:create"), true, "який йому не можна надати"},
			"a scope of no type": {with("scope", "legal_entity:merge"), false, "який йому не можна надати"},
		} {
			t.Run(name, func(t *testing.T) {
				b := s.browser()
				p := b.open(c.query)
				if c.signIn {
					p = b.signIn(p)
				}
				require.Empty(t, p.location)
				require.GreaterOrEqual(t, p.status, 400)
				require.Less(t, p.status, 500)
				require.Contains(t, p.body, c.content)
			})
		}
		b := s.browser()
		rejected := b.submit(b.signIn(b.open(query())), url.Values{"decision": {"deny"}})
		require.Empty(t, rejected.location)
		require.Contains(t, rejected.body, "Ви відмовили застосунку в доступі")
	})
}

func TestConsentCoversExactlyWhatThePageShowed(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := clinic(t, engine, storage.PresetEHealth)
		b := s.browser()
		asked := query()
		asked.Del("scope")
		p := b.signIn(b.open(asked))
		require.NotContains(t, p.body, "patients:create")
		role := storage.Role{ID: uuid.NewString(), Name: "CHIEF", Scope: []string{"patients:create"}}
		require.NoError(t, s.store.CreateRole(context.Background(), role))
		require.NoError(t, s.store.GrantRole(context.Background(), userID, role.ID, clientID))
		p = b.submit(p, url.Values{"decision": {"accept"}})
		require.Empty(t, p.location, "the roles have changed since: the page is shown again")
		require.Contains(t, p.body, "patients:create")
		p = b.submit(p, url.Values{"decision": {"accept"}})
		require.NotEmpty(t, p.location)
	})
}
