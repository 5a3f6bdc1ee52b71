package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	recordsAPI = "https://records.example/api"
	billingAPI = "https://billing.example/api?v=2"
)

// resource registers a resource.
func (s *stack) resource(identifier string, change func(*storage.Resource)) {
	s.t.Helper()
	r := storage.Resource{Identifier: identifier, TitleUkrainian: "Медичні записи", TitleEnglish: "Medical records"}
	if change != nil {
		change(&r)
	}
	require.NoError(s.t, s.store.PutResource(s.t.Context(), r))
}

// forResources lets a client ask for resources; the first is its default.
func forResources(identifiers ...string) func(*storage.Client) {
	return func(c *storage.Client) { c.Metadata.Audience = identifiers }
}

// naming adds resources to the parameters of a request.
func naming(parameters url.Values, identifiers ...string) url.Values {
	parameters["resource"] = append(parameters["resource"], identifiers...)
	return parameters
}

// audienceIn is what introspection by the client itself says of a token.
func (s *stack) audienceIn(id string, answer reply) any {
	s.t.Helper()
	require.Equal(s.t, http.StatusOK, answer.status, answer.raw)
	seen := s.post(oauth.PathIntrospect, id, url.Values{"token": {answer.member("access_token")}})
	require.Equal(s.t, true, seen.body["active"], seen.raw)
	if strings.Count(answer.member("access_token"), ".") == 2 {
		require.Equal(s.t, seen.body["aud"], claimsOf(s.t, answer.member("access_token"))["aud"])
	}
	return seen.body["aud"]
}

func TestAnAccessTokenIsForTheResourcesThatWereRequested(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) {
				forResources(recordsAPI, billingAPI)(c)
				c.Policy.AccessToken = form
			})
			b := s.browser()
			both := naming(request("clinic", "openid offline_access"), recordsAPI, billingAPI, recordsAPI)
			require.Equal(t, []any{recordsAPI, billingAPI}, s.audienceIn("clinic", s.redeem("clinic", b.code(both))))
			one := naming(request("clinic", "openid"), billingAPI)
			require.Equal(t, billingAPI, s.audienceIn("clinic", s.redeem("clinic", b.code(one))))
			pushedOne := pushed("clinic", s.push("clinic", naming(request("clinic", "openid"), billingAPI)))
			require.Equal(t, billingAPI, s.audienceIn("clinic", s.redeem("clinic", b.code(pushedOne))))
			own := s.post(oauth.PathToken, "clinic", naming(url.Values{"grant_type": {"client_credentials"}}, billingAPI))
			require.Equal(t, billingAPI, s.audienceIn("clinic", own))
		}
	})
}

func TestResourceAndAudienceNameOneSetOfResources(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", forResources(recordsAPI, billingAPI))
		asked := naming(request("clinic", "openid"), billingAPI)
		asked["audience"] = []string{recordsAPI}
		require.Equal(t, []any{recordsAPI, billingAPI},
			s.audienceIn("clinic", s.redeem("clinic", s.browser().code(asked))))
		own := naming(url.Values{"grant_type": {"client_credentials"}, "audience": {recordsAPI}}, billingAPI)
		require.Equal(t, []any{recordsAPI, billingAPI}, s.audienceIn("clinic", s.post(oauth.PathToken, "clinic", own)))
	})
}

func TestATokenRequestNarrowsTheResourcesAndARefreshKeepsWhatWasGranted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) {
				forResources(recordsAPI, billingAPI)(c)
				c.Policy.AccessToken = form
			})
			code := s.browser().code(naming(request("clinic", "openid offline_access"), recordsAPI, billingAPI))
			tokens := s.post(oauth.PathToken, "clinic", naming(exchangeForm(code), billingAPI))
			require.Equal(t, billingAPI, s.audienceIn("clinic", tokens))
			refreshed := s.post(oauth.PathToken, "clinic", naming(refreshForm(tokens.member("refresh_token")), recordsAPI))
			require.Equal(t, recordsAPI, s.audienceIn("clinic", refreshed))
			whole := s.refresh("clinic", refreshed.member("refresh_token"))
			require.Equal(t, []any{recordsAPI, billingAPI}, s.audienceIn("clinic", whole))
		}
	})
}

func TestAnOpenResourceIsForEveryClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.resource(recordsAPI, func(r *storage.Resource) { r.IsOpen = true })
		s.resource(billingAPI, nil)
		own := url.Values{"grant_type": {"client_credentials"}}
		require.Equal(t, recordsAPI, s.audienceIn("clinic", s.post(oauth.PathToken, "clinic", naming(own, recordsAPI))))
		refused := s.browser().authorize(naming(request("clinic", "openid"), billingAPI))
		require.Equal(t, "invalid_target", refused.parameters().Get("error"))
		require.Equal(t, "s-1", refused.parameters().Get("state"))

		s.resource(recordsAPI, nil) // it is closed again
		require.Equal(t, "invalid_target", s.post(oauth.PathToken, "clinic", own).member("error"))
	})
}

func TestAResourceSaysScopeFormAndLifetimeOfItsTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", forResources(recordsAPI, billingAPI))
		s.resource(recordsAPI, func(r *storage.Resource) {
			r.Scope, r.AccessTokenFormat = []string{"patients:view"}, storage.AccessTokenOpaque
			r.AccessLifetime = 5 * time.Minute
		})
		s.resource(billingAPI, func(r *storage.Resource) { r.AccessLifetime = 48 * time.Hour })
		b := s.browser()
		code := b.code(naming(request("clinic", "openid offline_access patients:view"), recordsAPI, billingAPI))
		tokens := s.post(oauth.PathToken, "clinic", naming(exchangeForm(code), recordsAPI))
		require.Equal(t, recordsAPI, s.audienceIn("clinic", tokens))
		require.NotContains(t, tokens.member("access_token"), ".", "opaque")
		require.Equal(t, "patients:view", tokens.member("scope"))
		require.EqualValues(t, 300, tokens.body["expires_in"])
		require.NotEmpty(t, tokens.member("id_token"), "which is about the sign-in and not for the resource")
		seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {tokens.member("access_token")}})
		require.Equal(t, "patients:view", seen.body["scope"])
		s.clock.Advance(5 * time.Minute)
		seen = s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {tokens.member("access_token")}})
		require.Equal(t, false, seen.body["active"])

		billed := s.post(oauth.PathToken, "clinic", naming(refreshForm(tokens.member("refresh_token")), billingAPI))
		require.Equal(t, billingAPI, s.audienceIn("clinic", billed))
		require.Contains(t, billed.member("access_token"), ".", "as the client's policy says")
		require.Equal(t, "openid offline_access patients:view", billed.member("scope"))
		require.EqualValues(t, 3600, billed.body["expires_in"], "never longer than the client's policy says")
	})
}

func TestAResourceIntrospectsTheTokensThatAreForIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", forResources(recordsAPI, billingAPI))
		s.client("records-api", nil)
		s.resource(recordsAPI, func(r *storage.Resource) { r.ClientID = "records-api" })
		code := s.browser().code(naming(request("clinic", "openid offline_access"), recordsAPI, billingAPI))
		tokens := s.post(oauth.PathToken, "clinic", naming(exchangeForm(code), recordsAPI))
		introspect := func(token string) any {
			return s.post(oauth.PathIntrospect, "records-api", url.Values{"token": {token}}).body["active"]
		}
		require.Equal(t, true, introspect(tokens.member("access_token")))
		require.Equal(t, false, introspect(tokens.member("refresh_token")), "which is for the client alone")
		billed := s.post(oauth.PathToken, "clinic", naming(refreshForm(tokens.member("refresh_token")), billingAPI))
		require.Equal(t, false, introspect(billed.member("access_token")), "it is for another resource")
	})
}

func TestAResourceIntrospectsOpaqueTokensThatAreForItByDefault(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		for client, identifiers := range map[string][]string{"clinic": {recordsAPI, billingAPI}, "pharmacy": {billingAPI}} {
			s.client(client, func(c *storage.Client) {
				c.Metadata.Audience, c.Policy.AccessToken = identifiers, storage.AccessTokenOpaque
			})
		}
		s.client("records-api", nil)
		s.resource(recordsAPI, func(r *storage.Resource) { r.ClientID = "records-api" })
		for client, active := range map[string]bool{"clinic": true, "pharmacy": false} {
			token := s.redeem(client, s.browser().code(request(client, "openid"))).member("access_token")
			require.NotContains(t, token, ".", "opaque")
			seen := s.post(oauth.PathIntrospect, "records-api", url.Values{"token": {token}})
			require.Equal(t, active, seen.body["active"], client)
		}
	})
}

func TestWhatTheDefaultResourceSaysHoldsWithoutAName(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.resource(s.server.URL, func(r *storage.Resource) {
			r.AccessTokenFormat, r.AccessLifetime = storage.AccessTokenOpaque, 5*time.Minute
		})
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid")))
		require.NotContains(t, tokens.member("access_token"), ".", "opaque")
		require.EqualValues(t, 300, tokens.body["expires_in"])
	})
}

func TestTheConsentPageSaysWhichResourcesTheAccessIsFor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", forResources(recordsAPI, billingAPI))
		s.resource(recordsAPI, nil)
		b := s.browser()
		p := b.signIn(b.authorize(naming(request("clinic", "openid"), recordsAPI, billingAPI)))
		require.Equal(t, "/login/consent", p.url.Path)
		require.Contains(t, p.body, "Доступ до: <strong><bdi>Медичні записи</bdi></strong>")
		require.Contains(t, p.body, "Доступ до: <strong><bdi>"+billingAPI+"</bdi></strong>")
	})
}

func TestAttackResourceThatIsNotRegisteredOrOfAnotherClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", forResources(recordsAPI))
		s.client("pharmacy", forResources(billingAPI))
		s.resource(billingAPI, nil)
		b := s.browser()
		long := recordsAPI + strings.Repeat("x", storage.MaximumResource)
		for _, identifier := range []string{
			billingAPI, "https://nobody.example", recordsAPI + "/", recordsAPI + "#fragment", "/api", "records", "https://",
			"https://records.example/<b>", long, s.server.URL, strings.ToUpper(recordsAPI), "javascript:alert(1)",
		} {
			refused := b.authorize(naming(request("clinic", "openid"), identifier))
			require.NotNil(t, refused.location, identifier)
			require.Equal(t, "invalid_target", refused.parameters().Get("error"), identifier)
			beside := b.authorize(naming(request("clinic", "openid"), recordsAPI, identifier))
			require.Equal(t, "invalid_target", beside.parameters().Get("error"), identifier)
			pushed := s.post(oauth.PathPushedRequest, "clinic", naming(request("clinic", "openid"), identifier))
			require.Equal(t, http.StatusBadRequest, pushed.status, identifier)
			require.Equal(t, "invalid_target", pushed.member("error"), identifier)
			own := s.post(oauth.PathToken, "clinic", naming(url.Values{"grant_type": {"client_credentials"}}, identifier))
			require.Equal(t, http.StatusBadRequest, own.status, identifier)
			require.Equal(t, "invalid_target", own.member("error"), identifier)
		}
		many := request("clinic", "openid")
		for range 11 {
			naming(many, recordsAPI)
		}
		require.Equal(t, "invalid_target", b.authorize(many).parameters().Get("error"), "there are too many")
	})
}

func TestAttackWideningOfResourcesAtTheTokenEndpoint(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		client := s.client("clinic", forResources(recordsAPI, billingAPI))
		b := s.browser()
		granted := naming(request("clinic", "openid offline_access"), recordsAPI)
		refusedBy := func(form url.Values) {
			t.Helper()
			got := s.post(oauth.PathToken, "clinic", form)
			require.Equal(t, "invalid_target", got.member("error"), got.raw)
		}
		code := b.code(granted)
		refusedBy(naming(exchangeForm(code), billingAPI))
		refusedBy(naming(exchangeForm(code), recordsAPI, billingAPI))
		widened := exchangeForm(code)
		widened.Set("audience", billingAPI)
		tokens := s.post(oauth.PathToken, "clinic", widened)
		require.Equal(t, recordsAPI, s.audienceIn("clinic", tokens), "the parameter audience widens nothing")
		refusedBy(naming(refreshForm(tokens.member("refresh_token")), billingAPI))
		refusedBy(naming(refreshForm(tokens.member("refresh_token")), recordsAPI, billingAPI))

		// A grant for the default is one for the default.
		tokens = s.redeem("clinic", b.code(request("clinic", "openid offline_access")))
		refusedBy(naming(refreshForm(tokens.member("refresh_token")), billingAPI))
		refreshed := s.post(oauth.PathToken, "clinic", naming(refreshForm(tokens.member("refresh_token")), recordsAPI))
		require.Equal(t, recordsAPI, s.audienceIn("clinic", refreshed))

		// A client that lost what was granted gets a token for nothing else.
		code = b.code(granted)
		tokens = s.redeem("clinic", b.code(granted))
		lost := *client
		lost.Metadata.Audience = []string{billingAPI}
		require.NoError(t, s.store.UpdateClient(t.Context(), lost))
		refusedBy(exchangeForm(code))
		refusedBy(refreshForm(tokens.member("refresh_token")))
	})
}

func TestAttackResourcesBesideAPushedRequestOrARequestObject(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", forResources(recordsAPI, billingAPI))
		outer := naming(pushed("clinic", s.push("clinic", naming(request("clinic", "openid"), recordsAPI))), billingAPI)
		require.Equal(t, recordsAPI, s.audienceIn("clinic", s.redeem("clinic", s.browser().code(outer))))

		o := newRequestObjects(t, engine, forResources(recordsAPI, billingAPI))
		for _, typ := range []string{"oauth-authz-req+jwt", "jwt"} {
			object := o.signTyped(typ, map[string]any{
				"iss": "clinic", "aud": o.server.URL, "client_id": "clinic", "response_type": "code", "scope": "openid",
				"redirect_uri": redirectURI, "state": "s-2", "resource": []string{recordsAPI},
			})
			code := o.requireCode(typ, redirectURI, "s-2", naming(outside(object), billingAPI))
			require.Equal(t, recordsAPI, o.audienceIn("clinic", o.redeem("clinic", code)))
		}
	})
}

func TestAnAuthorizationResponseSaysTheScopeOfATokenThatHasLess(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		s.client("clinic", func(c *storage.Client) {
			hybrid(c)
			c.Metadata.Audience = []string{recordsAPI}
		})
		s.resource(recordsAPI, func(r *storage.Resource) { r.Scope = []string{"patients:view"} })
		answered := s.browser().approved(naming(requestOf("code token", "clinic", "openid patients:view"), recordsAPI))
		require.NotEmpty(t, answered.Get("access_token"))
		require.Equal(t, "patients:view", answered.Get("scope"))
	})
}
