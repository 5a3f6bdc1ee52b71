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

// everyList are the lists of the admin API, and the deletions that take filters.
func everyList() []string {
	user := "users/" + doctorID
	return []string{
		"GET clients", "GET clients/" + hospitalID + "/connections", "GET client_types", "GET roles", "GET users",
		"GET user_roles",
		"GET " + user + "/roles", "GET " + user + "/global_roles", "GET " + user + "/authentication_factors", "GET apps",
		"GET tokens",
		"DELETE tokens", "DELETE " + user + "/tokens", "DELETE " + user + "/apps", "DELETE " + user + "/roles",
	}
}

func TestAttackUnknownFilterOnEveryList(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for _, list := range everyList() {
			method, path, _ := strings.Cut(list, " ")
			got := w.admin(method, path+"?no_such_filter=x", "", "x-consumer-id", doctorID)
			require.Equal(t, map[string]string{"$.no_such_filter": "unknown"}, w.entries(got), list)
			require.Equal(t, 422, got.status, list)
			if method == http.MethodGet {
				read := w.admin(method, path+"?page=1&page_size=2&limit=9&no_such_filter=", "", "x-consumer-id", doctorID)
				require.Equal(t, 200, read.status, list)
			}
		}
		twice := w.admin(http.MethodGet, "user_roles?user_id="+doctorID+"&user_id="+uuid.NewString(), "")
		require.Equal(t, map[string]string{"$.user_id": "repeated"}, w.entries(twice))
		require.Equal(t, 200, w.verify(w.token(frontID, "app:authorize")).status, "nothing was deleted")
	})
}

func TestUserRolesAreFilteredByUserAndClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		other := storagetest.User(t, w.store)
		for _, id := range []string{doctorID, other.ID} {
			w.must(w.store.GrantRole(t.Context(), id, w.doctorRole.ID, hospitalID))
		}
		question := func(query string) (users []string) {
			list, _ := w.admin(http.MethodGet, "user_roles?client_id="+hospitalID+query, "").at("data")
			for _, item := range list.([]any) {
				users = append(users, item.(map[string]any)["user_id"].(string))
			}
			return users
		}
		require.Len(t, question(""), 2)
		require.Equal(t, []string{other.ID}, question("&user_id="+other.ID))
		require.Equal(t, []string{other.ID}, question("&user_id="+strings.ToUpper(other.ID)))
		require.Empty(t, question("&user_id="+uuid.NewString()))
		require.Empty(t, question("&user_id="+other.ID+"&user_ids="+doctorID))
	})
}

func TestAnUpdateBlocksAClientAndAUserAtOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		client, user := w.token(frontID, "app:authorize"), w.token(hospitalID, "legal_entity:read")
		blocked := w.admin(http.MethodPut, "clients/"+frontID, `{"client":{"is_blocked":true,"block_reason":"debts"}}`)
		require.Equal(t, "debts", blocked.member("data.block_reason"), blocked.raw)
		require.Equal(t, 401, w.verify(client).status)
		require.Equal(t, []string{frontID}, w.ids(w.admin(http.MethodGet, "clients?is_blocked=true", "")))
		require.NotContains(t, w.ids(w.admin(http.MethodGet, "clients?is_blocked=0", "")), frontID)
		require.Equal(t, map[string]string{"$.is_blocked": "cast"},
			w.entries(w.admin(http.MethodGet, "clients?is_blocked=x", "")))
		w.admin(http.MethodPatch, "clients/"+strings.ToUpper(frontID), `{"client":{"is_blocked":"false"}}`)
		require.Empty(t, w.ids(w.admin(http.MethodGet, "clients?is_blocked=true", "")))
		for _, value := range []string{`null`, `7`, `"yes"`} {
			require.Equal(t, map[string]string{"$.is_blocked": "cast"},
				w.entries(w.admin(http.MethodPut, "users/"+doctorID, `{"user":{"is_blocked":`+value+`}}`)))
		}
		require.Equal(t, 200, w.admin(http.MethodPatch, "users/"+doctorID,
			`{"user":{"is_blocked":true,"block_reason":"left"}}`).status)
		require.NotEqual(t, 200, w.verify(user, "api-key", misKey).status)
		require.Equal(t, []string{doctorID}, w.ids(w.admin(http.MethodGet, "users?is_blocked=true", "")))
		require.NotContains(t, w.ids(w.admin(http.MethodGet, "users?is_blocked=false", "")), doctorID)
		events, err := w.store.ListEvents(t.Context(), storage.EventFilter{Kind: storage.EventUserBlocked})
		w.must(err)
		require.Len(t, events, 1)
		require.Equal(t, doctorID+" left", events[0].UserID+" "+events[0].Details["reason"])
	})
}

func TestNewUserHasASecondFactorByDefault(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		factors := func(members string) (string, int) {
			made := w.admin(http.MethodPost, "users",
				`{"user":{"email":"`+uuid.NewString()+`@example.com","password":"Somewhat-1-Longer-Ї"`+members+`}}`)
			require.Equal(t, 201, made.status, made.raw)
			list, err := w.store.ListAuthenticationFactors(t.Context(), made.member("data.id"))
			w.must(err)
			if len(list) == 0 {
				return "", 0
			}
			return list[0].Factor, len(list)
		}
		for members, want := range map[string]struct {
			phone string
			count int
		}{
			``: {"", 1}, `,"factor":"+380501112233"`: {"+380501112233", 1}, `,"factor":null`: {"", 1},
			`,"2fa_enable":false`: {"", 0}, `,"2fa_enable":"true"`: {"", 0}, `,"2fa_enable":true,"factor":""`: {"", 1},
			`,"2fa_enable":false,"factor":"+380501112233"`: {"", 0},
		} {
			phone, count := factors(members)
			require.Equal(t, want.phone, phone, members)
			require.Equal(t, want.count, count, members)
		}
		wrong := w.admin(http.MethodPut, "users/"+doctorID, `{"user":{"factor":"1","tax_id":"9"}}`)
		require.Equal(t, map[string]string{"$.factor": "format"}, w.entries(wrong))
		require.Equal(t, 200, w.admin(http.MethodPut, "users/"+doctorID, `{"user":{"factor":"+380509999999"}}`).status)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		require.Equal(t, "+380509999999", factor.Factor)
	})
}

func TestRefusedUpdateChangesNothingOfTheUser(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		before, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		other := storagetest.User(t, w.store)
		got := w.admin(http.MethodPut, "users/"+doctorID,
			`{"user":{"password":"Somewhat-1-Longer-Ї","email":"`+other.Email+`",
"is_blocked":true,"factor":"+380509999999"}}`)
		require.Equal(t, map[string]string{"$.email": "has already been taken"}, w.entries(got))
		after, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		require.Equal(t, before, after)
		events, err := w.store.ListEvents(t.Context(), storage.EventFilter{UserID: doctorID})
		w.must(err)
		require.Empty(t, events)
	})
}

func TestClientTypeFilterMatchesTheWholeName(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for _, kind := range []string{"client_type", "role"} {
			for _, name := range []string{"NURSE", "NURSE_LIMITED"} {
				w.admin(http.MethodPost, kind+"s", `{"`+kind+`":{"name":"`+name+`","scope":"n:`+strings.ToLower(name)+`"}}`)
			}
			require.Len(t, w.ids(w.admin(http.MethodGet, kind+"s?name=NURSE", "")), 1, kind)
			require.Empty(t, w.ids(w.admin(http.MethodGet, kind+"s?name=nurse", "")), kind)
			require.Len(t, w.ids(w.admin(http.MethodGet, kind+"s?scope=n:nurse,n:nurse_limited", "")), 2, kind)
			require.Len(t, w.ids(w.admin(http.MethodGet, kind+"s?scope=n:nurse,x:y&name=NURSE", "")), 1, kind)
		}
	})
}

func TestAClientIsBlockedAndDeletedByAnIDInCapitals(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		capitals := "clients/" + strings.ToUpper(hospitalID)
		for _, step := range []struct {
			method, path string
			want         int
		}{
			{http.MethodGet, "", 200}, {http.MethodGet, "/details", 200}, {http.MethodGet, "/connections", 200},
			{http.MethodPatch, "/actions/deactivate_tokens", 200}, {http.MethodPatch, "/actions/block", 200},
			{http.MethodPatch, "/actions/unblock", 200}, {http.MethodDelete, "", 204},
		} {
			require.Equal(t, step.want, w.admin(step.method, capitals+step.path, "").status, "%s %s", step.method, step.path)
		}
	})
}
