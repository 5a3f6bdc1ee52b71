package provider_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// signedParameters takes a signed response apart: nothing is beside it, and its signature is verified with the
// published keys, as a client does.
func (s *stack) signedParameters(parameters url.Values, clientID, algorithm string) map[string]any {
	t := s.t
	require.Len(t, parameters, 1, parameters)
	response := parameters.Get("response")
	require.Equal(t, algorithm, decodeHeader(t, response)["alg"])
	require.NotEmpty(t, decodeHeader(t, response)["kid"])
	keys := oidc.NewRemoteKeySet(t.Context(), s.server.URL+oauth.PathJWKS)
	_, err := keys.VerifySignature(oidc.InsecureIssuerURLContext(t.Context(), s.server.URL), response)
	require.NoError(t, err)
	claims := claimsOf(t, response)
	require.Equal(t, s.server.URL, claims["iss"])
	require.Equal(t, clientID, claims["aud"])
	expiresAt := int64(claims["exp"].(float64))
	require.Greater(t, expiresAt, s.clock.Now().Unix())
	require.LessOrEqual(t, expiresAt, s.clock.Now().Add(10*time.Minute).Unix())
	for _, name := range []string{"iss", "aud", "exp"} {
		delete(claims, name)
	}
	return claims
}

var postedField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// responseOf is what a response has for the client, in the mode that is named.
func responseOf(t *testing.T, p page, mode string) url.Values {
	t.Helper()
	switch mode {
	case "form_post":
		require.Equal(t, http.StatusOK, p.status)
		require.Contains(t, p.body, `action="`+redirectURI+`"`)
		values := url.Values{}
		for _, field := range postedField.FindAllStringSubmatch(p.body, -1) {
			values.Set(field[1], html.UnescapeString(field[2]))
		}
		return values
	case "fragment":
		require.Empty(t, p.location.RawQuery)
		require.NotEmpty(t, p.location.Fragment)
	default:
		require.Empty(t, p.location.Fragment)
	}
	return p.parameters()
}

// modesOfCode are those of signed responses, with the way that each goes for the response type code.
var modesOfCode = map[string]string{
	"jwt": "query", "query.jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form_post",
}

func TestASignedResponseGoesInTheModeOfItsRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, algorithm := range []string{"", "ES256", "EdDSA"} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) { c.Metadata.AuthorizationSignedResponseAlg = algorithm })
			b := s.browser()
			b.code(request("clinic", "openid"))
			signedWith := algorithm
			if algorithm == "" {
				signedWith = "RS256"
			}
			for mode, way := range modesOfCode {
				p := b.authorize(sending(request("clinic", "openid"), "response_mode", mode))
				claims := s.signedParameters(responseOf(t, p, way), "clinic", signedWith)
				require.Equal(t, "s-1", claims["state"], mode)
				code, _ := claims["code"].(string)
				require.Equal(t, http.StatusOK, s.redeem("clinic", code).status, mode)
				delete(claims, "session_state")
				require.Len(t, claims, 2, "%s: %v", mode, claims)
			}
		}
	})
}

func TestASignedResponseTellsOfErrorsToo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Metadata.AuthorizationSignedResponseAlg = "ES256" })
		s.client("pushing", mustPush)
		b := s.browser()
		b.signIn(b.authorize(request("clinic", "openid")))
		for mode, way := range modesOfCode {
			asking := func(changes ...string) url.Values {
				return sending(sending(request("clinic", "openid"), "response_mode", mode), changes...)
			}
			for code, p := range map[string]page{
				"access_denied":             b.decide(b.authorize(asking()), "deny"),
				"invalid_scope":             b.authorize(asking("scope", "openid root")),
				"login_required":            s.browser().authorize(asking("prompt", "none")),
				"unsupported_response_type": b.authorize(asking("response_type", "magic")),
				"invalid_request":           b.authorize(asking("code_challenge", "short")),
			} {
				claims := s.signedParameters(responseOf(t, p, way), "clinic", "ES256")
				require.Equal(t, code, claims["error"], mode)
				require.NotEmpty(t, claims["error_description"], mode)
				require.Equal(t, "s-1", claims["state"], mode)
				require.NotContains(t, claims, "code", mode)
			}
		}
		p := b.authorize(sending(request("pushing", "openid"), "response_mode", "jwt"))
		require.Equal(t, "invalid_request", s.signedParameters(p.parameters(), "pushing", "RS256")["error"])
	})
}

func TestASignedResponseWithTokensIsNotInAQuery(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		s.client("clinic", hybrid)
		b := s.browser()
		b.code(request("clinic", "openid"))
		for _, responseType := range []string{"code id_token", "id_token token", "code id_token token"} {
			for mode, way := range map[string]string{
				"jwt": "fragment", "fragment.jwt": "fragment", "form_post.jwt": "form_post",
			} {
				p := b.authorize(sending(requestOf(responseType, "clinic", "openid"), "response_mode", mode))
				claims := s.signedParameters(responseOf(t, p, way), "clinic", "RS256")
				for _, word := range strings.Fields(strings.Replace(responseType, "id_token token", "id_token access_token", 1)) {
					require.NotEmpty(t, claims[word], "%s %s", mode, word)
				}
			}
			p := b.authorize(sending(requestOf(responseType, "clinic", "openid"), "response_mode", "query.jwt"))
			require.Empty(t, p.location.RawQuery)
			require.Equal(t, "unsupported_response_mode", p.parameters().Get("error"))
		}
		unknown := b.authorize(sending(request("clinic", "openid"), "response_mode", "pigeon.jwt"))
		require.Equal(t, "unsupported_response_mode", unknown.location.Query().Get("error"))
	})
}

// The algorithm of a signed response is the registered one, which can't be none or one of a secret, whatever a request
// says.
func TestAttackSignedResponseOfAnotherAlgorithm(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		client := s.client("clinic", func(c *storage.Client) { c.Metadata.AuthorizationSignedResponseAlg = "ES256" })
		for _, algorithm := range []string{"none", "None", "HS256", "RS512", "PS256", "es256"} {
			changed := *client
			changed.Metadata.AuthorizationSignedResponseAlg = algorithm
			require.ErrorContains(t, registration.ValidateClient(&changed, registration.Rules{}),
				"authorization_signed_response_alg", algorithm)
		}
		b := s.browser()
		b.code(request("clinic", "openid"))
		p := b.authorize(sending(request("clinic", "openid"), "response_mode", "jwt",
			"authorization_signed_response_alg", "none", "alg", "HS256"))
		s.signedParameters(p.parameters(), "clinic", "ES256")

		// What is left of a key that was taken from the database is an error, and no response without a signature.
		changed := *client
		changed.Metadata.AuthorizationSignedResponseAlg = "none"
		require.NoError(t, s.store.UpdateClient(t.Context(), changed))
		p = b.authorize(sending(request("clinic", "openid"), "response_mode", "jwt"))
		require.Nil(t, p.location)
		require.Equal(t, http.StatusInternalServerError, p.status)
	})
}

// A signed response is signed with the keys of ID tokens and access tokens, and stands for neither.
func TestAttackSignedResponseAsAnotherToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		response := b.authorize(sending(request("clinic", "openid"), "response_mode", "jwt")).parameters().Get("response")
		require.Equal(t, http.StatusUnauthorized, s.userinfo(response).status)
		require.Equal(t, false, s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {response}}).body["active"])
		p := b.authorize(sending(request("clinic", "openid"), "id_token_hint", response))
		require.Equal(t, "invalid_request", p.parameters().Get("error"))
		p = b.authorize(sending(request("clinic", "openid"), "request", response))
		require.Equal(t, "invalid_request_object", p.parameters().Get("error"))
	})
}

func TestAPushedAndSignedRequestGetsASignedResponse(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		o := newRequestObjects(t, engine, func(c *storage.Client) {
			c.Metadata.RequireSignedRequestObject, c.Metadata.AuthorizationSignedResponseAlg = true, "ES256"
		})
		object := o.signTyped("oauth-authz-req+jwt", map[string]any{
			"iss": "clinic", "aud": o.server.URL, "client_id": "clinic", "response_type": "code", "redirect_uri": redirectURI,
			"scope": "openid", "state": "s-1", "response_mode": "jwt",
		})
		p := o.outcome(pushed("clinic", o.push("clinic", url.Values{"request": {object}})))
		claims := o.signedParameters(p.parameters(), "clinic", "ES256")
		require.Equal(t, "s-1", claims["state"])
		require.NotEmpty(t, claims["code"])
	})
}

func TestSignedResponsesAreInTheMetadata(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	metadata := s.discovered()
	require.ElementsMatch(t, []any{
		"query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt",
	}, metadata["response_modes_supported"])
	require.Equal(t, []any{"RS256", "ES256", "EdDSA"}, metadata["authorization_signing_alg_values_supported"])
}
