package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/outbound"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func withClaims(parameters url.Values, claims string) url.Values {
	parameters.Set("claims", claims)
	return parameters
}

func TestRequestedClaimsAreReturnedWhereTheyWereRequested(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) { c.Policy.AccessToken = form })
			b := s.browser()
			tokens := s.redeem("clinic", b.code(withClaims(request("clinic", "openid offline_access"), `{
				"userinfo": {"name": {"essential": true}, "phone_number": null, "given_name": {"value": "Не Олена"}},
				"id_token": {"email": null, "auth_time": {"essential": true}, "given_name": {"values": ["Іван", "Олена"]}}}`)))
			require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
			info := s.userinfo(tokens.member("access_token"))
			require.Equal(t, map[string]any{"sub": s.userID, "name": "Олена Коваль", "phone_number": "+380501234567"}, info.body)
			_, claims := s.verified(tokens.member("id_token"), "clinic", "RS256")
			require.Equal(t, "doctor@example.com", claims["email"])
			require.Equal(t, "Олена", claims["given_name"])
			require.NotZero(t, claims["auth_time"])
			require.NotContains(t, claims, "name")
			refreshed := s.refresh("clinic", tokens.member("refresh_token"))
			_, claims = s.verified(refreshed.member("id_token"), "clinic", "RS256")
			require.Equal(t, "doctor@example.com", claims["email"], "a refresh tells what the exchange told")
			require.Equal(t, info.body, s.userinfo(refreshed.member("access_token")).body)
		}
	})
}

func TestRequestedClaimsAreConsentedToAndRemembered(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		asked := withClaims(request("clinic", "openid"), `{"userinfo": {"phone_number": null, "sub": null}}`)
		quiet := withClaims(request("clinic", "openid"), asked.Get("claims"))
		quiet.Set("prompt", "none")
		require.Equal(t, "consent_required", b.authorize(quiet).parameters().Get("error"))
		p := b.authorize(asked)
		require.Equal(t, "/login/consent", p.url.Path, "the scope is approved, the claim is not")
		require.Contains(t, p.body, "Бачити ваш номер телефону")
		require.NotContains(t, p.body, "Підтвердити, хто ви")
		b.decide(p, "accept")
		require.NotNil(t, b.authorize(quiet).location.Query()["code"], "and from then on it is remembered")
		covered := withClaims(request("clinic", "openid phone"), `{"userinfo": {"phone_number_verified": null}}`)
		require.Contains(t, b.authorize(covered).body, "Бачити ваш номер телефону", "the page asks for the scope")
	})
}

func TestRequestedClaimsStayWithinTheScopesOfTheClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Scope = []string{"openid", "email"} })
		tokens := s.redeem("clinic", s.browser().code(withClaims(
			request("clinic", "openid"),
			`{"userinfo": {"name": {"essential": true}, "phone_number": null, "email": null, "tax_id": null, "password": null}}`,
		)))
		require.Equal(t, map[string]any{"sub": s.userID, "email": "doctor@example.com"},
			s.userinfo(tokens.member("access_token")).body)
	})
}

func TestRequestedSubjectMustBeTheUserWhoSignsIn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		of := func(subject string) url.Values {
			encoded, err := json.Marshal(map[string]any{"id_token": map[string]any{"sub": map[string]any{"value": subject}}})
			require.NoError(t, err)
			parameters := withClaims(request("clinic", "openid"), string(encoded))
			parameters.Set("prompt", "none")
			return parameters
		}
		require.NotEmpty(t, b.authorize(of(s.userID)).parameters().Get("code"))
		require.Equal(t, "login_required", b.authorize(of(s.store.NewID())).parameters().Get("error"))
		s.client("stranger", nil)
		asked := of(s.userID)
		asked.Set("client_id", "stranger")
		require.Equal(t, "login_required", b.authorize(asked).parameters().Get("error"),
			"nobody's presence is told unapproved")
	})
}

func TestAMalformedClaimsParameterIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		for _, claims := range []string{
			`{`, `[]`, `"name"`, `{"userinfo": []}`, `{"userinfo": {"name": 7}}`, `{"id_token": {"sub": {"value": 7}}}`,
			`{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}`,
		} {
			rejected := s.browser().authorize(withClaims(request("clinic", "openid"), claims))
			require.NotNil(t, rejected.location, claims)
			require.Equal(t, "invalid_request", rejected.parameters().Get("error"), claims)
		}
		unknown := withClaims(request("clinic", "openid"), `{"verified_claims": {}, "userinfo": {"x": null}}`)
		require.Equal(t, "/login/sign-in", s.browser().authorize(unknown).url.Path, "what is unknown is ignored")
	})
}

// signatures turns sign-in by digital signature on; nobody signs in these tests.
func signatures(o *provider.Options) {
	o.Components.Signatures = identity.SignatureService{
		Service: outbound.Service{URL: "https://signatures.example"},
	}
}

func TestEssentialACRIsReachedOrTheRequestFails(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		plaintext := newStack(t, engine)
		plaintext.client("clinic", nil)
		unserved := withClaims(request("clinic", "openid"),
			`{"id_token": {"acr": {"essential": true, "value": "signature"}}}`)
		rejected := plaintext.browser().authorize(unserved)
		require.Equal(t, "unmet_authentication_requirements", rejected.parameters().Get("error"), "nobody could reach it")
		require.Equal(t, []any{"password", "one_time_code"}, plaintext.discovered()["acr_values_supported"])
		s := newStack(t, engine, signatures)
		require.Equal(t, []any{"password", "one_time_code", "signature"}, s.discovered()["acr_values_supported"])
		s.client("clinic", nil)
		b := s.browser()
		acr := func(parameters url.Values) any {
			_, claims := s.verified(s.redeem("clinic", b.code(parameters)).member("id_token"), "clinic", "RS256")
			return claims["acr"]
		}
		require.Equal(t, "password", acr(request("clinic", "openid")))
		wished := request("clinic", "openid")
		wished.Set("acr_values", "signature one_time_code 1 2")
		require.Equal(t, "password", acr(wished), "what is wished for keeps nobody out")
		wished.Set("acr_values", "1 password")
		require.Equal(t, "password", acr(wished))

		unknown := withClaims(request("clinic", "openid"), `{"id_token": {"acr": {"essential": true, "value": "urn:gold"}}}`)
		require.Equal(t, "unmet_authentication_requirements", b.authorize(unknown).parameters().Get("error"))
		stronger := withClaims(request("clinic", "openid"),
			`{"id_token": {"acr": {"essential": true, "values": ["signature"]}}}`)
		require.Equal(t, "/login/signature", b.authorize(stronger).url.Path)
		stronger.Set("prompt", "none")
		require.Equal(t, "login_required", b.authorize(stronger).parameters().Get("error"))
		reached := withClaims(request("clinic", "openid"),
			`{"id_token": {"acr": {"essential": true, "values": ["urn:gold", "password"]}}}`)
		require.Equal(t, "password", acr(reached))
	})
}
