package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// refusesDetails demands that details are refused at the authorization endpoint and at a push.
func (s *stack) refusesDetails(name, list string) {
	s.t.Helper()
	pushed := s.post(oauth.PathPushedRequest, "clinic", detailed(request("clinic", "openid"), list))
	require.Equal(s.t, http.StatusBadRequest, pushed.status, "%s: %s", name, pushed.raw)
	require.Equal(s.t, "invalid_authorization_details", pushed.member("error"), "%s: %s", name, pushed.raw)
	p := s.browser().authorize(detailed(request("clinic", "openid"), list))
	require.NotNil(s.t, p.location, "%s: %s", name, p.body)
	require.Equal(s.t, "invalid_authorization_details", p.parameters().Get("error"), name)
	require.Empty(s.t, p.parameters().Get("code"), name)
}

func TestAttackAuthorizationDetailsOfAnUnknownTypeOrField(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		foreign := recordAccess
		foreign.Type = "of_another_client"
		require.NoError(t, s.store.PutDetailType(t.Context(), foreign))
		for name, list := range map[string]string{
			"unknown type":           `[{"type": "payment", "patient": "p", "actions": ["read"]}]`,
			"type of another client": `[{"type": "of_another_client", "patient": "p", "actions": ["read"]}]`,
			"type of other letters":  `[{"type": "Record_Access", "patient": "p", "actions": ["read"]}]`,
			"no type":                `[{"patient": "p", "actions": ["read"]}]`,
			"type that is a list":    `[{"type": ["record_access"], "patient": "p", "actions": ["read"]}]`,
			"unknown field":          detail("p", `"admin": true`),
			"unknown field within":   detail("p", `"fee": {"amount": 1, "to": "me"}`),
			"field of other letters": detail("p", `"Actions": ["write"]`, `"actions": ["read"]`),
			"missing field":          `[{"type": "record_access", "patient": "p"}]`,
			"unknown value":          detail("p", `"actions": ["read", "delete"]`),
			"value twice":            detail("p", `"actions": ["read", "read"]`),
			"no list":                detail("p", `"actions": "read"`),
			"empty list":             detail("p", `"actions": []`),
			"null":                   detail("p", `"urgent": null`),
			"text for a boolean":     detail("p", `"urgent": "true"`),
			"text for a number":      detail("p", `"fee": {"amount": "1"}`),
			"number with exponent":   detail("p", `"fee": {"amount": 1e9}`),
			"huge number":            detail("p", `"fee": {"amount": 1000000000000000000000}`),
			"text that is too long":  detail("p", `"fee": {"amount": 1, "currency": "HRYVNIA"}`),
			"object for a text":      `[{"type": "record_access", "patient": {"id": 1}, "actions": ["read"]}]`,
			"object, no list":        oneDetail("p"),
			"empty":                  `[]`,
			"list in a list":         `[[` + oneDetail("p") + `]]`,
			"no JSON":                `[{]`,
			"something behind":       detail("p") + ` []`,
			"a good and a bad one":   `[` + oneDetail("p") + `, {"type": "payment"}]`,
		} {
			s.refusesDetails(name, list)
		}
	})
}

func TestAttackAuthorizationDetailsWithAnObjectThatSaysNothing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		limited := recordAccess
		limited.Fields = append(slices.Clone(recordAccess.Fields), storage.DetailField{
			Name: "limit", TitleUkrainian: "Межа", TitleEnglish: "Limit", Kind: storage.DetailObject,
			Fields: []storage.DetailField{
				{Name: "days", TitleUkrainian: "Днів", TitleEnglish: "Days", Kind: storage.DetailNumber},
			},
		})
		require.NoError(t, s.store.PutDetailType(t.Context(), limited))
		s.refusesDetails("an object without a member", detail("p", `"limit": {}`))
	})
}

func TestAttackAuthorizationDetailsThatTwoReadersUnderstandDifferently(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		s.refusesDetails("member twice", detail("p-1", `"patient": "p-2"`))
		s.refusesDetails("member twice within", detail("p-1", `"fee": {"amount": 1, "amount": 2}`))
		s.refusesDetails("member twice by an escape", detail("p-1", `"pat\u0069ent": "p-2"`))
		twice := request("clinic", "openid")
		twice["authorization_details"] = []string{detail("p-1"), detail("p-2")}
		require.Equal(t, "invalid_request", s.post(oauth.PathPushedRequest, "clinic", twice).member("error"))
		require.Equal(t, "invalid_request", s.browser().authorize(twice).parameters().Get("error"))
		tokens := s.redeem("clinic", s.browser().code(detailed(request("clinic", "openid offline_access"), detail("p-1"))))
		form := refreshForm(tokens.member("refresh_token"))
		form["authorization_details"] = twice["authorization_details"]
		require.Equal(t, "invalid_request", s.post(oauth.PathToken, "clinic", form).member("error"))
	})
}

func TestAttackBombsOfAuthorizationDetails(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		s.refusesDetails("bytes", detail(strings.Repeat("x", 5000)))
		s.refusesDetails("a long text", detail(strings.Repeat("x", 201)))
		s.refusesDetails("objects", `[`+strings.Repeat(oneDetail("p")+`,`, 10)+oneDetail("p")+`]`)
		s.refusesDetails("depth of lists", strings.Repeat(`[`, 2000)+strings.Repeat(`]`, 2000))
		s.refusesDetails("depth of objects",
			detail("p", `"fee": `+strings.Repeat(`{"a":`, 300)+`1`+strings.Repeat(`}`, 300)))
		s.refusesDetails("elements",
			detail("p", `"locations": [`+strings.Repeat(`"https://a.example",`, 30)+`"https://b.example"]`))
		s.refusesDetails("digits", detail("p", `"fee": {"amount": `+strings.Repeat("9", 3000)+`}`))
	})
}

func TestAttackMarkupAndInvisibleCharactersInAuthorizationDetails(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		b := s.browser()
		markup := `</bdi></dd></dl><script>alert(1)</script><input name=decision value=accept>{{.Request}}`
		p := b.signIn(b.authorize(detailed(request("clinic", "openid"), detail(markup))))
		require.Equal(t, "/login/consent", p.url.Path)
		require.NotContains(t, p.body, "<script>alert")
		require.NotContains(t, p.body, "<input name=decision")
		require.Contains(t, p.body, "&lt;script&gt;alert(1)&lt;/script&gt;")
		require.Contains(t, p.body, "{{.Request}}")
		for name, invisible := range map[string]string{
			"turned writing": `p\u202egnp`, "isolate": `p\u2066x`, "no width": `p\u200bx`, "line": `p\nx`, "NUL": `p\u0000x`,
			"separator": `p\u2028x`, "half a pair": `p\ud800x`,
		} {
			s.refusesDetails(name, detail(invisible))
		}
	})
}

func TestAttackAuthorizationDetailsSwappedAfterConsent(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		b := s.browser()
		small := detail("p-1", `"actions": ["read"]`)
		large := detail("p-2")
		consent := func(list string) page {
			p := b.authorize(detailed(request("clinic", "openid"), list))
			if p.url.Path == "/login/sign-in" {
				signInPage := p
				// The sealed request of the page before is none that a consent page has shown.
				p = b.signIn(p)
				skipped := b.post(s.server.URL+"/login/consent", url.Values{
					"request": {signInPage.request(t)}, "decision": {login.DecisionAccept},
				})
				require.Nil(t, skipped.location, "the consent page comes first")
				require.Equal(t, "/login/consent", skipped.url.Path)
			}
			require.Equal(t, "/login/consent", p.url.Path)
			return p
		}
		first := consent(large)
		require.Contains(t, first.body, "p-2")

		// Each page answers for what it showed: what is sealed into it wins over anything in the form beside it.
		shown := consent(small)
		answer := b.post(s.server.URL+"/login/consent?authorization_details="+url.QueryEscape(large), url.Values{
			"request": {shown.request(t)}, "decision": {login.DecisionAccept}, "authorization_details": {large},
		})
		s.requireDetails(small, s.redeem("clinic", answer.parameters().Get("code")))

		// The words of the type changed meanwhile: the person sees the page once more.
		shown = consent(small)
		renamed := recordAccess
		renamed.TitleUkrainian = "Перегляд розкладу"
		require.NoError(t, s.store.PutDetailType(t.Context(), renamed))
		again := b.decide(shown, login.DecisionAccept)
		require.Nil(t, again.location, "nothing was agreed to")
		require.Contains(t, again.body, "Перегляд розкладу")

		// What the browser brings beside a pushed request does not count.
		outer := detailed(pushed("clinic", s.push("clinic", detailed(request("clinic", "openid"), small))), large)
		p := b.authorize(outer)
		require.NotContains(t, p.body, "p-2")
		s.requireDetails(small, s.redeem("clinic", b.decide(p, login.DecisionAccept).parameters().Get("code")))
	})
}

func TestAttackAuthorizationDetailsBesideARequestObject(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		o := newRequestObjects(t, engine, func(c *storage.Client) {
			c.Metadata.AuthorizationDetailsTypes = []string{recordAccess.Type}
			c.Metadata.RequireSignedRequestObject = true
		})
		require.NoError(t, o.store.PutDetailType(t.Context(), recordAccess))
		object := o.sign(map[string]any{
			"iss": "clinic", "aud": o.server.URL, "client_id": "clinic", "response_type": "code", "scope": "openid",
			"redirect_uri": redirectURI, "state": "s-2",
		})
		code := o.requireCode("outside", redirectURI, "s-2", detailed(outside(object), detail("p-1")))
		require.NotContains(t, o.redeem("clinic", code).body, "authorization_details")
		asText := o.sign(map[string]any{
			"iss": "clinic", "aud": o.server.URL, "client_id": "clinic", "response_type": "code", "scope": "openid",
			"redirect_uri": redirectURI, "state": "s-2", "authorization_details": detail("p-1"),
		})
		refused := o.browser().authorize(outside(asText))
		require.Equal(t, "invalid_request_object", refused.parameters().Get("error"), "a text, where a list is meant")
	})
}

func TestAttackWideningOfAuthorizationDetailsAtTheTokenEndpoint(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		b := s.browser()
		const read, fee = `"actions": ["read"]`, `"fee": {"amount": 10.00, "currency": "UAH"}`
		const calm = `"urgent": false`
		granted := detail("p-1", read, calm, fee)
		one := strings.Trim(granted, "[]")
		wider := map[string]string{
			"another patient":  detail("p-2", read, calm, fee),
			"another action":   detail("p-1", `"actions": ["read", "write"]`, calm, fee),
			"another flag":     detail("p-1", read, `"urgent": true`, fee),
			"another amount":   detail("p-1", read, calm, `"fee": {"amount": 10.01, "currency": "UAH"}`),
			"without a limit":  detail("p-1", read, calm),
			"without a part":   detail("p-1", read, calm, `"fee": {"amount": 10.00}`),
			"with a new field": detail("p-1", read, calm, fee, `"locations": ["`+s.server.URL+`"]`),
			"twice":            `[` + one + `, ` + one + `]`,
			"beside":           `[` + one + `, ` + oneDetail("p-3") + `]`,
		}
		refused := func(name string, form url.Values) {
			t.Helper()
			got := s.post(oauth.PathToken, "clinic", form)
			require.Equal(t, "invalid_authorization_details", got.member("error"), "%s: %s", name, got.raw)
		}
		code := b.code(detailed(request("clinic", "openid offline_access"), granted))
		for name, list := range wider {
			refused(name, detailed(exchangeForm(code), list))
		}
		tokens := s.redeem("clinic", code)
		s.requireDetails(granted, tokens)
		for name, list := range wider {
			refused(name, detailed(refreshForm(tokens.member("refresh_token")), list))
		}
		s.requireDetails(granted, s.refresh("clinic", tokens.member("refresh_token")))

		none := s.redeem("clinic", b.code(request("clinic", "openid offline_access")))
		refused("of a grant without", detailed(refreshForm(none.member("refresh_token")), granted))
		refused("of the client itself", detailed(url.Values{"grant_type": {"client_credentials"}}, granted))
	})
}
