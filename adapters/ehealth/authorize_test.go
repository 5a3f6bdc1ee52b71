package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// app posts an app object as a gateway of the operator's own does, for the doctor.
func (w *world) app(fields map[string]any) reply {
	return w.ask(http.MethodPost, "/oauth/apps/authorize", headers("x-consumer-id", doctorID), body("app", fields))
}

func (w *world) approve(clientID, scope string) reply {
	return w.app(map[string]any{"client_id": clientID, "redirect_uri": redirectURI, "scope": scope})
}

// Case 27 of the contract.
func TestApprovalOfAClientIssuesACodeAndItsRedirect(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		got := w.app(map[string]any{
			"client_id": hospitalID, "redirect_uri": redirectURI + "?param=1&code=theirs", "scope": "legal_entity:read",
			"state": "a b",
		})
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		value := got.member("data.value")
		require.Regexp(t, `^[A-Za-z0-9]{28}(QT09|UT09|Zz09|dz09)$`, value)
		location := redirectURI + "?code=" + value + "&param=1&state=a+b"
		require.Equal(t, location, got.header.Get("Location"))
		require.Equal(t, location, got.member("urgent.redirect_uri"))
		require.Equal(t, "authorization_code", got.member("data.name"))
		require.Equal(t, doctorID, got.member("data.user_id"))
		expires, _ := got.at("data.expires_at")
		require.EqualValues(t, worldTime+300, expires)
		approval, err := w.store.FindApproval(t.Context(), doctorID, hospitalID)
		w.must(err)
		details, _ := got.at("data.details")
		require.Equal(t, map[string]any{
			"scope_request": "legal_entity:read", "redirect_uri": redirectURI + "?param=1&code=theirs", "grant_type": "password",
			"client_id": hospitalID, "app_id": approval.ID,
		}, details)
	})
}

// Case 28 of the contract.
func TestApprovedScopesAccumulateNewestFirst(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		first := w.approve(hospitalID, "legal_entity:read")
		second := w.approve(hospitalID, "employee:read")
		require.Equal(t, http.StatusCreated, second.status, second.raw)
		require.Equal(t, first.member("data.details.app_id"), second.member("data.details.app_id"))
		approval, err := w.store.FindApproval(t.Context(), doctorID, hospitalID)
		w.must(err)
		require.Equal(t, []string{"employee:read", "legal_entity:read"}, approval.Scope)
	})
}

// Cases 29 to 35 of the contract.
func TestApprovalChecksFailInTheOrderOfTheContract(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.rejected(w.approve(uuid.NewString(), "legal_entity:read"), 401, "access_denied", "Invalid client id.")
		foreign := w.app(map[string]any{"client_id": hospitalID, "redirect_uri": "https://evil.example/cb",
			"scope": "unknown"})
		w.rejected(foreign, 401, "access_denied", "The redirection URI provided does not match a pre-registered value.")
		w.rejected(w.approve(hospitalID, "person:read"), 422, "request_malformed", "Scope is not allowed by client type.")
		roles := "User requested scope that is not allowed by role based access policies."
		w.rejected(w.approve(hospitalID, "legal_entity:write"), 422, "request_malformed", roles)
		w.rejected(w.approve(hospitalID, "legal_entity:write person:read"), 422, "request_malformed",
			"Scope is not allowed by client type.")
		unknown := w.ask(http.MethodPost, "/oauth/apps/authorize", headers("x-consumer-id", uuid.NewString()),
			body("app", map[string]any{"client_id": hospitalID, "redirect_uri": redirectURI, "scope": "legal_entity:read"}))
		w.rejected(unknown, 401, "access_denied", "User not found.")
		w.must(w.store.BlockUser(t.Context(), doctorID, "test"))
		w.rejected(w.approve(hospitalID, "legal_entity:read"), 401, "user_blocked", "User blocked.")
		w.must(w.store.BlockClient(t.Context(), hospitalID, "test"))
		w.rejected(w.approve(hospitalID, "legal_entity:read"), 401, "access_denied", "Client is blocked.")
	})
}

// Case 36 of the contract.
func TestApprovalWithoutAScopeIsForTrustedClientsOnly(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		empty := "Requested scope is empty. Scope not passed or user has no roles or global roles."
		w.rejected(w.approve(hospitalID, ""), 422, "request_malformed", empty)
		w.change(hospitalID, func(c *storage.Client) { c.Policy.Trusted = true })
		got := w.app(map[string]any{"client_id": hospitalID, "redirect_uri": redirectURI})
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, "employee:read legal_entity:read", got.member("data.details.scope_request"))
		w.must(w.store.RevokeRole(t.Context(), doctorID, w.doctorRole.ID, hospitalID))
		w.rejected(w.approve(hospitalID, ""), 422, "request_malformed", empty)
	})
}

// Case 37 of the contract.
func TestApprovalIsGrantedByAGlobalRoleAlone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.must(w.store.RevokeRole(t.Context(), doctorID, w.doctorRole.ID, hospitalID))
		w.must(w.store.GrantRole(t.Context(), doctorID, w.doctorRole.ID, ""))
		require.Equal(t, http.StatusCreated, w.approve(hospitalID, "legal_entity:read").status)
	})
}

// Cases 38 and 39 of the contract.
func TestApprovalRequiresItsMembersAndAConsumer(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		require.Equal(t, map[string]string{"$.client_id": "required", "$.redirect_uri": "required"},
			w.entries(w.app(map[string]any{})))
		require.Equal(t, map[string]string{"$.client_id": "cast"},
			w.entries(w.app(map[string]any{"client_id": "1", "redirect_uri": redirectURI})))
		noApp := w.ask(http.MethodPost, "/oauth/apps/authorize", headers("x-consumer-id", doctorID), `{}`)
		w.rejected(noApp, 400, "request_malformed", "Malformed request. Probably, you have sent corrupted JSON.")
		nobody := w.ask(http.MethodPost, "/oauth/apps/authorize", headers(), `garbage`)
		w.rejected(nobody, 401, "access_denied", "Missing header x-consumer-id")
		_, given := nobody.at("error.invalid")
		require.False(t, given)
		odd := w.ask(http.MethodPost, "/oauth/apps/authorize", headers("x-consumer-id", "1"), body("app", map[string]any{
			"client_id": hospitalID, "redirect_uri": redirectURI,
		}))
		require.Equal(t, map[string]string{"$.user_id": "cast"}, w.entries(odd))
	})
}

func TestApprovalOnThePublicListenerRequiresASessionToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		request := body("app", map[string]any{"client_id": hospitalID, "redirect_uri": redirectURI,
			"scope": "legal_entity:read"})
		post := func(pairs ...string) reply {
			return w.send(http.MethodPost, "/oauth/apps/authorize", headers(pairs...), request)
		}
		missing := "Authorization header is not set or doesn't contain Bearer token"
		w.rejected(post("x-consumer-id", doctorID), 401, "access_denied", missing)
		w.rejected(post("Authorization", "Basic YTpi"), 401, "access_denied", missing)
		w.rejected(post("Authorization", "Bearer unknown"), 401, "access_denied", "Invalid access token")
		w.rejected(post("Authorization", "Bearer "+w.token(frontID, "app:authorize", expiredToken)), 401, "access_denied",
			"Invalid access token")
		w.rejected(post("Authorization", "Bearer "+w.token(frontID, "user:read")), 403, "forbidden",
			"Your scope does not allow to access this resource. Missing allowances: app:authorize")
		got := post("Authorization", "Bearer "+w.token(frontID, "app:authorize"))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, doctorID, got.member("data.user_id"))
	})
}
