package ehealth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	clientID     = "6498d88e-97fb-47e2-85a5-99e884f888aa"
	clientSecret = "YzJWamNtVjBMVzltTFcxcGN5MWhJUT09"
	userID       = "3ff33ced-69dc-415a-b231-c6446898335a"
	redirectURI  = "https://mis-a.example/cb"
	codeValue    = "WVhWMGFIb3RZMjlrWlMxMllXeDFaUT09"
	refreshValue = "Y21WbWNtVnphQzEwYjJzdGRtRnNNUT09"
)

// filled is a stack in the base state of the contract.
func filled(t testing.TB, engine storagetest.Engine, options ...func(*provider.Options)) *stack {
	c := readContract(t)
	given := c.state(t, nil)
	s := newStack(t, engine, given.Now, options...)
	s.fill(given)
	return s
}

func code() map[string]any {
	return map[string]any{
		"grant_type": "authorization_code", "client_id": clientID, "client_secret": clientSecret, "code": codeValue,
		"redirect_uri": redirectURI,
	}
}

func (a reply) fault() (kind, message any) {
	kind, _ = a.at("error.type")
	message, _ = a.at("error.message")
	return kind, message
}

func TestConnectionThatRequiresAScopeRefusesARequestWithout(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		client, err := s.store.LoadClient(context.Background(), clientID)
		require.NoError(t, err)
		for _, connection := range client.Connections {
			connection.RequireScope = true
			require.NoError(t, s.store.UpdateConnection(context.Background(), *connection))
		}
		for name, scope := range map[string]any{"absent": nil, "blank": "  ", "a number": 1, "a list": []string{"a"}} {
			token := code()
			if scope != nil {
				token["scope"] = scope
			}
			got := s.exchange(token)
			require.Equal(t, http.StatusUnprocessableEntity, got.status, "%s: %s", name, got.raw)
			require.Contains(t, got.raw, `"entry":"$.scope"`)
		}
		wrong := code()
		wrong["client_secret"] = "nope"
		require.Equal(t, http.StatusUnauthorized, s.exchange(wrong).status, "a stranger is not told about a policy")
		named := code()
		named["scope"] = "whatever it says"
		require.Equal(t, http.StatusCreated, s.exchange(named).status, "its value is not compared")
		refresh := map[string]any{"grant_type": "refresh_token", "client_id": clientID, "client_secret": clientSecret,
			"refresh_token": refreshValue}
		require.Equal(t, http.StatusCreated, s.exchange(refresh).status, "and it is about codes only")
	})
}

func TestEveryPathOfTheTokenEndpointAnswers(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		refresh := `{"token":{"grant_type":"refresh_token","client_id":"` + strings.ToUpper(clientID) +
			`","client_secret":"` +
			clientSecret + `","refresh_token":"` + refreshValue + `"}}`
		for _, path := range []string{"/oauth/tokens", "/oauth/tokens/", "/api/oauth/tokens", "/api/oauth/tokens/"} {
			header := map[string]string{
				"Content-Type": "application/json; charset=utf-8", "Authorization": "Bearer garbage", "X-CSRF-Token": "old",
				"API-key": "x",
			}
			got := s.send(http.MethodPost, path, header, refresh)
			require.Equal(t, http.StatusCreated, got.status, "%s: %s", path, got.raw)
			url, _ := got.at("meta.url")
			require.Equal(t, s.server.URL+path, url)
			require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))
			require.Contains(t, got.header.Get("Cache-Control"), "no-store")
		}
		for _, path := range []string{"/oauth/tokens/actions/change_password", "/oauth/nothing", "/auth/nothing",
			"/api/nothing"} {
			got := s.send(http.MethodPost, path, asJSON, "{}")
			require.Equal(t, http.StatusNotFound, got.status)
			kind, _ := got.fault()
			require.Equal(t, "not_found", kind)
		}
	})
}

func TestHostileInputGetsTheErrorOfTheEnvelope(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		member := func(name, value string) string {
			token := map[string]json.RawMessage{}
			for field, item := range code() {
				raw, _ := json.Marshal(item)
				token[field] = raw
			}
			token[name] = json.RawMessage(value)
			raw, err := json.Marshal(map[string]any{"token": token})
			require.NoError(t, err)
			return string(raw)
		}
		for name, c := range map[string]struct {
			body   string
			status int
			kind   string
		}{
			"corrupted":               {`{"token":`, 400, "request_malformed"},
			"a list":                  {`[]`, 400, "request_malformed"},
			"a number":                {`1`, 400, "request_malformed"},
			"two documents":           {`{"token":{}} {"token":{}}`, 400, "request_malformed"},
			"not UTF-8":               {"{\"token\":{\"grant_type\":\"\xff\"}}", 400, "request_malformed"},
			"another case of token":   {`{"Token":{"grant_type":"authorization_code"}}`, 400, "request_malformed"},
			"token is null":           {`{"token":null}`, 422, "request_malformed"},
			"token is a list":         {`{"token":[]}`, 422, "request_malformed"},
			"token is text":           {`{"token":"grant_type"}`, 422, "request_malformed"},
			"grant_type is a number":  {`{"token":{"grant_type":1}}`, 401, "invalid_grant"},
			"grant_type is an object": {`{"token":{"grant_type":{}}}`, 401, "invalid_grant"},
			"deeply nested": {`{"token":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, 400,
				"request_malformed"},
			"a huge number":                 {member("code", "1"+strings.Repeat("0", 5000)), 422, "validation_failed"},
			"an object for a code":          {member("code", `{"a":1}`), 422, "validation_failed"},
			"a blank code":                  {member("code", `" \t\n"`), 422, "validation_failed"},
			"a null byte in a code":         {member("code", `"a\u0000b"`), 401, "token_not_found"},
			"a null byte in a redirect URI": {member("redirect_uri", `"https://mis-a.example/cb\u0000"`), 401, "invalid_client"},
			"a null byte in a client id": {member("client_id", `"6498d88e-97fb-47e2-85a5-99e884f888a\u0000"`), 400,
				"request_malformed"},
			"a client id in braces": {member("client_id", `"{6498d88e-97fb-47e2-85a5-99e884f888aa}"`), 400,
				"request_malformed"},
			"a client id without hyphens": {member("client_id", `"6498d88e97fb47e285a599e884f888aa"`), 400,
				"request_malformed"},
			"a very long secret": {member("client_secret", `"`+strings.Repeat("a", 50_000)+`"`), 401,
				"invalid_client"},
			"a very long code": {member("code", `"`+strings.Repeat("a", 60_000)+`"`), 401, "token_not_found"},
			"half a surrogate": {member("code", `"\ud800"`), 401, "token_not_found"},
		} {
			t.Run(name, func(t *testing.T) {
				got := s.send(http.MethodPost, "/oauth/tokens", asJSON, c.body)
				kind, _ := got.fault()
				require.Equal(t, c.status, got.status, "%.300s", got.raw)
				require.Equal(t, c.kind, kind, "%.300s", got.raw)
			})
		}
		large := s.send(http.MethodPost, "/oauth/tokens", asJSON, `{"token":"`+strings.Repeat("a", 64<<10)+`"}`)
		require.Equal(t, http.StatusRequestEntityTooLarge, large.status)
		kind, _ := large.fault()
		require.Equal(t, "request_too_large", kind)
		require.Equal(t, http.StatusBadRequest, s.send(http.MethodPost, "/oauth/tokens", nil, "{}").status,
			"without a type there are no parameters")
		require.Equal(t, http.StatusCreated, s.exchange(code()).status, "after all of which the code is still good")
	})
}

func TestLegacyCodeIsExchangedOnceOfManyConcurrentRequests(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		answers := make(chan reply, 20)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { answers <- s.exchange(code()) })
		}
		all.Wait()
		close(answers)
		won := 0
		for got := range answers {
			if got.status == http.StatusCreated {
				won++
				continue
			}
			_, message := got.fault()
			require.Equal(t, "Token has already been used.", message, got.raw)
		}
		require.Equal(t, 1, won)
	})
}

func TestLegacyTokenEndpointNamesRevokedAndBlocked(t *testing.T) {
	refresh := map[string]any{"grant_type": "refresh_token", "client_id": clientID, "client_secret": clientSecret,
		"refresh_token": refreshValue}
	for name, c := range map[string]struct {
		change  func(ctx context.Context, s *storage.Store) error
		token   map[string]any
		message string
	}{
		"a blocked client, by code":    {blockClient, code(), "Client is blocked."},
		"a blocked client, by refresh": {blockClient, refresh, "Client is blocked."},
		"a blocked user, by code":      {blockUser, code(), "Token expired."},
		"a blocked user, by refresh":   {blockUser, refresh, "Token expired."},
		"a withdrawn approval":         {withdraw, refresh, "Token expired."},
		"deactivated tokens":           {deactivate, refresh, "Token expired."},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
				s := filled(t, engine)
				require.NoError(t, c.change(context.Background(), s.store))
				got := s.exchange(c.token)
				_, message := got.fault()
				require.Equal(t, http.StatusUnauthorized, got.status, got.raw)
				require.Equal(t, c.message, message)
			})
		})
	}
}

func blockClient(ctx context.Context, s *storage.Store) error {
	return s.BlockClient(ctx, clientID, "test")
}
func blockUser(ctx context.Context, s *storage.Store) error { return s.BlockUser(ctx, userID, "test") }
func deactivate(ctx context.Context, s *storage.Store) error {
	return s.DeactivateTokens(ctx, clientID)
}
func withdraw(ctx context.Context, s *storage.Store) error {
	approval, err := s.FindApproval(ctx, userID, clientID)
	if err != nil {
		return err
	}
	return s.DeleteApproval(ctx, approval.ID)
}

// FuzzEnvelope: whatever the body, the answer is an envelope whose code is its status, and never a fault.
func FuzzEnvelope(f *testing.F) {
	s := filled(f, storagetest.Engines()[0])
	for _, seed := range []string{
		``, `{}`, `{"token":{}}`, `{"token":{"grant_type":"authorization_code"}}`, `{"token":{"grant_type":null}}`,
		`{"token":{"grant_type":"refresh_token","client_id":"` + clientID + `","client_secret":"` + clientSecret +
			`","refresh_token":"` + uuid.NewString() + `"}}`,
		`{"token":{"grant_type":"authorization_code","client_id":"` + clientID + `","client_secret":"` + clientSecret +
			`","code":"x","redirect_uri":"y"}}`,
		`{"token":{"grant_type":"authorization_code","client_id":1,"client_secret":[],"code":{},"redirect_uri":null}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		here := *s
		here.t = t
		got := here.send(http.MethodPost, "/oauth/tokens", asJSON, string(body))
		require.Less(t, got.status, 500, got.raw)
		code, known := got.at("meta.code")
		require.True(t, known, got.raw)
		require.EqualValues(t, got.status, code)
		_, failed := got.at("error")
		_, succeeded := got.at("data")
		require.NotEqual(t, failed, succeeded)
	})
}
