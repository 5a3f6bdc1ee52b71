package ehealth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestRolesAndTypesKeepTheirScopeLetterForLetterAndTheirOrder(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for path, key := range map[string]string{"roles": "role", "client_types": "client_type"} {
			var made []string
			for _, name := range []string{"zebra", "antelope", "marten"} {
				w.later.Add(1)
				got := w.admin(http.MethodPost, path, body(key, map[string]any{"name": name, "scope": "b:c  a:b b:c "}))
				require.Equal(t, "b:c  a:b b:c ", got.member("data.scope"), got.raw)
				made = append(made, got.member("data.id"))
			}
			require.Equal(t, made, w.ids(w.admin(http.MethodGet, path+"?scope=a:b", "")))
			require.Equal(t, made[2:], w.ids(w.admin(http.MethodGet, path+"?scope=a:b&page_size=2&page=2", "")))
			item := path + "/" + made[0]
			require.Equal(t, "b:c  a:b b:c ", w.admin(http.MethodPut, item, `{"`+key+`":{"name":"zebu"}}`).member("data.scope"))
			require.Equal(t, "b:c  a:b b:c ", w.admin(http.MethodGet, item, "").member("data.scope"))
			require.Equal(t, "a:b", w.admin(http.MethodPut, item, `{"`+key+`":{"scope":"a:b"}}`).member("data.scope"))
		}
		approval := w.apps(http.MethodPost, "", body("app", map[string]any{
			"user_id": doctorID, "client_id": hospitalID, "scope": "b:c  a:b",
		}))
		require.Equal(t, "b:c  a:b", approval.member("data.scope"), approval.raw)
		require.Equal(t, "b:c  a:b", w.apps(http.MethodGet, "/"+approval.member("data.id"), "").member("data.scope"))
	})
}

func TestTokensThatEndAtOnceAreListedInTheOrderOfMaking(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		var made []string
		for _, name := range []string{"3", "1", "2", "a_refresh_token_b"} {
			made = append(made, w.admin(http.MethodPost, "tokens",
				body("token", written(name, "value "+name, map[string]any{}))).member("data.id"))
		}
		require.Equal(t, made, w.ids(w.admin(http.MethodGet, "tokens", "")))
		require.Equal(t, made[2:], w.ids(w.admin(http.MethodGet, "tokens?page_size=2&page=2", "")))
		for name, want := range map[string][]string{
			"REFRESH_token": made[3:], "a_ref": made[3:], "%25": made, "h_tok_n": made[3:], "12": nil,
		} {
			require.Equal(t, want, w.ids(w.admin(http.MethodGet, "tokens?name="+name, "")), name)
		}
		require.Equal(t, 204, w.admin(http.MethodDelete, "users/"+doctorID+"/tokens?name=refresh", "").status)
		require.Equal(t, made[:3], w.ids(w.admin(http.MethodGet, "tokens", "")))
	})
}

// Blanks belong to a value, and two characters stand for others where a part of a text is searched.
func TestFiltersAreComparedAsTheOldSystemDid(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		kind := w.ids(w.admin(http.MethodGet, "client_types?name=MSP", ""))[0]
		client := w.admin(http.MethodPost, "clients", body("client", map[string]any{
			"name": "Клініка_100%", "user_id": doctorID, "client_type_id": kind,
		})).member("data.id")
		connection := w.putConnection(client, `"consumer_id":"`+misID+`","redirect_uri":"https://a_b.example/Callback"`)
		for filter, want := range map[string]int{
			"clients?name=клініка": 1, "clients?name=к_іні": 1, "clients?name=Кл%а": 1, "clients?name=100%": 1,
			"clients?name= клініка": 0, "clients?name=ініка_1": 1, "clients?name=a%z": 0, "roles?name= DOCTOR": 0,
			"roles?name=DOCTOR": 1, "client_types?name=MSP ": 0, "roles?scope=employee:read, x": 1,
			"roles?scope= employee:read": 0, "users?tax_id= 3087512347": 0,
			"clients/" + client + "/connections?redirect_uri=callBACK":  1,
			"clients/" + client + "/connections?redirect_uri=a_b%call":  1,
			"clients/" + client + "/connections?redirect_uri=callback ": 0,
		} {
			require.Len(t, w.ids(w.admin(http.MethodGet, encoded(filter), "")), want, filter)
		}
		require.Equal(t, http.StatusCreated, connection.status, connection.raw)
		for filter, name := range map[string]string{
			"users?id= " + doctorID: "$.id", "users?ids=" + doctorID + ", " + doctorID: "$.ids",
			"users?is_blocked= true": "$.is_blocked",
		} {
			require.Equal(t, map[string]string{name: "cast"}, w.entries(w.admin(http.MethodGet, encoded(filter), "")), filter)
		}
	})
}

// encoded encodes the value of a filter that is written as path?name=value.
func encoded(filter string) string {
	path, query, _ := strings.Cut(filter, "?")
	name, value, _ := strings.Cut(query, "=")
	return path + "?" + url.Values{name: {value}}.Encode()
}

func TestRowWithoutWhatIsRequiredNeedsItInEveryUpdate(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		_, err := w.store.SQL().ExecContext(t.Context(), `UPDATE clients SET owner_id = NULL WHERE id = $1`, hospitalID)
		w.must(err)
		put := func(fields string) reply {
			return w.admin(http.MethodPut, "clients/"+hospitalID, `{"client":{`+fields+`}}`)
		}
		require.Equal(t, map[string]string{"$.user_id": "required"}, w.entries(put(`"name":"Clinic"`)))
		require.Equal(t, 200, put(`"name":"Clinic","user_id":"`+doctorID+`"`).status)
		require.Equal(t, 200, put(``).status)
		id := uuid.NewString()
		_, err = w.store.SQL().ExecContext(t.Context(),
			`INSERT INTO roles (id, name, scope) VALUES ($1, 'EMPTY', '')`, id)
		w.must(err)
		require.Equal(t, map[string]string{"$.scope": "required"},
			w.entries(w.admin(http.MethodPut, "roles/"+id, `{"role":{"name":"FULL"}}`)))
	})
}

func TestMembersWithoutAWrapperMayStandInTheQuery(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		connections := "clients/" + frontID + "/connections"
		made := w.admin(http.MethodPut, connections+"?consumer_id="+misID+"&redirect_uri=https://of.the.query/cb",
			`{"redirect_uri":"https://of.the.body/cb","client_id":"`+uuid.NewString()+`"}`)
		require.Equal(t, 201, made.status, made.raw)
		require.Equal(t, frontID+" https://of.the.body/cb", made.member("data.client_id")+" "+
			made.member("data.redirect_uri"))
		one := connections + "/" + made.member("data.id") + "?redirect_uri=https://of.the.query/cb"
		require.Equal(t, "https://of.the.query/cb", w.admin(http.MethodPatch, one, "").member("data.redirect_uri"))
		factor := w.admin(http.MethodPost, doctorFactors+"?type=SMS&is_active=false", "")
		require.Equal(t, 201, factor.status, factor.raw)
		require.Contains(t, factor.raw, `"is_active":false`)
	})
}
