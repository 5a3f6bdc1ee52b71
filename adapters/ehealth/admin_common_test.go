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
		w.refused(w.admin(http.MethodPatch, "clients/x/actions/deactivate_tokens", ""), 400, "request_malformed",
			"Malformed request. Probably, you have sent corrupted JSON.")
		w.refused(w.admin(http.MethodDelete, "users/x/apps", ""), 400, "request_malformed",
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
		path := "clients/" + made.text("data.id")
		require.Equal(t, "/admin/"+path, made.header.Get("Location"))
		require.Equal(t, "BROKER", made.text("data.priv_settings.access_type"))
		_, named := made.at("data.client_type_name")
		require.False(t, named)
		require.Equal(t, "MSP", w.admin(http.MethodGet, path, "").text("data.client_type_name"))
		ended := w.admin(http.MethodPatch, path+"/actions/deactivate_tokens", "")
		require.Equal(t, "MSP", ended.text("data.client_type_name"), ended.raw)
		details := w.admin(http.MethodGet, path+"/details", "")
		require.Equal(t, "MSP", details.text("data.client_type_name"))
		require.NotContains(t, details.raw, "priv_settings")
		require.Equal(t, map[string]string{
			"$.client_type_id": "required", "$.name": "required", "$.priv_settings": "required", "$.settings": "required",
			"$.user_id": "required",
		}, w.entries(w.admin(http.MethodPost, "clients",
			`{"client":{"name":null,"user_id":"","client_type_id":null,"settings":null,"priv_settings":null}}`)))
		require.Equal(t, map[string]string{"$.priv_settings": "access_type required."},
			w.entries(w.admin(http.MethodPut, path, `{"client":{"priv_settings":{}}}`)))
		merged := w.admin(http.MethodPut, path, `{"client":{"id":"`+uuid.NewString()+`","client_type_id":"`+kind.ID+`"}}`)
		require.Equal(t, "Clinic", merged.text("data.name"), merged.raw)
		require.Equal(t, strings.TrimPrefix(path, "clients/"), merged.text("data.id"))
	})
}
