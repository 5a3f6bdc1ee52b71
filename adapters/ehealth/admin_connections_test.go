package ehealth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/ehealth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const secretForm = `^[A-Za-z0-9]{28}(QT09|UT09|Zz09|dz09)$`

func (w *world) putConnection(client, fields string) reply {
	return w.admin(http.MethodPut, "clients/"+client+"/connections", `{`+fields+`}`)
}

// Case 63 of the contract.
func TestPuttingAConnectionCreatesOrChangesTheOneOfItsConsumer(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		consumer := `"consumer_id":"` + strings.ToUpper(misID) + `"`
		first := w.putConnection(frontID, consumer+`,"redirect_uri":"https://mis.example/new","secret":"of the caller"`)
		require.Equal(t, 201, first.status, first.raw)
		require.Regexp(t, secretForm, first.member("data.secret"))
		require.Equal(t, []string{"client_id", "consumer_id", "id", "inserted_at", "redirect_uri", "secret", "updated_at"},
			w.members(first))
		path := "clients/" + frontID + "/connections/" + first.member("data.id")
		require.Equal(t, "/admin/"+path, first.header.Get("Location"))
		for _, uri := range []string{"https://mis.example/new", "https://mis.example/newer", "https://mis.example/newer"} {
			fields := consumer
			if uri != first.member("data.redirect_uri") {
				fields += `,"redirect_uri":"` + uri + `"`
			}
			again := w.putConnection(frontID, fields)
			require.Equal(t, 200, again.status, again.raw)
			require.Equal(t, first.member("data.secret"), again.member("data.secret"), "the secret is kept and shown")
			require.Equal(t, first.member("data.id"), again.member("data.id"))
			require.Equal(t, uri, again.member("data.redirect_uri"))
			require.Equal(t, "/admin/"+path, again.header.Get("Location"))
		}
		require.NotContains(t, w.admin(http.MethodGet, path, "").raw, "secret")
		require.Equal(t, map[string]string{"$.redirect_uri": "required"},
			w.entries(w.putConnection(frontID, consumer+`,"redirect_uri":null`)))
		require.Equal(t, map[string]string{"$.redirect_uri": "required"},
			w.entries(w.putConnection(cabinetID, consumer)), "a new one needs it")
		for _, uri := range []string{"http://mis.example/cb", "https://", "https://mis.example/#f", "javascript:alert(1)",
			"https://mis.example/" + strings.Repeat("a", 5000)} {
			got := w.putConnection(frontID, consumer+`,"redirect_uri":"`+uri+`"`)
			require.Equal(t, map[string]string{"$.redirect_uri": "format"}, w.entries(got), uri)
			require.Contains(t, got.raw, `"description":"has invalid format","params":["~r/^https:\\/\\/.+/"]`)
		}
		unknown := w.putConnection(frontID, `"consumer_id":"`+uuid.NewString()+`","redirect_uri":"https://a.example/cb"`)
		require.Equal(t, map[string]string{"$.consumer_id": "does not exist"}, w.entries(unknown))
	})
}

func TestPuttingAConnectionOfAClientOrConsumerThatIsNoneIsNotFound(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		uri := `"redirect_uri":"https://mis.example/cb"`
		for _, fields := range []string{uri, uri + `,"consumer_id":null`, uri + `,"consumer_id":"x"`,
			uri + `,"consumer_id":7`} {
			require.Equal(t, 404, w.putConnection(frontID, fields).status, fields)
		}
		for _, client := range []string{"x", uuid.NewString()} {
			require.Equal(t, 404, w.putConnection(client, uri+`,"consumer_id":"`+misID+`"`).status, client)
		}
		require.Equal(t, 404, w.ask(http.MethodPut, "/admin/clients/"+frontID+"/connections", nil, "").status)
	})
}

func TestConnectionsAreListedChangedAndDeleted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.must(w.store.UpdateConnection(t.Context(), storage.Connection{
			ID: w.connectionOf(hospitalID), ConsumerID: misID, RedirectURIs: []string{"http://old.example/cb"},
			RedirectMatch: storage.RedirectMatchPrefix, RefreshBoundTo: storage.RefreshBoundToClient,
		}))
		id := w.connectionOf(hospitalID)
		list := "clients/" + hospitalID + "/connections"
		for query, want := range map[string]int{
			"": 1, "?consumer_id=" + misID: 1, "?consumer_id=" + frontID: 0, "?redirect_uri=OLD.ex": 1, "?redirect_uri=new": 0,
			"?id=" + id: 1, "?id=" + misID: 0, "?consumer_id=": 1,
		} {
			require.Len(t, w.ids(w.admin(http.MethodGet, list+query, "")), want, query)
		}
		require.Equal(t, map[string]string{"$.client_id": "cast"},
			w.entries(w.admin(http.MethodGet, "clients/x/connections", "")))
		require.Equal(t, map[string]string{"$.consumer_id": "cast", "$.id": "cast"},
			w.entries(w.admin(http.MethodGet, list+"?consumer_id=1&id=x", "")))
		require.Empty(t, w.ids(w.admin(http.MethodGet, "clients/"+uuid.NewString()+"/connections", "")))

		one := list + "/" + id
		patch := func(fields string) reply { return w.admin(http.MethodPatch, one, `{`+fields+`}`) }
		require.Equal(t, 200, patch("").status)
		moved := patch(`"consumer_id":"` + frontID + `","redirect_uri":"http://old.example/cb"`)
		require.Equal(t, 200, moved.status, "an old URI that stays is not checked: %s", moved.raw)
		require.Equal(t, frontID, moved.member("data.consumer_id"))
		require.NotContains(t, moved.raw, "secret")
		require.Equal(t, "https://a.example/cb", patch(`"redirect_uri":"https://a.example/cb"`).member("data.redirect_uri"))
		require.Equal(t, 201, w.putConnection(hospitalID,
			`"consumer_id":"`+misID+`","redirect_uri":"https://a.example/cb"`).status)
		for fields, want := range map[string]map[string]string{
			`"redirect_uri":null,"consumer_id":null`:   {"$.redirect_uri": "required", "$.consumer_id": "required"},
			`"redirect_uri":7,"consumer_id":7`:         {"$.redirect_uri": "cast", "$.consumer_id": "cast"},
			`"redirect_uri":"http://old.example/cb"`:   {"$.redirect_uri": "format"},
			`"consumer_id":"` + uuid.NewString() + `"`: {"$.consumer_id": "does not exist"},
			`"consumer_id":"` + misID + `"`:            {"$.consumer_id": "has already been taken"},
			`"consumer_id":"` + cabinetID + `x"`:       {"$.consumer_id": "cast"},
		} {
			require.Equal(t, want, w.entries(patch(fields)), fields)
		}
		require.Equal(t, 404, w.admin(http.MethodPatch, "clients/"+frontID+"/connections/"+id, "{}").status)
		require.Equal(t, 404, w.admin(http.MethodPut, one, "{}").status, "there is no PUT of one")
		value := w.token(hospitalID, "legal_entity:read")
		require.Equal(t, 204, w.admin(http.MethodDelete, one, "").status)
		require.Equal(t, 404, w.admin(http.MethodDelete, one, "").status)
		require.Equal(t, 404, w.admin(http.MethodGet, one, "").status)
		require.Equal(t, 200, w.verify(value, "api-key", misKey).status, "tokens stay")
	})
}

// Case 64 of the contract.
func TestSecretOfAConnectionIsReplacedByItsConsumerOnly(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		path := "clients/" + hospitalID + "/connections/" + w.connectionOf(hospitalID) + "/actions/refresh_secret"
		missing := "clients/" + hospitalID + "/connections/" + uuid.NewString() + "/actions/refresh_secret"
		require.Equal(t, 404, w.admin(http.MethodPatch, missing, "").status, "before the api-key is looked at")
		w.rejected(w.admin(http.MethodPatch, path, ""), 401, "access_denied", "api-key header not set")
		w.rejected(w.admin(http.MethodPatch, path, "", "api-key", "unknown"), 401, "access_denied", "invalid api-key header")
		w.must(w.store.AddConnectionSecret(t.Context(), w.connectionOf(frontID), storage.ConnectionSecret{
			ID: uuid.NewString(), Hash: storage.Hash("another's key, of many bits"),
		}, time.Time{}))
		other := w.admin(http.MethodPatch, path, "", "api-key", "another's key, of many bits")
		require.Equal(t, http.StatusForbidden, other.status, other.raw)
		own := w.admin(http.MethodPatch, path, "", "api-key", hospitalSecret)
		require.Equal(t, http.StatusForbidden, own.status, "that of the client is not that of its consumer")
		first := w.admin(http.MethodPatch, path, "", "api-key", misKey)
		require.Equal(t, http.StatusOK, first.status, first.raw)
		w.rejected(w.admin(http.MethodPatch, path, "", "api-key", hospitalSecret), 401, "access_denied",
			"invalid api-key header")
		byConsumer := w.admin(http.MethodPatch, path, "", "api-key", misKey)
		require.Equal(t, http.StatusOK, byConsumer.status, byConsumer.raw)
		require.NotEqual(t, first.member("data.secret"), byConsumer.member("data.secret"))
		shown := w.putConnection(hospitalID, `"consumer_id":"`+misID+`"`)
		require.Equal(t, byConsumer.member("data.secret"), shown.member("data.secret"), "the newest one")
		w.audited("connection_secret_replaced")
	})
}

func TestSecretOfAConnectionOfAClientWithItselfIsReplacedWithoutAnAPIKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		path := "clients/" + misID + "/connections/" + w.connectionOf(misID) + "/actions/refresh_secret"
		fresh := w.admin(http.MethodPatch, path, "")
		require.Equal(t, 200, fresh.status, fresh.raw)
		value := w.token(hospitalID, "legal_entity:read")
		require.NotEqual(t, 200, w.verify(value, "api-key", misKey).status, "the old key has ended")
		require.Equal(t, 200, w.verify(value, "api-key", fresh.member("data.secret")).status)
	})
}

func TestAttackSecretOfAConnectionIsNotReadFromTheDatabase(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		made := w.putConnection(frontID, `"consumer_id":"`+misID+`","redirect_uri":"https://a.example/cb"`)
		stored, err := w.store.FindConnection(t.Context(), made.member("data.id"))
		w.must(err)
		require.NotEmpty(t, stored.Secrets[0].Sealed)
		require.NotContains(t, stored.Secrets[0].Sealed, made.member("data.secret"))
		foreign := stored.Secrets[0]
		foreign.ID = uuid.NewString()
		_, err = w.store.OpenSecret(foreign)
		require.Error(t, err, "a sealed secret opens in its own row only")
	})
}

func TestSecretIsShownOnceWhereSecretsAreHashed(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		sealed := w.putConnection(frontID, `"consumer_id":"`+misID+`","redirect_uri":"https://a.example/cb"`)
		require.NotEmpty(t, sealed.member("data.secret"))
		w.configure(ehealth.Options{SecretsHashed: true})
		first := w.putConnection(cabinetID, `"consumer_id":"`+misID+`","redirect_uri":"https://a.example/cb"`)
		require.Regexp(t, secretForm, first.member("data.secret"))
		stored, err := w.store.FindConnection(t.Context(), first.member("data.id"))
		w.must(err)
		require.Empty(t, stored.Secrets[0].Sealed)
		for _, client := range []string{cabinetID, frontID} {
			again := w.putConnection(client, `"consumer_id":"`+misID+`"`)
			require.Equal(t, 200, again.status, again.raw)
			require.NotContains(t, again.raw, "secret")
		}
	})
}

func TestSecretOfAStandardClientIsNotShownAgain(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.change(frontID, func(c *storage.Client) {
			policy, err := storage.NewPolicy(storage.PresetStandard)
			w.must(err)
			c.Policy = policy
		})
		w.must(w.store.AddConnectionSecret(t.Context(), w.connectionOf(frontID),
			w.store.NewConnectionSecret(storage.SecretValue{Text: "signs requests", Sealed: true}), time.Time{}))
		w.must(w.store.UpdateConnection(t.Context(), storage.Connection{
			ID: w.connectionOf(frontID), ConsumerID: misID, RedirectMatch: storage.RedirectMatchExact,
			RefreshBoundTo: storage.RefreshBoundToClient,
		}))
		require.NotContains(t, w.putConnection(frontID, `"consumer_id":"`+misID+`"`).raw, "secret")
	})
}
