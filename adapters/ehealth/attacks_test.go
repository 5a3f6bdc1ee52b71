package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// A token of a client, however it came by it, is shown where people change their second factor: it must neither begin
// such a change nor end one, whatever scope it has.
func TestAttackAClientsTokenReplacesTheSecondFactor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		const theirs = "+380671112233"
		for _, grantType := range []string{
			storage.GrantTypeImplicit, "authorization_code", "refresh_token", "client_credentials", "Password", "password ", "",
		} {
			of := func(a *storage.AccessToken) { a.Session.GrantType = grantType }
			token := w.token(hospitalID, "openid app:authorize", of)
			w.rejected(w.action("init_factor", token, `{"type":"SMS","factor":"`+theirs+`"}`), 401,
				"token_invalid_type", "Invalid token type.")
			for _, kind := range []string{storage.KindAccessToken, storage.KindTwoFactor} {
				half := w.token(hospitalID, "openid app:authorize", of, func(a *storage.AccessToken) {
					a.Kind, a.Session.Factor, a.Session.FactorType = kind, theirs, "SMS"
				})
				w.rejected(w.action("approve_factor", half, `{"otp":123456}`), 401, "access_denied",
					"Invalid token type. Init factor at first")
			}
		}
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		require.Equal(t, doctorPhone, factor.Factor)
		require.Equal(t, http.StatusCreated, w.action("init_factor", w.token(frontID, "app:authorize"),
			`{"type":"SMS","factor":"`+theirs+`"}`).status, "one of a sign-in may")
	})
}

// A pairwise client asks where the old face answers with the user's own id, by which all clients could join what they
// know.
func TestAttackTheUsersIDInTheEnvelopeOfAPairwiseClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		exchanged := func() reply {
			return w.exchange(map[string]any{
				"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
				"redirect_uri": redirectURI, "code": w.approve(hospitalID, "legal_entity:read").member("data.value"),
			})
		}
		public := exchanged()
		require.Equal(t, http.StatusCreated, public.status, public.raw)
		require.Equal(t, doctorID, public.member("data.user_id"))
		w.change(hospitalID, func(c *storage.Client) { c.Metadata.SubjectType = storage.SubjectTypePairwise })
		first := exchanged()
		require.Equal(t, http.StatusCreated, first.status, first.raw)
		refreshed := w.exchange(map[string]any{
			"grant_type": "refresh_token", "client_id": hospitalID, "client_secret": hospitalSecret,
			"refresh_token": first.member("data.details.refresh_token"),
		})
		require.Equal(t, http.StatusCreated, refreshed.status, refreshed.raw)
		token, err := w.store.FindAccessToken(t.Context(), storage.Hash(refreshed.member("data.value")))
		w.must(err)
		require.Equal(t, doctorID, token.UserID)
		for _, a := range []reply{first, refreshed} {
			require.Equal(t, token.Session.Subject, a.member("data.user_id"))
			require.NotContains(t, a.raw, doctorID)
		}
	})
}

func TestAttackATokenForAnotherResourceVerifiesForNoGateway(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		token := func(audience ...string) string {
			w.change(hospitalID, func(c *storage.Client) {
				c.Policy.AccessToken, c.Metadata.Audience = storage.AccessTokenJWT, audience
			})
			set := w.exchange(map[string]any{
				"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
				"redirect_uri": redirectURI,
				"code":         w.approve(hospitalID, "legal_entity:read").member("data.value"),
			})
			require.Equal(t, http.StatusCreated, set.status, set.raw)
			return set.member("data.value")
		}
		require.Equal(t, http.StatusOK, w.verify(token(), "api-key", misKey).status)
		other := token("https://other.example")
		require.Equal(t, http.StatusNotFound, w.verify(other, "api-key", misKey).status)
		require.Equal(t, http.StatusNotFound, w.ask(http.MethodGet, "/admin/tokens/"+other+"/user", nil, "").status)
	})
}
