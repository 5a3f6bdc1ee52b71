package provider_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const appRedirectURI = "http://127.0.0.1/callback"

// publisher is the host of somebody else, localhost, where documents of clients are.
type publisher struct {
	*stack
	site  *httptest.Server
	asked atomic.Int64

	mu        sync.Mutex
	documents map[string]map[string]any
	// answer, where it is set, answers in the place of the documents.
	answer http.HandlerFunc
}

// newPublisher makes a host of documents, and a provider that takes the clients of these hosts.
func newPublisher(
	t *testing.T, engine storagetest.Engine, hosts []string, changes ...func(*provider.Options),
) *publisher {
	now := time.Now()
	authority := authorityOf(t, nil, now)
	p := &publisher{documents: map[string]map[string]any{}}
	p.site = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	own := signed(t, authority, now, func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{"localhost"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	p.site.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{
		Certificate: [][]byte{own.certificate.Raw}, PrivateKey: own.key,
	}}}
	p.site.StartTLS()
	t.Cleanup(p.site.Close)
	roots := x509.NewCertPool()
	roots.AddCert(authority.certificate)
	reachable := outbound.New(outbound.Options{RootCAs: roots, Timeout: time.Second, Allowed: []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	}})
	p.stack = newStack(t, engine, append([]func(*provider.Options){func(o *provider.Options) {
		o.Outbound = reachable
		o.ClientDocuments = registration.DocumentOptions{
			Hosts: hosts, Scope: []string{"openid", "profile", "offline_access", "patients:view"},
		}
	}}, changes...)...)
	return p
}

func (p *publisher) serve(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer != nil {
		p.answer(w, r)
		return
	}
	document, found := p.documents[r.URL.Path]
	if !found {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age=60")
	_ = json.NewEncoder(w).Encode(document)
}

// id is the client_id of the document at a path.
func (p *publisher) id(path string) string {
	return strings.Replace(p.site.URL, "127.0.0.1", "localhost", 1) + path
}

// publish puts a document at a path; changes are names and values, nil to leave one out. It returns the client_id.
func (p *publisher) publish(path string, changes ...any) string {
	document := map[string]any{
		"client_id": p.id(path), "client_name": "Помічник", "redirect_uris": []string{appRedirectURI},
		"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": "none",
		"logo_uri": p.site.URL + "/logo.png",
	}
	for i := 0; i < len(changes); i += 2 {
		name := changes[i].(string)
		if document[name] = changes[i+1]; changes[i+1] == nil {
			delete(document, name)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.documents[path] = document
	return p.id(path)
}

// asking is an authorization request of a client that a document describes.
func asking(id, scope string, changes ...string) url.Values {
	return sending(challenged(request(id, scope)), append([]string{"redirect_uri", appRedirectURI}, changes...)...)
}

// redeemed exchanges a code of such a client.
func (p *publisher) redeemed(id, code string) reply {
	return p.post(oauth.PathToken, "", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appRedirectURI}, "client_id": {id},
		"code_verifier": {verifier},
	})
}

func (p *publisher) refreshed(id string, tokens reply) reply {
	return p.post(oauth.PathToken, "", sending(refreshForm(tokens.member("refresh_token")), "client_id", id))
}

// requireNoClient demands the page that there is no such client, and that nothing goes anywhere.
func (p *publisher) requireNoClient(name, id string) {
	p.t.Helper()
	got := p.browser().authorize(asking(id, "openid"))
	require.Nil(p.t, got.location, "%s: %v", name, got.location)
	require.GreaterOrEqual(p.t, got.status, http.StatusBadRequest, name)
	_, err := p.store.LoadClient(p.t.Context(), id)
	require.ErrorIs(p.t, err, storage.ErrNotFound, name)
}

var localhost = []string{"localhost"}

func TestAClientDescribedByADocumentGetsWhatItsUserAllows(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		require.Equal(t, true, p.discovered()["client_id_metadata_document_supported"])
		id := p.publish("/app.json")
		b := p.browser()
		signIn := b.authorize(asking(id, "openid profile offline_access"))
		require.Contains(t, signIn.body, "localhost", "the host, and not the name that it chose")
		require.NotContains(t, signIn.body, "Помічник")
		_, err := p.store.LoadClient(t.Context(), id)
		require.ErrorIs(t, err, storage.ErrNotFound, "nothing is stored until a person allows something")
		consent := b.signIn(signIn)
		require.Contains(t, consent.body, "Помічник")
		require.Contains(t, consent.body, "<strong><bdi>localhost</bdi></strong>")
		require.Contains(t, consent.body, "Цей застосунок тут не зареєстровано")
		require.Contains(t, consent.body, "програма на цьому пристрої")
		require.NotContains(t, consent.body, "logo.png", "the browser of the person is not sent there")
		require.NotContains(t, consent.header.Get("Content-Security-Policy"), p.site.URL)
		answered := b.decide(consent, "accept")
		tokens := p.redeemed(id, answered.location.Query().Get("code"))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "Олена Коваль", p.userinfo(tokens.member("access_token")).member("name"))
		require.Equal(t, id, claimsOf(t, tokens.member("access_token"))["client_id"])
		refreshed := p.refreshed(id, tokens)
		require.Equal(t, http.StatusOK, refreshed.status, refreshed.raw)
		require.NotEqual(t, tokens.member("refresh_token"), refreshed.member("refresh_token"), "a public client's rotate")

		again := b.authorize(asking(id, "openid profile offline_access"))
		require.Equal(t, "/login/consent", again.url.Path, "a person is asked each time")
		silent := b.authorize(asking(id, "openid", "prompt", "none"))
		require.Equal(t, "consent_required", silent.parameters().Get("error"))
		stored, err := p.store.LoadClient(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, storage.ProfileOAuth21, stored.Policy.Profile)
		require.Equal(t, "localhost", stored.Document.Host)
	})
}

func TestAClientDescribedByADocumentSignsWithTheKeysOfItsDocument(t *testing.T) {
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
		pushing := p.post(oauth.PathPushedRequest, "", asserting(asking(id, "openid"), assertion()))
		require.Equal(t, http.StatusCreated, pushing.status, pushing.raw)
		require.NotEqual(t, http.StatusCreated, p.post(oauth.PathPushedRequest, "", asking(id, "openid")).status)
		code := p.browser().code(pushed(id, pushing.member("request_uri")))
		require.Equal(t, "invalid_client", p.redeemed(id, code).member("error"), "it must sign")
		tokens := p.post(oauth.PathToken, "", asserting(url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appRedirectURI},
			"code_verifier": {verifier},
		}, assertion()))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
	})
}

func TestADocumentIsReadAgainAsItsHostAllows(t *testing.T) {
	p := newPublisher(t, storagetest.Engines()[0], localhost)
	id := p.publish("/app.json")
	b := p.browser()
	for range 5 {
		b.authorize(asking(id, "openid"))
	}
	require.EqualValues(t, 1, p.asked.Load())
	p.publish("/app.json", "redirect_uris", []string{"https://elsewhere.example/callback"})
	p.clock.Advance(59 * time.Second)
	require.Equal(t, "/login/sign-in", b.authorize(asking(id, "openid")).url.Path)
	p.clock.Advance(time.Second)
	moved := b.authorize(asking(id, "openid"))
	require.Nil(t, moved.location)
	require.Equal(t, http.StatusBadRequest, moved.status, "the redirect URI is not of the document any more")
	require.EqualValues(t, 2, p.asked.Load())

	p.requireNoClient("absent", p.id("/absent"))
	before := p.asked.Load()
	p.requireNoClient("absent", p.id("/absent"))
	require.Equal(t, before, p.asked.Load(), "a failure is remembered for a moment")
	p.publish("/absent")
	p.clock.Advance(5 * time.Second)
	require.Equal(t, "/login/sign-in", p.browser().authorize(asking(p.id("/absent"), "openid")).url.Path)
}

func TestClientsDescribedByDocumentsAreOffUnlessTheirHostsAreTaken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		off := newPublisher(t, engine, nil)
		require.NotContains(t, off.discovered(), "client_id_metadata_document_supported")
		off.requireNoClient("off", off.publish("/app.json"))
		require.Zero(t, off.asked.Load())
		other := newPublisher(t, engine, []string{"app.example"})
		other.requireNoClient("another host", other.publish("/app.json"))
		require.Zero(t, other.asked.Load())
		any := newPublisher(t, engine, []string{registration.AnyHost})
		require.Equal(t, "/login/sign-in", any.browser().authorize(asking(any.publish("/app.json"), "openid")).url.Path)
	})
}

func TestClientsDescribedByDocumentsHaveTheScopesOfTheSettingAlone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		id := p.publish("/app.json", "scope", "openid profile patients:create")
		refused := p.browser().authorize(asking(id, "openid patients:create"))
		require.Equal(t, "invalid_scope", refused.parameters().Get("error"))
		p.browser().code(asking(id, "openid"))
		stored, err := p.store.LoadClient(t.Context(), id)
		require.NoError(t, err)
		stored.Policy.AccessToken = storage.AccessTokenOpaque // which another issuer knows too
		require.NoError(t, p.store.UpdateClient(t.Context(), *stored))
		tokens := p.redeemed(id, p.browser().code(asking(id, "openid profile offline_access")))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)

		p.start(func(o *provider.Options) { o.ClientDocuments.Scope = []string{"openid", "offline_access"} })
		require.Equal(t, http.StatusOK, p.userinfo(tokens.member("access_token")).status)
		tokens = p.refreshed(id, tokens)
		require.Equal(t, "openid offline_access", tokens.member("scope"), tokens.raw)
		p.start(func(o *provider.Options) { o.ClientDocuments.Hosts = nil })
		require.Equal(t, "invalid_client", p.refreshed(id, tokens).member("error"), "the host is not taken any more")
		require.Equal(t, http.StatusUnauthorized, p.userinfo(tokens.member("access_token")).status)
	})
}

func TestClientsDescribedByDocumentsHaveTheAudiencesOfTheSettingAlone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost, func(o *provider.Options) {
			o.ClientDocuments.Audience = []string{billingAPI, "https://notes.example"}
		})
		id := p.publish("/app.json")
		allowed := p.browser().code(asking(id, "openid profile offline_access", "audience", billingAPI))
		tokens := p.redeemed(id, allowed)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Contains(t, claimsOf(t, tokens.member("access_token"))["aud"], billingAPI)
		tokens = p.refreshed(id, tokens)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		for _, audience := range [][]string{{"https://notes.example"}, nil} {
			p.start(func(o *provider.Options) { o.ClientDocuments.Audience = audience })
			refused := p.refreshed(id, tokens)
			require.Equal(t, "invalid_target", refused.member("error"), refused.raw)
		}
	})
}

// A process remembers that a client is unknown until it hears of a change.
func TestAClientThatAnotherProcessStoredJustNowIsKnown(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		address := engine.Create(t)
		open := func(clock *storagetest.Clock) *storage.Store {
			return storagetest.Open(t, address, storagetest.At(clock))
		}
		p.stack = newStackOn(t, p.clock, open, p.options...)
		issuer, err := url.Parse(p.server.URL)
		require.NoError(t, err)
		there := *p.stack
		there.store = open(p.clock)
		there.start(func(o *provider.Options) { o.Issuer = issuer })
		id := p.publish("/app.json")
		_, err = there.store.Client(t.Context(), id)
		require.ErrorIs(t, err, storage.ErrNotFound)
		code := p.browser().code(asking(id, "openid offline_access"))
		p.stack = &there
		tokens := p.redeemed(id, code)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, http.StatusOK, p.userinfo(tokens.member("access_token")).status)
		require.Equal(t, http.StatusOK, p.refreshed(id, tokens).status)
		_, err = p.provider.Tokens().Verify(t.Context(), tokens.member("access_token"), "", nil)
		require.NoError(t, err)
	})
}

// A list that is empty means all that the client's type has, which a setting that takes everything away must not.
func TestAttackNarrowedScopeOfADescribedClientMeansNoScopeOfItsType(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		id := p.publish("/app.json")
		tokens := p.redeemed(id, p.browser().code(asking(id, "openid profile offline_access")))
		kind := storage.ClientType{ID: p.store.NewID(), Name: "agent",
			Scope: []string{"openid", "profile", "offline_access", "patients:view"}}
		require.NoError(t, p.store.CreateClientType(t.Context(), kind))
		for _, own := range [][]string{{"openid", "profile", "offline_access"}, nil} {
			stored, err := p.store.LoadClient(t.Context(), id)
			require.NoError(t, err)
			stored.TypeID, stored.Scope = kind.ID, own
			require.NoError(t, p.store.UpdateClient(t.Context(), *stored))
			p.start(func(o *provider.Options) { o.ClientDocuments.Scope = []string{"openid", "offline_access"} })
			tokens = p.refreshed(id, tokens)
			require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
			require.Equal(t, "openid offline_access", tokens.member("scope"), tokens.raw)
			p.start(func(o *provider.Options) { o.ClientDocuments.Scope = []string{"email"} })
			tokens = p.refreshed(id, tokens)
			require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
			require.Nil(t, tokens.body["scope"], tokens.raw)
		}
	})
}

func TestTokensOfClientsEndWhenTheirHostIsBlocked(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		id := p.publish("/app.json")
		tokens := p.redeemed(id, p.browser().code(asking(id, "openid offline_access")))
		require.Equal(t, http.StatusOK, p.userinfo(tokens.member("access_token")).status)
		require.NoError(t, p.store.BlockClientHost(t.Context(), "localhost", "taken over"))
		require.ErrorIs(t, p.store.BlockClientHost(t.Context(), "localhost", "again"), storage.ErrConflict)
		require.Equal(t, http.StatusUnauthorized, p.userinfo(tokens.member("access_token")).status)
		require.NotEqual(t, http.StatusOK, p.refreshed(id, tokens).status)
		_, err := p.provider.Tokens().Verify(t.Context(), tokens.member("access_token"), "", nil)
		require.ErrorIs(t, err, oauth.ErrClientBlocked)
		barred := p.browser().authorize(asking(id, "openid"))
		require.Equal(t, "unauthorized_client", barred.parameters().Get("error"), barred.body)
		p.requireNoClient("a new one", p.publish("/another.json"))
		require.NoError(t, p.store.UnblockClientHost(t.Context(), "localhost"))
		require.Equal(t, http.StatusOK, p.userinfo(tokens.member("access_token")).status)
	})
}

func TestClientsThatNobodyApprovesAnyMoreAreForgotten(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		used, left := p.publish("/used.json"), p.publish("/left.json")
		for _, id := range []string{used, left} {
			p.browser().code(asking(id, "openid"))
		}
		approval, err := p.store.FindApproval(t.Context(), p.userID, left)
		require.NoError(t, err)
		require.NoError(t, p.store.DeleteApproval(t.Context(), approval.ID))
		p.clock.Advance(24 * time.Hour)
		deleted, err := p.store.DeleteUnapprovedRegistrations(t.Context(), p.clock.Now(), 10)
		require.NoError(t, err)
		require.EqualValues(t, 1, deleted)
		_, err = p.store.LoadClient(t.Context(), left)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = p.store.LoadClient(t.Context(), used)
		require.NoError(t, err)
	})
}
