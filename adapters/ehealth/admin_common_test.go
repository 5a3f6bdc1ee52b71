package ehealth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestAdminRoutesAnswerHEADAndRefuseIDsThatAreNone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for _, path := range []string{"users", "clients/" + hospitalID, "users/" + doctorID + "/roles"} {
			got := w.admin(http.MethodHead, path, "")
			require.Equal(t, 200, got.status, path)
			require.Empty(t, got.raw, path)
		}
		w.rejected(w.admin(http.MethodPatch, "clients/x/actions/deactivate_tokens", ""), 400, "request_malformed",
			"Malformed request. Probably, you have sent corrupted JSON.")
		w.rejected(w.admin(http.MethodDelete, "users/x/apps", ""), 400, "request_malformed",
			"Malformed request. Probably, you have sent corrupted JSON.")
		require.Equal(t, map[string]string{"$.user_id": "cast"}, w.entries(w.admin(http.MethodGet, "users/x/roles", "")))
		require.Equal(t, map[string]string{"$.client_id": "cast"},
			w.entries(w.admin(http.MethodGet, "clients/x/connections", "")))
	})
}

func TestDeletionReadsItsFiltersFromTheBodyToo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		hospital, front := w.token(hospitalID, "legal_entity:read"), w.token(frontID, "app:authorize")
		path := "users/" + doctorID + "/tokens"
		require.Equal(t, 204, w.admin(http.MethodDelete, path, `{"client_id":"`+hospitalID+`"}`).status)
		require.Equal(t, 404, w.verify(hospital, "api-key", misKey).status)
		require.Equal(t, 200, w.verify(front).status)
		require.Equal(t, map[string]string{"$.client": "unknown"},
			w.entries(w.admin(http.MethodDelete, path, `{"client":"`+hospitalID+`"}`)))
		require.Equal(t, map[string]string{"$.client_id": "cast"},
			w.entries(w.admin(http.MethodDelete, path, `{"client_id":{}}`)))
		require.Equal(t, 200, w.verify(front).status, "a filter that is wrong deletes nothing")
	})
}

func TestClientIsMadeAndShownWithTheMembersOfEachAction(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		kind, err := w.store.FindClientTypeByName(t.Context(), "MSP")
		w.must(err)
		required := `"name":"Clinic","client_type_id":"` + kind.ID + `","user_id":"` + doctorID + `"`
		made := w.admin(http.MethodPost, "clients", `{"client":{`+required+`,"settings":"","priv_settings":""}}`)
		require.Equal(t, 201, made.status, made.raw)
		path := "clients/" + made.member("data.id")
		require.Equal(t, "/admin/"+path, made.header.Get("Location"))
		require.Equal(t, "BROKER", made.member("data.priv_settings.access_type"))
		_, named := made.at("data.client_type_name")
		require.False(t, named)
		require.Equal(t, "MSP", w.admin(http.MethodGet, path, "").member("data.client_type_name"))
		ended := w.admin(http.MethodPatch, path+"/actions/deactivate_tokens", "")
		require.Equal(t, "MSP", ended.member("data.client_type_name"), ended.raw)
		details := w.admin(http.MethodGet, path+"/details", "")
		require.Equal(t, "MSP", details.member("data.client_type_name"))
		require.NotContains(t, details.raw, "priv_settings")
		require.Equal(t, map[string]string{
			"$.client_type_id": "required", "$.name": "required", "$.priv_settings": "required", "$.settings": "required",
			"$.user_id": "required",
		}, w.entries(w.admin(http.MethodPost, "clients",
			`{"client":{"name":null,"user_id":"","client_type_id":null,"settings":null,"priv_settings":null}}`)))
		require.Equal(t, map[string]string{"$.priv_settings": "access_type required."},
			w.entries(w.admin(http.MethodPut, path, `{"client":{"priv_settings":{}}}`)))
		merged := w.admin(http.MethodPut, path, `{"client":{"id":"`+uuid.NewString()+`","client_type_id":"`+kind.ID+`"}}`)
		require.Equal(t, "Clinic", merged.member("data.name"), merged.raw)
		require.Equal(t, strings.TrimPrefix(path, "clients/"), merged.member("data.id"))
	})
}

func TestPageOfAListIsReadAsTheOldSystemDid(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for query, want := range map[string]struct {
			number, size, pages float64
			rows                int
		}{
			"":                       {1, 50, 1, 4},
			"?page=2x&page_size=3":   {2, 3, 2, 1},
			"?page=-1&page_size=0":   {1, 50, 1, 4},
			"?page=x&page_size=x3":   {1, 50, 1, 4},
			"?page=9&page_size=3":    {9, 3, 2, 0},
			"?page_size=51":          {1, 50, 1, 4},
			"?name=nothing&page=2":   {2, 50, 1, 0},
			"?limit=1&page_size=2.9": {1, 2, 2, 2},
		} {
			got := w.admin(http.MethodGet, "client_types"+query, "")
			require.Len(t, w.ids(got), want.rows, query)
			paging, _ := got.at("paging")
			total := 4.0
			if strings.Contains(query, "nothing") {
				total = 0
			}
			require.Equal(t, map[string]any{"page_number": want.number, "page_size": want.size, "total_pages": want.pages,
				"total_entries": total}, paging, query)
		}
	})
}

func TestItemsAreChangedByPATCHAsByPUT(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		kind, err := w.store.FindClientTypeByName(t.Context(), "MSP")
		w.must(err)
		for path, body := range map[string]string{
			"users/" + doctorID:        `{"user":{}}`,
			"clients/" + hospitalID:    `{"client":{"client_type_id":"` + kind.ID + `"}}`,
			"client_types/" + kind.ID:  `{"client_type":{}}`,
			"roles/" + w.doctorRole.ID: `{"role":{"unknown":1}}`,
		} {
			for _, method := range []string{http.MethodPut, http.MethodPatch} {
				require.Equal(t, 200, w.admin(method, path, body).status, method+" "+path)
				for _, wrong := range []string{`{}`, `{"user":null,"client":null,"client_type":null,"role":null}`,
					`{"user":"x","client":[],"client_type":1,"role":true}`, ``} {
					w.rejected(w.admin(method, path, wrong), 400, "request_malformed",
						"Malformed request. Probably, you have sent corrupted JSON.")
				}
			}
			w.rejected(w.admin(http.MethodPost, path, body), 404, "not_found", "")
			_, id, _ := strings.Cut(path, "/")
			require.Equal(t, 200, w.admin(http.MethodGet, strings.Replace(path, id, strings.ToUpper(id), 1), "").status)
		}
		for _, kind := range []string{"role", "client_type"} {
			for fields, want := range map[string]map[string]string{
				`"name":null,"scope":""`:                      {"$.name": "required", "$.scope": "required"},
				`"name":7,"scope":[]`:                         {"$.name": "cast", "$.scope": "cast"},
				`"name":"` + strings.Repeat("a", 501) + `"`:   {"$.name": "length"},
				`"scope":"` + strings.Repeat("a", 2049) + `"`: {"$.scope": "length"},
			} {
				path := "roles/" + w.doctorRole.ID
				if kind == "client_type" {
					path = "client_types/" + w.ids(w.admin(http.MethodGet, "client_types", ""))[0]
				}
				require.Equal(t, want, w.entries(w.admin(http.MethodPut, path, `{"`+kind+`":{`+fields+`}}`)), kind)
			}
		}
	})
}
