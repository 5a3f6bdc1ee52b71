package ehealth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestClientWithoutWhatItNeedsNamesEveryField(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		every := map[string]string{
			"$.client_type_id": "required", "$.name": "required", "$.priv_settings": "required", "$.settings": "required",
			"$.user_id": "required",
		}
		nulls := `{"client":{"client_type_id":null,"name":null,"priv_settings":null,"settings":null,"user_id":null}}`
		require.Equal(t, every, w.entries(w.admin(http.MethodPost, "clients", nulls)))
		require.Equal(t, every, w.entries(w.admin(http.MethodPut, "clients/"+hospitalID, nulls)))
		require.Equal(t, map[string]string{"$.client_type_id": "required", "$.name": "required", "$.user_id": "required"},
			w.entries(w.admin(http.MethodPost, "clients",
				`{"client":{"client_type_id":"","name":" ","priv_settings":"","settings":"","user_id":""}}`)))
		require.Equal(t, map[string]string{
			"$.name": "cast", "$.settings": "cast", "$.is_blocked": "cast", "$.client_type_id": "cast", "$.block_reason": "cast",
		}, w.entries(w.admin(http.MethodPut, "clients/"+hospitalID,
			`{"client":{"name":1,"settings":"x","is_blocked":"yes","client_type_id":5,"block_reason":{}}}`)))
	})
}

func TestClientOfAnUnknownTypeOrOwnerOrAccessIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		put := func(fields string) map[string]string {
			return w.entries(w.admin(http.MethodPut, "clients/"+hospitalID, `{"client":{`+fields+`}}`))
		}
		require.Equal(t, map[string]string{"$.user": "does not exist"}, put(`"user_id":"`+uuid.NewString()+`"`))
		require.Equal(t, map[string]string{"$.client_type": "does not exist"},
			put(`"user_id":"`+doctorID+`","client_type_id":"`+uuid.NewString()+`"`))
		for settings, words := range map[string]string{
			`{}`: "access_type required.", `{"access_type":null}`: "access_type required.",
			`{"access_type":"PROXY"}`: "access_type is invalid.",
		} {
			require.Equal(t, map[string]string{"$.priv_settings": words},
				put(`"user_id":"`+doctorID+`","priv_settings":`+settings))
		}
	})
}

func TestClientIsPutInPartWithItsDefaults(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		id := uuid.NewString()
		put := func(fields string) reply {
			got := w.admin(http.MethodPut, "clients/"+id, `{"client":{`+fields+`}}`)
			require.Equal(t, 200, got.status, got.raw)
			require.Empty(t, got.header.Get("Location"))
			return got
		}
		kind := w.ids(w.admin(http.MethodGet, "client_types?name=MSP", ""))[0]
		made := put(`"id":"` + uuid.NewString() + `","name":"Clinic","user_id":"` + doctorID + `","client_type_id":"` + kind +
			`","secret":"of the caller","redirect_uri":"https://a.example/cb"`)
		require.Equal(t, id, made.member("data.id"), "that of the path")
		require.Contains(t, made.raw, `"priv_settings":{"access_type":"BROKER"}`)
		require.Contains(t, made.raw, `"settings":{}`)
		require.NotContains(t, made.raw, "secret")
		require.Contains(t, put(`"priv_settings":{"access_type":"DIRECT","broker_scope":"a:b","own":1}`).raw, `"own":1`)
		require.NotContains(t, put(`"priv_settings":{"access_type":"DIRECT"}`).raw, "broker_scope", "replaced as a whole")
		require.Contains(t, put(`"priv_settings":""`).raw, `"priv_settings":{"access_type":"BROKER"}`)
		blocked := put(`"is_blocked":"1","block_reason":"debts"`)
		require.Contains(t, blocked.raw, `"is_blocked":true,"block_reason":"debts"`)
		require.Contains(t, put(`"is_blocked":false`).raw, `"is_blocked":false,"block_reason":"debts"`, "the reason stays")
		require.Contains(t, put(``).raw, `"name":"Clinic"`, "no change at all is fine")
		for range 2 {
			ended := w.admin(http.MethodPatch, "clients/"+id+"/actions/deactivate_tokens", "")
			require.Equal(t, "MSP", ended.member("data.client_type_name"), ended.raw)
		}
	})
}

func TestRolesAndTypesNameWhatIsWrongAndFilterExactly(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for path, key := range map[string]string{"roles": "role", "client_types": "client_type"} {
			post := func(fields string) reply { return w.admin(http.MethodPost, path, `{"`+key+`":{`+fields+`}}`) }
			require.Equal(t, map[string]string{"$.name": "required", "$.scope": "required"},
				w.entries(post(`"name":null,"scope":null`)))
			require.Equal(t, map[string]string{"$.name": "cast", "$.scope": "required"}, w.entries(post(`"name":1,"scope":""`)))
			first := post(`"name":"First","scope":"a:b c:d"`)
			require.Equal(t, []string{"id", "name", "scope"}, w.members(first))
			second := post(`"name":"Second","scope":"c:d e:f"`).member("data.id")
			require.Equal(t, map[string]string{"$.name": "has already been taken"},
				w.entries(post(`"name":"First","scope":"a:b"`)))
			require.Equal(t, map[string]string{"$.name": "has already been taken"},
				w.entries(w.admin(http.MethodPut, path+"/"+second, `{"`+key+`":{"name":"First"}}`)))
			for filter, want := range map[string]int{
				"name=First": 1, "name=first": 0, "name=Fir": 0, "scope=a:b": 1, "scope=c:d": 2, "scope=a:b,e:f": 2, "scope=a": 0,
				"name=First&scope=e:f": 0,
			} {
				require.Len(t, w.ids(w.admin(http.MethodGet, path+"?"+filter, "")), want, "%s %s", path, filter)
			}
			require.Equal(t, 204, w.admin(http.MethodDelete, path+"/"+second, "").status)
			require.Equal(t, 404, w.admin(http.MethodGet, path+"/"+second, "").status)
		}
	})
}

func TestUsersAreFoundByEachFilter(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		nurse := storagetest.User(t, w.store).ID
		w.must(w.store.BlockUser(t.Context(), nurse, "test"))
		for filter, want := range map[string][]string{
			"id=" + doctorID:                       {doctorID},
			"id=" + doctorID + "&ids=" + nurse:     {nurse},
			"ids=" + doctorID + "," + nurse:        {doctorID, nurse},
			"email=DOCTOR@Example.com":             {doctorID},
			"email=doctor":                         nil,
			"tax_id=3087512347":                    {doctorID},
			"tax_id=30875":                         nil,
			"is_blocked=true":                      {nurse},
			"is_blocked=0&tax_id=3087512347":       {doctorID},
			"ids=&id=&email=":                      {doctorID, nurse, ownerID},
			"ids=" + doctorID + "&is_blocked=true": nil,
		} {
			require.ElementsMatch(t, want, w.ids(w.admin(http.MethodGet, "users?"+filter, "")), filter)
		}
		for filter, want := range map[string]map[string]string{
			"id=1": {"$.id": "cast"}, "ids=1": {"$.ids": "cast"}, "ids=" + doctorID + ",": {"$.ids": "cast"},
			"is_blocked=x&id=1": {"$.is_blocked": "cast", "$.id": "cast"},
		} {
			require.Equal(t, want, w.entries(w.admin(http.MethodGet, "users?"+filter, "")), filter)
		}
	})
}

func TestTokenTakesTheTimeOfItsEndAsDigitsToo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		post := func(end string) reply {
			return w.admin(http.MethodPost, "tokens", `{"token":{"name":"access_token","user_id":"`+doctorID+`","value":"`+
				uuid.NewString()+`","expires_at":`+end+`,"details":{"client_id":"`+hospitalID+`","scope":"a:b"}}}`)
		}
		for _, end := range []string{`1700000100`, `"1700000100"`} {
			made := post(end)
			require.Equal(t, 201, made.status, made.raw)
			require.Contains(t, made.raw, `"expires_at":1700000100`)
		}
		for end, broken := range map[string]string{
			`1.5`: "cast", `"soon"`: "cast", `true`: "cast", `null`: "required", `""`: "required", `[]`: "cast",
		} {
			require.Equal(t, map[string]string{"$.expires_at": broken}, w.entries(post(end)), end)
		}
	})
}

func TestAnEmptyTextStandsForTheDefault(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		made := w.admin(http.MethodPost, "users/"+doctorID+"/authentication_factors",
			`{"type":"SMS","factor":"","is_active":""}`)
		require.Equal(t, 201, made.status, made.raw)
		require.Contains(t, made.raw, `"factor":null,"is_active":true`)
		require.Contains(t, w.updateUser(`"settings":{"a":1},"block_reason":"x"`).raw, `"settings":{"a":1}`)
		user := w.updateUser(`"settings":"","tax_id":"","person_id":"","block_reason":"","is_blocked":""`)
		require.Contains(t, user.raw, `"tax_id":"","person_id":"","settings":{},"is_blocked":false,"block_reason":null`)
		require.Contains(t, w.updateUser(`"settings":null`).raw, `"settings":null`)
		require.Equal(t, map[string]string{"$.settings": "cast"}, w.entries(w.updateUser(`"settings":[]`)))
		require.Equal(t, map[string]string{
			"$.name": "required", "$.value": "required", "$.user_id": "required", "$.expires_at": "required",
			"$.details": "required",
		}, w.entries(w.admin(http.MethodPost, "tokens",
			`{"token":{"name":"","value":"","user_id":"","expires_at":"","details":""}}`)))
	})
}

// wrappedRoutes are those whose body has its members under a key.
func (w *world) wrappedRoutes() map[string]string {
	role := w.doctorRole.ID
	approval := w.ask(http.MethodPost, "/admin/apps", headers("x-consumer-id", doctorID), body("app", map[string]any{
		"user_id": doctorID, "client_id": frontID, "scope": "user:read",
	})).member("data.id")
	token := w.admin(http.MethodPost, "users/"+doctorID+"/tokens/access",
		body("token", map[string]any{"client_id": frontID, "scope": "user:read"})).member("data.id")
	kind := w.ids(w.admin(http.MethodGet, "client_types?name=MSP", ""))[0]
	return map[string]string{
		"POST clients": "client", "PUT clients/" + hospitalID: "client", "PUT clients/" + uuid.NewString(): "client",
		"POST client_types": "client_type", "PATCH client_types/" + kind: "client_type",
		"POST roles": "role", "PUT roles/" + role: "role",
		"POST users": "user", "PATCH users/" + doctorID: "user",
		"PATCH users/" + doctorID + "/actions/change_password": "user",
		"POST users/" + doctorID + "/roles":                    "user_role",
		"POST users/" + doctorID + "/global_roles":             "global_user_role",
		"POST apps": "app", "PUT apps/" + approval: "app", "POST tokens": "token", "PATCH tokens/" + token: "token",
	}
}

func TestBodyWithoutTheObjectUnderItsKeyIsMalformed(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for route, key := range w.wrappedRoutes() {
			method, path, _ := strings.Cut(route, " ")
			for _, sent := range []string{
				``, `{}`, `{"other":{}}`, `{"` + key + `":null}`, `{"` + key + `":"x"}`, `{"` + key + `":[]}`, `[]`, `{`,
			} {
				got := w.admin(method, path, sent, "x-consumer-id", doctorID)
				require.Equal(t, http.StatusBadRequest, got.status, "%s %s: %s", route, sent, got.raw)
				require.Equal(t, "request_malformed", got.member("error.type"))
			}
		}
		for _, sent := range []string{``, `{}`, `{"token":null}`, `{"token":[]}`, `{"token":{}}`, `{"token":{"scope":"a"}}`} {
			w.rejected(w.admin(http.MethodPost, "users/"+doctorID+"/tokens/access", sent), 422, "request_malformed",
				"invalid params")
		}
	})
}

func TestRolesOfUsersAreFilteredAndNameWhatIsWrong(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		nurse := storagetest.User(t, w.store).ID
		w.must(w.store.GrantRole(t.Context(), nurse, w.doctorRole.ID, misID))
		for filter, want := range map[string]int{
			"users/" + doctorID + "/roles?user_id=" + nurse: 1, "user_roles": 2, "user_roles?user_ids=": 2,
			"user_roles?user_ids=" + doctorID + "," + nurse: 2, "user_roles?role_id=" + w.doctorRole.ID: 2,
			"user_roles?client_id=" + misID: 1, "user_roles?client_id=" + misID + "&user_id=" + doctorID: 0,
			"users/" + uuid.NewString() + "/roles": 0,
		} {
			got := w.admin(http.MethodGet, filter, "")
			require.Len(t, w.ids(got), want, filter)
			_, paged := got.at("paging")
			require.False(t, paged)
		}
		for filter, broken := range map[string]string{
			"user_roles?client_id=1": "$.client_id", "user_roles?role_id=1": "$.role_id", "user_roles?user_id=1": "$.user_id",
			"user_roles?user_ids=1": "$.user_ids", "users/1/roles": "$.user_id",
		} {
			require.Equal(t, map[string]string{broken: "cast"}, w.entries(w.admin(http.MethodGet, filter, "")), filter)
		}
		give := func(fields string) map[string]string {
			return w.entries(w.admin(http.MethodPost, "users/"+nurse+"/roles", `{"user_role":{`+fields+`}}`))
		}
		require.Equal(t, map[string]string{"$.role_id": "required", "$.client_id": "required"},
			give(`"role_id":null,"client_id":null`))
		require.Equal(t, map[string]string{"$.role_id": "cast", "$.client_id": "cast"}, give(`"role_id":"x","client_id":5`))
		require.Equal(t, map[string]string{"$.client_id": "does not exist"},
			give(`"role_id":"`+w.doctorRole.ID+`","client_id":"`+uuid.NewString()+`"`))
		require.Equal(t, map[string]string{"$.role_id": "does not exist"},
			give(`"role_id":"`+uuid.NewString()+`","client_id":"`+misID+`"`))
		require.Equal(t, map[string]string{"$.user_roles": "has already been taken"},
			give(`"role_id":"`+w.doctorRole.ID+`","client_id":"`+misID+`"`))
	})
}
