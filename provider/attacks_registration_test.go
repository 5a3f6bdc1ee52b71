package provider_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// openRegistration lets everybody register.
func openRegistration(o *provider.Options) {
	o.Registration = registration.Options{Mode: registration.Open}
}

// reaching lets a provider reach servers on this machine.
func reaching(servers ...*httptest.Server) func(*provider.Options) {
	roots := x509.NewCertPool()
	for _, server := range servers {
		roots.AddCert(server.Certificate())
	}
	return func(o *provider.Options) {
		o.Outbound = outbound.New(
			outbound.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: roots},
		)
	}
}

// update is a client's replacement of its registration (RFC 7592 section 2.2).
func (s *stack) update(client reply, body any) reply {
	return s.call(
		http.MethodPut,
		client.member("registration_client_uri"),
		client.member("registration_access_token"),
		body,
	)
}

// tokensAt is tokensOf for a client with that redirect URI, and answers the browser as well.
func (s *stack) tokensAt(client reply, uri string) (*browser, reply) {
	b := s.browser()
	parameters := request(client.member("client_id"), "openid")
	parameters.Set("redirect_uri", uri)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {b.code(parameters)}, "redirect_uri": {uri}}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+oauth.PathToken,
		strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client.member("client_id"), client.member("client_secret"))
	tokens := s.send(r)
	require.Equal(s.t, http.StatusOK, tokens.status, tokens.raw)
	return b, tokens
}

// A pairwise client moves to another's host by an update, which proves nothing, and waits for a logout token that names
// the user as that host's clients know them.
func TestAttackSectorOfAnotherClientByABackChannelLogoutURI(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s, rp := newStack(t, engine, openRegistration), newRelyingParty(t)
		s.start(reachable(rp))
		var told storage.Client
		rp.backchannel(&told)
		victims := claimsOf(t, s.tokensOf(s.registered(metadata("subject_type", "pairwise")),
			"openid").member("id_token"))["sub"]
		const own = "https://evil.example/callback"
		evil := func(changes ...any) map[string]any {
			return metadata(append([]any{
				"subject_type", "pairwise", "backchannel_logout_uri", told.Metadata.BackchannelLogoutURI,
			}, changes...)...)
		}
		client := s.registered(evil("redirect_uris", []string{own}))
		b, tokens := s.tokensAt(client, own)
		known := claimsOf(t, tokens.member("id_token"))
		moved := s.update(client, evil("client_id", client.member("client_id"),
			"redirect_uris", []string{"https://client.example/any"}))
		require.Equal(t, http.StatusOK, moved.status, moved.raw)

		b.post(s.server.URL+"/login/sign-out", url.Values{})
		received := rp.received()
		require.Len(t, received, 1)
		claims := claimsOf(t, received[0])
		require.NotEqual(t, victims, claims["sub"])
		require.Equal(t, known["sub"], claims["sub"], "the sub that its own tokens had")
		require.Equal(t, known["sid"], claims["sid"])
	})
}

// A pairwise client registers an address of another's host from the start. Its ID tokens go there, through the browser,
// where nobody asked for them; but the logout token comes to itself.
func TestAttackSectorOfAnotherClientByAFrontChannelLogoutURI(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s, rp := newStack(t, engine, openRegistration, everyResponseType), newRelyingParty(t)
		s.start(reachable(rp))
		var told storage.Client
		rp.backchannel(&told)
		const anothers, own = "https://client.example/nothing", "https://evil.example/callback"
		evil := func(uri string, changes ...any) map[string]any {
			return metadata(append([]any{
				"subject_type", "pairwise", "response_types", []string{"code", "id_token"}, "redirect_uris", []string{uri},
				"backchannel_logout_uri", told.Metadata.BackchannelLogoutURI,
			}, changes...)...)
		}
		implicit := func(b *browser, client reply) map[string]any {
			parameters := requestOf("id_token", client.member("client_id"), "openid")
			parameters.Set("redirect_uri", anothers)
			return claimsOf(t, b.approved(parameters).Get("id_token"))
		}
		b := s.browser()
		delivered := implicit(b, s.registered(evil(anothers)))
		b.post(s.server.URL+"/login/sign-out", url.Values{})
		require.Len(t, rp.received(), 1)
		claims := claimsOf(t, rp.received()[0])
		require.NotContains(t, claims, "sub")
		require.Equal(t, delivered["sid"], claims["sid"], "by which the session is known")

		client := s.registered(evil(own))
		b, tokens := s.tokensAt(client, own)
		moved := s.update(client, evil(anothers, "client_id", client.member("client_id")))
		require.Equal(t, http.StatusOK, moved.status, moved.raw)
		require.Equal(t, delivered["sub"], implicit(b, client)["sub"])
		b.post(s.server.URL+"/login/sign-out", url.Values{})
		require.Len(t, rp.received(), 2)
		require.Equal(t, claimsOf(t, tokens.member("id_token"))["sub"], claimsOf(t, rp.received()[1])["sub"])
	})
}

// A native client puts another's host into a redirect URI of a scheme of its own, where the host is only a text.
func TestAttackSectorOfAnotherClientByAPrivateUseScheme(t *testing.T) {
	s := registering(t, nil)
	victim := s.registered(metadata("subject_type", "pairwise"))
	sub := func(client reply, uri string) any {
		_, tokens := s.tokensAt(client, uri)
		return claimsOf(t, tokens.member("id_token"))["sub"]
	}
	known := sub(victim, redirectURI)
	const uri = "com.evil.app://client.example/cb"
	native := metadata("subject_type", "pairwise", "application_type", "native", "redirect_uris", []string{uri})
	a := s.register(native)
	if a.status == http.StatusCreated {
		require.NotEqual(t, known, sub(a, uri))
	} else {
		s.requireRefused(a, http.StatusBadRequest, "invalid_client_metadata", "sector_identifier_uri")
	}
	s.client("by-hand", func(c *storage.Client) {
		c.Metadata.SubjectType = storage.SubjectTypePairwise
		c.Connections[0].RedirectURIs = []string{uri}
	})
	b := s.browser()
	parameters := request("by-hand", "openid")
	parameters.Set("redirect_uri", uri)
	tokens := s.post(oauth.PathToken, "by-hand", url.Values{
		"grant_type": {"authorization_code"}, "code": {b.code(parameters)}, "redirect_uri": {uri},
	})
	require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
	require.NotEqual(t, known, claimsOf(t, tokens.member("id_token"))["sub"])
}

// The host of a sector has an open redirector, by which its sector document seems to be one that the attacker wrote.
func TestAttackSectorDocumentBehindARedirect(t *testing.T) {
	listed, err := json.Marshal([]string{redirectURI})
	require.NoError(t, err)
	victim, evil := newWebsite(t, nil), newWebsite(t, listed)
	s := registering(t, nil)
	s.start(reaching(victim.Server, evil.Server))
	address := victim.URL + "/?redirect=" + url.QueryEscape(evil.URL+"/list")
	forged := []any{"subject_type", "pairwise", "sector_identifier_uri", address}
	s.requireRefused(s.register(metadata(forged...)), http.StatusBadRequest, "invalid_client_metadata",
		"could not be fetched")
	client := s.registered(metadata("sector_identifier_uri", evil.URL+"/list"))
	forged = append(forged, "client_id", client.member("client_id"))
	s.requireRefused(s.update(client, metadata(forged...)), http.StatusBadRequest,
		"invalid_client_metadata", "could not be fetched")
	require.EqualValues(t, 2, victim.asked.Load())
	require.EqualValues(t, 1, evil.asked.Load(), "by its own address only")
}

// A client holds its own update up by a sector document that does not come, and has it written over what an operator
// decides in that time.
func TestAttackRegistrationUpdateOverridesTheOperator(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		entered, release := make(chan struct{}), make(chan struct{})
		sector := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				entered <- struct{}{}
				<-release
			}
			_, _ = w.Write([]byte(`["` + redirectURI + `"]`))
		}))
		t.Cleanup(sector.Close)
		s := newStack(t, engine, openRegistration, reaching(sector))
		client := s.registered(metadata("sector_identifier_uri", sector.URL+"/list", "scope", "openid email"))
		id := client.member("client_id")
		update := func(during func(*storage.Client)) reply {
			done := make(chan reply, 1)
			go func() {
				done <- s.update(client, metadata("client_id", id, "sector_identifier_uri", sector.URL+"/slow",
					"client_name", "Renamed", "scope", "openid email patients:view"))
			}()
			<-entered
			stored, err := s.store.LoadClient(t.Context(), id)
			require.NoError(t, err)
			during(stored)
			release <- struct{}{}
			return <-done
		}
		kind := storage.ClientType{ID: s.store.NewID(), Name: "MSP", Scope: []string{"openid", "email", "patients:view"}}
		require.NoError(t, s.store.CreateClientType(t.Context(), kind))
		a := update(func(c *storage.Client) {
			c.Policy.RequirePKCE, c.Policy.AccessToken, c.TypeID = true, storage.AccessTokenOpaque, kind.ID
			c.Scope = []string{"openid", "patients:view"}
			c.Settings, c.PrivateSettings = json.RawMessage(`{"a":1}`), json.RawMessage(`{"access_type":"DIRECT"}`)
			c.Metadata.Audience = []string{"https://api.example"}
			require.NoError(t, s.store.UpdateClient(t.Context(), *c))
			c.Connections[0].RequireScope = true
			require.NoError(t, s.store.UpdateConnection(t.Context(), *c.Connections[0]))
		})
		require.Equal(t, http.StatusOK, a.status, a.raw)
		after, err := s.store.LoadClient(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "Renamed", after.Name, "what is the client's to say is written")
		require.True(t, after.Policy.RequirePKCE)
		require.Equal(t, storage.AccessTokenOpaque, after.Policy.AccessToken)
		require.Equal(t, kind.ID, after.TypeID)
		require.JSONEq(t, `{"a":1}`, string(after.Settings))
		require.JSONEq(t, `{"access_type":"DIRECT"}`, string(after.PrivateSettings))
		require.Equal(t, []string{"https://api.example"}, after.Metadata.Audience)
		require.True(t, after.Connections[0].RequireScope)
		require.Contains(t, after.Scope, "patients:view", "which the operator gave meanwhile")

		a = update(func(*storage.Client) { require.NoError(t, s.store.BlockClient(t.Context(), id, "spam")) })
		s.requireRefused(a, http.StatusForbidden, "access_denied")
		after, err = s.store.LoadClient(t.Context(), id)
		require.NoError(t, err)
		require.True(t, after.IsBlocked)
	})
}

// A client of a type asks for nothing that it may have: no scope of its own means all that the type has.
func TestAttackRegistrationWithAnEmptyScopeGetsAllScopes(t *testing.T) {
	s := registering(t, nil)
	kind := storage.ClientType{
		ID:    s.store.NewID(),
		Name:  "MSP",
		Scope: []string{"openid", "patients:view", "patients:create"},
	}
	require.NoError(t, s.store.CreateClientType(t.Context(), kind))
	client := s.registered(metadata("scope", "openid"))
	stored, err := s.store.LoadClient(t.Context(), client.member("client_id"))
	require.NoError(t, err)
	stored.TypeID = kind.ID
	require.NoError(t, s.store.UpdateClient(t.Context(), *stored))
	for _, scope := range []string{"nothing-of-this", "root admin"} {
		s.requireRefused(s.update(client, metadata("client_id", stored.ID, "scope", scope)), http.StatusBadRequest,
			"invalid_client_metadata", "scope")
	}
	for _, scope := range []any{"patients:view openid", nil, "", " "} {
		a := s.update(client, metadata("client_id", stored.ID, "scope", scope))
		require.Equal(t, http.StatusOK, a.status, a.raw)
		after, err := s.store.LoadClient(t.Context(), stored.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"openid"}, after.AllowedScope(), "%q", scope)
	}
}

// A registered client updates itself without end: each update makes every process read the configuration anew.
func TestAttackRegistrationUpdatesWithoutLimit(t *testing.T) {
	s := registering(t, func(o *provider.Options) { o.Registration.Rate = 3 })
	client, other := s.registered(metadata()), s.registered(metadata())
	update := func(client reply) reply { return s.update(client, metadata("client_id", client.member("client_id"))) }
	for range 3 {
		require.Equal(t, http.StatusOK, update(client).status)
	}
	before, err := s.store.ConfigurationVersion(t.Context())
	require.NoError(t, err)
	for range 10 {
		a := update(client)
		s.requireRefused(a, http.StatusTooManyRequests, "temporarily_unavailable", "at most 3 within an hour")
		require.Equal(t, "1200", a.header.Get("Retry-After"))
	}
	after, err := s.store.ConfigurationVersion(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, http.StatusOK, update(other).status, "one client is limited, not its neighbour")
	s.clock.Advance(20 * time.Minute)
	require.Equal(t, http.StatusOK, update(client).status)
	require.Equal(t, http.StatusTooManyRequests, update(client).status)
}

// Strangers register until there is no room, and the operator's partners with their tokens are shut out.
func TestAttackOpenRegistrationsExhaustTheQuotaOfPartners(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, openRegistration, func(o *provider.Options) { o.Registration.Quota = 2 })
		require.NoError(t, s.store.CreateInitialAccessToken(t.Context(), storage.InitialAccessToken{
			ID: s.store.NewID(), Hash: storage.Hash("partner"), Remaining: 10, ExpiresAt: s.store.Now().Add(time.Minute),
		}))
		for range 2 {
			s.registered(metadata())
		}
		s.requireRefused(s.register(metadata()), http.StatusForbidden, "access_denied", "as many registered clients")
		invited := func() reply {
			return s.call(http.MethodPost, s.server.URL+oauth.PathRegister, "partner", metadata())
		}
		for range 2 {
			a := invited()
			require.Equal(t, http.StatusCreated, a.status, a.raw)
		}
		s.requireRefused(invited(), http.StatusForbidden, "access_denied", "as many registered clients")
	})
}

// A page registers clients by the browsers of those who look at it, from addresses that no limit has seen: JSON needs a
// preflight, so none is answered, and no answer is readable.
func TestAttackOpenRegistrationByTheBrowsersOfVisitors(t *testing.T) {
	s := registering(t, nil)
	client := s.registered(metadata())
	for _, address := range []string{s.server.URL + oauth.PathRegister, client.member("registration_client_uri")} {
		for _, method := range []string{http.MethodOptions, http.MethodPost, http.MethodGet, http.MethodPut} {
			r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader("{}"))
			require.NoError(t, err)
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Content-Type", "application/json")
			if method == http.MethodOptions {
				r.Header.Set("Access-Control-Request-Method", http.MethodPost)
				r.Header.Set("Access-Control-Request-Headers", "content-type")
			}
			a := s.send(r)
			for name := range a.header {
				require.NotContains(t, name, "Access-Control", "%s %s", method, address)
			}
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathRegister,
		strings.NewReader(`{"redirect_uris":["`+redirectURI+`"]}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "text/plain") // which a page may send without a preflight
	s.requireRefused(s.send(r), http.StatusBadRequest, "invalid_request", "application/json")
}

// A logo that the provider fetched would be a way into its network: a page names it, and only the person's browser
// asks.
func TestAttackSSRFThroughLogoURI(t *testing.T) {
	w := newWebsite(t, []byte("a picture"))
	s := registering(t, reaching(w.Server))
	client := s.registered(
		metadata("logo_uri", w.URL+"/logo.png", "policy_uri", w.URL+"/policy", "tos_uri", w.URL+"/terms"),
	)
	b := s.browser()
	signIn := b.authorize(request(client.member("client_id"), "openid"))
	consent := b.signIn(signIn)
	for _, p := range []page{signIn, consent} {
		require.Contains(t, p.body, `src="`+w.URL+`/logo.png"`)
	}
	require.NotNil(t, b.decide(consent, "accept").location)
	require.Zero(t, w.asked.Load())
}
