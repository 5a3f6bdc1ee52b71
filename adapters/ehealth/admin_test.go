package ehealth_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func (w *world) admin(method, path, body string, pairs ...string) reply {
	return w.ask(method, "/admin/"+path, headers(pairs...), body)
}

func (w *world) ids(a reply) (ids []string) {
	require.Equal(w.t, http.StatusOK, a.status, a.raw)
	require.Equal(w.t, "list", a.member("meta.type"))
	list, _ := a.at("data")
	for _, item := range list.([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return ids
}

// audited says that there is an audit event of a kind about the doctor or the hospital.
func (w *world) audited(kind string) {
	events, err := w.store.ListEvents(w.t.Context(), storage.EventFilter{Kind: kind})
	w.must(err)
	require.NotEmpty(w.t, events, kind)
	require.Equal(w.t, "eHealth API", events[0].Details["by"])
}

func TestConnectionIsCreatedOnceOfManyConcurrentPuts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		var group sync.WaitGroup
		statuses := make(chan int, 6)
		for range cap(statuses) {
			group.Go(func() {
				statuses <- w.admin(http.MethodPut, "clients/"+frontID+"/connections",
					`{"consumer_id":"`+misID+`","redirect_uri":"https://mis.example/cb"}`).status
			})
		}
		group.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		require.Equal(t, map[int]int{201: 1, 200: 5}, count)
	})
}

func (w *world) connectionOf(clientID string) string {
	client, err := w.store.LoadClient(w.t.Context(), clientID)
	w.must(err)
	return client.Connections[0].ID
}

// Case 65 of the contract.
func TestDeactivatingAClientAndBlockingAUserEndAllTheirTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		value, elsewhere := w.token(frontID, "app:authorize"), w.token(misID, "legal_entity:read")
		expired := "Token expired or client approval was revoked."
		require.Equal(t, http.StatusOK, w.admin(http.MethodPatch, "clients/"+frontID+"/actions/deactivate_tokens", "").status)
		w.rejected(w.verify(value), 401, "invalid_grant", expired)
		require.Equal(t, http.StatusOK, w.verify(elsewhere).status)
		blocked := w.admin(http.MethodPatch, "users/"+doctorID+"/actions/block", `{"user":{"block_reason":"left"}}`)
		require.Equal(t, "left", blocked.member("data.block_reason"), blocked.raw)
		w.rejected(w.verify(elsewhere), 401, "invalid_grant", expired)
		w.rejected(w.admin(http.MethodPatch, "users/"+doctorID+"/actions/block", ""), 409, "request_conflict",
			"user already blocked")
		require.Equal(t, http.StatusOK, w.admin(http.MethodPatch, "users/"+doctorID+"/actions/unblock", "").status)
		w.rejected(w.admin(http.MethodPatch, "users/"+doctorID+"/actions/unblock", ""), 409, "request_conflict",
			"user already unblocked")
		require.Equal(t, http.StatusOK, w.admin(http.MethodPatch, "clients/"+frontID+"/actions/block", "").status)
		w.rejected(w.admin(http.MethodPatch, "clients/"+frontID+"/actions/block", ""), 409, "request_conflict",
			"client already blocked")
		require.Equal(t, http.StatusOK, w.admin(http.MethodPatch, "clients/"+frontID+"/actions/unblock", "").status)
		for _, kind := range []string{"tokens_deactivated", "user_blocked", "user_unblocked", "client_blocked",
			"client_unblocked"} {
			w.audited(kind)
		}
		require.Equal(t, 404, w.admin(http.MethodPatch, "clients/"+uuid.NewString()+"/actions/deactivate_tokens", "").status)
	})
}

func TestClientsArePutListedAndDeleted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		kind, err := w.store.FindClientTypeByName(t.Context(), "MSP")
		w.must(err)
		id := uuid.NewString()
		put := func(fields string) reply {
			return w.admin(http.MethodPut, "clients/"+id, `{"client":`+fields+`}`)
		}
		made := put(`{"name":"Поліклініка №1","client_type_id":"` + kind.ID + `","user_id":"` + doctorID + `"}`)
		require.Equal(t, http.StatusOK, made.status, made.raw)
		require.Empty(t, made.header.Get("Location"))
		require.Equal(t, "BROKER", made.member("data.priv_settings.access_type"))
		changed := put(`{"name":"Поліклініка №2","priv_settings":{"access_type":"DIRECT"}}`)
		require.Equal(t, http.StatusOK, changed.status, changed.raw)
		require.Equal(t, "DIRECT", changed.member("data.priv_settings.access_type"))
		require.Equal(t, kind.ID, changed.member("data.client_type_id"))
		require.Equal(t, []string{id},
			w.ids(w.admin(http.MethodGet, "clients?name=%D0%BB%D1%96%D0%BA%D0%BB%D1%96%D0%BD", "")))
		require.Contains(t, w.ids(w.admin(http.MethodGet, "clients?name=%25", "")), id, "it stands for any text")
		require.Equal(t, "MSP", w.admin(http.MethodGet, "clients/"+id+"/details", "").member("data.client_type_name"))
		stored, err := w.store.LoadClient(t.Context(), id)
		w.must(err)
		imported, err := storage.ImportedPolicy()
		w.must(err)
		require.Equal(t, imported, stored.Policy, "who makes clients by this API knows the rules of the old system alone")

		require.Equal(t, map[string]string{"$.priv_settings": "access_type is invalid."},
			w.entries(put(`{"priv_settings":{"access_type":"X"}}`)))
		require.Equal(t, map[string]string{"$.client_type": "does not exist", "$.user": "does not exist"},
			w.entries(put(`{"client_type_id":"`+uuid.NewString()+`","user_id":"`+uuid.NewString()+`"}`)))
		require.Equal(t, map[string]string{"$.client_type_id": "required", "$.name": "required", "$.user_id": "required"},
			w.entries(w.admin(http.MethodPost, "clients", `{"client":{}}`)))
		require.Equal(t, map[string]string{"$.settings": "cast", "$.name": "cast"},
			w.entries(put(`{"settings":[],"name":{}}`)))
		bad := w.admin(http.MethodGet, "clients?client_type_id=1", "")
		require.Equal(t, map[string]string{"$.client_type_id": "cast"}, w.entries(bad))

		page := w.admin(http.MethodGet, "clients?page=2&page_size=2", "")
		paging, _ := page.at("paging")
		require.Equal(t, map[string]any{
			"page_number": 2.0, "page_size": 2.0, "total_pages": 3.0, "total_entries": 5.0,
		}, paging)
		require.Len(t, w.ids(page), 2)
		require.Equal(t, http.StatusNoContent, w.admin(http.MethodDelete, "clients/"+id, "").status)
		require.Equal(t, 404, w.admin(http.MethodGet, "clients/"+id, "").status)
		require.Equal(t, "not_found", w.admin(http.MethodGet, "nothing", "").member("error.type"))
	})
}

func TestClientTypesAndRolesAreManaged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for path, key := range map[string]string{"client_types": "client_type", "roles": "role"} {
			made := w.admin(http.MethodPost, path, `{"`+key+`":{"name":"NEW","scope":" a:b  c:d a:b"}}`)
			require.Equal(t, http.StatusCreated, made.status, made.raw)
			require.Equal(t, " a:b  c:d a:b", made.member("data.scope"))
			require.Equal(t, map[string]string{"$.name": "has already been taken"},
				w.entries(w.admin(http.MethodPost, path, `{"`+key+`":{"name":"NEW","scope":"a:b"}}`)))
			id := made.member("data.id")
			require.Equal(t, []string{id}, w.ids(w.admin(http.MethodGet, path+"?name=NEW", "")))
			changed := w.admin(http.MethodPut, path+"/"+id, `{"`+key+`":{"scope":"e:f"}}`)
			require.Equal(t, "e:f", changed.member("data.scope"), changed.raw)
			require.Equal(t, "NEW", w.admin(http.MethodGet, path+"/"+id, "").member("data.name"))
			require.Equal(t, http.StatusNoContent, w.admin(http.MethodDelete, path+"/"+id, "").status)
			require.Equal(t, 404, w.admin(http.MethodDelete, path+"/"+id, "").status)
			require.Equal(t, map[string]string{"$.name": "required", "$.scope": "required"},
				w.entries(w.admin(http.MethodPost, path, `{"`+key+`":{}}`)))
		}
		kind, err := w.store.FindClientTypeByName(t.Context(), "MSP")
		w.must(err)
		require.Equal(t, 409, w.admin(http.MethodDelete, "client_types/"+kind.ID, "").status, "a client is of it")
	})
}

func TestUsersAreMadeListedAndChanged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		made := w.admin(http.MethodPost, "users",
			`{"user":{"email":"Nurse@Example.com","password":"Довгий пароль 1","tax_id":"1"}}`)
		require.Equal(t, http.StatusCreated, made.status, made.raw)
		require.NotContains(t, made.raw, "password")
		id := made.member("data.id")
		require.Equal(t, "nurse@example.com", made.member("data.email"))
		require.Equal(t, []string{id}, w.ids(w.admin(http.MethodGet, "users?email=NURSE@example.com", "")))
		require.Equal(t, map[string]string{"$.email": "has already been taken"},
			w.entries(w.admin(http.MethodPost, "users", `{"user":{"email":"doctor@example.com","password":"Довгий пароль 1"}}`)))
		require.Equal(t, map[string]string{"$.email": "email", "$.password": "required"},
			w.entries(w.admin(http.MethodPost, "users", `{"user":{"email":"nobody"}}`)))
		require.Equal(t, map[string]string{"$.password": "format"},
			w.entries(w.admin(http.MethodPost, "users", `{"user":{"email":"a@example.com","password":"short"}}`)))
		changed := w.admin(http.MethodPut, "users/"+id, `{"user":{"tax_id":"2","password":"Довший пароль 2"}}`)
		require.Equal(t, "2", changed.member("data.tax_id"), changed.raw)
		require.Equal(t, http.StatusCreated,
			w.login(byPassword("email", "nurse@example.com", "password", "Довший пароль 2")).status)
		require.Len(t, w.ids(w.admin(http.MethodGet, "users?ids="+id+","+doctorID, "")), 2)
		require.Equal(t, map[string]string{"$.ids": "cast"}, w.entries(w.admin(http.MethodGet, "users?ids="+id+",x", "")))
		require.Equal(t, http.StatusNoContent, w.admin(http.MethodDelete, "users/"+id, "").status)
		require.Equal(t, 404, w.admin(http.MethodGet, "users/"+id, "").status)
	})
}

func TestAdminAPIAnswersInvalidRequestsWithAClearError(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		long := strings.Repeat("a", 5000)
		for path, body := range map[string]string{
			"PUT clients/" + hospitalID:                         `{"client":{"name":"a\u0000b"}}`,
			"PUT clients/" + frontID:                            `{"client":{"name":"` + long + `"}}`,
			"POST roles":                                        `{"role":{"name":"x","scope":"` + long + `"}}`,
			"PUT roles/" + w.doctorRole.ID:                      `{"role":{"scope":"a\u0000b"}}`,
			"POST client_types":                                 `{"client_type":{"name":[],"scope":7}}`,
			"PUT users/" + doctorID:                             `{"user":{"tax_id":"\u0000"}}`,
			"GET clients?name=%00":                              "",
			"GET users?email=%ff":                               "",
			"GET roles?name=%00":                                "",
			"GET tokens?value=%00":                              "",
			"GET client_types?scope=%00":                        "",
			"DELETE users/" + doctorID + "/roles?role_name=%00": "",
		} {
			method, path, _ := strings.Cut(path, " ")
			got := w.admin(method, path, body)
			require.Equal(t, 422, got.status, "%s %s: %s", method, path, got.raw)
		}
		for _, path := range []string{"clients/%00", "users/1", "roles/1", "tokens/1", "client_types/%ff",
			"users/%00/roles/1"} {
			require.Equal(t, 400, w.admin(http.MethodGet, path, "").status, path)
		}
		require.Equal(t, 400, w.admin(http.MethodPut, "clients/"+hospitalID, `{"client":`).status)
		require.Equal(t, 400, w.admin(http.MethodPost, "users", `{"user":[]}`).status)
	})
}

func TestListIsContinuedByTheLinkHeader(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for _, email := range []string{"a@example.org", "b@example.org", "c@example.org"} {
			storagetest.User(t, w.store, func(u *storage.User) { u.Email = email })
		}
		all := w.ids(w.admin(http.MethodGet, "users", ""))
		require.Greater(t, len(all), 3)
		var read []string
		path := "users?page_size=2"
		for number := 1; path != ""; number++ {
			page := w.admin(http.MethodGet, path, "")
			byNumber := w.admin(http.MethodGet, "users?page_size=2&page="+strconv.Itoa(number), "")
			require.Equal(t, w.ids(byNumber), w.ids(page))
			total, _ := page.at("paging.total_entries")
			require.EqualValues(t, len(all), total)
			read = append(read, w.ids(page)...)
			link := page.header.Get("Link")
			require.Equal(t, link == "", len(read) == len(all), "the last page has no link")
			_, after, _ := strings.Cut(link, "/admin/")
			path, _, _ = strings.Cut(after, `>; rel="next"`)
		}
		require.Equal(t, all, read)
		require.Equal(t, map[string]string{"$.after": "invalid"},
			w.entries(w.admin(http.MethodGet, "users?after=made-up", "")))
	})
}
