package provider_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// boundTokens are tokens of the client clinic that are bound to a key.
func (s *stack) boundTokens(key *dpoptest.Key) reply {
	tokens := s.tokensBy(key, "clinic", exchangeForm(s.browser().code(request("clinic", "openid offline_access"))))
	require.Equal(s.t, http.StatusOK, tokens.status, tokens.raw)
	return tokens
}

// atOnce makes sixteen requests at once and returns how many of them had a status.
func atOnce(request func() reply) map[int]int {
	var mutex sync.Mutex
	var running sync.WaitGroup
	answered := map[int]int{}
	start := make(chan struct{})
	for range 16 {
		running.Go(func() {
			<-start
			status := request().status
			mutex.Lock()
			defer mutex.Unlock()
			answered[status]++
		})
	}
	close(start)
	running.Wait()
	return answered
}

// Somebody who has read a request sends it again.
func TestAttackDPoPReplay(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		key := dpoptest.NewKey(t)
		tokens := s.boundTokens(key)
		token := tokens.member("access_token")

		used := s.proof(key, http.MethodPost, oauth.PathToken)
		require.Equal(t, http.StatusOK, s.postProved(oauth.PathToken, "clinic", credentialsForm, used).status)
		for name, form := range map[string]url.Values{
			"client_credentials": credentialsForm,
			"code":               exchangeForm(s.browser().code(request("clinic", "openid"))),
			"refresh":            refreshForm(tokens.member("refresh_token")),
		} {
			got := s.postProved(oauth.PathToken, "clinic", form, used)
			require.Equal(t, http.StatusBadRequest, got.status, name)
			require.Equal(t, "invalid_dpop_proof", got.member("error"), name)
		}
		require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", refreshForm(tokens.member("refresh_token"))).status,
			"a proof that was refused ends nothing")

		used = s.resourceProof(key, token)
		require.Equal(t, http.StatusOK, s.userinfoProved("DPoP", token, used).status)
		got := s.userinfoProved("DPoP", token, used)
		require.Equal(t, http.StatusUnauthorized, got.status)
		require.Equal(t, "invalid_dpop_proof", got.member("error"))

		sameID := dpoptest.Claim("jti", "one for all")
		other := dpoptest.NewKey(t)
		require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", credentialsForm, sameID).status)
		require.Equal(t, http.StatusOK, s.tokensBy(other, "clinic", credentialsForm, sameID).status,
			"an id is of its key alone: nobody uses up that of another")
	})
}

func TestAttackDPoPReplayAsARace(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) { c.Policy.AccessToken = form })
			key := dpoptest.NewKey(t)
			tokens := s.boundTokens(key)
			token := tokens.member("access_token")
			for name, sent := range map[string]url.Values{
				"client_credentials": credentialsForm,
				"refresh":            refreshForm(tokens.member("refresh_token")),
			} {
				proof := s.proof(key, http.MethodPost, oauth.PathToken)
				answered := atOnce(func() reply { return s.postProved(oauth.PathToken, "clinic", sent, proof) })
				require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusBadRequest: 15}, answered, name)
			}
			proof := s.resourceProof(key, token)
			answered := atOnce(func() reply { return s.userinfoProved("DPoP", token, proof) })
			require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusUnauthorized: 15}, answered)
		}
	})
}

// A proof was made for another address or method, on a server of the attacker or elsewhere on this one.
func TestAttackDPoPProofOfAnotherRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		key := dpoptest.NewKey(t)
		token := s.boundTokens(key).member("access_token")
		port := s.server.URL[len("http://127.0.0.1"):]
		for name, with := range map[string]dpoptest.With{
			"another server":     dpoptest.Claim("htu", "https://evil.example"+oauth.PathToken),
			"another endpoint":   dpoptest.Claim("htu", s.server.URL+oauth.PathRevoke),
			"a slash more":       dpoptest.Claim("htu", s.server.URL+oauth.PathToken+"/"),
			"an encoded slash":   dpoptest.Claim("htu", s.server.URL+"/oauth2%2ftoken"),
			"another port":       dpoptest.Claim("htu", "http://127.0.0.1:1"+oauth.PathToken),
			"another scheme":     dpoptest.Claim("htu", "https"+s.server.URL[len("http"):]+oauth.PathToken),
			"a trailing dot":     dpoptest.Claim("htu", "http://127.0.0.1."+port+oauth.PathToken),
			"another method":     dpoptest.Claim("htm", http.MethodGet),
			"a method in a case": dpoptest.Claim("htm", "Post"),
		} {
			got := s.tokensBy(key, "clinic", credentialsForm, with)
			require.Equal(t, "invalid_dpop_proof", got.member("error"), name)
		}
		elsewhere := dpoptest.Claim("htu", s.server.URL+oauth.PathToken)
		got := s.userinfoProved("DPoP", token, s.resourceProof(key, token, elsewhere))
		require.Equal(t, http.StatusUnauthorized, got.status)
		require.Equal(t, "invalid_dpop_proof", got.member("error"))
		require.Equal(t, http.StatusOK, s.tokensBy(key, "clinic", credentialsForm,
			dpoptest.Claim("htu", s.server.URL+"/oauth2/%74oken?a=b#c")).status, "the same address in other letters")
	})
}

// A thief has a refresh token of a public client, and a key of their own.
func TestAttackDPoPProofOfAnotherKeyAtRefresh(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, refresh := range []string{storage.RefreshRotate, storage.RefreshReuse} {
			s := newStack(t, engine)
			s.client("app", func(c *storage.Client) { publicClient(c); c.Policy.Refresh = refresh })
			owner, thief := dpoptest.NewKey(t), dpoptest.NewKey(t)
			form := exchangeForm(s.browser().code(challenged(request("app", "openid offline_access"))))
			form.Set("client_id", "app")
			form.Set("code_verifier", verifier)
			stolen := refreshForm(s.tokensBy(owner, "", form).member("refresh_token"))
			stolen.Set("client_id", "app")
			require.Equal(t, "invalid_grant", s.tokensBy(thief, "", stolen).member("error"))
			require.Equal(t, "invalid_grant", s.post(oauth.PathToken, "", stolen).member("error"))
			lying := dpoptest.HeaderMember("jwk", owner.JWK())
			require.Equal(t, "invalid_dpop_proof", s.tokensBy(thief, "", stolen, lying).member("error"),
				"the owner's key in the header, and the thief's signature")
			require.Equal(t, http.StatusOK, s.tokensBy(owner, "", stolen).status, "the owner is not harmed")
		}
	})
}

// Somebody who had a device for a moment has made proofs for later.
func TestAttackDPoPProofsMadeBeforehand(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, requireDPoPNonce)
		s.client("clinic", nil)
		key := dpoptest.NewKey(t)
		nonce := s.tokensBy(key, "clinic", credentialsForm).header.Get("DPoP-Nonce")
		later := s.clock.Now().Add(10 * time.Minute)
		made := key.Proof(http.MethodPost, s.server.URL+oauth.PathToken, later, dpoptest.Claim("nonce", nonce))
		withoutNonce := key.Proof(http.MethodPost, s.server.URL+oauth.PathToken, later)
		require.Equal(t, "invalid_dpop_proof", s.postProved(oauth.PathToken, "clinic", credentialsForm, made).member("error"),
			"its time has not come")
		s.clock.Advance(10 * time.Minute)
		for _, proof := range []string{made, withoutNonce} {
			got := s.postProved(oauth.PathToken, "clinic", credentialsForm, proof)
			require.Equal(t, "use_dpop_nonce", got.member("error"), "nobody knew the nonce of now")
		}
	})
}

// The checks of a header are in package dpop; here it is that each endpoint makes them.
func TestAttackDPoPProofThatAnybodyCanMake(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		key := dpoptest.NewKey(t)
		token := s.boundTokens(key).member("access_token")
		symmetric := map[string]any{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}
		for name, with := range map[string]dpoptest.With{
			"alg none":            dpoptest.HeaderMember("alg", "none"),
			"alg HS256":           func(c *dpoptest.Content) { c.Header["alg"], c.Header["jwk"] = "HS256", symmetric },
			"alg RS256":           dpoptest.HeaderMember("alg", "RS256"),
			"a private key":       dpoptest.HeaderMember("jwk", key.PrivateJWK()),
			"no key":              dpoptest.HeaderMember("jwk", nil),
			"a key of the server": dpoptest.HeaderMember("jwk", dpoptest.NewKey(t).JWK()),
		} {
			got := s.tokensBy(key, "clinic", credentialsForm, with)
			require.Equal(t, http.StatusBadRequest, got.status, name)
			require.Equal(t, "invalid_dpop_proof", got.member("error"), name)
			got = s.userinfoProved("DPoP", token, s.resourceProof(key, token, with))
			require.Equal(t, http.StatusUnauthorized, got.status, name)
			require.Equal(t, "invalid_dpop_proof", got.member("error"), name)
		}
		twice := s.userinfoProved("DPoP", token, s.resourceProof(key, token), s.resourceProof(key, token))
		require.Equal(t, "invalid_dpop_proof", twice.member("error"))
	})
}

// A thief has an access token, and not its key.
func TestAttackBoundAccessTokenWithoutItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) { c.Policy.AccessToken = form })
			key, thief := dpoptest.NewKey(t), dpoptest.NewKey(t)
			token, another := s.boundTokens(key).member("access_token"), s.boundTokens(key).member("access_token")
			unbound := s.redeem("clinic", s.browser().code(request("clinic", "openid"))).member("access_token")
			for name, got := range map[string]reply{
				"as a bearer token":              s.userinfo(token),
				"as a bearer token with a proof": s.userinfoProved("Bearer", token, s.resourceProof(key, token)),
				"in the body":                    s.post(oauth.PathUserinfo, "", url.Values{"access_token": {token}}),
				"without a proof":                s.userinfoProved("DPoP", token),
				"with another key":               s.userinfoProved("DPoP", token, s.resourceProof(thief, token)),
				"with a proof of no token": s.userinfoProved("DPoP", token,
					s.resourceProof(key, token, dpoptest.Claim("ath", nil))),
				"with a proof of another token": s.userinfoProved("DPoP", token, s.resourceProof(key, another)),
				"a bearer token with a proof":   s.userinfoProved("DPoP", unbound, s.resourceProof(key, unbound)),
			} {
				require.Equal(t, http.StatusUnauthorized, got.status, name)
				require.Contains(t, []string{"invalid_token", "invalid_dpop_proof"}, got.member("error"), name)
				require.NotContains(t, got.raw, "sub", name)
			}
			require.Equal(t, http.StatusOK, s.userinfoProved("DPoP", token, s.resourceProof(key, token)).status)
			require.Equal(t, http.StatusOK, s.userinfoProved("Bearer", unbound, "anything").status,
				"beside a bearer token a proof does not count")
			_, err := s.provider.SessionTokens().Find(t.Context(), token)
			require.Error(t, err, "nor at the login API")
		}
	})
}
