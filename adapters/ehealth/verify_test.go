package ehealth_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func (w *world) verify(value string, pairs ...string) reply {
	return w.ask(http.MethodGet, "/admin/tokens/"+value+"/verify", headers(pairs...), "")
}

// Case 57 of the contract.
func TestVerifyOfADirectClientsTokenNeedsNoAPIKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		value := w.token(frontID, "app:authorize")
		got := w.verify(value)
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.Equal(t, value, got.member("data.value"))
		require.Equal(t, "access_token", got.member("data.name"))
		require.Equal(t, doctorID, got.member("data.user_id"))
		require.Equal(t, "app:authorize", got.member("data.details.scope"))
		require.Equal(t, frontID, got.member("data.details.client_id"))
		require.Equal(t, "password", got.member("data.details.grant_type"))
		require.Equal(t, "585041f5-1272-4bca-8d41-8440eefe7d26", got.member("data.user.person_id"))
		key, given := got.at("urgent.mis_client_id")
		require.True(t, given)
		require.Nil(t, key)
		_, given = got.at("data.details.broker_scope")
		require.False(t, given)
		require.NotContains(t, got.member("meta.url"), value, "an answer repeats no token in its URL")
	})
}

// Case 58 of the contract.
func TestVerifyOfABrokersClientRequiresTheBrokersAPIKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		value := w.token(hospitalID, "legal_entity:read")
		w.rejected(w.verify(value), 422, "request_malformed", "API-KEY header required.")
		w.rejected(w.verify(value, "api-key", "wrong"), 422, "request_malformed", "API-KEY header is invalid.")
		w.rejected(w.verify(value, "api-key", hospitalSecret), 422, "request_malformed", "Incorrect broker settings.")
		got := w.verify(value, "api-key", misKey)
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.Equal(t, "legal_entity:read app:authorize", got.member("data.details.broker_scope"))
		require.Equal(t, misID, got.member("urgent.mis_client_id"))
		w.change(hospitalID, func(c *storage.Client) { c.PrivateSettings = nil })
		w.rejected(w.verify(value, "api-key", misKey), 401, "access_denied", "Client settings must contain access_type.")
	})
}

func TestAWeakSecretServesAsAnAPIKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		lookup, err := w.store.WeakSecretLookup(t.Context(), "015b566ed9")
		w.must(err)
		client, err := w.store.LoadClient(t.Context(), misID)
		w.must(err)
		w.must(w.store.AddConnectionSecret(t.Context(), client.Connections[0].ID, storage.ConnectionSecret{
			ID: uuid.NewString(), PasswordHash: "$2a$04$" + "unusable", Lookup: lookup,
		}, time.Time{}))
		got := w.verify(w.token(hospitalID, "legal_entity:read"), "api-key", "015b566ed9")
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.Equal(t, misID, got.member("urgent.mis_client_id"))
	})
}

// Case 59 of the contract.
func TestVerifyRefusesExpiredAndBlocked(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		value := w.token(frontID, "app:authorize")
		w.rejected(w.verify(w.token(frontID, "app:authorize", expiredToken)), 401, "invalid_grant",
			"Token expired or client approval was revoked.")
		require.Equal(t, http.StatusNotFound, w.verify("unknown").status)
		w.must(w.store.BlockClient(t.Context(), frontID, "test"))
		w.rejected(w.verify(value), 401, "invalid_client", "Authentication failed.")
		w.must(w.store.UnblockClient(t.Context(), frontID))
		w.must(w.store.BlockUser(t.Context(), doctorID, "test"))
		later := w.token(frontID, "app:authorize") // blocking ended the others
		w.rejected(w.verify(later), 401, "invalid_user", "Authentication failed.")
		w.must(w.store.DeleteUser(t.Context(), doctorID))
		require.Equal(t, http.StatusNotFound, w.verify(later).status)
	})
}

// Case 60 of the contract.
func TestVerifyAnswersCodesAndRefreshTokensWithoutAScope(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		session := &storage.Session{UserID: doctorID, Subject: doctorID, RedirectURIGiven: true}
		w.must(w.store.CreateCode(context.Background(), storage.Code{
			ID: storage.Hash(codeValue), CodeID: uuid.NewString(), GrantID: uuid.NewString(), ClientID: frontID,
			UserID:      doctorID,
			RedirectURI: redirectURI, Scope: "user:read", Session: session, ExpiresAt: time.Unix(worldTime+300, 0),
		}))
		w.must(w.store.CreateGrant(context.Background(), storage.Grant{
			ID: uuid.NewString(), ClientID: frontID, UserID: doctorID, Session: session, Scope: "user:read",
			RefreshTokenID: uuid.NewString(), RefreshHash: storage.Hash(refreshValue),
			RefreshExpiresAt: time.Unix(worldTime+300, 0),
			ExpiresAt:        time.Unix(worldTime+600, 0),
		}))
		code := w.verify(codeValue)
		require.Equal(t, http.StatusOK, code.status, code.raw)
		require.Equal(t, "authorization_code", code.member("data.name"))
		require.Equal(t, "user:read", code.member("data.details.scope_request"))
		require.Equal(t, redirectURI, code.member("data.details.redirect_uri"))
		_, given := code.at("data.details.scope")
		require.False(t, given)
		refresh := w.verify(refreshValue)
		require.Equal(t, http.StatusOK, refresh.status, refresh.raw)
		require.Equal(t, "refresh_token", refresh.member("data.name"))
		scope, given := refresh.at("data.details.scope")
		require.True(t, given)
		require.Empty(t, scope)
	})
}

// Case 61 of the contract.
func TestUserOfATokenIsShownWithRolesForItsClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		admin := storage.Role{ID: uuid.NewString(), Name: "ADMIN", Scope: []string{"app:authorize"}}
		w.must(w.store.CreateRole(t.Context(), admin))
		w.must(w.store.GrantRole(t.Context(), doctorID, admin.ID, ""))
		w.must(w.store.GrantRole(t.Context(), doctorID, admin.ID, misID))
		value := w.token(hospitalID, "legal_entity:read")
		got := w.ask(http.MethodGet, "/admin/tokens/"+value+"/user", nil, "")
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.Equal(t, doctorID, got.member("data.id"))
		require.Equal(t, doctorEmail, got.member("data.email"))
		urgent, _ := got.at("data.urgent")
		require.Equal(t, map[string]any{
			"roles": []any{map[string]any{"id": w.doctorRole.ID, "name": "DOCTOR",
				"scope": "legal_entity:read employee:read"}},
			"global_roles": []any{map[string]any{"id": admin.ID, "name": "ADMIN", "scope": "app:authorize"}},
			"token":        map[string]any{"expires_at": float64(worldTime + 3600)},
		}, urgent)
		top, _ := got.at("urgent")
		require.Equal(t, true, top)
		require.Equal(t, http.StatusNotFound, w.ask(http.MethodGet, "/admin/tokens/unknown/user", nil, "").status)
		expired := w.token(hospitalID, "legal_entity:read", expiredToken)
		w.rejected(w.ask(http.MethodGet, "/admin/tokens/"+expired+"/user", nil, ""), 401, "invalid_grant",
			"Token expired or client approval was revoked.")
	})
}

func TestAPIKeyOfAMISIsVerified(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		got := w.ask(http.MethodGet, "/admin/api_key/"+misKey+"/verify", nil, "")
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.Equal(t, misID, got.member("urgent.mis_client_id"))
		require.Equal(t, "legal_entity:read app:authorize", got.member("data.details.broker_scope"))
		require.Equal(t, "legal_entity:read employee:read", got.member("data.details.scope"))
		require.NotContains(t, got.member("meta.url"), misKey)
		w.rejected(w.ask(http.MethodGet, "/admin/api_key/wrong/verify", nil, ""), 422, "request_malformed",
			"API-KEY is invalid.")
	})
}

func TestVerifyAnswersTokensOfTheStandardInterface(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			w := newWorld(t, engine)
			w.change(hospitalID, func(c *storage.Client) {
				c.Policy.AccessToken, c.Policy.TokenForm, c.Policy.Refresh = form, storage.TokenFormOwn, storage.RefreshRotate
			})
			code := w.approve(hospitalID, "legal_entity:read").member("data.value")
			set := w.exchange(map[string]any{
				"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret, "code": code,
				"redirect_uri": redirectURI,
			})
			require.Equal(t, http.StatusCreated, set.status, set.raw)
			got := w.verify(set.member("data.value"), "api-key", misKey)
			require.Equal(t, http.StatusOK, got.status, got.raw)
			require.Equal(t, "legal_entity:read", got.member("data.details.scope"))
			require.Equal(t, "authorization_code", got.member("data.details.grant_type"))
			refresh := set.member("data.details.refresh_token")
			require.Equal(t, "refresh_token", w.verify(refresh, "api-key", misKey).member("data.name"))
			require.Equal(t, http.StatusNotFound, w.verify(refresh[:len(refresh)-4]+"AAAA", "api-key", misKey).status)
			w.must(w.store.DeactivateTokens(t.Context(), hospitalID))
			for _, value := range []string{set.member("data.value"), refresh} {
				w.rejected(
					w.verify(value, "api-key", misKey),
					401,
					"invalid_grant",
					"Token expired or client approval was revoked.",
				)
			}
		}
	})
}

func TestVerificationIsOneRoundTripToTheDatabase(t *testing.T) {
	proxy := storagetest.NewProxy(t, storagetest.PostgreSQL().Create(t))
	w := fillWorld(t, newStackOn(t, worldTime, func(at func(*storage.Options)) *storage.Store {
		return storagetest.Open(t, proxy.URL(), at, func(o *storage.Options) { o.MaxConnections = 1 })
	}))
	opaque := w.token(hospitalID, "legal_entity:read")
	w.change(hospitalID, func(c *storage.Client) { c.Policy.AccessToken = storage.AccessTokenJWT })
	jwt := w.exchange(map[string]any{
		"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
		"redirect_uri": redirectURI,
		"code":         w.approve(hospitalID, "legal_entity:read").member("data.value"),
	}).member("data.value")
	for name, value := range map[string]string{"opaque": opaque, "JWT": jwt} {
		require.Equal(t, http.StatusOK, w.verify(value, "api-key", misKey).status, "everything is prepared by now")
		proxy.Reset()
		require.Equal(t, http.StatusOK, w.verify(value, "api-key", misKey).status)
		require.EqualValues(t, 1, proxy.RoundTrips(), name)
	}
}
