package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

// The calls of ehealth.api in their order, with the members that it reads.
func TestLegalEntityIsRegisteredByTheCallsOfTheEHealthAPI(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		types := w.ids(w.admin(http.MethodGet, "client_types?name=MSP", ""))
		require.Len(t, types, 1, "exactly one type")
		entity := uuid.NewString()
		client := w.admin(http.MethodPut, "clients/"+entity, body("client", map[string]any{
			"id": entity, "name": "Clinic", "user_id": doctorID, "client_type_id": types[0],
		}))
		require.Equal(t, 200, client.status, client.raw)
		require.Equal(t, entity, client.member("data.id"))
		connect := func() reply {
			return w.admin(http.MethodPut, "clients/"+entity+"/connections",
				`{"redirect_uri":"`+redirectURI+`","consumer_id":"`+misID+`"}`)
		}
		connection := connect()
		require.Equal(t, 201, connection.status, connection.raw)
		secret := connection.member("data.secret")
		require.NotEmpty(t, secret)
		require.Equal(t, redirectURI, connection.member("data.redirect_uri"))
		require.Equal(t, 200, connect().status)
		require.Equal(t, "MSP", w.admin(http.MethodGet, "clients/"+entity+"/details", "").member("data.client_type_name"))

		user := w.admin(http.MethodPost, "users", body("user", map[string]any{
			"email": "owner@example.com", "password": "Somepassword1", "tax_id": "3087512399", "factor": "+380670000000",
		})).member("data.id")
		require.Equal(t, []string{user}, w.ids(w.admin(http.MethodGet, "users?email=owner@example.com", "")))
		require.Contains(t, w.admin(http.MethodGet, "users/"+user+"/authentication_factors", "").raw, "+38067*****00")
		roles := w.ids(w.admin(http.MethodGet, "roles?name=DOCTOR", ""))
		require.Len(t, roles, 1)
		held := "users/" + user + "/roles?role_id=" + roles[0] + "&client_id=" + entity
		require.Empty(t, w.ids(w.admin(http.MethodGet, held, "")))
		given := w.admin(http.MethodPost, "users/"+user+"/roles", body("user_role", map[string]any{
			"role_id": roles[0], "client_id": entity,
		}))
		require.Equal(t, 201, given.status, given.raw)
		require.Contains(t, w.admin(http.MethodGet, "user_roles?client_id="+entity+"&user_id="+user, "").raw,
			`"role_name":"DOCTOR"`)

		approved := w.ask(http.MethodPost, "/oauth/apps/authorize", headers("x-consumer-id", user), body("app",
			map[string]any{"client_id": entity, "redirect_uri": redirectURI, "scope": "legal_entity:read"}))
		require.Equal(t, 201, approved.status, approved.raw)
		set := w.exchange(map[string]any{
			"grant_type": "authorization_code", "client_id": entity, "client_secret": secret,
			"code": approved.member("data.value"), "redirect_uri": redirectURI,
		})
		require.Equal(t, 201, set.status, set.raw)
		require.Equal(t, 200, w.verify(set.member("data.value"), "api-key", misKey).status)

		blocked := w.admin(http.MethodPatch, "users/"+user+"/actions/block", "")
		require.Equal(t, 200, blocked.status, blocked.raw)
		require.Equal(t, []string{user}, w.ids(w.admin(http.MethodGet, "users?ids="+user+"&is_blocked=true", "")))
		require.Equal(t, 204, w.admin(http.MethodDelete, "tokens?user_ids="+user, "").status)
		require.Equal(t, 404, w.verify(set.member("data.value"), "api-key", misKey).status)

		merged := w.admin(http.MethodPut, "clients/"+entity, body("client", map[string]any{
			"id": entity, "client_type_id": types[0],
		}))
		require.Equal(t, 200, merged.status, merged.raw)
		ended := w.admin(http.MethodPatch, "clients/"+entity+"/actions/deactivate_tokens", "")
		require.Equal(t, 200, ended.status, ended.raw)
	})
}
