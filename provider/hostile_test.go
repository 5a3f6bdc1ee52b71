package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// raw sends any body as any type.
func (s *stack) raw(path, contentType, body string, header http.Header) reply {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.server.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for name, values := range header {
		r.Header[name] = values
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return s.send(r)
}

func TestHostileInputAtTheFormEndpointsGetsItsError(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		credentials := "client_id=clinic&client_secret=" + url.QueryEscape(secret+"clinic")
		for name, c := range map[string]struct {
			contentType, body string
			status            int
			code              string
		}{
			"nothing":          {form, "", 400, "invalid_request"},
			"no content type":  {"", credentials, 400, "invalid_request"},
			"JSON":             {"application/json", `{"grant_type":"client_credentials"}`, 400, "invalid_request"},
			"not form-encoded": {form, "a=%zz", 400, "invalid_request"},
			"semicolons":       {form, "a=1;b=2", 400, "invalid_request"},
			"not UTF-8":        {form, credentials + "&grant_type=%ff%fe", 400, "invalid_request"},
			"a null byte": {form, credentials + "&grant_type=client_credentials&scope=a%00b", 400,
				"invalid_request"},
			"given twice": {form, credentials + "&grant_type=client_credentials&grant_type=client_credentials",
				400, "invalid_request"},
			"too many parameters": {form, credentials + strings.Repeat("&x", 1) + many(200), 400, "invalid_request"},
			"too large":           {form, credentials + "&x=" + strings.Repeat("a", 70_000), 413, "invalid_request"},
			"a secret too long": {form, "grant_type=client_credentials&client_id=clinic&client_secret=" +
				strings.Repeat("a", 2000), 400, "invalid_request"},
			"an assertion that is none": {form, "grant_type=client_credentials&" +
				"client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=x.y.z", 401,
				"invalid_client"},
			"an assertion of no type": {form, "grant_type=client_credentials&client_assertion=x.y.z", 401, "invalid_client"},
			"a code that is unknown": {form, credentials + "&grant_type=authorization_code&code=unknown&redirect_uri=" +
				redirectURI, 400, "invalid_grant"},
			"no code": {form, credentials + "&grant_type=authorization_code", 400, "invalid_request"},
			"a refresh token made up": {form, credentials + "&grant_type=refresh_token&refresh_token=irt_AAAA", 400,
				"invalid_grant"},
			"a refresh token of nothing": {form, credentials + "&grant_type=refresh_token", 400, "invalid_request"},
			"a scope nobody has": {form, credentials + "&grant_type=client_credentials&scope=root", 400,
				"invalid_scope"},
			"another audience": {form, credentials + "&grant_type=client_credentials&" +
				"audience=https://other.example", 400, "invalid_request"},
		} {
			t.Run(name, func(t *testing.T) {
				got := s.raw(oauth.PathToken, c.contentType, c.body, nil)
				require.Equal(t, c.status, got.status, got.raw)
				require.Equal(t, c.code, got.member("error"), got.raw)
				require.Equal(t, got.header.Get("X-Request-Id"), got.member("request_id"))
				require.Equal(t, "no-store", got.header.Get("Cache-Control"))
			})
		}
		for _, authorization := range []string{"Basic", "Basic !!!", "Bearer x", "Basic " + strings.Repeat("A", 5000),
			"Basic Y2xpbmlj"} {
			got := s.raw(oauth.PathToken, form, "grant_type=client_credentials", http.Header{"Authorization": {authorization}})
			require.Contains(t, []int{400, 401}, got.status, "%.20s: %s", authorization, got.raw)
		}
		for _, path := range []string{oauth.PathIntrospect, oauth.PathRevoke} {
			require.Equal(t, "invalid_client", s.raw(path, form, "token=x", nil).member("error"))
			require.Equal(t, "invalid_request", s.raw(path, form, credentials, nil).member("error"))
		}
		require.Equal(t, 404, s.raw("/nothing", form, "", nil).status)
		got, err := http.Get(s.server.URL + oauth.PathToken)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		require.Equal(t, http.StatusMethodNotAllowed, got.StatusCode)
	})
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&p" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + "=1")
	}
	return b.String()
}

func TestHostileInputAtTheAuthorizationEndpointIsAPageOrARedirect(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("public", func(c *storage.Client) {
			c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone
			c.Connections[0].Secrets = nil
		})
		with := func(client, name string, values ...string) url.Values {
			form := request(client, "openid")
			form[name] = values
			return form
		}
		for name, parameters := range map[string]url.Values{
			"no client":                   with("clinic", "client_id"),
			"an unknown client":           with("clinic", "client_id", "nobody"),
			"no redirect URI and several": with("nobody", "redirect_uri"),
			"another redirect URI":        with("clinic", "redirect_uri", "https://evil.example/"),
			"a script":                    with("clinic", "redirect_uri", "javascript:alert(1)"),
			"a redirect URI as user":      with("clinic", "redirect_uri", "https://client.example@evil.example/callback"),
			"two redirect URIs":           with("clinic", "redirect_uri", redirectURI, redirectURI),
			"a client that is not UTF-8":  with("clinic", "client_id", "clinic\xff"),
			"a redirect URI with a null":  with("clinic", "redirect_uri", redirectURI+"\x00"),
			"too large":                   with("clinic", "state", strings.Repeat("a", 70_000)),
		} {
			t.Run(name, func(t *testing.T) {
				p := s.browser().authorize(parameters)
				require.Nil(t, p.location, "nothing may be sent to an unsettled address")
				require.GreaterOrEqual(t, p.status, 400)
				require.Less(t, p.status, 500)
				if name != "too large" { // refused by the server before any handler
					require.Contains(t, p.header.Get("Content-Type"), "text/html")
					require.Contains(t, p.body, p.header.Get("X-Request-Id"), "the page shows the request id")
				}
			})
		}
		for name, c := range map[string]struct {
			parameters url.Values
			code       string
		}{
			"no response type":          {with("clinic", "response_type"), "invalid_request"},
			"an unknown response type":  {with("clinic", "response_type", "token"), "unsupported_response_type"},
			"an unknown response mode":  {with("clinic", "response_mode", "web_message"), "unsupported_response_mode"},
			"a scope outside":           {with("clinic", "scope", "root"), "invalid_scope"},
			"an unknown prompt":         {with("clinic", "prompt", "sometimes"), "invalid_request"},
			"prompt none and login":     {with("clinic", "prompt", "none login"), "invalid_request"},
			"a max_age of words":        {with("clinic", "max_age", "long"), "invalid_request"},
			"a request object":          {with("clinic", "request", "x.y.z"), "invalid_request_object"},
			"a request URI":             {with("clinic", "request_uri", "https://evil.example/"), "invalid_request_uri"},
			"a plain challenge":         {with("clinic", "code_challenge", strings.Repeat("a", 43)), "invalid_request"},
			"a short challenge":         {challengeOf("short"), "invalid_request"},
			"a hint that is no token":   {with("clinic", "id_token_hint", "x.y.z"), "invalid_request"},
			"a public client, no PKCE":  {request("public", "openid"), "invalid_request"},
			"prompt none, no session":   {with("clinic", "prompt", "none"), "login_required"},
			"registration in a request": {with("clinic", "registration", "{}"), "registration_not_supported"},
		} {
			t.Run(name, func(t *testing.T) {
				p := s.browser().authorize(c.parameters)
				require.NotNil(t, p.location, "%d %s", p.status, p.body)
				require.True(t, strings.HasPrefix(p.location.String(), redirectURI), p.location.String())
				require.Equal(t, c.code, p.parameters().Get("error"))
				require.Equal(t, "s-1", p.parameters().Get("state"))
			})
		}
	})
}

func challengeOf(challenge string) url.Values {
	form := request("clinic", "openid")
	form.Set("code_challenge", challenge)
	form.Set("code_challenge_method", "S256")
	return form
}

// FuzzClientAuthentication: whatever a client sends, the answer is an error of RFC 6749, never a fault, never a token.
func FuzzClientAuthentication(f *testing.F) {
	s := newStack(f, storagetest.Engines()[0])
	s.client("clinic", nil)
	handler := s.server.Config.Handler
	for _, seed := range [][2]string{
		{"", "client_id=clinic&client_secret=wrong"}, {"Basic Y2xpbmljOndyb25n", ""}, {"Basic", "client_id=clinic"},
		{"Basic Y2xpbmljOndyb25n", "client_id=other"}, {"Bearer x", ""}, {"Basic Ojo6", ""}, {"Basic JTAwOiUwMA==", ""},
		{"", "client_assertion=e30.e30.e30&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		{"", "client_id[]=clinic"}, {"", "client_id=%00"}, {"", "client_id=clinic&client_id=clinic"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, authorization, body string) {
		s.clock.Advance(10 * time.Second) // longer than the wait after too many failures, whose 429 would hide the answer
		r := httptest.NewRequest(http.MethodPost, oauth.PathToken, strings.NewReader("grant_type=client_credentials&"+body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header["Authorization"] = []string{authorization}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		var got struct {
			Error string `json:"error"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got), w.Body.String())
		require.Contains(t, []int{400, 401, 413}, w.Code)
		require.Contains(t, []string{"invalid_client", "invalid_request", "unsupported_grant_type"}, got.Error)
		require.True(t, utf8.Valid(w.Body.Bytes()))
	})
}

// FuzzAuthorizationForm: whatever the query, the answer is a page, or a redirect to this provider or the registered
// URI.
func FuzzAuthorizationForm(f *testing.F) {
	s := newStack(f, storagetest.Engines()[0])
	s.client("clinic", nil)
	handler := s.server.Config.Handler
	for _, seed := range []string{
		request("clinic", "openid").Encode(), "client_id=clinic", "client_id=clinic&redirect_uri=https://evil.example/",
		request("clinic", "openid").Encode() + "&prompt=none&max_age=0&id_token_hint=e30.e30.e30", "a=%zz", "%00=%ff",
		request("clinic", "").Encode() + "&response_mode=form_post",
		"redirect_uri=https%3A%2F%2Fclient.example%2Fcallback&client_id=clinic",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, oauth.PathAuthorize, nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		location := w.Header().Get("Location")
		require.Less(t, w.Code, 500, w.Body.String())
		require.False(t, strings.ContainsAny(location, "\r\n"))
		if w.Code == http.StatusSeeOther {
			require.True(t, strings.HasPrefix(location, redirectURI+"?") || strings.HasPrefix(location, "/login/"), location)
		} else {
			require.True(t, bytes.Contains(w.Body.Bytes(), []byte("<html")), "%d %s", w.Code, w.Body.String())
		}
	})
}
