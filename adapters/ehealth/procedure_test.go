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
		again := connect()
		require.Equal(t, 200, again.status, again.raw)
		require.Equal(t, secret, again.member("data.secret"), "the MIS is told the secret of a connection that exists")
		require.Equal(t, redirectURI, again.member("data.redirect_uri"))
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

// What ends an employee's access: the role by its name, then approval and tokens of that legal entity.
func TestEmployeeIsDismissedByTheCallsOfTheEHealthAPI(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		set := w.exchange(map[string]any{
			"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
			"code": w.approve(hospitalID, "legal_entity:read").member("data.value"), "redirect_uri": redirectURI,
		})
		elsewhere := w.token(frontID, "app:authorize")
		for _, path := range []string{
			"roles?role_name=DOCTOR&client_id=" + hospitalID, "apps?client_id=" + hospitalID, "tokens?client_id=" + hospitalID,
		} {
			require.Equal(t, 204, w.admin(http.MethodDelete, "users/"+doctorID+"/"+path, "").status, path)
		}
		require.Empty(t, w.ids(w.admin(http.MethodGet, "user_roles?client_id="+hospitalID+"&user_id="+doctorID, "")))
		require.Empty(t, w.ids(w.ask(http.MethodGet, "/admin/apps", headers("x-consumer-id", doctorID), "")))
		require.Equal(t, 404, w.verify(set.member("data.value"), "api-key", misKey).status)
		require.Equal(t, 200, w.verify(elsewhere).status, "what the person has elsewhere stays")
	})
}

// A patient registers in the cabinet, or one whom ehealth.api knows by the tax id changes phone and password.
func TestPatientIsRegisteredByTheCallsOfTheCabinet(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		const email, taxID = "patient@example.com", "3087512388"
		for _, filter := range []string{"email=" + email, "tax_id=" + taxID} {
			require.Empty(t, w.ids(w.admin(http.MethodGet, "users?"+filter, "")))
		}
		fields := map[string]any{
			"factor": doctorPhone, "otp": 123456, "email": email, "tax_id": taxID, "password": "Somepassword1",
			"person_id": "585041f5-1272-4bca-8d41-8440eefe7d26",
		}
		made := w.admin(http.MethodPost, "users", body("user", fields))
		require.Equal(t, 201, made.status, made.raw)
		user := made.member("data.id")
		role := w.admin(http.MethodPost, "roles", `{"role":{"name":"CABINET","scope":"person:read"}}`).member("data.id")
		given := w.admin(http.MethodPost, "users/"+user+"/global_roles", body("global_user_role", map[string]any{
			"role_id": role,
		}))
		require.Equal(t, 201, given.status, given.raw)
		require.Equal(t, "CABINET", given.member("data.role_name"))
		token := w.admin(http.MethodPost, "users/"+user+"/tokens/access", body("token", map[string]any{
			"client_id": cabinetID, "scope": "person:read",
		}))
		require.Equal(t, 201, token.status, token.raw)
		verified := w.verify(token.member("data.value"))
		require.Equal(t, user, verified.member("data.user_id"), verified.raw)
		require.Equal(t, "person:read", verified.member("data.details.scope"))
		require.Equal(t, fields["person_id"], verified.member("data.user.person_id"))

		found := w.admin(http.MethodGet, "users?tax_id="+taxID, "")
		require.Equal(t, []string{user}, w.ids(found))
		require.Contains(t, found.raw, `"is_blocked":false`)
		fields["factor"], fields["password"] = otherPhone, "Anotherpassword2"
		changed := w.admin(http.MethodPut, "users/"+user, body("user", fields))
		require.Equal(t, 200, changed.status, changed.raw)
		require.Contains(t, w.admin(http.MethodGet, "users/"+user+"/authentication_factors", "").raw, "+38067*****33")
		got := w.login(byPassword("email", email, "password", "Anotherpassword2", "client_id", cabinetID,
			"scope", "app:authorize"))
		require.Equal(t, "REQUEST_OTP", got.member("urgent.next_step"), got.raw)
		require.Len(t, w.components.texts[otherPhone], 1)
	})
}

// The published procedure "MIS registration": what an operator did by hand in the console of the old system.
func TestMedicalInformationSystemIsRegisteredByThePublishedProcedure(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		const scope = "legal_entity:read employee:read"
		created := func(path string, key string, fields map[string]any, pairs ...string) reply {
			got := w.admin(http.MethodPost, path, body(key, fields), pairs...)
			require.Equal(t, http.StatusCreated, got.status, got.raw)
			return got
		}
		user := created("users", "user", map[string]any{
			"email": "mis@example.com", "password": "Somepassword1", "2fa_enable": false,
		}).member("data.id")
		kinds := w.ids(w.admin(http.MethodGet, "client_types?name=MIS", ""))
		require.Len(t, kinds, 1)
		client := created("clients", "client", map[string]any{
			"name": "New MIS", "user_id": user, "client_type_id": kinds[0],
			"priv_settings": map[string]any{"access_type": "DIRECT", "broker_scope": "legal_entity:read"},
		}).member("data.id")
		connection := w.putConnection(client, `"consumer_id":"`+client+`","redirect_uri":"https://new-mis.example/cb"`)
		require.Equal(t, http.StatusCreated, connection.status, connection.raw)
		secret := connection.member("data.secret")
		role := created("roles", "role", map[string]any{"name": "MIS USER", "scope": scope}).member("data.id")
		created("users/"+user+"/roles", "user_role", map[string]any{"role_id": role, "client_id": client})
		created("apps", "app", map[string]any{"user_id": user, "client_id": client, "scope": scope}, "x-consumer-id", user)
		for name, details := range map[string]map[string]any{
			"access_token":  {"grant_type": "authorization_code", "refresh_token": "typed refresh", "scope": scope},
			"refresh_token": {"grant_type": "authorization_code", "scope": ""},
		} {
			details["client_id"] = client
			created("tokens", "token", map[string]any{
				"name": name, "value": "typed " + name, "user_id": user, "expires_at": worldTime + 3600, "details": details,
			})
		}

		verified := w.verify("typed%20access_token")
		require.Equal(t, 200, verified.status, verified.raw)
		require.Equal(t, scope, verified.member("data.details.scope"))
		refreshed := w.exchange(map[string]any{
			"grant_type": "refresh_token", "client_id": client, "client_secret": secret, "refresh_token": "typed refresh_token",
		})
		require.Equal(t, http.StatusCreated, refreshed.status, refreshed.raw)
		require.Equal(t, scope, refreshed.member("data.details.scope"))
		require.Equal(t, 200, w.verify(refreshed.member("data.value")).status)
		key := w.ask(http.MethodGet, "/admin/api_key/"+secret+"/verify", headers(), "")
		require.Equal(t, client, key.member("urgent.mis_client_id"), key.raw)
		require.Equal(t, "legal_entity:read", key.member("data.details.broker_scope"))
		clinics := w.token(hospitalID, "legal_entity:read")
		require.Equal(t, client, w.verify(clinics, "api-key", secret).member("urgent.mis_client_id"), "as their MIS")
	})
}
