package provider_test

import (
	"context"
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

// registering is a stack in which clients may register; change alters how.
func registering(t *testing.T, change func(*provider.Options)) *stack {
	return newStack(t, storagetest.Engines()[0], func(o *provider.Options) {
		o.Registration = registration.Options{Mode: registration.Open}
		if change != nil {
			change(o)
		}
	})
}

// metadata is a client's registration, changed by pairs of a member and its value; nil takes a member out.
func metadata(changes ...any) map[string]any {
	m := map[string]any{"redirect_uris": []string{redirectURI}, "client_name": "Клініка"}
	for i := 0; i < len(changes); i += 2 {
		name := changes[i].(string)
		if m[name] = changes[i+1]; changes[i+1] == nil {
			delete(m, name)
		}
	}
	return m
}

// call sends a body, an object or its text, with a bearer token where one is given.
func (s *stack) call(method, address, token string, body any) reply {
	value, isText := body.(string)
	if !isText && body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(s.t, err)
		value = string(encoded)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(value))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return s.send(r)
}

func (s *stack) register(body any) reply {
	return s.call(http.MethodPost, s.server.URL+oauth.PathRegister, "", body)
}

// registered registers a client that must be accepted.
func (s *stack) registered(body any) reply {
	a := s.register(body)
	require.Equal(s.t, http.StatusCreated, a.status, a.raw)
	return a
}

func (s *stack) requireRefused(a reply, status int, code string, terms ...string) {
	s.t.Helper()
	require.Equal(s.t, status, a.status, a.raw)
	require.Equal(s.t, code, a.member("error"), a.raw)
	for _, item := range terms {
		require.Contains(s.t, a.member("error_description"), item)
	}
}

// tokensOf goes all the way with a registered client that has a secret.
func (s *stack) tokensOf(client reply, scope string) reply {
	code := s.browser().code(request(client.member("client_id"), scope))
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.server.URL+oauth.PathToken,
		strings.NewReader(url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
		}.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client.member("client_id"), client.member("client_secret"))
	tokens := s.send(r)
	require.Equal(s.t, http.StatusOK, tokens.status, tokens.raw)
	return tokens
}

func TestRegistrationIsOffUnlessItIsTurnedOn(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	require.Equal(t, http.StatusNotFound, s.register(metadata()).status)
	require.Equal(t, http.StatusNotFound,
		s.call(http.MethodGet, s.server.URL+oauth.PathRegister+"/x", "token", nil).status)
	require.NotContains(t, s.call(http.MethodGet, s.server.URL+oauth.PathDiscovery, "", nil).body, "registration_endpoint")

	s = registering(t, nil)
	discovered := s.call(http.MethodGet, s.server.URL+oauth.PathDiscovery, "", nil).body
	require.Equal(t, s.server.URL+"/oauth2/register", discovered["registration_endpoint"])
	require.Equal(t, []any{"public", "pairwise"}, discovered["subject_types_supported"])
}

func TestARegisteredClientGetsTokens(t *testing.T) {
	s := registering(t, nil)
	client := s.registered(metadata("grant_types", []string{"authorization_code", "refresh_token"}))
	tokens := s.tokensOf(client, "openid email offline_access")
	require.NotEmpty(t, tokens.member("id_token"))
	require.NotEmpty(t, tokens.member("refresh_token"))
	require.Equal(t, "doctor@example.com", s.userinfo(tokens.member("access_token")).member("email"))
}

func TestARegistrationAnswersAllThatWasRegisteredAndItsDefaults(t *testing.T) {
	s := registering(t, nil)
	a := s.registered(metadata(
		"client_name#en",
		"Clinic",
		"unheard_of",
		map[string]any{"a": 1},
		"contacts",
		[]string{"it@client.example"},
		"tos_uri",
		nil,
		"initiate_login_uri",
		"https://client.example/login",
		"default_max_age",
		600,
		"jwks_uri",
		nil,
	))
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Empty(t, a.header.Get("Access-Control-Allow-Origin"), "no page registers from its visitors' addresses")
	require.Regexp(t, `^[0-9a-f-]{36}$`, a.member("client_id"))
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, a.member("client_secret"))
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, a.member("registration_access_token"))
	require.Equal(t, s.server.URL+"/oauth2/register/"+a.member("client_id"), a.member("registration_client_uri"))
	for member, want := range map[string]any{
		"client_secret_expires_at": 0.0, "client_id_issued_at": float64(s.clock.Now().Unix()), "client_name": "Клініка",
		"redirect_uris": []any{redirectURI}, "grant_types": []any{"authorization_code"}, "response_types": []any{"code"},
		"token_endpoint_auth_method": "client_secret_basic", "application_type": "web", "subject_type": "public",
		"id_token_signed_response_alg": "RS256",
		"initiate_login_uri":           "https://client.example/login", "default_max_age": 600.0,
		"contacts": []any{"it@client.example"},
	} {
		require.Equal(t, want, a.body[member], member)
	}
	require.NotContains(t, a.raw, "unheard_of")
	stored, err := s.store.LoadClient(t.Context(), a.member("client_id"))
	require.NoError(t, err)
	require.Equal(t, storage.Hash(a.member("client_secret")), stored.Connections[0].Secrets[0].Hash)
	require.Empty(t, stored.Connections[0].Secrets[0].Sealed)
	standard, _ := storage.NewPolicy(storage.PresetStandard)
	require.Equal(t, standard, stored.Policy)
	require.Equal(t, registration.DefaultScope, strings.Join(stored.Scope, " "))
	require.NotContains(t, a.body, "scope", "some libraries stop at a scope that they did not ask for")
	events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "client_registered", ClientID: stored.ID})
	require.NoError(t, err)
	require.Len(t, events, 1)
}

func TestRegistrationIssuesASecretOnlyToClientsThatUseOne(t *testing.T) {
	s := registering(t, nil)
	a := s.registered(metadata("token_endpoint_auth_method", "none"))
	require.NotContains(t, a.body, "client_secret")
	require.NotContains(t, a.body, "client_secret_expires_at")
	a = s.registered(metadata("token_endpoint_auth_method", "client_secret_jwt", "request_object_signing_alg", "HS256"))
	stored, err := s.store.LoadClient(t.Context(), a.member("client_id"))
	require.NoError(t, err)
	opened, err := s.store.OpenSecret(stored.Connections[0].Secrets[0])
	require.NoError(t, err)
	require.Equal(t, a.member("client_secret"), string(opened))
	require.Len(t, opened, 64, "enough for HS512")
}

func TestRegistrationDoesNotLetAClientChooseScopeAndPolicy(t *testing.T) {
	s := registering(t, nil)
	a := s.registered(metadata(
		"scope", "openid patients:view email", "policy", map[string]any{"introspect_any": true}, "trusted", true,
		"audience", []string{"https://api.example"}, "access_token_signing_alg", "EdDSA",
	))
	require.Equal(t, "openid email", a.member("scope"))
	stored, err := s.store.LoadClient(t.Context(), a.member("client_id"))
	require.NoError(t, err)
	require.False(t, stored.Policy.IntrospectAny || stored.Policy.Trusted)
	require.Empty(t, stored.Metadata.Audience)
	require.Empty(t, stored.Metadata.AccessTokenSigningAlg)

	a = s.registered(metadata("scope", "openid offline_access"))
	require.Contains(t, a.body["grant_types"], "refresh_token", "neither works without the other")
	a = s.registered(metadata("scope", "openid", "grant_types", []string{"authorization_code", "refresh_token"}))
	require.Equal(t, "openid offline_access", a.member("scope"))
	s.requireRefused(s.register(metadata("grant_types", []string{"client_credentials"})), http.StatusBadRequest,
		"invalid_client_metadata", "client_credentials")
	s.requireRefused(s.register(metadata("grant_types", []string{oauth.GrantTypeDeviceCode})), http.StatusBadRequest,
		"invalid_client_metadata", "device_code")
}

func TestInitialAccessTokenAllowsItsNumberOfRegistrations(t *testing.T) {
	s := registering(t, func(o *provider.Options) { o.Registration.Mode = registration.ByToken })
	address := s.server.URL + oauth.PathRegister
	for _, token := range []string{"", "wrong"} {
		a := s.call(http.MethodPost, address, token, metadata())
		s.requireRefused(a, http.StatusUnauthorized, "invalid_token", "nitial access token")
		require.Contains(t, a.header.Get("WWW-Authenticate"), `Bearer realm="ithildin"`)
	}
	require.NoError(t, s.store.CreateInitialAccessToken(t.Context(), storage.InitialAccessToken{
		ID: s.store.NewID(), Hash: storage.Hash("partner"), Remaining: 2, ExpiresAt: s.store.Now().Add(time.Minute),
	}))
	require.Equal(t, http.StatusUnauthorized,
		s.call(http.MethodPost, address+"?access_token=partner", "", metadata()).status)
	s.requireRefused(s.call(http.MethodPost, address, "partner", metadata("redirect_uris", nil)), http.StatusBadRequest,
		"invalid_redirect_uri", "are missing")
	for range 2 {
		a := s.call(http.MethodPost, address, "partner",
			metadata("grant_types", []string{"authorization_code", "client_credentials"}))
		require.Equal(t, http.StatusCreated, a.status, a.raw)
		require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"), "a token opens the door, whoever shows it")
		require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	}
	s.requireRefused(s.call(http.MethodPost, address, "partner", metadata()), http.StatusUnauthorized, "invalid_token",
		"used up")
}

func TestOnlyRegistrationsWithAnInitialAccessTokenGetAnAccessType(t *testing.T) {
	s := registering(t, nil)
	require.NoError(t, s.store.CreateInitialAccessToken(t.Context(), storage.InitialAccessToken{
		ID: s.store.NewID(), Hash: storage.Hash("partner"), Remaining: 1, ExpiresAt: s.store.Now().Add(time.Minute),
	}))
	for token, accessType := range map[string]string{"partner": storage.AccessTypeDirect, "": ""} {
		registered := s.call(http.MethodPost, s.server.URL+oauth.PathRegister, token, metadata())
		require.Equal(t, http.StatusCreated, registered.status, registered.raw)
		stored, err := s.store.LoadClient(t.Context(), registered.member("client_id"))
		require.NoError(t, err)
		require.Equal(t, accessType, stored.AccessType())
	}
}

func TestAttackRegistrationSpam(t *testing.T) {
	s := registering(t, func(o *provider.Options) { o.Registration.Rate, o.Registration.Quota = 4, 3 })
	for range 3 {
		s.registered(metadata())
	}
	s.requireRefused(s.register(metadata()), http.StatusForbidden, "access_denied", "as many registered clients")
	a := s.register(metadata())
	s.requireRefused(a, http.StatusTooManyRequests, "temporarily_unavailable", "at most 4 within an hour", "15m0s")
	require.Equal(t, "900", a.header.Get("Retry-After"))
	s.clock.Advance(15 * time.Minute)
	require.Equal(t, http.StatusForbidden, s.register(metadata()).status)
	require.Equal(t, http.StatusTooManyRequests, s.register(metadata()).status)
}

func TestAClientReadsReplacesAndDeletesItsRegistration(t *testing.T) {
	s := registering(t, nil)
	first := s.registered(metadata("logo_uri", "https://client.example/logo.png"))
	address, token := first.member("registration_client_uri"), first.member("registration_access_token")
	read := s.call(http.MethodGet, address, token, nil)
	require.Equal(t, http.StatusOK, read.status, read.raw)
	require.Equal(t, "no-store", read.header.Get("Cache-Control"))
	for member, value := range first.body {
		if !strings.HasPrefix(member, "client_secret") { // only its hash is kept
			require.Equal(t, value, read.body[member], member)
		}
	}
	require.NotContains(t, read.raw, first.member("client_secret"))

	other := []string{"https://client.example/other"}
	s.requireRefused(s.call(http.MethodPut, address, token, metadata()), http.StatusBadRequest, "invalid_request",
		"client_id")
	guess := metadata("client_id", first.member("client_id"), "client_secret", "guess")
	s.requireRefused(s.call(http.MethodPut, address, token, guess), http.StatusBadRequest, "invalid_request",
		"client_secret")
	changed := s.call(http.MethodPut, address, token, metadata("client_id", first.member("client_id"),
		"client_secret", first.member("client_secret"), "redirect_uris", other, "client_name", "Аптека"))
	require.Equal(t, http.StatusOK, changed.status, changed.raw)
	require.NotContains(t, changed.body, "logo_uri", "it is replaced as a whole")
	require.NotContains(t, changed.body, "client_secret")
	require.Equal(t, token, changed.member("registration_access_token"))
	stored, err := s.store.Client(t.Context(), first.member("client_id"))
	require.NoError(t, err)
	require.Equal(t, "Аптека", stored.Name)
	require.Equal(t, other, stored.Connections[0].RedirectURIs)

	changed = s.call(http.MethodPut, address, token, metadata("client_id", first.member("client_id"),
		"token_endpoint_auth_method", "client_secret_jwt"))
	require.NotEmpty(t, changed.member("client_secret"), "the one before is known by its hash only, and can't verify")
	changed = s.call(http.MethodPut, address, token, metadata("client_id", first.member("client_id"),
		"token_endpoint_auth_method", "none"))
	require.Equal(t, http.StatusOK, changed.status, changed.raw)
	stored, err = s.store.LoadClient(t.Context(), first.member("client_id"))
	require.NoError(t, err)
	require.Empty(t, stored.Connections[0].Secrets)

	gone := s.call(http.MethodDelete, address, token, nil)
	require.Equal(t, http.StatusNoContent, gone.status, gone.raw)
	_, err = s.store.Client(t.Context(), first.member("client_id"))
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.Equal(t, http.StatusUnauthorized, s.call(http.MethodGet, address, token, nil).status)
}

func TestRegistrationManagementAnswersUnknownClientAndWrongTokenAlike(t *testing.T) {
	s := registering(t, nil)
	known := s.registered(metadata()).member("registration_client_uri")
	operated := s.client("clinic", nil)
	other := s.registered(metadata()).member("registration_access_token")
	unknown := strings.TrimSuffix(known, known[len(known)-36:]) + s.store.NewID()
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		var answers []string
		for _, address := range []string{
			known, unknown, s.server.URL + oauth.PathRegister + "/" + operated.ID, known + "?access_token=" + other,
		} {
			for _, token := range []string{"", "wrong", other} {
				a := s.call(method, address, token, metadata())
				require.Equal(t, http.StatusUnauthorized, a.status)
				delete(a.body, "request_id")
				encoded, _ := json.Marshal(a.body)
				answers = append(answers, string(encoded)+a.header.Get("WWW-Authenticate"))
			}
		}
		for _, a := range answers {
			require.Equal(t, answers[0], a)
		}
	}
}

func TestRegistrationUpdateKeepsTheDecisionsOfTheOperator(t *testing.T) {
	s := registering(t, nil)
	a := s.registered(metadata())
	stored, err := s.store.LoadClient(t.Context(), a.member("client_id"))
	require.NoError(t, err)
	stored.Scope = append(stored.Scope, "patients:view")
	stored.Metadata.Audience, stored.Policy.RequirePKCE = []string{"https://api.example"}, true
	require.NoError(t, s.store.UpdateClient(t.Context(), *stored))
	address, token := a.member("registration_client_uri"), a.member("registration_access_token")
	changed := s.call(http.MethodPut, address, token, metadata("client_id", stored.ID))
	require.Contains(t, changed.member("scope"), "patients:view")
	after, err := s.store.LoadClient(t.Context(), stored.ID)
	require.NoError(t, err)
	require.Equal(t, stored.Metadata.Audience, after.Metadata.Audience)
	require.True(t, after.Policy.RequirePKCE)
	require.NoError(t, s.store.BlockClient(t.Context(), stored.ID, "spam"))
	s.requireRefused(s.call(http.MethodDelete, address, token, nil), http.StatusForbidden, "access_denied")
}

// sectors is a server of sector documents by path, and counts what it is asked.
func sectors(t *testing.T, documents map[string]string) (address string, asked *int, client *outbound.Client) {
	asked = new(int)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked++
		_, _ = w.Write([]byte(documents[r.URL.Path]))
	}))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.URL, asked, outbound.New(outbound.Options{
		Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: roots,
	})
}

func TestAttackSSRFThroughSectorIdentifierURI(t *testing.T) {
	address, asked, _ := sectors(t, nil)
	s := registering(t, nil) // reaches public addresses only
	var answers []string
	for _, uri := range []string{address, "https://localhost:1/", "https://169.254.169.254/latest", "https://[::1]:1/"} {
		a := s.register(metadata("sector_identifier_uri", uri))
		s.requireRefused(a, http.StatusBadRequest, "invalid_client_metadata", "could not be fetched")
		answers = append(answers, a.member("error_description"))
	}
	for _, a := range answers {
		require.Equal(t, answers[0], a, "what is in the network is not told")
	}
	require.Zero(t, *asked)
}
