package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// fapi1Modules are modules of the plan of FAPI 1.0 Advanced whose behaviour depends on the variant, by the suite's
// names.
var fapi1Modules = map[string]func(*testing.T, *fapiClient, *fapiClient){
	"fapi1-advanced-final": func(t *testing.T, first, second *fapiClient) {
		answered := first.asked(first.asks(), "accept")
		require.Equal(t, "s-1", answered.Get("state"))
		if !first.signedResponse {
			sum := sha256.Sum256([]byte("s-1"))
			idToken := answered.Get("id_token")
			require.Equal(t, base64.RawURLEncoding.EncodeToString(sum[:16]), claimsOf(t, idToken)["s_hash"])
			require.NotEmpty(t, claimsOf(t, idToken)["c_hash"])
			require.Equal(t, "ES256", decodeHeader(t, idToken)["alg"])
		}
		tokens := first.tokens(answered.Get("code"))
		token := tokens.member("access_token")
		require.Equal(t, "Bearer", tokens.member("token_type"))
		require.Contains(t, claimsOf(t, token)["cnf"], "x5t#S256")
		interaction := uuid.NewString()
		seen := first.sendAs(first.certificate, http.MethodGet, oauth.PathUserinfo, nil,
			"Authorization", "Bearer "+token, "X-Fapi-Interaction-Id", interaction)
		require.Equal(t, first.userID, seen.member("sub"), seen.raw)
		require.Equal(t, interaction, seen.header.Get("X-Fapi-Interaction-Id"))
		require.Equal(t, http.StatusUnauthorized, second.resource(token, "").status, "the certificate of another client")
		require.Equal(t, http.StatusUnauthorized, first.userinfo(token).status, "no certificate")
	},
	"user-rejects-authentication":                  fapi2Modules["user-rejects-authentication"],
	"ensure-authorization-code-is-bound-to-client": fapi2Modules["ensure-authorization-code-is-bound-to-client"],
	"ensure-client-id-in-token-endpoint":           fapi2Modules["ensure-client-id-in-token-endpoint"],
	"ensure-mtls-holder-of-key-required":           fapi2Modules["ensure-holder-of-key-required"],
	"ensure-authorization-request-without-state-success"://
	fapi2Modules["ensure-authorization-request-without-state-success"],
	"attempt-reuse-authorisation-code-after-one-second"://
	fapi2Modules["attempt-reuse-authorization-code-after-one-second"],
	"refresh-token": func(t *testing.T, first, second *fapiClient) {
		tokens := first.tokens(first.code())
		refreshed := first.token(refreshForm(tokens.member("refresh_token")))
		require.Equal(t, http.StatusOK, refreshed.status, refreshed.raw)
		require.Equal(t, http.StatusOK, first.resource(refreshed.member("access_token"), "").status)
		requireOAuthError(t, second.token(refreshForm(refreshed.member("refresh_token"))), "invalid_grant")
		requireOAuthError(t, first.unproved(refreshForm(refreshed.member("refresh_token"))),
			"invalid_request", "invalid_grant", "invalid_client")
	},
	"ensure-authorization-request-without-request-object-fails": func(t *testing.T, first, _ *fapiClient) {
		unsigned := *first
		unsigned.signedRequest = false
		if first.pushed {
			requireOAuthError(t, unsigned.push(first.asks()), "invalid_request", "invalid_request_object")
			return
		}
		answered := first.answered(first.browser().authorize(unsigned.given(first.asks())))
		require.Equal(t, "invalid_request", answered.Get("error"))
	},
	"ensure-response-type-code-fails": func(t *testing.T, first, _ *fapiClient) {
		asked := first.asks("response_type", "code", "response_mode", "")
		if first.pushed {
			requireOAuthError(t, first.push(asked), "invalid_request", "unsupported_response_type")
			return
		}
		p := first.browser().authorize(first.given(asked))
		require.NotEmpty(t, p.parameters().Get("error"))
		require.Empty(t, p.parameters().Get("code"))
	},
	"ensure-expired-request-object-fails": func(t *testing.T, first, _ *fapiClient) {
		given := first.given(first.asks())
		first.clock.Advance(11 * time.Minute)
		if first.pushed {
			got := first.sendAs(first.certificate, http.MethodPost, oauth.PathPushedRequest, first.authenticated(given))
			requireOAuthError(t, got, "invalid_request_object", "invalid_request")
			return
		}
		p := first.browser().authorize(given)
		require.Equal(t, "invalid_request_object", p.parameters().Get("error"), "plain: what the object says does not count")
	},
}

func TestConformanceFAPI1Advanced(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for i := range 8 {
			variant := fapiVariant{
				profile: storage.ProfileFAPI1Advanced, byCertificate: i&1 != 0, pushed: i&2 != 0, signedResponse: i&4 != 0,
				signedRequest: true, boundToCertificate: true,
			}
			first, second := fapiClients(t, engine, variant)
			for name, module := range fapi1Modules {
				t.Run(variant.String()+"/"+name, func(t *testing.T) {
					one, other := *first, *second
					one.test, other.test = t, t
					module(t, &one, &other)
				})
			}
		}
	})
}
