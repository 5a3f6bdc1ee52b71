package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// authenticates returns whether a client gets a token by a secret.
func (s *stack) authenticates(clientID, secret string) bool {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.public.URL+"/oauth2/token",
		strings.NewReader("grant_type=client_credentials"))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(secret))
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func machine(scope ...string) map[string]any {
	return map[string]any{
		"name": "Nightly job", "scope": append([]string{}, scope...),
		"metadata": map[string]any{"grant_types": []string{"client_credentials"}, "response_types": []string{}},
	}
}

func TestClientIsCreatedReadChangedBlockedAndDeleted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		made := s.do(http.StatusCreated, http.MethodPost, "/clients", machine("patients:view"), "Idempotency-Key", "k")
		id, secret := made.text("client_id"), made.text("secret")
		require.True(t, s.authenticates(id, secret))
		again := s.do(http.StatusCreated, http.MethodPost, "/clients", machine("patients:view"), "Idempotency-Key", "k")
		require.Equal(t, id, again.text("client_id"))
		require.NotContains(t, again.body, "secret", "a secret is shown once")

		path := "/clients/" + id
		read := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.NotContains(t, read.raw, secret)
		require.Equal(t, "DIRECT", read.text("access_type"))
		s.ask(staticToken, http.MethodPatch, path, map[string]any{"name": "x"}).isProblem(http.StatusPreconditionRequired)
		changed := s.do(http.StatusOK, http.MethodPatch, path, map[string]any{
			"name": "Job", "policy": map[string]any{"access_lifetime": 900},
			"metadata": map[string]any{"contacts": []string{"ops@example.com"}},
		}, "If-Match", read.header.Get("ETag"))
		require.Equal(t, "Job", changed.text("name"))
		require.InDelta(t, 900, changed.body["policy"].(map[string]any)["access_lifetime"], 0)
		require.Equal(t, []any{"client_credentials"}, changed.body["metadata"].(map[string]any)["grant_types"],
			"what was left out stays")
		s.ask(staticToken, http.MethodPatch, path, map[string]any{"name": "x"}, "If-Match", read.header.Get("ETag")).
			isProblem(http.StatusPreconditionFailed)

		blocked := s.do(http.StatusOK, http.MethodPost, path+"/block", map[string]any{"reason": "stolen"})
		require.Equal(t, "blocked", blocked.text("state"))
		require.False(t, s.authenticates(id, secret))
		s.ask(staticToken, http.MethodPost, path+"/block", map[string]any{"reason": "again"}).
			isProblem(http.StatusConflict)
		s.do(http.StatusOK, http.MethodPost, path+"/unblock", nil)
		require.True(t, s.authenticates(id, secret))
		s.do(http.StatusNoContent, http.MethodDelete, path+"/tokens", nil)
		s.do(http.StatusNoContent, http.MethodDelete, path, nil, "If-Match", "*")
		s.ask(staticToken, http.MethodGet, path, nil).isProblem(http.StatusNotFound)
		for _, kind := range []string{
			storage.EventClientCreated, storage.EventClientUpdated, storage.EventClientBlocked, storage.EventClientDeleted,
		} {
			require.Equal(t, staticName, s.events(kind)[0].Details["operator"], kind)
			require.Len(t, s.events(kind), 1)
		}
	})
}

func TestSettingsForTheLegacyAPIAndPoliciesOfAClientAreChanged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		body := with(with(machine(), "broker_scope", []string{"patients:view"}), "login_grant_types", []string{"password"})
		made := s.do(http.StatusCreated, http.MethodPost, "/clients", body)
		require.Equal(t, []any{"patients:view"}, made.body["broker_scope"])
		require.Equal(t, []any{"password"}, made.body["login_grant_types"])
		path := "/clients/" + made.text("client_id")
		changed := s.do(http.StatusOK, http.MethodPatch, path, map[string]any{
			"broker_scope": []string{}, "login_grant_types": []string{"digital_signature"}, "preset": "ehealth",
			"policy": map[string]any{"access_lifetime": 900},
		}, "If-Match", "*")
		require.Empty(t, changed.body["broker_scope"])
		require.Equal(t, []any{"digital_signature"}, changed.body["login_grant_types"])
		policy := changed.body["policy"].(map[string]any)
		require.Equal(t, "opaque", policy["access_token"], "as the preset has it")
		require.InDelta(t, 900, policy["access_lifetime"], 0, "what is named comes after the preset")
		s.ask(staticToken, http.MethodPatch, path, map[string]any{"login_grant_types": []string{"magic"}}, "If-Match", "*").
			isProblem(http.StatusUnprocessableEntity, "body.login_grant_types[0]")
	})
}

func TestSecretOfAConnectionIsReplacedWithoutAnOutage(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		made := s.do(http.StatusCreated, http.MethodPost, "/clients", machine())
		id, first := made.text("client_id"), made.text("secret")
		path := "/clients/" + id + "/connections/" + made.text("connection_id")
		replaced := s.do(http.StatusCreated, http.MethodPost, path+"/secrets", map[string]any{})
		second := replaced.text("secret")
		require.True(t, s.authenticates(id, first), "both are good for a day")
		require.True(t, s.authenticates(id, second))
		connection := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.Len(t, connection.body["secrets"], 2)
		require.NotContains(t, connection.raw, second)

		for _, secret := range connection.body["secrets"].([]any) {
			if other := secret.(map[string]any)["id"].(string); other != replaced.text("id") {
				s.do(http.StatusNoContent, http.MethodDelete, path+"/secrets/"+other, nil)
				s.ask(staticToken, http.MethodDelete, path+"/secrets/"+other, nil).isProblem(http.StatusNotFound)
			}
		}
		require.False(t, s.authenticates(id, first))
		require.True(t, s.authenticates(id, second))
		require.Len(t, s.events(storage.EventConnectionSecretReplaced), 1)
		require.Len(t, s.events(storage.EventConnectionSecretEnded), 1)

		third := s.do(http.StatusCreated, http.MethodPost, path+"/secrets", map[string]any{"overlap": 0}).text("secret")
		require.False(t, s.authenticates(id, second))
		require.True(t, s.authenticates(id, third))
	})
}

func TestIdsAndSecretsMayBeGiven(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		id, secret := s.store.NewID(), "a secret of their own"
		body := with(with(with(machine(), "client_id", "nightly"), "connection_id", id), "secret", secret)
		made := s.do(http.StatusCreated, http.MethodPost, "/clients", body, "Idempotency-Key", "k")
		require.Equal(t, []string{"nightly", id}, []string{made.text("client_id"), made.text("connection_id")})
		require.NotContains(t, made.raw, secret)
		require.True(t, s.authenticates("nightly", secret))
		again := s.do(http.StatusCreated, http.MethodPost, "/clients", body, "Idempotency-Key", "k")
		require.Equal(t, "nightly", again.text("client_id"))
		path := "/clients/nightly/connections"
		second := s.store.NewID()
		require.Equal(t, second, s.do(http.StatusCreated, http.MethodPost, path, map[string]any{
			"id": second, "consumer_id": "nightly",
		}).text("id"))
		s.do(http.StatusCreated, http.MethodPost, path+"/"+id+"/secrets", map[string]any{"secret": "another of theirs"})
		require.True(t, s.authenticates("nightly", "another of theirs"))
		signing := with(machine(), "metadata", map[string]any{
			"grant_types": []string{"client_credentials"}, "response_types": []string{},
			"token_endpoint_auth_method": "client_secret_jwt",
		})
		short := s.ask(staticToken, http.MethodPost, "/clients", with(signing, "secret", "too short to sign with"))
		short.isProblem(http.StatusUnprocessableEntity, "body.secret", "want at least 32")
		require.NotContains(t, short.raw, "too short to sign with")

		role := map[string]any{"id": id, "name": "DOCTOR", "scope": []string{}}
		require.Equal(t, id, s.do(http.StatusCreated, http.MethodPost, "/roles", role).text("id"))
		s.ask(staticToken, http.MethodPost, "/roles", with(role, "name", "NURSE")).isProblem(http.StatusConflict, "this id")
		user := map[string]any{"id": id, "email": "a@example.com", "password": "довгий пароль 2026"}
		made = s.do(http.StatusCreated, http.MethodPost, "/users", user)
		require.Equal(t, []any{id, false}, []any{made.body["id"], made.body["must_change_password"]})
		s.ask(staticToken, http.MethodPost, "/users", with(user, "email", "b@example.com")).
			isProblem(http.StatusConflict, "this id")
		token := s.do(http.StatusCreated, http.MethodPost, "/initial-access-tokens", map[string]any{"id": id, "name": "x"})
		require.Equal(t, id, token.text("id"))
	})
}

func TestConnectionsOfAClientAreManaged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		mis := storagetest.Client(t, s.store, storage.PresetMithril)
		client := storagetest.Client(t, s.store, storage.PresetMithril)
		path := "/clients/" + client.ID + "/connections"
		body := map[string]any{"consumer_id": mis.ID, "redirect_uris": []string{"https://mis.example/callback"}}
		made := s.do(http.StatusCreated, http.MethodPost, path, body)
		require.NotEmpty(t, made.text("secret"))
		require.Equal(t, mis.ID, made.text("consumer_id"))
		s.ask(staticToken, http.MethodPost, path, body).isProblem(http.StatusConflict, "consumer")
		s.ask(staticToken, http.MethodPost, path, map[string]any{"consumer_id": "nobody"}).
			isProblem(http.StatusUnprocessableEntity, "body.consumer_id")
		s.ask(staticToken, http.MethodPost, path, map[string]any{"redirect_uris": []string{"/relative"}}).
			isProblem(http.StatusUnprocessableEntity, "body.redirect_uris[0]")
		require.Len(t, s.do(http.StatusOK, http.MethodGet, path, nil).items(), 2)
		found := s.do(http.StatusOK, http.MethodGet, "/connections/"+made.text("id"), nil)
		require.Equal(t, client.ID, found.text("client_id"))
		require.Equal(t, made.header.Get("ETag"), found.header.Get("ETag"))
		s.ask(staticToken, http.MethodGet, "/connections/"+s.store.NewID(), nil).isProblem(http.StatusNotFound)
		exact := s.do(http.StatusCreated, http.MethodPost, "/clients/"+mis.ID+"/connections", map[string]any{
			"redirect_match": "exact", "consumer_id": client.ID,
		})
		require.Equal(t, "exact", exact.text("redirect_match"))

		path += "/" + made.text("id")
		changed := s.do(http.StatusOK, http.MethodPatch, path,
			map[string]any{"redirect_uris": []string{"https://mis.example/new"}}, "If-Match", made.header.Get("ETag"))
		require.Equal(t, []any{"https://mis.example/new"}, changed.body["redirect_uris"])
		s.ask(staticToken, http.MethodGet, "/clients/"+mis.ID+"/connections/"+made.text("id"), nil).
			isProblem(http.StatusNotFound)
		s.do(http.StatusNoContent, http.MethodDelete, path, nil, "If-Match", changed.header.Get("ETag"))
		s.ask(staticToken, http.MethodGet, path, nil).isProblem(http.StatusNotFound)
	})
}

func TestWhatIsWrongWithAClientIsNamed(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		type fault struct {
			body  map[string]any
			words []string
		}
		metadata := func(name string, value any) map[string]any {
			return with(machine(), "metadata", map[string]any{name: value})
		}
		policy := func(name string, value any) map[string]any {
			return with(machine(), "policy", map[string]any{name: value})
		}
		for name, row := range map[string]fault{
			"no redirect URI":        {map[string]any{"name": "x"}, []string{"body.redirect_uris"}},
			"an unknown policy":      {policy("refres", "rotate"), []string{"body.policy.refres", "refresh"}},
			"a policy of other kind": {policy("access_lifetime", "long"), []string{"body.policy"}},
			"unknown metadata":       {metadata("grants", []string{}), []string{"body.metadata.grants", "grant_types"}},
			"an unknown grant type":  {metadata("grant_types", []string{"magic"}), []string{"body.metadata.grant_types"}},
			"a client_id to escape":  {with(machine(), "client_id", "a b"), []string{"body.client_id"}},
			"an unknown client type": {with(machine(), "client_type_id", s.store.NewID()), []string{"body.client_type_id"}},
			"an unknown owner":       {with(machine(), "owner_id", s.store.NewID()), []string{"body.owner_id"}},
		} {
			t.Run(name, func(t *testing.T) {
				s.ask(staticToken, http.MethodPost, "/clients", row.body).isProblem(http.StatusUnprocessableEntity, row.words...)
			})
		}
	})
}

// with is a body with another member.
func with(body map[string]any, name string, value any) map[string]any {
	body[name] = value
	return body
}

func TestClientIsHeldToItsSecurityProfile(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		bank := func(changes ...any) map[string]any {
			body := map[string]any{
				"name": "Bank", "profile": "fapi2", "redirect_uris": []string{"https://bank.example/callback"},
				"metadata": map[string]any{"jwks_uri": "https://bank.example/keys"},
			}
			for i := 0; i < len(changes); i += 2 {
				body[changes[i].(string)] = changes[i+1]
			}
			return body
		}
		made := s.do(http.StatusCreated, http.MethodPost, "/clients", bank())
		require.Equal(t, "fapi2", made.body["policy"].(map[string]any)["profile"])
		require.Equal(t, "private_key_jwt", made.body["metadata"].(map[string]any)["token_endpoint_auth_method"])
		path, tag := "/clients/"+made.text("client_id"), made.header.Get("ETag")
		for location, body := range map[string]map[string]any{
			"body.policy.refresh": bank("policy", map[string]any{"refresh": "rotate"}),
			"body.metadata.token_endpoint_auth_method": bank("metadata", map[string]any{
				"jwks_uri": "https://bank.example/keys", "token_endpoint_auth_method": "client_secret_basic",
			}),
			"body.redirect_uris": bank("redirect_uris", []string{"http://127.0.0.1/callback"}),
			"body.profile":       bank("profile", "fapi3"),
		} {
			refused := s.ask(staticToken, http.MethodPost, "/clients", body)
			refused.isProblem(http.StatusUnprocessableEntity, location)
		}
		s.ask(staticToken, http.MethodPatch, path, map[string]any{"policy": map[string]any{"require_pkce": false}},
			"If-Match", tag).isProblem(http.StatusUnprocessableEntity, "body.policy.require_pkce", "the profile fapi2 demands")
	})
}

func TestAttackOperatorGetsNoRightByAClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		operator, _ := s.userToken(storagetest.User(t, s.store), "admin:read", "admin:clients")
		s.ask(operator, http.MethodPost, "/clients", machine("admin:users")).isProblem(http.StatusForbidden, "admin:users")
		own := s.ask(operator, http.MethodPost, "/clients", machine("admin:read"))
		require.Equal(t, http.StatusCreated, own.status, own.raw)
		s.ask(operator, http.MethodPatch, "/clients/"+own.text("client_id"),
			map[string]any{"scope": []string{"admin:keys"}}, "If-Match", "*").isProblem(http.StatusForbidden, "admin:keys")
		s.ask(operator, http.MethodPost, "/client-types", map[string]any{"name": "x", "scope": []string{"admin:users"}}).
			isProblem(http.StatusForbidden, "admin:users")

		powerful := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
			c.Scope = []string{"openid", "admin:users"}
		})
		path := "/clients/" + powerful.ID
		connection := path + "/connections/" + powerful.Connections[0].ID
		for _, attempt := range []struct {
			method, path string
			body         any
		}{
			{http.MethodPatch, path, map[string]any{"name": "x"}},
			{http.MethodDelete, path, nil},
			{http.MethodPost, path + "/block", map[string]any{"reason": "x"}},
			{http.MethodPost, path + "/unblock", nil},
			{http.MethodPost, path + "/connections", map[string]any{}},
			{http.MethodPatch, connection, map[string]any{"redirect_uris": []string{"https://evil.example/"}}},
			{http.MethodPost, connection + "/secrets", map[string]any{}},
			{http.MethodDelete, connection, nil},
		} {
			s.ask(operator, attempt.method, attempt.path, attempt.body, "If-Match", "*").
				isProblem(http.StatusForbidden, "admin:users")
		}
	})
}

func TestClientsAreFoundByNameTypeOwnerAndState(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		owner := storagetest.User(t, s.store)
		kind := storage.ClientType{ID: s.store.NewID(), Name: "MIS"}
		require.NoError(t, s.store.CreateClientType(t.Context(), kind))
		clinic := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
			c.Name, c.OwnerID = "Клініка «Надія»", owner.ID
		})
		other := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
			c.Name, c.TypeID = "Лабораторія", kind.ID
		})
		require.NoError(t, s.store.BlockClient(t.Context(), other.ID, "x"))
		for query, want := range map[string]string{
			"name=" + url.QueryEscape("НАДІЯ"): clinic.ID, "owner_id=" + owner.ID: clinic.ID,
			"client_type_id=" + kind.ID: other.ID, "state=blocked": other.ID, "state=active": clinic.ID,
		} {
			items := s.do(http.StatusOK, http.MethodGet, "/clients?"+query, nil).items()
			require.Len(t, items, 1, query)
			require.Equal(t, want, items[0]["client_id"], query)
		}
	})
}

func TestListsAreSortedByWhatNamesTheItemsToo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		for i, name := range []string{"c", "a", "b"} {
			s.later.Store(int64(i))
			s.do(http.StatusCreated, http.MethodPost, "/users", map[string]any{"email": name + "@example.com"})
			s.do(http.StatusCreated, http.MethodPost, "/clients", with(machine(), "client_id", name))
		}
		read := func(path, member string) (values []any) {
			for _, item := range s.do(http.StatusOK, http.MethodGet, path, nil).items() {
				values = append(values, item[member])
			}
			return values
		}
		require.Equal(t, []any{"c@example.com", "a@example.com", "b@example.com"}, read("/users", "email"))
		require.Equal(t, []any{"b@example.com", "c@example.com"}, read("/users?order=email&after=A@example.com", "email"))
		require.Equal(t, []any{"a@example.com"}, read("/users?whole_email=A@EXAMPLE.com", "email"))
		require.Equal(t, []any{"b", "c"}, read("/clients?order=client_id&after=a", "client_id"))
		first := s.do(http.StatusOK, http.MethodGet, "/clients?order=client_id&limit=2", nil)
		rest := read("/clients?order=client_id&limit=2&cursor="+first.text("next_cursor"), "client_id")
		require.Equal(t, []any{"c"}, rest)
		s.ask(staticToken, http.MethodGet, "/users?after=a", nil).isProblem(http.StatusUnprocessableEntity, "order=email")
		s.ask(staticToken, http.MethodGet, "/clients?after=a", nil).
			isProblem(http.StatusUnprocessableEntity, "order=client_id")
	})
}
