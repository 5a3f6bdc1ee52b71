package ehealth_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestTokensAreListedAndDeletedWithoutTheirValues(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		code := w.approve(hospitalID, "legal_entity:read").member("data.value")
		set := w.exchange(map[string]any{
			"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret, "code": code,
			"redirect_uri": redirectURI,
		})
		all := w.admin(http.MethodGet, "tokens?user_id="+doctorID, "")
		require.Len(t, w.ids(all), 3, "a code, a refresh token, an access token")
		for _, value := range []string{code, set.member("data.value"), set.member("data.details.refresh_token")} {
			require.NotContains(t, all.raw, value)
			found := w.ids(w.admin(http.MethodGet, "tokens?value="+value, ""))
			require.Len(t, found, 1)
			require.Equal(t, http.StatusOK, w.admin(http.MethodGet, "tokens/"+found[0], "").status)
			require.Equal(t, http.StatusNoContent, w.admin(http.MethodDelete, "tokens/"+found[0], "").status)
			require.Equal(t, 404, w.verify(value, "api-key", misKey).status)
			require.Equal(t, 404, w.admin(http.MethodDelete, "tokens/"+found[0], "").status)
		}
		value := w.token(frontID, "app:authorize")
		require.Equal(t, http.StatusNoContent,
			w.admin(http.MethodDelete, "users/"+doctorID+"/tokens?client_id="+hospitalID, "").status)
		require.Equal(t, http.StatusOK, w.verify(value).status)
		require.Equal(t, http.StatusNoContent, w.admin(http.MethodDelete, "tokens?user_ids="+doctorID, "").status)
		require.Equal(t, 404, w.verify(value).status)
		for _, query := range []string{"", "?user_ids=", "?user_ids=1", "?user_ids=" + doctorID + ",1"} {
			require.Equal(t, 400, w.admin(http.MethodDelete, "tokens"+query, "").status, query)
		}
	})
}

func TestTokensOfAUserAreDeletedByClientKindOrValue(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		nurse := storagetest.User(t, w.store)
		twoFactor := func(t *storage.AccessToken) { t.Kind = storage.KindTwoFactor }
		hospital, front := w.token(hospitalID, "legal_entity:read"), w.token(frontID, "app:authorize")
		pending := w.token(frontID, "", twoFactor)
		other := w.token(frontID, "", func(t *storage.AccessToken) { t.UserID = nurse.ID })
		remove := func(query string) reply {
			return w.admin(http.MethodDelete, "users/"+doctorID+"/tokens"+query, "")
		}
		require.Equal(t, 204, remove("?name=2fa").status)
		require.Equal(t, 404, w.verify(pending).status)
		require.Equal(t, 200, w.verify(front).status)
		require.Equal(t, 204, remove("?value="+url.QueryEscape(other)).status, "somebody else's")
		require.Equal(t, 200, w.verify(other).status)
		require.Equal(t, 204, remove("?value="+url.QueryEscape(front)).status)
		require.Equal(t, 404, w.verify(front).status)
		require.Equal(t, 204, remove("?name=nothing").status)
		require.Equal(t, map[string]string{"$.client_id": "cast"}, w.entries(remove("?client_id=1")))
		require.Equal(t, map[string]string{"$.names": "unknown"}, w.entries(remove("?names=access")))
		require.Equal(t, 200, w.verify(hospital, "api-key", misKey).status)
		require.Equal(t, 204, remove("?client_id=").status)
		require.Equal(t, 404, w.verify(hospital, "api-key", misKey).status)
		require.Equal(t, 204, w.admin(http.MethodDelete, "users/"+uuid.NewString()+"/tokens", "").status)
		require.Equal(t, map[string]string{"$.user_id": "cast"}, w.entries(w.admin(http.MethodDelete, "users/1/tokens", "")))
	})
}

// written is the body of a token of the doctor.
func written(name, value string, details map[string]any) map[string]any {
	return map[string]any{
		"name": name, "value": value, "user_id": doctorID, "expires_at": worldTime + 60, "details": details,
	}
}

func TestTokenIsWrittenWithAValueThatNoLaterAnswerShows(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		details := map[string]any{
			"client_id": frontID, "grant_type": "password", "scope": "app:authorize", "number": 1,
			"refresh_token": "a value that opens doors",
		}
		made := w.admin(http.MethodPost, "tokens", body("token", written("access_token", "a value of the caller", details)))
		require.Equal(t, 201, made.status, made.raw)
		path := "tokens/" + made.member("data.id")
		require.Equal(t, "/admin/"+path, made.header.Get("Location"))
		require.Equal(t, "a value of the caller", made.member("data.value"))
		require.NotContains(t, made.raw, "opens doors")
		expires, _ := made.at("data.expires_at")
		require.EqualValues(t, worldTime+60, expires)
		shown := w.admin(http.MethodGet, path, "")
		data, _ := shown.at("data")
		require.ElementsMatch(t, []string{"id", "name", "value", "user_id", "expires_at", "details"}, names(data))
		value, _ := shown.at("data.value")
		require.Nil(t, value)
		number, _ := shown.at("data.details.number")
		require.EqualValues(t, 1, number, "details are shown as they were given")
		for _, list := range []string{"?value=a%20value%20of%20the%20caller", "?client_id=" + frontID + "&name=access",
			"?user_id=" + doctorID, "?id=" + made.member("data.id")} {
			found := w.admin(http.MethodGet, "tokens"+list, "")
			require.Equal(t, []string{made.member("data.id")}, w.ids(found), list)
			require.NotContains(t, found.raw, "a value of")
		}
		verified := w.verify("a%20value%20of%20the%20caller")
		require.Equal(t, 200, verified.status, verified.raw)
		require.Equal(t, "app:authorize", verified.member("data.details.scope"))
		var stored int
		w.must(w.store.SQL().QueryRowContext(t.Context(),
			`SELECT count(*) FROM access_tokens WHERE session LIKE '%opens doors%' OR session LIKE '%of the caller%'`).
			Scan(&stored))
		require.Zero(t, stored)
		again := w.admin(http.MethodPost, "tokens", body("token", written("access_token", "a value of the caller", details)))
		require.Equal(t, map[string]string{"$.value": "has already been taken"}, w.entries(again))
		w.audited("token_created")
	})
}

func TestTokenOfAnyKindIsWritten(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.approval(doctorID, hospitalID)
		post := func(name string, details map[string]any) reply {
			made := w.admin(http.MethodPost, "tokens", body("token", written(name, "value of "+name, details)))
			require.Equal(t, 201, made.status, made.raw)
			shown := w.admin(http.MethodGet, "tokens?name="+name, "")
			require.Equal(t, []string{made.member("data.id")}, w.ids(shown), name)
			return made
		}
		post("authorization_code", map[string]any{
			"client_id": hospitalID, "grant_type": "password", "redirect_uri": redirectURI, "scope_request": "legal_entity:read",
		})
		post("refresh_token", map[string]any{"client_id": hospitalID, "grant_type": "authorization_code", "scope": ""})
		set := w.exchange(map[string]any{
			"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
			"code": "value of authorization_code", "redirect_uri": redirectURI,
		})
		require.Equal(t, 201, set.status, set.raw)
		require.Equal(t, "legal_entity:read", set.member("data.details.scope"))
		refreshed := w.exchange(map[string]any{
			"grant_type": "refresh_token", "client_id": hospitalID, "client_secret": hospitalSecret,
			"refresh_token": "value of refresh_token",
		})
		require.Equal(t, 201, refreshed.status, refreshed.raw)
		post("another", map[string]any{})
		require.Equal(t, 404, w.verify("value%20of%20another").status, "no client, no access")
	})
}

func TestTokenThatIsRefusedNamesTheField(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		post := func(changes map[string]any) map[string]string {
			fields := written("access_token", "a value", map[string]any{})
			for name, value := range changes {
				fields[name] = value
			}
			return w.entries(w.admin(http.MethodPost, "tokens", body("token", fields)))
		}
		require.Equal(t, map[string]string{"$.details": "required", "$.expires_at": "required", "$.name": "required",
			"$.user_id": "required", "$.value": "required"}, w.entries(w.admin(http.MethodPost, "tokens", `{"token":{}}`)))
		require.Equal(t, map[string]string{"$.user_id": "format"}, post(map[string]any{"user_id": "1"}))
		require.Equal(t, map[string]string{"$.user_id": "does not exist"}, post(map[string]any{"user_id": uuid.NewString()}))
		require.Equal(t, map[string]string{"$.details": "cast", "$.expires_at": "cast", "$.name": "cast", "$.value": "cast"},
			post(map[string]any{"details": "x", "expires_at": "soon", "name": 1, "value": []string{}}))
		require.Equal(t, map[string]string{"$.details": "cast"}, post(map[string]any{"details": map[string]any{"a": "\x00"}}))
		require.Equal(t, map[string]string{"$.expires_at": "cast"}, post(map[string]any{"expires_at": int64(1) << 60}))
		require.Equal(t, 400, w.admin(http.MethodPost, "tokens", `{"token":[]}`).status)
		require.Empty(t, w.ids(w.admin(http.MethodGet, "tokens", "")))
	})
}

func TestTokenIsChangedInPartAndItsDetailsReplaced(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		value := w.token(frontID, "app:authorize")
		path := "tokens/" + w.ids(w.admin(http.MethodGet, "tokens?value="+url.QueryEscape(value), ""))[0]
		put := func(fields string) reply { return w.admin(http.MethodPut, path, `{"token":`+fields+`}`) }
		require.Equal(t, 200, put(`{}`).status)
		require.Equal(t, 200, w.verify(url.PathEscape(value)).status)
		changed := put(`{"details":{"client_id":"` + frontID + `","scope":"user:read"},"name":"change_password_token"}`)
		require.Equal(t, 200, changed.status, changed.raw)
		require.Equal(t, "change_password_token", changed.member("data.name"))
		require.Equal(t, "user:read", w.verify(url.PathEscape(value)).member("data.details.scope"))
		renamed := w.admin(http.MethodPatch, path, `{"token":{"value":"another value"}}`)
		require.Equal(t, "another value", renamed.member("data.value"), renamed.raw)
		require.Equal(t, 404, w.verify(url.PathEscape(value)).status)
		require.Equal(t, 200, w.verify("another%20value").status)
		ended := put(`{"expires_at":42}`)
		expires, _ := ended.at("data.expires_at")
		require.EqualValues(t, 42, expires)
		require.Equal(t, 401, w.verify("another%20value").status)

		taken := w.token(frontID, "app:authorize")
		require.Equal(t, map[string]string{"$.value": "has already been taken"}, w.entries(put(`{"value":"`+taken+`"}`)))
		require.Equal(t, map[string]string{"$.name": "required"}, w.entries(put(`{"name":null}`)))
		require.Equal(t, map[string]string{"$.name": "inclusion"}, w.entries(put(`{"name":"refresh_token"}`)))
		require.Equal(t, map[string]string{"$.user_id": "does not exist"},
			w.entries(put(`{"user_id":"`+uuid.NewString()+`"}`)))
		require.Equal(t, 404, w.admin(http.MethodPut, "tokens/"+uuid.NewString(), `{"token":{}}`).status)
		w.audited("token_changed")
	})
}

func TestAttackUsedOrRevokedCodeIsNotMadeGoodByAChange(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		exchange := func(code string) reply {
			return w.exchange(map[string]any{
				"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret, "code": code,
				"redirect_uri": redirectURI,
			})
		}
		used := w.approve(hospitalID, "legal_entity:read")
		require.Equal(t, 201, exchange(used.member("data.value")).status)
		revoked := w.approve(hospitalID, "legal_entity:read")
		require.Equal(t, 204, w.apps(http.MethodDelete, "/"+revoked.member("data.details.app_id"), "").status)
		w.approval(doctorID, hospitalID)
		for _, code := range []reply{used, revoked} {
			changed := w.admin(http.MethodPut, "tokens/"+code.member("data.id"), body("token", map[string]any{
				"expires_at": worldTime + 600, "details": map[string]any{
					"client_id": hospitalID, "redirect_uri": redirectURI, "scope_request": "legal_entity:read",
				},
			}))
			require.Equal(t, 200, changed.status, changed.raw)
			require.Equal(t, 401, exchange(code.member("data.value")).status)
		}
	})
}

func TestSessionTokenOfAUserIsIssuedAfterChecksInTheirOrder(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		issue := func(user, body string) reply { return w.admin(http.MethodPost, "users/"+user+"/tokens/access", body) }
		require.Equal(t, 404, issue(uuid.NewString(), `{}`).status)
		require.Equal(t, 400, issue("1", `{}`).status)
		for _, body := range []string{``, `{}`, `{"token":null}`, `{"token":[]}`, `{"token":{}}`, `{"token":{"scope":"a:b"}}`,
			`{"token":{"client_id":"1"}}`, `{"token":{"client_id":"` + frontID + `","scope":null}}`} {
			w.rejected(issue(doctorID, body), 422, "request_malformed", "invalid params")
		}
		request := func(client, scope string) reply {
			return issue(doctorID, body("token", map[string]any{"client_id": client, "scope": scope}))
		}
		require.Equal(t, 400, request("1", "app:authorize").status)
		w.rejected(request(uuid.NewString(), "app:authorize"), 401, "invalid_client", "Invalid client id.")
		w.rejected(request(hospitalID, "nothing:known"), 401, "access_denied",
			"Client is not allowed to issue login token.")
		w.rejected(request(frontID, "nothing:known"), 422, "request_malformed", "Scope is not allowed by client type.")

		earlier := w.token(frontID, "app:authorize")
		made := request(frontID, "app:authorize")
		require.Equal(t, 201, made.status, made.raw)
		require.Equal(t, "/admin/tokens/"+made.member("data.id"), made.header.Get("Location"))
		details, _ := made.at("data.details")
		require.Equal(t, map[string]any{
			"grant_type": "password", "client_id": frontID, "scope": "app:authorize", "redirect_uri": nil,
		}, details)
		require.Equal(t, 200, w.verify(made.member("data.value")).status)
		require.Equal(t, 401, w.verify(earlier).status, "the earlier session tokens of user and client end")
		require.Equal(t, 201, request(frontID, "").status)
	})
}
