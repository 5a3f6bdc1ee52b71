package ehealth_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// members are the names of what data, or the first entry of a list, shows.
func (w *world) members(a reply) []string {
	w.t.Helper()
	data, _ := a.at("data")
	if list, isList := data.([]any); isList {
		require.NotEmpty(w.t, list, a.raw)
		data = list[0]
	}
	object, isObject := data.(map[string]any)
	require.True(w.t, isObject, a.raw)
	return slices.Sorted(maps.Keys(object))
}

func (w *world) giveRole(fields string) reply {
	return w.admin(http.MethodPost, "users/"+doctorID+"/roles", `{"user_role":{`+fields+`}}`)
}

func TestEachActionOnARoleOfAUserShowsItsOwnMembers(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		made := w.giveRole(`"role_id":"` + w.doctorRole.ID + `","client_id":"` + misID + `"`)
		require.Equal(t, 201, made.status, made.raw)
		require.Equal(t, []string{"client_id", "id", "role_id", "scope", "user_id"}, w.members(made))
		require.Equal(t, "legal_entity:read employee:read", made.member("data.scope"))
		path := "users/" + doctorID + "/roles/" + made.member("data.id")
		require.Equal(t, "/admin/"+path, made.header.Get("Location"))
		require.Equal(t, []string{"client_id", "id", "role_id", "user_id"}, w.members(w.admin(http.MethodGet, path, "")))
		elsewhere := "users/" + uuid.NewString() + "/roles/" + made.member("data.id")
		require.Equal(t, 200, w.admin(http.MethodGet, elsewhere, "").status, "only the id of the row counts")
		listed := w.admin(http.MethodGet, "user_roles?client_id="+misID, "")
		require.Equal(t, []string{"client_id", "client_name", "created_at", "id", "role_id", "role_name", "scope",
			"updated_at", "user_id"}, w.members(listed))
		require.Contains(t, listed.raw, `"client_name":"MIS client"`)
		require.Contains(t, listed.raw, `"created_at":"2023-11-14T22:13:20.000000"`)
		_, paged := listed.at("paging")
		require.False(t, paged)

		global := w.admin(http.MethodPost, "users/"+doctorID+"/global_roles",
			`{"global_user_role":{"role_id":"`+w.doctorRole.ID+`"}}`)
		require.Equal(t, 201, global.status, global.raw)
		shown := []string{"id", "inserted_at", "role_id", "role_name", "scope", "updated_at", "user_id"}
		require.Equal(t, shown, w.members(global))
		one := "users/" + doctorID + "/global_roles/" + global.member("data.id")
		require.Equal(t, "/admin/"+one, global.header.Get("Location"))
		require.Equal(t, shown, w.members(w.admin(http.MethodGet, one, "")))
		require.Equal(t, 404, w.admin(http.MethodGet, one[:len(one)-36]+uuid.NewString(), "").status)
	})
}

func TestEveryRoleThatMatchesIsListedAtOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		ids := []string{doctorID}
		for range 60 {
			ids = append(ids, storagetest.User(t, w.store).ID)
			w.must(w.store.GrantRole(t.Context(), ids[len(ids)-1], w.doctorRole.ID, misID))
		}
		all := w.ids(w.admin(http.MethodGet, "user_roles?page_size=2&page=3&user_ids="+strings.Join(ids, ","), ""))
		require.Len(t, all, 61)
		require.Len(t, w.ids(w.admin(http.MethodGet, "user_roles?user_ids=", "")), 61, "an empty filter is none")
		require.Len(t, w.ids(w.admin(http.MethodGet, "user_roles?role_id="+w.doctorRole.ID+"&client_id="+misID, "")), 60)
		own := "users/" + doctorID + "/roles"
		require.Len(t, w.ids(w.admin(http.MethodGet, own+"?user_id="+ids[5], "")), 1, "the path counts more")
		require.Empty(t, w.ids(w.admin(http.MethodGet, own+"?client_id="+misID, "")))
		require.Empty(t, w.ids(w.admin(http.MethodGet, "users/"+uuid.NewString()+"/roles", "")), "an unknown user")
		require.Equal(t, map[string]string{"$.client_id": "cast", "$.role_id": "cast", "$.user_ids": "cast"},
			w.entries(w.admin(http.MethodGet, own+"?client_id=1&role_id=2&user_ids=3", "")))
	})
}

func TestARoleIsGivenOnceForAUserAndAClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		role, client := `"role_id":"`+w.doctorRole.ID+`"`, `"client_id":"`+misID+`"`
		unknown := uuid.NewString()
		require.Equal(t, 201, w.giveRole(role+","+client+`,"user_id":"`+doctorID+`"`).status)
		again := w.giveRole(role + "," + client)
		require.Equal(t, map[string]string{"$.user_roles": "has already been taken"}, w.entries(again))
		require.Contains(t, again.raw, `"rule":null`)
		for fields, want := range map[string]map[string]string{
			``:                                                   {"$.client_id": "required", "$.role_id": "required"},
			role + `,"client_id":null`:                           {"$.client_id": "required"},
			role + `,"client_id":7`:                              {"$.client_id": "cast"},
			role + `,"client_id":"x"`:                            {"$.client_id": "cast"},
			role + `,"client_id":"` + unknown + `"`:              {"$.client_id": "does not exist"},
			client + `,"role_id":"` + unknown + `"`:              {"$.role_id": "does not exist"},
			role + "," + client + `,"user_id":null`:              {"$.user_id": "required"},
			role + "," + client + `,"user_id":"` + unknown + `"`: {"$.user_id": "does not exist"},
		} {
			require.Equal(t, want, w.entries(w.giveRole(fields)), fields)
		}
		require.Contains(t, w.giveRole(role+`,"client_id":7`).raw, `"params":["binary_id"]`)
		stranger := w.admin(http.MethodPost, "users/"+unknown+"/roles", `{"user_role":{`+role+","+client+`}}`)
		require.Equal(t, map[string]string{"$.user_id": "does not exist"}, w.entries(stranger))
		for _, body := range []string{`{}`, `{"user_role":null}`, `{"user_role":"x"}`, `{"user_role":[]}`} {
			require.Equal(t, 400, w.admin(http.MethodPost, "users/"+doctorID+"/roles", body).status, body)
		}

		global := "users/" + doctorID + "/global_roles"
		first := w.admin(http.MethodPost, global, `{"global_user_role":{`+role+`}}`)
		second := w.admin(http.MethodPost, global, `{"global_user_role":{`+role+`}}`)
		require.Equal(t, 201, second.status, second.raw)
		require.Equal(t, first.member("data.id"), second.member("data.id"))
		require.Len(t, w.ids(w.admin(http.MethodGet, global, "")), 1)
		require.Equal(t, map[string]string{"$.role_id": "does not exist"},
			w.entries(w.admin(http.MethodPost, global, `{"global_user_role":{"role_id":"`+unknown+`"}}`)))
	})
}

func TestRolesOfAUserAreDeletedByFilters(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		nurse := storage.Role{ID: uuid.NewString(), Name: "NURSE", Scope: []string{"employee:read"}}
		w.must(w.store.CreateRole(t.Context(), nurse))
		roles := "users/" + doctorID + "/roles"
		count := func() int { return len(w.ids(w.admin(http.MethodGet, roles, ""))) }
		for query, left := range map[string]int{
			"":                             0,
			"?client_id=":                  0,
			"?client_id=" + misID:          2,
			"?role_id=" + nurse.ID:         2,
			"?role_name=NURSE":             2,
			"?role_name=nurse":             4,
			"?role_name=NOBODY":            4,
			"?role_id=" + uuid.NewString(): 4,
			"?role_id=" + nurse.ID + "&client_id=" + misID: 3,
			"?role_name=NURSE&client_id=" + misID:          2,
		} {
			for _, client := range []string{hospitalID, misID} {
				w.must(w.store.GrantRole(t.Context(), doctorID, w.doctorRole.ID, client))
				w.must(w.store.GrantRole(t.Context(), doctorID, nurse.ID, client))
			}
			got := w.admin(http.MethodDelete, roles+query, "")
			require.Equal(t, 204, got.status, got.raw)
			require.Equal(t, left, count(), query)
			require.Equal(t, 204, w.admin(http.MethodDelete, roles+query, "").status, "nothing is left to delete")
		}
		w.audited("role_revoked")
		require.Equal(t, map[string]string{"$.user_id": "cast"},
			w.entries(w.admin(http.MethodDelete, "users/x/roles?role_id="+nurse.ID, "")))
		for query, sent := range map[string]string{"?role_name=NURSE": "", "": `{"role_name":"NURSE"}`} {
			require.Equal(t, 400, w.admin(http.MethodDelete, "users/x/roles"+query, sent).status, "a name, and no user")
		}
		require.Equal(t, 204, w.admin(http.MethodDelete, "users/"+uuid.NewString()+"/roles", "").status)
	})
}

func TestARoleOfAUserIsDeletedByItsID(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		id := w.ids(w.admin(http.MethodGet, "users/"+doctorID+"/roles", ""))[0]
		require.Equal(t, 404, w.admin(http.MethodDelete, "users/"+misID+"/roles/"+id, "").status, "another user's")
		require.Equal(t, 400, w.admin(http.MethodDelete, "users/roles/x", "").status)
		require.Equal(t, 204, w.admin(http.MethodDelete, "users/roles/"+strings.ToUpper(id), "").status)
		require.Equal(t, 404, w.admin(http.MethodDelete, "users/roles/"+id, "").status)
		require.Equal(t, 404, w.admin(http.MethodGet, "users/"+doctorID+"/roles/"+id, "").status)
	})
}

func TestARoleIsCreatedOnceOfManyConcurrentRequests(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		statuses := make(chan int, 6)
		for range cap(statuses) {
			go func() {
				statuses <- w.giveRole(`"role_id":"` + w.doctorRole.ID + `","client_id":"` + misID + `"`).status
			}()
		}
		count := map[int]int{}
		for range cap(statuses) {
			count[<-statuses]++
		}
		require.Equal(t, map[int]int{201: 1, 422: 5}, count)
	})
}

func TestUserOfTheBodyGetsTheRole(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		nurse := storagetest.User(t, w.store).ID
		made := w.giveRole(`"role_id":"` + w.doctorRole.ID + `","client_id":"` + misID + `","user_id":"` + nurse + `"`)
		require.Equal(t, 201, made.status, made.raw)
		require.Equal(t, nurse, made.member("data.user_id"))
		path := "users/" + nurse + "/roles/" + made.member("data.id")
		require.Equal(t, "/admin/"+path, made.header.Get("Location"))
		require.Equal(t, nurse, w.admin(http.MethodGet, path, "").member("data.user_id"))
		require.Len(t, w.ids(w.admin(http.MethodGet, "user_roles?client_id="+misID, "")), 1)
	})
}
