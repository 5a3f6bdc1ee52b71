package provider_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// push pushes a request as a client with its secret, and returns the request_uri.
func (s *stack) push(id string, parameters url.Values) string {
	got := s.post(oauth.PathPushedRequest, id, parameters)
	require.Equal(s.t, http.StatusCreated, got.status, got.raw)
	require.Contains(s.t, got.member("request_uri"), pushedURI)
	return got.member("request_uri")
}

// pushed is what a browser brings to the authorization endpoint for a request that was pushed.
func pushed(clientID, uri string) url.Values {
	return url.Values{"client_id": {clientID}, "request_uri": {uri}}
}

func mustPush(c *storage.Client) { c.Metadata.RequirePushedAuthorizationRequests = true }

// requireOver demands the page that a pushed request can't be answered any more.
func (b *browser) requireOver(p page) {
	t := b.stack.t
	t.Helper()
	require.Nil(t, p.location, "nothing goes to the client")
	require.Equal(t, http.StatusBadRequest, p.status, p.body)
	require.Contains(t, p.body, "invalid_request_uri")
	require.Contains(t, p.body, "На цей запит застосунку вже надано відповідь, або час на неї минув.")
}

func TestAPushedRequestIsAnsweredAsIfTheBrowserHadBroughtIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", mustPush)
		got := s.post(oauth.PathPushedRequest, "clinic", sending(request("clinic", "openid profile"), "nonce", "n-1"))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, "no-store", got.header.Get("Cache-Control"))
		require.Equal(t, "application/json", got.header.Get("Content-Type"))
		require.EqualValues(t, 90, got.body["expires_in"])
		require.Len(t, got.body, 2)

		b := s.browser()
		p := b.decide(b.signIn(b.authorize(pushed("clinic", got.member("request_uri")))), "accept")
		require.True(t, strings.HasPrefix(p.location.String(), redirectURI+"?"), p.location.String())
		require.Equal(t, "s-1", p.location.Query().Get("state"))
		require.Equal(t, s.server.URL, p.location.Query().Get("iss"))
		tokens := s.redeem("clinic", p.location.Query().Get("code"))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "openid profile", tokens.member("scope"))
		require.Equal(t, "n-1", claimsOf(t, tokens.member("id_token"))["nonce"])
	})
}

func TestAPushedRequestStaysUntilItIsAnswered(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		parameters := pushed("clinic", s.push("clinic", request("clinic", "openid")))
		b.authorize(parameters)
		p := b.authorize(parameters) // the page is loaded again
		require.Equal(t, "/login/sign-in", p.url.Path)
		s.clock.Advance(25 * time.Minute) // a slow person: the request was begun in time
		require.Equal(t, "/login/sign-in", b.get(p.url.String()).url.Path, "the page of the sign-in, once more")
		p = b.signIn(p)
		require.Equal(t, "/login/consent", p.url.Path, p.body)
		require.Equal(t, "/login/consent", b.get(p.url.String()).url.Path, "and that of the consent")
		p = b.decide(p, "accept")
		require.NotNil(t, p.location, p.body)
		require.NotEmpty(t, p.location.Query().Get("code"), p.location.String())
	})
}

func TestAPushedRequestIsAnsweredOnceWithConsentOrRefusal(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for name, decision := range map[string]string{"consent": "accept", "refusal": "deny"} {
			t.Run(name, func(t *testing.T) {
				s := newStack(t, engine)
				s.client("clinic", nil)
				parameters := pushed("clinic", s.push("clinic", request("clinic", "openid")))
				b, slow := s.browser(), s.browser()
				asked := slow.signIn(slow.authorize(parameters))
				p := b.decide(b.signIn(b.authorize(parameters)), decision)
				require.NotNil(t, p.location, p.body)
				b.requireOver(b.authorize(parameters))
				s.browser().requireOver(s.browser().authorize(parameters))
				slow.requireOver(slow.decide(asked, "accept"))
				slow.requireOver(slow.decide(asked, "deny"))
			})
		}
	})
}

func TestOneOfManyAnswersToAPushedRequestGetsACode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid")) // signed in, and consented for ever
		address := s.server.URL + oauth.PathAuthorize + "?" +
			pushed("clinic", s.push("clinic", request("clinic", "openid"))).Encode()
		codes := make(chan string, 20)
		for range cap(codes) {
			go func() {
				r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
				code := ""
				if err == nil {
					var response *http.Response
					if response, err = b.http.Do(r); err == nil {
						_ = response.Body.Close()
						if location, err := response.Location(); err == nil {
							code = location.Query().Get("code")
						}
					}
				}
				codes <- code
			}()
		}
		issued := 0
		for range cap(codes) {
			if <-codes != "" {
				issued++
			}
		}
		require.Equal(t, 1, issued)
	})
}

func TestAnErrorThatOthersCanCauseDoesNotUseAPushedRequestUp(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		parameters := pushed("clinic", s.push("clinic", sending(request("clinic", "openid"), "prompt", "none")))
		stranger := s.browser().authorize(parameters)
		require.Equal(t, "login_required", stranger.location.Query().Get("error"))
		require.NotEmpty(t, b.authorize(parameters).location.Query().Get("code"))
	})
}

func TestAPushedRequestExpires(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, func(o *provider.Options) { o.PushedRequests.Lifetime = 10 * time.Minute })
		s.client("clinic", nil)
		b := s.browser()
		parameters := pushed("clinic", s.push("clinic", request("clinic", "openid")))
		s.clock.Advance(10*time.Minute - time.Second)
		require.Equal(t, "/login/sign-in", b.authorize(parameters).url.Path)
		s.clock.Advance(time.Second)
		b.requireOver(b.authorize(parameters))
		_, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 10})
		require.NoError(t, err)
		b.requireOver(b.authorize(parameters))
	})
}

// The client that has pushed a request is the only one that it is answered for, and no other can use it up.
func TestAttackPushedRequestOfAnotherClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("thief", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		b.code(request("thief", "openid"))
		uri := s.push("clinic", request("clinic", "openid"))
		b.requireOver(b.authorize(pushed("thief", uri)))
		missing := b.authorize(url.Values{"request_uri": {uri}})
		require.Nil(t, missing.location)
		require.Equal(t, http.StatusBadRequest, missing.status)
		require.NotEmpty(t, b.authorize(pushed("clinic", uri)).location.Query().Get("code"), "it is good as before")

		foreign := s.post(oauth.PathPushedRequest, "thief", request("clinic", "openid"))
		require.Equal(t, http.StatusUnauthorized, foreign.status, foreign.raw)
		require.Equal(t, "invalid_client", foreign.member("error"), "another client_id in the body")
		within := s.post(oauth.PathPushedRequest, "thief", sending(request("thief", "openid"), "request_uri", uri))
		require.Equal(t, http.StatusBadRequest, within.status, within.raw)
		require.Equal(t, "invalid_request", within.member("error"), "another client's request_uri in the body")
	})
}

// Whoever sees a request_uri can open it in a browser of their own. That does not keep the person from answering it.
func TestAttackPushedRequestBurntByAnotherBrowser(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		parameters := pushed("clinic", s.push("clinic", request("clinic", "openid")))
		b, thief := s.browser(), s.browser()
		waiting := b.authorize(parameters)
		for range 3 {
			require.Equal(t, "/login/sign-in", thief.authorize(parameters).url.Path)
		}
		foreign := thief.get(waiting.url.String())
		require.Equal(t, http.StatusBadRequest, foreign.status, "the page of another browser")
		require.NotEmpty(t, b.decide(b.signIn(waiting), "accept").location.Query().Get("code"))
	})
}

// Nothing that stands in the address beside the request_uri counts, wherever the person comes back from.
func TestAttackParametersBesideAPushedRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) {
			c.Connections[0].RedirectURIs = []string{redirectURI, otherURI}
		})
		smuggled := func() url.Values {
			parameters := pushed("clinic", s.push("clinic", request("clinic", "openid")))
			for name, value := range map[string]string{
				"redirect_uri": otherURI, "scope": "openid profile patients:view", "state": "smuggled", "nonce": "smuggled",
				"prompt": "none", "max_age": "0", "response_type": "token", "response_mode": "fragment",
				"claims": `{"userinfo":{"email":{"essential":true}}}`, "code_challenge": "smuggled", "acr_values": "phr",
				"request": "x.y.z", "id_token_hint": "smuggled", "login_hint": "smuggled", "dpop_jkt": "smuggled",
			} {
				parameters.Set(name, value)
			}
			return parameters
		}
		b := s.browser()
		signIn := b.authorize(smuggled())
		require.Equal(t, "/login/sign-in", signIn.url.Path, signIn.body)
		require.NotContains(t, signIn.body, "smuggled")
		p := b.decide(b.signIn(signIn), "accept")
		for name, p := range map[string]page{"through the pages": p, "at once": b.authorize(smuggled())} {
			require.NotNil(t, p.location, "%s: %s", name, p.body)
			require.True(t, strings.HasPrefix(p.location.String(), redirectURI+"?"), p.location.String())
			require.Equal(t, "s-1", p.location.Query().Get("state"))
			tokens := s.redeem("clinic", p.location.Query().Get("code"))
			require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
			require.Equal(t, "openid", tokens.member("scope"))
			require.NotContains(t, claimsOf(t, tokens.member("id_token")), "nonce")
		}
		malformed := b.get(s.server.URL + oauth.PathAuthorize + "?" + smuggled().Encode() + "&nonce=twice")
		require.Nil(t, malformed.location, "an error of what does not count is no answer to the client")
		posted := b.post(s.server.URL+oauth.PathAuthorize, smuggled())
		require.Equal(t, "s-1", posted.location.Query().Get("state"), "by POST too")
	})
}

func TestAPushIsRefusedForWhatTheAuthorizationEndpointWouldRefuse(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Policy.RequirePKCE = true })
		good := func(changes ...string) url.Values {
			return sending(challenged(request("clinic", "openid")), changes...)
		}
		s.push("clinic", good())
		for name, c := range map[string]struct {
			error string
			form  url.Values
		}{
			"no redirect URI":               {"invalid_request", good("redirect_uri", "")},
			"an unregistered redirect URI":  {"invalid_request", good("redirect_uri", "https://evil.example/")},
			"no code_challenge":             {"invalid_request", good("code_challenge", "", "code_challenge_method", "")},
			"a plain code_challenge":        {"invalid_request", good("code_challenge_method", "plain")},
			"no response_type":              {"invalid_request", good("response_type", "")},
			"a response_type that is off":   {"unsupported_response_type", good("response_type", "code id_token")},
			"a response_mode of no meaning": {"unsupported_response_mode", good("response_mode", "pigeon")},
			"a scope of others":             {"invalid_scope", good("scope", "openid root")},
			"claims that are no JSON":       {"invalid_request", good("claims", "{")},
			"a prompt that is unknown":      {"invalid_request", good("prompt", "dance")},
			"a max_age of no number":        {"invalid_request", good("max_age", "soon")},
			"an acr that nobody reaches": {"unmet_authentication_requirements",
				good("claims", `{"id_token":{"acr":{"essential":true,"value":"moon"}}}`)},
			"a request_uri":              {"invalid_request", good("request_uri", pushedURI+"x")},
			"a request_uri on the web":   {"invalid_request", good("request_uri", "https://client.example/object")},
			"a broken request object":    {"invalid_request_object", good("request", "x.y.z")},
			"an id_token_hint of others": {"invalid_request", good("id_token_hint", "x.y.z")},
		} {
			got := s.post(oauth.PathPushedRequest, "clinic", c.form)
			require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.raw)
			require.Equal(t, c.error, got.member("error"), "%s: %s", name, got.raw)
			require.NotEmpty(t, got.member("error_description"), name)
			require.NotEmpty(t, got.member("request_id"), name)
		}
		twice := good()
		twice.Add("scope", "openid profile")
		require.Equal(t, "invalid_request", s.post(oauth.PathPushedRequest, "clinic", twice).member("error"))
		large := s.post(oauth.PathPushedRequest, "clinic", good("state", strings.Repeat("s", 64<<10)))
		require.Equal(t, http.StatusRequestEntityTooLarge, large.status)
	})
}

func TestAPushAuthenticatesTheClientAsTheTokenEndpointDoes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("app", func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone })
		a := newAssertionsOn(t, s)
		form := sending(request("clinic", "openid"), "client_secret", secret+"clinic")
		require.Equal(t, http.StatusCreated, s.post(oauth.PathPushedRequest, "", form).status, "the secret in the body")
		form.Set("client_secret", "wrong")
		wrong := s.post(oauth.PathPushedRequest, "", form)
		require.Equal(t, http.StatusUnauthorized, wrong.status)
		require.Equal(t, "invalid_client", wrong.member("error"))
		require.NotEmpty(t, wrong.header.Get("WWW-Authenticate"))
		require.Equal(t, http.StatusUnauthorized, s.post(oauth.PathPushedRequest, "", request("clinic", "openid")).status)

		public := s.post(oauth.PathPushedRequest, "", challenged(request("app", "openid")))
		require.Equal(t, http.StatusCreated, public.status, public.raw)

		signed := challenged(request("keyed", "openid"))
		signed.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		signed.Set("client_assertion", a.sign(t, a.key, jose.ES256, with(a.claims(), func(c *jwt.Claims) {
			c.Audience = jwt.Audience{s.server.URL + oauth.PathPushedRequest}
		})))
		require.Equal(t, http.StatusCreated, s.post(oauth.PathPushedRequest, "", signed).status)
		require.Equal(t, http.StatusUnauthorized, s.post(oauth.PathPushedRequest, "", signed).status, "used before")

		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			s.server.URL+oauth.PathPushedRequest+"?client_secret="+secret+"clinic",
			strings.NewReader(request("clinic", "openid").Encode()))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, http.StatusBadRequest, s.send(r).status, "never in the address")
	})
}

func TestAPushIsAPost(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		r, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+oauth.PathPushedRequest, nil)
		require.NoError(t, err)
		got := s.send(r)
		require.Equal(t, http.StatusMethodNotAllowed, got.status, method)
		require.Contains(t, got.header.Get("Allow"), http.MethodPost)
	}
}

func TestAPushedRequestLeavesNoSecretInTheDatabase(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		a := newAssertionsOn(t, s)
		uri := s.push("", sending(request("clinic", "openid"), "client_secret", secret+"clinic"))
		assertion := a.sign(t, a.key, jose.ES256, a.claims())
		s.push("", sending(challenged(request("keyed", "openid")), "client_assertion", assertion,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
		rows, err := s.store.SQL().QueryContext(t.Context(), `SELECT parameters, id FROM pushed_requests`)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var parameters string
			var id []byte
			require.NoError(t, rows.Scan(&parameters, &id))
			for _, opens := range []string{
				secret, assertion, "client_assertion", "client_secret",
				strings.TrimPrefix(uri, pushedURI),
			} {
				require.NotContains(t, parameters, opens)
				require.NotContains(t, string(id), opens)
			}
		}
		require.NoError(t, rows.Err())
	})
}

func TestAClientThatMustPushGetsNoAnswerToAPlainRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", mustPush)
		s.client("free", nil)
		b := s.browser()
		p := b.authorize(request("clinic", "openid"))
		require.Equal(t, "invalid_request", p.location.Query().Get("error"), p.location.String())
		require.Contains(t, p.location.Query().Get("error_description"), "must push")
		require.Equal(t, "/login/sign-in", b.authorize(request("free", "openid")).url.Path)

		all := newStack(t, engine, func(o *provider.Options) { o.PushedRequests.Required = true })
		all.client("clinic", nil)
		all.client("old", func(c *storage.Client) { c.Policy, _ = storage.NewPolicy(storage.PresetEHealth) })
		b = all.browser()
		require.Equal(t, "invalid_request", b.authorize(request("clinic", "openid")).location.Query().Get("error"))
		require.Equal(t, "/login/sign-in", b.authorize(request("old", "patients:view")).url.Path,
			"the legacy API knows no pushed requests")
		require.NotEmpty(t, b.code(pushed("clinic", all.push("clinic", request("clinic", "openid")))))
		metadata := all.discovered()
		require.Equal(t, true, metadata["require_pushed_authorization_requests"])
		require.Equal(t, all.server.URL+"/oauth2/par", metadata["pushed_authorization_request_endpoint"])
		require.Equal(t, false, s.discovered()["require_pushed_authorization_requests"])
	})
}

// A request object in a push is verified there, and what it says is what was pushed.
func TestARequestObjectIsPushed(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		o := newRequestObjects(t, engine, func(c *storage.Client) { c.Metadata.RequireSignedRequestObject = true })
		claims := map[string]any{
			"iss": "clinic", "aud": o.server.URL, "client_id": "clinic", "response_type": "code", "redirect_uri": otherURI,
			"scope": "openid", "state": "inner", "nonce": "n-inner", "max_age": 3600, "exp": o.clock.Now().Unix() + 60,
		}
		object := url.Values{"request": {o.signTyped("oauth-authz-req+jwt", claims)}, "state": {"outer"}, "nonce": {"outer"}}
		uri := o.push("clinic", object)
		o.clock.Advance(80 * time.Second) // the object has expired, and what was pushed has not
		o.requireCode("pushed", otherURI, "inner", pushed("clinic", uri))

		plain := o.post(oauth.PathPushedRequest, "clinic", request("clinic", "openid"))
		require.Equal(t, "invalid_request", plain.member("error"), plain.raw)
		claims["request_uri"] = uri
		nested := o.post(oauth.PathPushedRequest, "clinic", url.Values{"request": {o.sign(claims)}})
		require.Equal(t, "invalid_request_object", nested.member("error"), nested.raw)
		delete(claims, "request_uri")
		delete(claims, "redirect_uri")
		missing := o.post(oauth.PathPushedRequest, "clinic", url.Values{"request": {o.sign(claims)}})
		require.Equal(t, http.StatusBadRequest, missing.status, missing.raw)
		forged := signJWT(t, newKey(t), jose.ES256, withKID("k"), claims)
		require.Equal(t, "invalid_request_object",
			o.post(oauth.PathPushedRequest, "clinic", url.Values{"request": {forged}}).member("error"))
	})
}

func TestAConnectionPushesItsOwnRedirectURI(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", func(c *storage.Client) {
		second := *c.Connections[0]
		second.ID, second.RedirectURIs = s.store.NewID(), []string{otherURI}
		second.Secrets = []storage.ConnectionSecret{{ID: s.store.NewID(), Hash: storage.Hash(secret + "second")}}
		c.Connections = append(c.Connections, &second)
	})
	s.push("clinic", request("clinic", "openid"))
	foreign := s.post(oauth.PathPushedRequest, "clinic", sending(request("clinic", "openid"), "redirect_uri", otherURI))
	require.Equal(t, http.StatusBadRequest, foreign.status, foreign.raw)
	s.push("", sending(request("clinic", "openid"), "redirect_uri", otherURI, "client_secret", secret+"second"))
}

// Whoever knows the id of a public client could fill the database.
func TestAttackPushesOfAPublicClientAreBounded(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("app", publicClient)
		s.client("clinic", nil)
		large := strings.Repeat("s", 20<<10)
		require.Equal(t, http.StatusRequestEntityTooLarge, s.post(oauth.PathPushedRequest, "",
			challenged(sending(request("app", "openid"), "state", large))).status)
		require.Equal(t, http.StatusCreated, s.post(oauth.PathPushedRequest, "clinic",
			sending(request("clinic", "openid"), "state", large)).status)
		wrong := request("app", "openid") // without a challenge, which is refused and counts too
		var last reply
		for range 3601 {
			if last = s.post(oauth.PathPushedRequest, "", wrong); last.status == http.StatusTooManyRequests {
				break
			}
		}
		require.Equal(t, http.StatusTooManyRequests, last.status, last.raw)
		require.Equal(t, "1", last.header.Get("Retry-After"))
		require.Equal(t, http.StatusCreated, s.post(oauth.PathPushedRequest, "clinic", request("clinic", "openid")).status,
			"who authenticates is not limited")
		s.clock.Advance(time.Minute)
		require.Equal(t, http.StatusCreated,
			s.post(oauth.PathPushedRequest, "", challenged(request("app", "openid"))).status)
	})
}
