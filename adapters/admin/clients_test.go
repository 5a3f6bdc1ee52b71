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
