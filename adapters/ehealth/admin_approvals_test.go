package ehealth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// apps asks for approvals as a gateway does for the doctor.
func (w *world) apps(method, path, body string) reply {
	return w.admin(method, "apps"+path, body, "x-consumer-id", doctorID)
}

// approval stores an approval and returns its id.
func (w *world) approval(userID, clientID string) string {
	a := storage.Approval{ID: uuid.NewString(), UserID: userID, ClientID: clientID, Scope: []string{"legal_entity:read"}}
	w.must(w.store.Approve(w.t.Context(), a))
	return a.ID
}

func TestApprovalsNeedAConsumerBeforeAnythingElse(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for _, request := range []string{"GET apps", "GET apps?client_ids=client-1", "POST apps", "GET apps/1", "PUT apps/1",
			"PATCH apps/" + uuid.NewString(), "DELETE apps/1"} {
			method, path, _ := strings.Cut(request, " ")
			w.rejected(w.admin(method, path, "{"), 401, "access_denied", "Missing header x-consumer-id")
		}
		w.rejected(w.admin(http.MethodGet, "apps", "", "x-consumer-id", "1"), 400, "request_malformed",
			"Malformed request. Probably, you have sent corrupted JSON.")
		require.Equal(t, 400, w.apps(http.MethodGet, "/1", "").status)
		require.Equal(t, 404, w.apps(http.MethodGet, "/"+uuid.NewString(), "").status)
	})
}

func TestApprovalsOfTheConsumerAreListedByIDOrNameOfTheirClients(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.change(hospitalID, func(c *storage.Client) { c.Name = "Лікарня №1" })
		w.change(misID, func(c *storage.Client) { c.Name = "Medical system" })
		nurse := storagetest.User(t, w.store)
		hospital := w.approve(hospitalID, "legal_entity:read").member("data.details.app_id")
		mis, front := w.approval(doctorID, misID), w.approval(doctorID, frontID)
		w.approval(nurse.ID, hospitalID)
		for _, c := range []struct {
			query string
			want  []string
		}{
			{"", []string{hospital, mis, front}},
			{"?user_ids=" + nurse.ID, []string{hospital, mis, front}},
			{"?client_ids=client-" + hospitalID, []string{hospital}},
			{"?client_ids=client-" + hospitalID + ",client-" + misID, []string{hospital, mis}},
			{"?client_ids=client-" + hospitalID + "," + misID, []string{hospital}},
			{"?client_ids=" + hospitalID, []string{hospital, mis, front}},
			{"?client_ids=client-" + uuid.NewString(), nil},
			{"?client_names=client_name-%D0%BB%D1%96%D0%BA", []string{hospital}},
			{"?client_names=client_name-medical", []string{mis}},
			{"?client_names=client_name-system", nil},
			{"?client_names=client_name-%25", []string{hospital, mis, front}},
			{"?client_names=client_name-_edical%20s", []string{mis}},
			{"?client_names=medical", []string{hospital, mis, front}},
			{"?client_names=client_name-medical&client_ids=client-" + hospitalID, []string{hospital, mis}},
			{"?client_names=client_name-nobody&client_ids=client-" + uuid.NewString(), nil},
		} {
			require.ElementsMatch(t, c.want, w.ids(w.apps(http.MethodGet, c.query, "")), c.query)
		}
		require.Equal(t, 404, w.apps(http.MethodGet, "?client_ids=client-1", "").status)
		require.Equal(t, map[string]string{"$.client": "unknown"}, w.entries(w.apps(http.MethodGet, "?client=1", "")))
		list := w.apps(http.MethodGet, "?page=2&page_size=2", "")
		require.Len(t, w.ids(list), 1)
		total, _ := list.at("paging.total_entries")
		require.EqualValues(t, 3, total)
	})
}

func TestApprovalIsMadeShownAndItsScopeReplaced(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		fields := map[string]any{"user_id": doctorID, "client_id": hospitalID, "scope": "legal_entity:read employee:read"}
		made := w.apps(http.MethodPost, "", body("app", fields))
		require.Equal(t, http.StatusCreated, made.status, made.raw)
		path := "/" + made.member("data.id")
		require.Equal(t, "/admin/apps"+path, made.header.Get("Location"))
		data, _ := made.at("data")
		require.ElementsMatch(t, []string{
			"id", "scope", "user_id", "client_id", "client_name", "created_at", "updated_at",
		}, names(data))
		require.Equal(t, "MSP client", made.member("data.client_name"))
		require.Equal(t, map[string]string{"$.user_id": "has already been taken"},
			w.entries(w.apps(http.MethodPost, "", body("app", fields))))
		require.Equal(t, made.member("data.scope"), w.apps(http.MethodGet, path, "").member("data.scope"))

		value := w.token(hospitalID, "legal_entity:read")
		for _, method := range []string{http.MethodPut, http.MethodPatch} {
			put := w.apps(method, path, `{"app":{"scope":"employee:read"}}`)
			require.Equal(t, 200, put.status, put.raw)
			require.Equal(t, "employee:read", put.member("data.scope"))
		}
		require.Equal(t, 200, w.apps(http.MethodPut, path, `{"app":{}}`).status)
		require.Equal(t, 200, w.verify(value, "api-key", misKey).status, "what was issued before stays")
		rejected := func(body string) map[string]string { return w.entries(w.apps(http.MethodPut, path, body)) }
		require.Equal(t, map[string]string{"$.scope": "required"}, rejected(`{"app":{"scope":null}}`))
		require.Equal(t, map[string]string{"$.scope": "cast"}, rejected(`{"app":{"scope":7}}`))
		require.Equal(t, map[string]string{"$.client_id": "does not exist"},
			rejected(`{"app":{"client_id":"`+uuid.NewString()+`"}}`))
		other := w.approval(doctorID, misID)
		require.Equal(t, map[string]string{"$.user_id": "has already been taken"},
			rejected(`{"app":{"client_id":"`+misID+`"}}`))
		require.Equal(t, 204, w.apps(http.MethodDelete, "/"+other, "").status)
		moved := w.apps(http.MethodPatch, path, `{"app":{"client_id":"`+misID+`"}}`)
		require.Equal(t, misID+" employee:read", moved.member("data.client_id")+" "+moved.member("data.scope"), moved.raw)
		require.Equal(t, 200, w.verify(value, "api-key", misKey).status, "tokens stay where they are")
		require.Equal(t, 400, w.apps(http.MethodPut, path, `{}`).status)
		require.Equal(t, "employee:read", w.apps(http.MethodGet, path, "").member("data.scope"))
		w.audited("approval_created")
		w.audited("approval_updated")
	})
}

func TestApprovalThatIsRefusedNamesTheField(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		rejected := func(fields map[string]any) map[string]string {
			return w.entries(w.apps(http.MethodPost, "", body("app", fields)))
		}
		require.Equal(t, map[string]string{"$.client_id": "required", "$.scope": "required", "$.user_id": "required"},
			rejected(map[string]any{}))
		require.Equal(t, map[string]string{"$.client_id": "cast", "$.scope": "cast", "$.user_id": "cast"},
			rejected(map[string]any{"client_id": "1", "user_id": 1, "scope": []string{}}))
		require.Equal(t, map[string]string{"$.client_id": "does not exist", "$.user_id": "does not exist"},
			rejected(map[string]any{"client_id": uuid.NewString(), "user_id": uuid.NewString(), "scope": "a:b"}))
		require.Equal(t, 400, w.apps(http.MethodPost, "", `{"app":[]}`).status)
		require.Empty(t, w.ids(w.apps(http.MethodGet, "", "")))
	})
}

// Case 62 of the contract.
func TestDeletingAnApprovalEndsItsTokensAndNoOthers(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		app := w.approve(hospitalID, "legal_entity:read").member("data.details.app_id")
		value, elsewhere := w.token(hospitalID, "legal_entity:read"), w.token(frontID, "app:authorize")
		deleted := w.admin(http.MethodDelete, "apps/"+app, "", "x-consumer-id", uuid.NewString())
		require.Equal(t, http.StatusNoContent, deleted.status, "the consumer counts in the list alone")
		require.Empty(t, deleted.raw)
		w.rejected(w.verify(value, "api-key", misKey), 401, "invalid_grant", "Token expired or client approval was revoked.")
		require.Equal(t, http.StatusOK, w.verify(elsewhere).status)
		require.Equal(t, 404, w.apps(http.MethodDelete, "/"+app, "").status)
		w.audited("approval_deleted")
	})
}

func TestDeletingTheApprovalsOfAUserEndsTokensWithoutAnApprovalToo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		nurse := storagetest.User(t, w.store)
		app := w.approve(hospitalID, "legal_entity:read").member("data.details.app_id")
		value, elsewhere := w.token(hospitalID, "legal_entity:read"), w.token(frontID, "app:authorize")
		other := w.token(frontID, "app:authorize", func(t *storage.AccessToken) { t.UserID = nurse.ID })
		remove := func(query string) int {
			return w.admin(http.MethodDelete, "users/"+doctorID+"/apps"+query, "").status
		}
		require.Equal(t, 400, remove("?client_id=1"))
		require.Equal(t, 204, remove("?client_id="+misID))
		require.Equal(t, 200, w.verify(value, "api-key", misKey).status)
		require.Equal(t, 204, remove("?client_id="+hospitalID))
		require.Equal(t, 401, w.verify(value, "api-key", misKey).status)
		require.Equal(t, 404, w.apps(http.MethodGet, "/"+app, "").status)
		require.Equal(t, 200, w.verify(elsewhere).status)
		require.Equal(t, 204, remove("?client_id="))
		require.Equal(t, 401, w.verify(elsewhere).status, "no approval stood behind it")
		require.Equal(t, 200, w.verify(other).status, "somebody else's")
		require.Equal(t, 204, w.admin(http.MethodDelete, "users/"+uuid.NewString()+"/apps", "").status)
		require.Equal(t, 400, w.admin(http.MethodDelete, "users/1/apps", "").status)
		w.audited("tokens_deactivated")
	})
}
