package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// recordAccess is a type of authorization details with fields of every kind.
var recordAccess = storage.DetailType{
	Type: "record_access", TitleUkrainian: "Доступ до записів пацієнта", TitleEnglish: "Access to records of a patient",
	Fields: []storage.DetailField{
		{Name: "patient", TitleUkrainian: "Пацієнт", TitleEnglish: "Patient", Kind: storage.DetailText, IsRequired: true},
		{
			Name: "actions", TitleUkrainian: "Дії", TitleEnglish: "Actions", Kind: storage.DetailText, IsList: true,
			IsRequired: true, Values: []storage.DetailValue{
				{Value: "read", TitleUkrainian: "читати", TitleEnglish: "read"},
				{Value: "write", TitleUkrainian: "записувати", TitleEnglish: "write"},
			},
		},
		{Name: "urgent", TitleUkrainian: "Невідкладно", TitleEnglish: "Urgent", Kind: storage.DetailBoolean},
		{Name: "locations", TitleUkrainian: "Де", TitleEnglish: "Where", Kind: storage.DetailText, IsList: true},
		{
			Name: "fee", TitleUkrainian: "Плата", TitleEnglish: "Fee", Kind: storage.DetailObject, Fields: []storage.DetailField{
				{Name: "amount", TitleUkrainian: "Сума", TitleEnglish: "Amount", Kind: storage.DetailNumber, IsRequired: true},
				{Name: "currency", TitleUkrainian: "Валюта", TitleEnglish: "Currency", Kind: storage.DetailText, MaximumLength: 3},
			},
		},
	},
}

// withDetails makes a client of a stack whose provider knows recordAccess.
func (s *stack) withDetails(change ...func(*storage.Client)) {
	s.t.Helper()
	require.NoError(s.t, s.store.PutDetailType(s.t.Context(), recordAccess))
	s.client("clinic", func(c *storage.Client) {
		c.Metadata.AuthorizationDetailsTypes = []string{recordAccess.Type}
		for _, change := range change {
			change(c)
		}
	})
}

// detail is one of recordAccess, as a list of it alone; more are members of it as JSON.
func detail(patient string, more ...string) string {
	return `[` + oneDetail(patient, more...) + `]`
}

func oneDetail(patient string, more ...string) string {
	members := append([]string{`"type": "record_access"`, `"patient": "` + patient + `"`}, more...)
	if !strings.Contains(strings.Join(more, ""), `"actions"`) {
		members = append(members, `"actions": ["read", "write"]`)
	}
	return `{` + strings.Join(members, ", ") + `}`
}

// detailed adds authorization details to the parameters of a request.
func detailed(parameters url.Values, list string) url.Values {
	return sending(parameters, "authorization_details", list)
}

// requireDetails demands that a token response, its token and introspection all have these details.
func (s *stack) requireDetails(want string, answer reply) {
	s.t.Helper()
	require.Equal(s.t, http.StatusOK, answer.status, answer.raw)
	seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {answer.member("access_token")}})
	for name, have := range map[string]any{
		"response": answer.body["authorization_details"], "introspection": seen.body["authorization_details"],
		"token": s.detailsInToken(answer),
	} {
		encoded, err := json.Marshal(have)
		require.NoError(s.t, err)
		require.JSONEq(s.t, want, string(encoded), name)
	}
}

func (s *stack) detailsInToken(answer reply) any {
	if token := answer.member("access_token"); strings.Count(token, ".") == 2 {
		return claimsOf(s.t, token)["authorization_details"]
	}
	return answer.body["authorization_details"]
}

func TestAuthorizationDetailsAreCarriedFromTheRequestToTokensAndIntrospection(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.withDetails(func(c *storage.Client) { c.Policy.AccessToken = form })
			list := detail("Олена & <Коваль>", `"fee": {"amount": 123.50, "currency": "UAH"}`, `"urgent": false`)
			b := s.browser()
			tokens := s.redeem("clinic", b.code(detailed(request("clinic", "openid offline_access"), list)))
			s.requireDetails(list, tokens)
			require.Contains(t, tokens.raw, "123.50", "a number is as it was written")
			s.requireDetails(list, s.refresh("clinic", tokens.member("refresh_token")))
			uri := s.push("clinic", detailed(request("clinic", "openid"), list))
			s.requireDetails(list, s.redeem("clinic", b.code(pushed("clinic", uri))))
			plain := s.redeem("clinic", b.code(request("clinic", "openid")))
			require.NotContains(t, plain.body, "authorization_details")
		}
		o := newRequestObjects(t, engine, func(c *storage.Client) {
			c.Metadata.AuthorizationDetailsTypes = []string{recordAccess.Type}
		})
		require.NoError(t, o.store.PutDetailType(t.Context(), recordAccess))
		object := o.signTyped("oauth-authz-req+jwt", map[string]any{
			"iss": "clinic", "aud": o.server.URL, "client_id": "clinic", "response_type": "code", "scope": "openid",
			"redirect_uri": redirectURI, "state": "s-2", "authorization_details": json.RawMessage(detail("p-1")),
		})
		code := o.requireCode("request object", redirectURI, "s-2", outside(object))
		o.requireDetails(detail("p-1"), o.redeem("clinic", code))
	})
}

func TestTheConsentPageSaysAuthorizationDetailsInWords(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		list := detail("p-17", `"actions": ["read"]`, `"urgent": true`, `"fee": {"amount": 123.50, "currency": "UAH"}`)
		b := s.browser()
		p := b.signIn(b.authorize(detailed(request("clinic", "openid"), list)))
		for _, words := range []string{
			"Доступ до записів пацієнта", "Пацієнт", "<bdi>p-17</bdi>", "Дії", "<bdi>читати</bdi>", "Невідкладно",
			"<bdi>так</bdi>", "Плата › Сума", "<bdi>123.50</bdi>", "Плата › Валюта", "<bdi>UAH</bdi>",
		} {
			require.Contains(t, p.body, words)
		}
		require.NotContains(t, p.body, "записувати", "which was not asked for")
		require.NotContains(t, p.body, "record_access", "names are for programs")
		english := b.authorize(detailed(sending(request("clinic", "openid"), "ui_locales", "en"), list))
		for _, words := range []string{
			"Access to records of a patient", "<bdi>read</bdi>", "Fee › Amount", "<bdi>yes</bdi>",
		} {
			require.Contains(t, english.body, words)
		}
	})
}

func TestConsentToAuthorizationDetailsIsAskedForEachTime(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		b := s.browser()
		asked := detailed(request("clinic", "openid"), detail("p-1"))
		b.code(asked)
		require.NotNil(t, b.authorize(request("clinic", "openid")).location, "the scope is approved")
		for _, list := range []string{detail("p-1"), detail("p-2"), detail("p-1", `"actions": ["read"]`)} {
			again := b.authorize(detailed(request("clinic", "openid"), list))
			require.Equal(t, "/login/consent", again.url.Path)
			silent := b.authorize(sending(detailed(request("clinic", "openid"), list), "prompt", "none"))
			require.Equal(t, "consent_required", silent.parameters().Get("error"))
		}
		refused := b.decide(b.authorize(asked), login.DecisionDeny)
		require.Equal(t, "access_denied", refused.parameters().Get("error"))
	})
}

func TestATokenRequestNarrowsAuthorizationDetails(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.withDetails(func(c *storage.Client) { c.Policy.AccessToken = form })
			granted := `[` + oneDetail("p-1") + `, ` + oneDetail("p-2") + `]`
			code := s.browser().code(detailed(request("clinic", "openid offline_access"), granted))
			less := detail("p-1", `"actions": ["read"]`)
			tokens := s.post(oauth.PathToken, "clinic", detailed(exchangeForm(code), less))
			s.requireDetails(less, tokens)
			other := detail("p-2", `"actions": ["write"]`)
			refreshed := s.post(oauth.PathToken, "clinic", detailed(refreshForm(tokens.member("refresh_token")), other))
			s.requireDetails(other, refreshed)
			s.requireDetails(granted, s.refresh("clinic", refreshed.member("refresh_token")))
		}
	})
}

func TestAuthorizationDetailsGoToTheResourcesThatTheyAreFor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails(forResources(recordsAPI, billingAPI))
		s.client("billing-api", nil)
		s.resource(billingAPI, func(r *storage.Resource) { r.ClientID = "billing-api" })
		records := oneDetail("p-1", `"locations": ["`+recordsAPI+`"]`)
		billing := oneDetail("p-2", `"locations": ["`+billingAPI+`"]`)
		anywhere := oneDetail("p-3")
		list := `[` + records + `, ` + billing + `, ` + anywhere + `]`
		asked := naming(detailed(request("clinic", "openid offline_access"), list), recordsAPI, billingAPI)
		tokens := s.redeem("clinic", s.browser().code(asked))
		s.requireDetails(list, tokens)
		seen := s.post(oauth.PathIntrospect, "billing-api", url.Values{"token": {tokens.member("access_token")}})
		encoded, err := json.Marshal(seen.body["authorization_details"])
		require.NoError(t, err)
		require.JSONEq(t, `[`+billing+`, `+anywhere+`]`, string(encoded), "what is for another resource is not told")
		one := s.post(oauth.PathToken, "clinic", naming(refreshForm(tokens.member("refresh_token")), recordsAPI))
		s.requireDetails(`[`+records+`, `+anywhere+`]`, one)

		foreign := detail("p-1", `"locations": ["https://nobody.example"]`)
		refused := s.browser().authorize(detailed(request("clinic", "openid"), foreign))
		require.Equal(t, "invalid_authorization_details", refused.parameters().Get("error"))
	})
}

func TestAClientHasAuthorizationDetailsOnItsOwnBehalfWhereTheTypeSaysSo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		ask := func() reply {
			own := url.Values{"grant_type": {"client_credentials"}}
			return s.post(oauth.PathToken, "clinic", detailed(own, detail("p-1")))
		}
		require.Equal(t, "invalid_authorization_details", ask().member("error"))
		changed := recordAccess
		changed.WithoutUser = true
		require.NoError(t, s.store.PutDetailType(t.Context(), changed))
		s.requireDetails(detail("p-1"), ask())
	})
}

func TestTheMetadataNameTheTypesOfAuthorizationDetails(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		require.NotContains(t, s.discovered(), "authorization_details_types_supported")
		require.NoError(t, s.store.PutDetailType(t.Context(), recordAccess))
		require.Equal(t, []any{"record_access"}, s.discovered()["authorization_details_types_supported"])
		require.NoError(t, s.store.DeleteDetailType(t.Context(), recordAccess.Type))
		require.NotContains(t, s.discovered(), "authorization_details_types_supported")
	})
}

func TestWhatATypeNoLongerAllowsIsInNoNewToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.withDetails()
		granted := `[` + oneDetail("p-1", `"actions": ["read"]`) + `, ` + oneDetail("p-2") + `]`
		tokens := s.redeem("clinic", s.browser().code(detailed(request("clinic", "openid offline_access"), granted)))
		changed := recordAccess
		changed.Fields = append([]storage.DetailField{}, recordAccess.Fields...)
		changed.Fields[1].Values = changed.Fields[1].Values[:1] // nobody writes any more
		require.NoError(t, s.store.PutDetailType(t.Context(), changed))
		tokens = s.refresh("clinic", tokens.member("refresh_token"))
		s.requireDetails(detail("p-1", `"actions": ["read"]`), tokens)
		require.NoError(t, s.store.DeleteDetailType(t.Context(), recordAccess.Type))
		tokens = s.refresh("clinic", tokens.member("refresh_token"))
		require.Equal(t, http.StatusOK, tokens.status)
		require.NotContains(t, tokens.body, "authorization_details")
	})
}
