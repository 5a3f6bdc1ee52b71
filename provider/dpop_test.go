package provider_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func requireDPoPNonce(o *provider.Options) { o.RequireDPoPNonce = true }

// publicClient makes a client that authenticates by nothing.
func publicClient(c *storage.Client) {
	c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone
	c.Metadata.GrantTypes = []string{"authorization_code", "refresh_token"}
	c.Connections[0].Secrets = nil
}

// proof makes a proof about a request to an endpoint, of now.
func (s *stack) proof(key *dpoptest.Key, method, path string, changes ...dpoptest.With) string {
	return key.Proof(method, s.server.URL+path, s.clock.Now(), changes...)
}

// postProved is post with proofs.
func (s *stack) postProved(path, id string, form url.Values, proofs ...string) reply {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.server.URL+path,
		strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		r.SetBasicAuth(id, secret+id)
	}
	r.Header[http.CanonicalHeaderKey(dpop.Header)] = proofs
	return s.send(r)
}

// tokensBy sends a token request with a new proof of a key; id is "" for a public client.
func (s *stack) tokensBy(key *dpoptest.Key, id string, form url.Values, changes ...dpoptest.With) reply {
	return s.postProved(oauth.PathToken, id, form, s.proof(key, http.MethodPost, oauth.PathToken, changes...))
}

// userinfoProved asks userinfo with a scheme, and proofs.
func (s *stack) userinfoProved(scheme, token string, proofs ...string) reply {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.server.URL+oauth.PathUserinfo, nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", scheme+" "+token)
	r.Header[http.CanonicalHeaderKey(dpop.Header)] = proofs
	return s.send(r)
}

// resourceProof is a proof about a token at userinfo.
func (s *stack) resourceProof(key *dpoptest.Key, token string, changes ...dpoptest.With) string {
	return s.proof(key, http.MethodGet, oauth.PathUserinfo, append([]dpoptest.With{dpoptest.For(token)}, changes...)...)
}

func exchangeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

var credentialsForm = url.Values{"grant_type": {"client_credentials"}}

func TestDPoPBindsTheAccessTokenOfEachGrantToItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) { c.Policy.AccessToken = form })
			first, second, third := dpoptest.NewKey(t), dpoptest.NewKey(t), dpoptest.NewKey(t)
			check := func(got reply, key *dpoptest.Key) {
				t.Helper()
				require.Equal(t, http.StatusOK, got.status, got.raw)
				require.Equal(t, "DPoP", got.member("token_type"))
				token := got.member("access_token")
				seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {token}})
				require.Equal(t, "DPoP", seen.member("token_type"))
				require.Equal(t, map[string]any{"jkt": key.Thumbprint()}, seen.body["cnf"])
				if form == storage.AccessTokenJWT {
					require.Equal(t, map[string]any{"jkt": key.Thumbprint()}, claimsOf(t, token)["cnf"])
				}
			}
			tokens := s.tokensBy(first, "clinic", exchangeForm(s.browser().code(request("clinic", "openid offline_access"))))
			check(tokens, first)
			token := tokens.member("access_token")
			require.Equal(t, s.userID, s.userinfoProved("DPoP", token, s.resourceProof(first, token)).member("sub"))
			require.Equal(t, s.userID, s.userinfoProved("dPoP", token, s.resourceProof(first, token)).member("sub"),
				"a scheme in any case")

			refreshed := s.tokensBy(second, "clinic", refreshForm(tokens.member("refresh_token")))
			check(refreshed, second) // a client that authenticates may take another key
			token = refreshed.member("access_token")
			require.Equal(t, http.StatusOK, s.userinfoProved("DPoP", token, s.resourceProof(second, token)).status)
			check(s.tokensBy(third, "clinic", credentialsForm), third)

			seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {refreshed.member("refresh_token")}})
			require.NotContains(t, seen.body, "cnf")
			bearer := s.post(oauth.PathToken, "clinic", credentialsForm)
			require.Equal(t, "Bearer", bearer.member("token_type"), "without a proof")
			seen = s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {bearer.member("access_token")}})
			require.Equal(t, "Bearer", seen.member("token_type"))
			require.NotContains(t, seen.body, "cnf")
		}
	})
}

func TestAClientWhoseAccessTokensMustBeBoundGetsNoneWithoutAProof(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		client := s.client("clinic", hybrid)
		b := s.browser()
		earlier := s.redeem("clinic", b.code(request("clinic", "openid offline_access"))).member("refresh_token")
		client.Metadata.DPoPBoundAccessTokens = true
		require.NoError(t, s.store.UpdateClient(t.Context(), *client))
		code := b.code(request("clinic", "openid"))
		for name, form := range map[string]url.Values{
			"code": exchangeForm(code), "refresh": refreshForm(earlier), "client_credentials": credentialsForm,
		} {
			got := s.post(oauth.PathToken, "clinic", form)
			require.Equal(t, http.StatusBadRequest, got.status, name)
			require.Equal(t, "invalid_dpop_proof", got.member("error"), name)
		}
		front := b.authorize(requestOf("id_token token", "clinic", "openid")).parameters()
		require.Equal(t, "invalid_dpop_proof", front.Get("error"), "no browser proves to hold a key")
		require.Empty(t, front.Get("access_token"))
		key := dpoptest.NewKey(t)
		require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", exchangeForm(code)).status, "nothing was used up")
		require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", refreshForm(earlier)).status)
	})
}

func TestTheRefreshTokensOfAPublicClientAreBoundToItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		s.client("app", func(c *storage.Client) {
			hybrid(c)
			publicClient(c)
			c.Metadata.GrantTypes = append(c.Metadata.GrantTypes, "implicit")
		})
		key, other := dpoptest.NewKey(t), dpoptest.NewKey(t)
		refresh := func(token string) url.Values {
			form := refreshForm(token)
			form.Set("client_id", "app")
			return form
		}
		for _, responseType := range []string{"code", "code token"} {
			code := s.browser().approved(challenged(requestOf(responseType, "app", "openid offline_access"))).Get("code")
			form := exchangeForm(code)
			form.Set("client_id", "app")
			form.Set("code_verifier", verifier)
			tokens := s.tokensBy(key, "", form)
			require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
			token := tokens.member("refresh_token")
			for name, got := range map[string]reply{
				"another key": s.tokensBy(other, "", refresh(token)),
				"no key":      s.post(oauth.PathToken, "", refresh(token)),
			} {
				require.Equal(t, http.StatusBadRequest, got.status, name)
				require.Equal(t, "invalid_grant", got.member("error"), name)
			}
			for range 2 {
				tokens = s.tokensBy(key, "", refresh(token))
				require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
				token = tokens.member("refresh_token")
			}
			require.Equal(t, "invalid_grant", s.tokensBy(other, "", refresh(token)).member("error"), "rotated twice")
		}
	})
}

func TestARefreshTokenOfAPublicClientThatUsedNoKeyIsBoundToNone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("app", publicClient)
		form := exchangeForm(s.browser().code(challenged(request("app", "openid offline_access"))))
		form.Set("client_id", "app")
		form.Set("code_verifier", verifier)
		refresh := refreshForm(s.post(oauth.PathToken, "", form).member("refresh_token"))
		refresh.Set("client_id", "app")
		bound := s.tokensBy(dpoptest.NewKey(t), "", refresh)
		require.Equal(t, "DPoP", bound.member("token_type"), bound.raw)
	})
}

func TestDPoPKeyOfTheAuthorizationRequestBindsTheCode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b, key := s.browser(), dpoptest.NewKey(t)
		asked := request("clinic", "openid offline_access")
		asked.Set("dpop_jkt", key.Thumbprint())
		code := b.code(asked)
		for name, got := range map[string]reply{
			"another key": s.tokensBy(dpoptest.NewKey(t), "clinic", exchangeForm(code)),
			"no key":      s.redeem("clinic", code),
		} {
			require.Equal(t, http.StatusBadRequest, got.status, name)
			require.Equal(t, "invalid_grant", got.member("error"), name)
		}
		tokens := s.tokensBy(key, "clinic", exchangeForm(code))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, http.StatusOK, s.refresh("clinic", tokens.member("refresh_token")).status,
			"the code was bound, not what a client that authenticates got for it")

		for _, wrong := range []string{"x", key.Thumbprint() + "A", strings.Repeat("!", 43)} {
			asked.Set("dpop_jkt", wrong)
			require.Equal(t, "invalid_request", b.authorize(asked).parameters().Get("error"), wrong)
		}
	})
}

func TestDPoPProofOfAPushedRequestBindsTheCode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b, key, other := s.browser(), dpoptest.NewKey(t), dpoptest.NewKey(t)
		push := func(parameters url.Values, by *dpoptest.Key) reply {
			return s.postProved(oauth.PathPushedRequest, "clinic", parameters,
				s.proof(by, http.MethodPost, oauth.PathPushedRequest))
		}
		named := request("clinic", "openid")
		named.Set("dpop_jkt", key.Thumbprint())
		for name, parameters := range map[string]url.Values{
			"by a proof alone": request("clinic", "openid"), "by dpop_jkt and the proof": named,
		} {
			got := push(parameters, key)
			require.Equal(t, http.StatusCreated, got.status, got.raw)
			code := b.code(pushed("clinic", got.member("request_uri")))
			require.Equal(t, "invalid_grant", s.redeem("clinic", code).member("error"), name)
			require.Equal(t, "invalid_grant", s.tokensBy(other, "clinic", exchangeForm(code)).member("error"), name)
			require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", exchangeForm(code)).status, name)
		}
		require.Equal(t, "invalid_dpop_proof", push(named, other).member("error"), "two keys")
		used := s.proof(key, http.MethodPost, oauth.PathPushedRequest)
		require.Equal(t, http.StatusCreated, s.postProved(oauth.PathPushedRequest, "clinic", named, used).status)
		again := s.postProved(oauth.PathPushedRequest, "clinic", named, used)
		require.Equal(t, "invalid_dpop_proof", again.member("error"), "used before")
		elsewhere := s.postProved(oauth.PathPushedRequest, "clinic", named, s.proof(key, http.MethodPost, oauth.PathToken))
		require.Equal(t, "invalid_dpop_proof", elsewhere.member("error"))
	})
}

func TestDPoPNonceIsAskedForAndGiven(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, requireDPoPNonce)
		s.client("clinic", nil)
		key := dpoptest.NewKey(t)
		code := s.browser().code(request("clinic", "openid"))
		refused := s.tokensBy(key, "clinic", exchangeForm(code))
		require.Equal(t, http.StatusBadRequest, refused.status)
		require.Equal(t, "use_dpop_nonce", refused.member("error"))
		nonce := refused.header.Get("DPoP-Nonce")
		require.NotEmpty(t, nonce)

		tokens := s.tokensBy(key, "clinic", exchangeForm(code), dpoptest.Claim("nonce", nonce))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Empty(t, tokens.header.Get("DPoP-Nonce"), "it is the newest")
		token := tokens.member("access_token")

		refused = s.userinfoProved("DPoP", token, s.resourceProof(key, token))
		require.Equal(t, http.StatusUnauthorized, refused.status)
		require.Equal(t, nonce, refused.header.Get("DPoP-Nonce"))
		challenge := refused.header.Get("WWW-Authenticate")
		require.Contains(t, challenge, `DPoP algs="ES256 PS256 EdDSA"`+s.userinfoMetadata()+`, error="use_dpop_nonce"`)

		s.clock.Advance(time.Minute)
		answered := s.userinfoProved("DPoP", token, s.resourceProof(key, token, dpoptest.Claim("nonce", nonce)))
		require.Equal(t, http.StatusOK, answered.status, answered.raw)
		require.NotEqual(t, nonce, answered.header.Get("DPoP-Nonce"))
		require.NotEmpty(t, answered.header.Get("DPoP-Nonce"), "a newer one comes with the answer")
	})
}

func TestDPoPNonceIsTheSameOnEachServer(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], requireDPoPNonce)
	s.client("clinic", nil)
	key := dpoptest.NewKey(t)
	nonce := s.tokensBy(key, "clinic", credentialsForm).header.Get("DPoP-Nonce")
	s.start() // another process on the same database
	require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", credentialsForm, dpoptest.Claim("nonce", nonce)).status)
}

func TestUserinfoChallengesByBothSchemes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		metadata := s.userinfoMetadata()
		dpopChallenge, bearerChallenge := `DPoP algs="ES256 PS256 EdDSA"`+metadata, `Bearer realm="ithildin"`+metadata
		none := s.browser().get(s.server.URL + oauth.PathUserinfo)
		require.Equal(t, []string{bearerChallenge, dpopChallenge}, none.header.Values("WWW-Authenticate"))
		wrong := s.userinfo("x").header.Values("WWW-Authenticate")
		require.Contains(t, wrong[0], bearerChallenge+`, error="invalid_token"`)
		require.Equal(t, dpopChallenge, wrong[1])
		bare := s.userinfoProved("DPoP", "x")
		require.Equal(t, http.StatusUnauthorized, bare.status)
		require.Contains(t, bare.header.Values("WWW-Authenticate")[0], dpopChallenge+`, error="invalid_dpop_proof"`)
		require.Equal(t, bearerChallenge, bare.header.Values("WWW-Authenticate")[1])
	})
}

func TestAScriptOfAnotherOriginReadsTheDPoPNonce(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], requireDPoPNonce)
	s.client("clinic", nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathToken,
		strings.NewReader(credentialsForm.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://client.example")
	r.Header.Set(dpop.Header, s.proof(dpoptest.NewKey(t), http.MethodPost, oauth.PathToken))
	got := s.send(r)
	require.NotEmpty(t, got.header.Get("DPoP-Nonce"))
	require.Contains(t, got.header.Get("Access-Control-Expose-Headers"), "DPoP-Nonce")
}

func TestMetadataNamesTheAlgorithmsOfProofs(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	require.Equal(t, []any{"ES256", "PS256", "EdDSA"}, s.discovered()["dpop_signing_alg_values_supported"])
}

func TestAProofIsAboutTheConfiguredIssuer(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", nil)
	key := dpoptest.NewKey(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathToken,
		strings.NewReader(credentialsForm.Encode()))
	require.NoError(t, err)
	r.SetBasicAuth("clinic", secret+"clinic")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Host = "evil.example"
	r.Header.Set(dpop.Header, key.Proof(http.MethodPost, "http://evil.example"+oauth.PathToken, s.clock.Now()))
	got := s.send(r)
	require.Equal(t, "invalid_dpop_proof", got.member("error"), "what the request says of its address counts for nothing")
}
