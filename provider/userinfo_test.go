package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestUserinfoIsAnsweredByEveryWayOfAskingButTheQuery(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		token := s.redeem("clinic", s.browser().code(request("clinic", "openid profile"))).member("access_token")
		ask := func(method, query, header string, body url.Values) reply {
			r := httptest.NewRequestWithContext(t.Context(), method, s.server.URL+oauth.PathUserinfo+query,
				strings.NewReader(body.Encode()))
			r.RequestURI = ""
			if header != "" {
				r.Header.Set("Authorization", header)
			}
			if body != nil {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			return s.send(r)
		}
		for name, got := range map[string]reply{
			"GET":                  ask(http.MethodGet, "", "Bearer "+token, nil),
			"a scheme in any case": ask(http.MethodGet, "", "bEARER "+token, nil),
			"POST, header":         ask(http.MethodPost, "", "Bearer "+token, nil),
			"POST, in body":        ask(http.MethodPost, "", "", url.Values{"access_token": {token}}),
		} {
			require.Equal(t, http.StatusOK, got.status, name)
			require.Equal(t, s.userID, got.member("sub"), name)
			require.Equal(t, "no-store", got.header.Get("Cache-Control"), name)
		}
		for name, got := range map[string]reply{
			"in the query":            ask(http.MethodGet, "?access_token="+token, "", nil),
			"in the query and header": ask(http.MethodGet, "?access_token="+token, "Bearer "+token, nil),
			"twice":                   ask(http.MethodPost, "", "Bearer "+token, url.Values{"access_token": {token}}),
		} {
			require.Equal(t, http.StatusBadRequest, got.status, name)
			require.Equal(t, "invalid_request", got.member("error"), name)
			require.NotContains(t, got.raw, token, name)
		}
		none := ask(http.MethodGet, "", "", nil)
		require.Equal(t, http.StatusUnauthorized, none.status)
		require.Equal(t, `Bearer realm="ithildin"`+s.userinfoMetadata(), none.header.Get("WWW-Authenticate"),
			"no error code where nothing was presented")
		require.Contains(t, ask(http.MethodGet, "", "Bearer x", nil).header.Get("WWW-Authenticate"), `error="invalid_token"`)
	})
}

// everyClaim is a profile with every standard claim of OIDC Core 5.1 that is not a column.
const everyClaim = `{
	"name": "Олена Петрівна Коваль", "given_name": "Олена", "family_name": "Коваль", "middle_name": "Петрівна",
	"nickname": "Олена", "preferred_username": "o.koval", "profile": "https://example.com/o",
	"picture": "https://example.com/o.png",
	"website": "https://example.com", "gender": "female", "birthdate": "1984-05-17", "zoneinfo": "Europe/Kyiv",
	"locale": "uk-UA",
	"email_verified": true, "phone_number": "+380501234567", "phone_number_verified": true,
	"address": {"formatted": "вул. Хрещатик, 1", "street_address": "вул. Хрещатик, 1", "locality": "Київ",
	"region": "Київ",
		"postal_code": "01001", "country": "Україна"}}`

func TestUserinfoHasTheClaimsOfEachScopeWithTheirTypes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Scope = append(c.Scope, "address") })
		user, err := s.store.FindUser(t.Context(), s.userID)
		require.NoError(t, err)
		user.Profile = json.RawMessage(everyClaim)
		require.NoError(t, s.store.UpdateUser(t.Context(), *user))
		b := s.browser()
		for scope, names := range map[string][]string{
			"profile": {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
				"picture",
				"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"},
			"email": {"email", "email_verified"}, "address": {"address"}, "phone": {"phone_number", "phone_number_verified"},
		} {
			info := s.userinfo(s.redeem("clinic", b.code(request("clinic", "openid "+scope))).member("access_token"))
			require.Len(t, info.body, len(names)+1, "%s: %s", scope, info.raw)
			for _, name := range names {
				require.Contains(t, info.body, name, scope)
			}
			for _, name := range []string{"email_verified", "phone_number_verified"} {
				if value, told := info.body[name]; told {
					require.IsType(t, true, value)
				}
			}
			if scope == "address" {
				require.Equal(t, "Київ", info.body["address"].(map[string]any)["locality"])
			}
		}
	})
}

func TestUserinfoReturnsTheInteractionIDOfFAPI(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	for sent, returned := range map[string]string{
		"c770aef3-6784-41f7-8e0e-ff5f97bddb3a": "c770aef3-6784-41f7-8e0e-ff5f97bddb3a", "no UUID": "", "": "",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+oauth.PathUserinfo, nil)
		require.NoError(t, err)
		r.Header.Set("X-Fapi-Interaction-Id", sent)
		require.Equal(t, returned, s.send(r).header.Get("X-Fapi-Interaction-Id"))
	}
}
