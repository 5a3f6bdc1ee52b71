package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// A client_id is an address that anybody can have this server ask.
func TestAttackSSRFByClientMetadataDocuments(t *testing.T) {
	p := newPublisher(t, storagetest.Engines()[0], []string{registration.AnyHost})
	port := p.site.URL[strings.LastIndex(p.site.URL, ":"):]
	for name, host := range map[string]string{
		"loopback": "127.0.0.1", "all of loopback": "127.1.2.3", "short": "127.1", "decimal": "2130706433",
		"octal": "0177.0.0.1", "hexadecimal": "0x7f.0.0.1", "hexadecimal in one": "0x7f000001", "unspecified": "0.0.0.0",
		"zero": "0", "IPv6 loopback": "[::1]", "IPv6 unspecified": "[::]", "private": "10.0.0.1",
		"metadata of clouds": "169.254.169.254", "link-local": "[fe80::1%25lo]", "IPv4-mapped": "[::ffff:127.0.0.1]",
		"NAT64": "[64:ff9b::127.0.0.1]", "6to4": "[2002:7f00:1::]", "ULA": "[fd00::1]", "a dot at the end": "localhost.",
		"full width": "１２７.0.0.1", "a dot that is none": "127。0。0。1", "no host": "", "a user": "a@localhost",
		"a password": "a:b@localhost", "two": "localhost,localhost", "escaped": "%6cocalhost",
	} {
		p.requireNoClient(name, "https://"+host+port+"/app.json")
	}
	for name, address := range map[string]string{
		"http": "http://localhost" + port + "/app.json", "a file": "file:///etc/passwd", "gopher": "gopher://localhost/1",
		"a space": p.id("/app.json") + " ", "a line": p.id("/app.json") + "\r\nHost: x", "a backslash": p.id(`\app.json`),
		"a fragment": p.id("/app.json#x"), "a query": p.id("/app.json?x=y"), "dots": p.id("/a/../app.json"),
		"a dot": p.id("/./app.json"), "escaped dots": p.id("/a/%2e%2e/app.json"), "no path": p.id(""),
		"too long": p.id("/" + strings.Repeat("a", 255)), "an empty port": "https://localhost:/app.json",
		"capitals": "HTTPS://localhost" + port + "/app.json",
	} {
		p.requireNoClient(name, address)
	}
	require.Zero(t, p.asked.Load(), "nobody was asked")

	// A name that leads into this machine, which a name server may say at any time: the address is looked at as the
	// connection is made.
	p.publish("/app.json")
	p.start(func(o *provider.Options) { o.Outbound = outbound.New(outbound.Options{Timeout: time.Second}) })
	p.requireNoClient("a name of this machine", p.id("/app.json"))
	require.Zero(t, p.asked.Load())
}

// Whoever serves a document may lead the server on from there.
func TestAttackSSRFByRedirectsAndChainsOfClientMetadataDocuments(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		inside := make(chan string, 100)
		internal := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			inside <- r.URL.Path
		}))
		t.Cleanup(internal.Close)
		p.answer = func(w http.ResponseWriter, r *http.Request) {
			target := internal.URL
			if r.URL.Path == "/same" { // also to itself: the host vouches for what is at this address
				target = p.id("/app.json")
			}
			http.Redirect(w, r, target, http.StatusFound)
		}
		for _, path := range []string{"/elsewhere", "/same"} {
			p.requireNoClient("a redirect", p.id(path))
		}
		p.answer = nil
		closed := "https://10.0.0.1/keys"
		id := p.publish("/app.json", "token_endpoint_auth_method", "private_key_jwt", "jwks_uri", closed,
			"sector_identifier_uri", internal.URL, "request_uris", []string{internal.URL}, "initiate_login_uri", internal.URL,
			"backchannel_logout_uri", internal.URL+"/logout", "policy_uri", "https://phishing.example/")
		assertion := signJWT(t, newKey(t), jose.ES256, withKID("k"), map[string]any{
			"iss": id, "sub": id, "aud": p.server.URL, "jti": "1", "exp": p.clock.Now().Unix() + 60,
		})
		got := p.post(oauth.PathPushedRequest, "", asserting(asking(id, "openid"), assertion))
		require.Equal(t, http.StatusUnauthorized, got.status, got.raw)
		require.NotContains(t, got.raw, "10.0.0.1")
		b := p.browser()
		consent := b.signIn(b.authorize(asking(id, "openid")))
		require.NotContains(t, consent.body, "phishing.example", "nobody is led to another site")
		b.decide(consent, "accept")
		stored, err := p.store.LoadClient(t.Context(), id)
		require.NoError(t, err)
		require.Empty(t, stored.Metadata.BackchannelLogoutURI+stored.Metadata.SectorIdentifierURI+stored.Metadata.LogoURI)
		require.Empty(t, stored.Metadata.RequestURIs)
		require.Empty(t, inside, "nothing inside was asked")
	})
}

func TestAttackHugeAndSlowClientMetadataDocuments(t *testing.T) {
	p := newPublisher(t, storagetest.Engines()[0], localhost)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	for path, answer := range map[string]http.HandlerFunc{
		"/huge": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"client_id": %q, "padding": %q}`, p.id("/huge"), strings.Repeat("a", 5<<10))
		},
		"/endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat(" ", 1<<10))); err != nil {
					return
				}
			}
		},
		"/slow": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("{"))
			w.(http.Flusher).Flush()
			select {
			case <-over:
			case <-r.Context().Done():
			}
		},
		"/deep": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("[", 5000))) },
	} {
		p.mu.Lock()
		p.answer = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			answer(w, r)
		}
		p.mu.Unlock()
		p.requireNoClient(path, p.id(path))
	}
}

func TestAttackClientMetadataDocumentsThatSayTooMuch(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		private := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: newKey(t), KeyID: "k"}}}
		symmetric := map[string]any{"keys": []any{map[string]any{"kty": "oct", "k": "c2VjcmV0", "kid": "k"}}}
		for name, changes := range map[string][]any{
			"no client_id":                 {"client_id", nil},
			"another client_id":            {"client_id", p.id("/other.json")},
			"a client_id in other letters": {"client_id", strings.ToUpper(p.id("/x"))},
			"a secret":                     {"client_secret", "secret"},
			"a method with a secret":       {"token_endpoint_auth_method", "client_secret_basic"},
			"one that signs with it":       {"token_endpoint_auth_method", "client_secret_jwt"},
			"a method by certificate":      {"token_endpoint_auth_method", "tls_client_auth"},
			"keys that are missing":        {"token_endpoint_auth_method", "private_key_jwt"},
			"a private key":                {"token_endpoint_auth_method", "private_key_jwt", "jwks", private},
			"a symmetric key":              {"token_endpoint_auth_method", "private_key_jwt", "jwks", symmetric},
			"no redirect URI":              {"redirect_uris", nil},
			"a script":                     {"redirect_uris", []string{"javascript:alert(1)"}},
			"a redirect URI of http":       {"redirect_uris", []string{"http://app.example/callback"}},
			"a fragment":                   {"redirect_uris", []string{"https://app.example/callback#x"}},
			"tokens in the browser":        {"response_types", []string{"token"}, "grant_types", []string{"implicit"}},
			"tokens without a person":      {"grant_types", []string{"client_credentials"}},
			"a name that turns the text":   {"client_name", "evil\u202egpj"},
			"a name of another kind":       {"client_name", 7},
			"an algorithm that is none":    {"id_token_signed_response_alg", "none"},
		} {
			path := "/" + url.PathEscape(strings.ReplaceAll(name, " ", "-"))
			p.requireNoClient(name, p.publish(path, changes...))
		}
		raw := func(status int, contentType, body string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", contentType)
				w.WriteHeader(status)
				_, _ = w.Write([]byte(strings.ReplaceAll(body, "ID", p.id("/raw"))))
			}
		}
		const good = `{"client_id": "ID", "redirect_uris": ["` + appRedirectURI + `"]}`
		for name, answer := range map[string]http.HandlerFunc{
			"a page":          raw(http.StatusOK, "text/html", good),
			"no media type":   raw(http.StatusOK, "", good),
			"JSON in a text":  raw(http.StatusOK, "text/json", good),
			"another status":  raw(http.StatusCreated, "application/json", good),
			"an error":        raw(http.StatusForbidden, "application/json", good),
			"a list":          raw(http.StatusOK, "application/json", "["+good+"]"),
			"a member twice":  raw(http.StatusOK, "application/json", `{"client_id": "x", `+good[1:]),
			"text that isn't": raw(http.StatusOK, "application/json", `{"client_name": "`+"\xff"+`", `+good[1:]),
			"nothing":         raw(http.StatusOK, "application/json", ""),
		} {
			p.mu.Lock()
			p.answer = answer
			p.mu.Unlock()
			p.clock.Advance(time.Minute) // the last failure is forgotten
			p.requireNoClient(name, p.id("/raw"))
		}
		p.answer = raw(http.StatusOK, "application/client+json; charset=utf-8", good)
		p.clock.Advance(time.Minute)
		require.Equal(t, "/login/sign-in", p.browser().authorize(asking(p.id("/raw"), "openid")).url.Path)
	})
}

// Between the authorization and the exchange of the code the document is another: of somebody who took the host, or was
// always meant to.
func TestAttackClientMetadataDocumentSwappedBetweenAuthorizeAndToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		key, thief := newKey(t), newKey(t)
		setOf := func(k any) jose.JSONWebKeySet {
			return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: k, KeyID: "k"}}}
		}
		id := p.publish("/app.json", "token_endpoint_auth_method", "private_key_jwt", "jwks", setOf(key.Public()))
		code := p.browser().code(asking(id, "openid"))
		exchanging := func(form url.Values, with any) reply {
			assertion := signJWT(t, with, jose.ES256, withKID("k"), map[string]any{
				"iss": id, "sub": id, "aud": p.server.URL, "jti": p.store.NewID(), "exp": p.clock.Now().Unix() + 60,
			})
			return p.post(oauth.PathToken, "", asserting(form, assertion))
		}
		form := func() url.Values {
			return sending(exchangeForm(code), "redirect_uri", appRedirectURI, "code_verifier", verifier)
		}
		p.publish("/app.json", "redirect_uris", []string{"https://thief.example/"}, "jwks", setOf(thief.Public()),
			"token_endpoint_auth_method", "private_key_jwt")
		p.clock.Advance(30 * time.Second)
		require.Equal(t, "invalid_client", exchanging(form(), thief).member("error"))
		p.publish("/app.json") // which needs no key
		require.Equal(t, "invalid_client", p.redeemed(id, code).member("error"))
		got := exchanging(form(), key)
		require.Equal(t, http.StatusOK, got.status, "as its user knew it: %s", got.raw)

		// Where the document is another on the consent page and after it, the request is judged anew.
		b := p.browser()
		p.clock.Advance(time.Minute)
		consent := b.signIn(b.authorize(asking(id, "openid")))
		p.publish("/app.json", "redirect_uris", []string{"https://thief.example/"})
		p.clock.Advance(time.Minute)
		swapped := b.decide(consent, "accept")
		require.Nil(t, swapped.location)
		require.Equal(t, http.StatusBadRequest, swapped.status)
	})
}

// A URL that looks like that of a known client is another client, or none.
func TestAttackImpersonationByLookalikesOfClientURLs(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, []string{registration.AnyHost})
		id := p.publish("/app.json")
		p.browser().code(asking(id, "openid"))
		before := p.asked.Load()
		for name, lookalike := range map[string]string{
			"capitals in the host":  strings.Replace(id, "localhost", "LocalHost", 1),
			"a letter of Cyrillic":  strings.Replace(id, "localhost", "lоcalhost", 1),
			"a slash more":          strings.Replace(id, "/app.json", "/./app.json", 1),
			"an escaped letter":     strings.Replace(id, "/app.json", "/%61pp.json", 1),
			"a fragment":            id + "#",
			"a query":               id + "?",
			"a user":                strings.Replace(id, "https://", "https://localhost@", 1),
			"a backslash":           strings.Replace(id, "/app.json", `\app.json`, 1),
			"a space":               id + " ",
			"a null":                id + "\x00",
			"an invisible letter":   id + "\u200b",
			"a dot behind the host": strings.Replace(id, "localhost", "localhost.", 1),
		} {
			got := p.browser().authorize(asking(lookalike, "openid"))
			require.Nil(t, got.location, name)
			require.GreaterOrEqual(t, got.status, http.StatusBadRequest, name)
		}
		require.Equal(t, before, p.asked.Load())

		// A client that an operator has made is what it is, whatever its id looks like.
		own := p.publish("/operators.json")
		p.client(own, func(c *storage.Client) { c.Name = "Реєстратура" })
		page := p.browser().authorize(request(own, "openid"))
		require.Contains(t, page.body, "Реєстратура")
		require.Equal(t, "invalid_request", p.browser().authorize(asking(own, "openid", "redirect_uri", redirectURI,
			"response_type", "")).parameters().Get("error"))
		require.Equal(t, before, p.asked.Load(), "its document is not asked for")
	})
}

func TestAttackFloodOfClientMetadataDocuments(t *testing.T) {
	p := newPublisher(t, storagetest.Engines()[0], localhost)
	statuses := map[int]int{}
	for i := range 310 {
		got := p.browser().authorize(asking(p.id(fmt.Sprintf("/%d", i)), "openid"))
		statuses[got.status]++
	}
	require.Equal(t, map[int]int{http.StatusBadRequest: 300, http.StatusTooManyRequests: 10}, statuses)
	require.EqualValues(t, 300, p.asked.Load())
	p.clock.Advance(time.Hour)

	// A host that takes its time has few of the fetches, and whoever wants the same document waits for one fetch.
	held, begun := make(chan struct{}), make(chan struct{}, 100)
	slow := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-held
	}))
	slow.TLS = p.site.TLS
	slow.StartTLS()
	t.Cleanup(slow.Close)
	address := strings.Replace(slow.URL, "127.0.0.1", "localhost", 1)
	ask := func(path string) int { return p.browser().authorize(asking(address+path, "openid")).status }
	var waiting sync.WaitGroup
	counted := make(chan int, 43)
	for range 40 {
		waiting.Go(func() { counted <- ask("/app.json") })
	}
	for i := range 3 {
		waiting.Go(func() { counted <- ask(fmt.Sprintf("/%d.json", i)) })
	}
	for range 4 {
		<-begun
	}
	require.Equal(t, http.StatusServiceUnavailable, ask("/fifth.json"), "though there are 16 for all hosts")
	close(held)
	waiting.Wait()
	for range 43 {
		require.Equal(t, http.StatusBadRequest, <-counted)
	}
	require.Empty(t, begun)
}

// The legacy API knows no such clients.
func TestAttackClientMetadataDocumentAtTheLegacyInterface(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		p.provider.AddFrontend(provider.Frontend{Name: "legacy", Success: func(uri, code, _ string) string {
			return uri + "?code=" + code
		}})
		id := p.publish("/app.json")
		p.browser().code(asking(id, "openid"))
		for _, clientID := range []string{id, p.publish("/new.json")} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			_, err := p.provider.Approve(r, provider.Approval{
				Frontend: "legacy", ClientID: clientID, RedirectURI: appRedirectURI, Scope: "openid", UserID: p.userID,
			})
			require.ErrorIs(t, err, oauth.ErrUnknownClient)
		}
	})
}

// Whoever serves a document has a client that signs, and could fill the database as with one that sends nothing.
func TestAttackPushesOfAClientThatADocumentDescribesAreBounded(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		key := newKey(t)
		keys := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}}
		id := p.publish("/app.json", "token_endpoint_auth_method", "private_key_jwt", "jwks", keys)
		assertion := func() string {
			return signJWT(t, key, jose.ES256, withKID("k"), map[string]any{
				"iss": id, "sub": id, "aud": p.server.URL, "jti": p.store.NewID(), "exp": p.clock.Now().Unix() + 60,
			})
		}
		large := p.post(oauth.PathPushedRequest, "",
			asserting(asking(id, "openid", "state", strings.Repeat("s", 20<<10)), assertion()))
		require.Equal(t, http.StatusRequestEntityTooLarge, large.status, large.raw)
		wrong := asserting(asking(id, "openid"), assertion()+"x") // which counts too
		var last reply
		for range 3601 {
			if last = p.post(oauth.PathPushedRequest, "", wrong); last.status == http.StatusTooManyRequests &&
				last.header.Get("Retry-After") == "1" {
				break
			}
		}
		require.Equal(t, http.StatusTooManyRequests, last.status, last.raw)
		unused := assertion()
		pushing := func() reply { return p.post(oauth.PathPushedRequest, "", asserting(asking(id, "openid"), unused)) }
		require.Equal(t, http.StatusTooManyRequests, pushing().status)
		p.clock.Advance(10 * time.Second)
		require.Equal(t, http.StatusCreated, pushing().status, "the id of the assertion was not stored by the refusal")
	})
}

// The page says where the browser returns to and what the client is called, as the document had it then.
func TestAttackClientMetadataDocumentSwappedBehindTheConsentPage(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		for name, swapped := range map[string][]any{
			"address": {"redirect_uris", []string{"https://thief.example/"}},
			"name":    {"client_name", "Національний банк"},
		} {
			path := "/" + name
			id := p.publish(path, "redirect_uris", []string{"https://bank.example/"})
			unnamed := asking(id, "profile")
			unnamed.Del("redirect_uri")
			b := p.browser()
			consent := b.signIn(b.authorize(unnamed))
			require.Contains(t, consent.body, "bank.example")
			p.publish(path, append([]any{"redirect_uris", []string{"https://bank.example/"}}, swapped...)...)
			p.clock.Advance(time.Minute)
			again := b.decide(consent, "accept")
			require.Nil(t, again.location, "the %s was not shown", name)
			require.Equal(t, "/login/consent", again.url.Path)
			require.Contains(t, again.body, map[string]string{"address": "thief.example", "name": "Національний банк"}[name])
			_, err := p.store.LoadClient(t.Context(), id)
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.NotEmpty(t, b.decide(again, "accept").location.Query().Get("code"), "what is shown now is consented to")
		}
	})
}

// A client calls itself as it likes; on the pages about access nothing else says who it is.
func TestAttackImpersonationByNameOnThePagesAboutAccess(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		id := p.publish("/app.json", "client_name", "Національний банк")
		b := p.browser()
		require.Equal(t, http.StatusOK, p.redeemed(id, b.code(asking(id, "openid"))).status)
		for _, path := range []string{login.PathAccount, login.PathAccess} {
			require.Contains(t, b.get(p.server.URL+path).body, "<strong><bdi>localhost (Національний банк)</bdi></strong>", path)
		}
	})
}
