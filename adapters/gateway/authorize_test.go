package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/gateway"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestGatewayHeadersForAnAllowedRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		got := s.ask("GET", "/api/entities/1?x=1",
			bearer(s.token(hospitalID, "legal_entity:read", storage.KindAccessToken))...)
		require.Equal(t, http.StatusOK, got.status, got.body)
		require.Equal(t, doctorID, got.header.Get("X-Consumer-Id"))
		require.Equal(t, personID, got.header.Get("X-Person-Id"))
		require.Equal(t, "legal_entity:read", got.header.Get("X-Consumer-Scope"))
		require.Equal(t, hospitalID, got.header.Get("X-Client-Id"))
		require.Equal(t, misID, got.header.Get("X-Mis-Client-Id"))
		require.NotEmpty(t, got.header.Get("X-Request-Id"))
		var metadata map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.header.Get("X-Consumer-Metadata")), &metadata))
		require.Equal(t, map[string]any{
			"client_id": hospitalID, "grant_type": "authorization_code", "redirect_uri": "https://mis.example/",
			"scope": "legal_entity:read", "broker_scope": "legal_entity:read episode:read",
		}, metadata, "without a refresh token")
	})
}

// Cases 69 and 70 of the contract.
func TestGatewayRefusesMissingWrongAndInsufficientTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		check := func(got reply, status int, message string) {
			t.Helper()
			require.Equal(t, status, got.status, got.body)
			require.Equal(t, message, got.message())
			require.Empty(t, got.header.Get("X-Consumer-Id"))
			require.JSONEq(t, got.body, got.header.Get("X-Gateway-Error"))
		}
		allowances := "Your scope does not allow to access this resource. Missing allowances: "
		entities := "/api/entities"
		good := s.token(hospitalID, "legal_entity:read employee:read", storage.KindAccessToken)
		check(s.ask("GET", entities), 401, "Authorization header is not set or doesn't contain Bearer token")
		check(s.ask("GET", entities, "Authorization", "Basic YTpi"), 401,
			"Authorization header is not set or doesn't contain Bearer token")
		check(s.ask("GET", entities, bearer("bad")...), 401, "Invalid access token")
		// without the broker's key
		check(s.ask("GET", entities, "Authorization", "Bearer "+good), 401, "Invalid access token")
		check(s.ask("GET", entities, bearer(s.token(hospitalID, "employee:read", storage.KindAccessToken))...), 403,
			allowances+"legal_entity:read")
		check(s.ask("GET", "/api/employees", bearer(good)...), 403, allowances+"employee:write")
		both := s.token(hospitalID, "employee:read employee:write", storage.KindAccessToken)
		// the broker's
		check(s.ask("GET", "/api/employees", bearer(both)...), 403, allowances+"employee:read, employee:write")
		check(s.ask("GET", entities, bearer(s.token(hospitalID, "", storage.KindTwoFactor))...), 403,
			allowances+"legal_entity:read")
		check(s.ask("DELETE", entities, bearer(good)...), 403, "ACL: No matching rule was found for path /api/entities")
		check(s.ask("GET", "/api/else?a=b", bearer(good)...), 403, "ACL: No matching rule was found for path /api/else")

		session := &storage.Session{UserID: doctorID, Subject: doctorID}
		require.NoError(t, s.store.CreateCode(t.Context(), storage.Code{
			ID: storage.Hash("code"), CodeID: uuid.NewString(), GrantID: uuid.NewString(), ClientID: hospitalID,
			UserID: doctorID,
			Scope:  "legal_entity:read", Session: session, ExpiresAt: time.Unix(now+60, 0),
		}))
		require.NoError(t, s.store.CreateGrant(t.Context(), storage.Grant{
			ID: uuid.NewString(), ClientID: hospitalID, UserID: doctorID, Scope: "legal_entity:read", Session: session,
			RefreshTokenID: uuid.NewString(), RefreshHash: storage.Hash("refresh"),
			RefreshExpiresAt: time.Unix(now+60, 0), ExpiresAt: time.Unix(now+60, 0),
		}))
		check(s.ask("GET", entities, bearer("code")...), 401, "Invalid access token")
		check(s.ask("GET", entities, bearer("refresh")...), 403, allowances+"legal_entity:read")

		check(s.ask("GET", "/mis"), 401, "Api key is not set")
		check(s.ask("GET", "/mis", "api-key", "bad"), 401, "Invalid api key")
		mis := s.ask("GET", "/mis", "api-key", misKey)
		require.Equal(t, http.StatusOK, mis.status)
		require.Equal(t, misID, mis.header.Get("X-Mis-Client-Id"))
		require.Equal(t, http.StatusOK, s.ask("GET", "/public").status)

		var body map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.ask("GET", "/api/else?a=b", bearer(good)...).body), &body))
		meta := body["meta"].(map[string]any)
		require.Equal(t, "https://api.example:443/api/else?a=b", meta["url"])
		require.Equal(t, "object", meta["type"])
		require.EqualValues(t, 403, meta["code"])
		require.Equal(t, "forbidden", body["error"].(map[string]any)["type"])
	})
}

func TestAttackAmbiguousPathMatchesNoRule(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		token := s.token(hospitalID, "legal_entity:read", storage.KindAccessToken)
		for _, part := range []string{
			"../secret", "%2e%2e/secret", ".%2e/secret", "..%2fsecret", "..%5csecret", "..\\secret", "/secret", "./secret",
			";x", "%3bx", "%3Bx",
			"..;/secret", "..%3b/secret", "x%3fy", "x%23y", "#x", "%252e", "%25252e", "x%25y", "..%20/secret", "%20../secret",
			".%20./secret%20",
			"..+/secret", "x%20", "x.", ".../secret", "%00", "x%0d%0ay", "%09", "%7f", "%zz", "%", "%2", "\u00ff%ff",
			"%c0%ae%c0%ae/secret",
			"%e0%80%af", "%ef%bc%8e%ef%bc%8e/secret", "%ef%bc%8fsecret", "%e2%80%a4%e2%80%a4/secret", "%e2%80%a5/secret",
			"%e2%80%a6",
			"%e3%80%82%e3%80%82/secret", "%ef%bd%a1/", "%e2%88%95secret", "%e2%81%84x", "%e2%88%96x", "%ef%bc%85x", "%ef%bc%9bx",
			"%ef%bc%9fx", "%e2%80%8bx", "%c2%ad", "%e2%80%ae", "%c2%a0", "%61dmin", "%2D", "%5F", "%ef%bd%81dmin",
			"%d0%b8%cc%86",
			"%e2%84%aa", "%ef%bb%bf", "%85", "%c2%85", "й",
		} {
			require.Equal(t, http.StatusForbidden, s.ask("GET", "/api/entities/"+part, bearer(token)...).status, part)
		}
		for _, target := range []string{"//api/entities", "/public/../api/entities", "/api%2fentities", "/%61pi/entities"} {
			require.Equal(t, http.StatusForbidden, s.ask("GET", target, bearer(token)...).status, target)
		}
		for _, part := range []string{
			"1", "a-b_c.d~e", "?x=%2e%2e/;#", "%d0%9b%d1%96%d0%ba%d0%b0%d1%80%d0%bd%d1%8f%2016", "%d0%9e%e2%80%99%d0%bd",
			"a%20b", "a:b@c,d", "a+b", ".well-known",
			"3ff33ced-69dc-415a-b231-c6446898335a/", "%d0%b9",
		} {
			require.Equal(t, http.StatusOK, s.ask("GET", "/api/entities/"+part, bearer(token)...).status, part)
		}
		require.Equal(t, http.StatusBadRequest, s.ask("GET", "api/entities", bearer(token)...).status)
		require.Equal(t, http.StatusBadRequest, s.send("GET", s.admin.URL+gateway.PathAuthorize, bearer(token)...).status)
		twice := append([]string{"X-Forwarded-Uri", "/public"}, bearer(token)...)
		require.Equal(t, http.StatusBadRequest, s.ask("GET", "/api/else", twice...).status, "two descriptions that differ")
	})
}

func TestGatewayUnderstandsRequestsOfTraefikAndEnvoy(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		token := bearer(s.token(hospitalID, "legal_entity:read", storage.KindAccessToken))
		traefik := append([]string{"X-Forwarded-Method", "GET", "X-Forwarded-Uri", "/api/entities", "X-Forwarded-Host",
			"api.example:8443"}, token...)
		require.Equal(t, http.StatusOK, s.send("GET", s.admin.URL+gateway.PathAuthorize, traefik...).status)
		require.Equal(t, http.StatusOK, s.send("POST", s.admin.URL+gateway.PathEnvoy+"/api/entities/1?x=1", token...).status)
		require.Equal(t, http.StatusForbidden,
			s.send("DELETE", s.admin.URL+gateway.PathEnvoy+"/api/entities", token...).status)
		require.Equal(t, http.StatusForbidden, s.send("GET", s.admin.URL+gateway.PathEnvoy+"/api//entities", token...).status)
	})
}

func TestGatewayAsksTheABACServiceAboutRecords(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		token := bearer(s.token(hospitalID, "episode:read", storage.KindAccessToken))
		ask := func() reply { return s.ask("GET", "/api/patients/42/episodes/7", token...) }
		var asked map[string]any
		s.allows = func(w http.ResponseWriter, a map[string]any) {
			asked = a
			_, _ = io.WriteString(w, `{"data":{"result":true}}`)
		}
		require.Equal(t, http.StatusOK, ask().status)
		require.Equal(t, map[string]any{
			"consumer": map[string]any{"user_id": doctorID, "client_id": hospitalID, "client_type": "MSP",
				"mis_client_id": misID},
			"resource": map[string]any{"type": "episode", "action": "read", "id": "7"},
			"contexts": []any{map[string]any{"type": "patient", "id": "42"}},
		}, asked)
		noID := s.ask("GET", "/api/patients/42/episodes", token...)
		require.Equal(t, http.StatusUnauthorized, noID.status)
		require.Equal(t, "Abac rule was not found", noID.message())
		for name, allows := range map[string]func(http.ResponseWriter, map[string]any){
			"a no":     func(w http.ResponseWriter, _ map[string]any) { _, _ = io.WriteString(w, `{"data":{"result":false}}`) },
			"not JSON": func(w http.ResponseWriter, _ map[string]any) { _, _ = io.WriteString(w, `yes`) },
			"an error": func(w http.ResponseWriter, _ map[string]any) { w.WriteHeader(http.StatusInternalServerError) },
			"yes, but as 422": func(w http.ResponseWriter, _ map[string]any) {
				w.WriteHeader(422)
				_, _ = io.WriteString(w, `{"data":{"result":true}}`)
			},
			"a redirect": func(w http.ResponseWriter, _ map[string]any) {
				w.Header().Set("Location", s.abac.URL+"/elsewhere")
				w.WriteHeader(http.StatusFound)
			},
		} {
			s.allows = allows
			got := ask()
			require.Equal(t, http.StatusForbidden, got.status, name)
			require.Equal(t, "Access denied", got.message(), name)
		}
		s.abac.Close()
		require.Equal(t, http.StatusForbidden, ask().status)
	})
}

func TestGatewayDecisionsAreAudited(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		token := bearer(s.token(hospitalID, "episode:read", storage.KindAccessToken))
		s.ask("GET", "/api/patients/42/episodes/7?secret=1", token...)
		s.ask("GET", "/api/entities")
		s.events.Close()
		events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "gateway_decision"})
		require.NoError(t, err)
		require.Len(t, events, 2)
		events, err = s.store.ListEvents(t.Context(),
			storage.EventFilter{Kind: "gateway_decision", ClientID: hospitalID, UserID: doctorID})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, map[string]string{
			"method": "GET", "path": "/api/patients/42/episodes/7", "result": "denied", "status": "403",
			"reason": "Access denied",
			"rule":   "/api/patients/(?P<patient>[^/]+)/episodes(/(?P<episode>[^/]+))?", "resource": "episode read 7",
			"context patient": "42", "client_name": "Лікарня 6498", "mis_client_id": misID,
		}, events[0].Details)
		got := s.ask("GET", "/api/patients/42/episodes/7", token...)
		require.Equal(t, http.StatusServiceUnavailable, got.status, "what can't be kept is not decided")
	})
}

func TestGatewayRefusesTheCookieOnCrossSiteRequests(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		cookie := []string{"Cookie", "authorization=" + s.token(misID, "legal_entity:read", storage.KindAccessToken)}
		require.Equal(t, http.StatusOK, s.ask("GET", "/api/entities", cookie...).status)
		require.Equal(t, http.StatusOK,
			s.ask("POST", "/api/entities", append(cookie, "Sec-Fetch-Site", "same-origin")...).status)
		require.Equal(t, http.StatusForbidden,
			s.ask("POST", "/api/entities", append(cookie, "Sec-Fetch-Site", "cross-site")...).status)
		require.Equal(t, http.StatusForbidden,
			s.ask("POST", "/api/entities", append(cookie, "Origin", "https://evil.example")...).status)
		wins := append(cookie, "Authorization", "Bearer bad")
		require.Equal(t, http.StatusOK, s.ask("GET", "/api/entities", wins...).status)
	})
}

func TestGatewayRulesReportEveryProblem(t *testing.T) {
	for item, want := range map[string]string{
		`{`:             "not JSON",
		`{"rules": []}`: "no rules",
		`{"rules": [{"path": "/a", "scope": ["x"]}]}`:                  "unknown field",
		`{"rules": [{"path": "(", "scopes": ["x"]}]}`:                  "rule 1 ((): path is no regular expression",
		`{"rules": [{"path": "/a"}]}`:                                  "want one of scopes, mis_only and public",
		`{"rules": [{"path": "/a", "scopes": ["x"], "public": true}]}`: "want one of scopes, mis_only and public",

		`{"rules": [{"path": "/a", "scopes": ["x y"], "methods": ["get"]}]}`:         `method "get"`,
		`{"rules": [{"path": "/a", "public": true, "abac": {"resource_type": ""}}]}`: "abac needs a user",
		`{"rules": [{"path": "/a", "scopes": ["x"], "abac": ` +
			`{"resource_type": "e", "action": "read", "resource_id": "{id}"}}]}`: "{id}, which is no group",
		`{"rules": [{"path": "/a", "public": true}]} {}`: "something follows",
	} {
		_, err := gateway.ParseRules([]byte(item))
		require.ErrorContains(t, err, want, item)
	}
}
