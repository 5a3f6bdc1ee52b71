package ehealth_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// testdata/cases.json holds the contract of POST /oauth/tokens: a base state, and for each case what differs from it,
// the request, and what comes back. Where the old system had a hole, the case says what holds here.
type contract struct {
	Base  json.RawMessage `json:"base"`
	Cases []contractCase  `json:"cases"`
}

type contractCase struct {
	Name  string          `json:"name"`
	Given json.RawMessage `json:"given"`
	// SentBefore says that the same request was answered already.
	SentBefore bool `json:"sent_before"`
	Request    struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Headers map[string]string `json:"headers"`
		JSON    json.RawMessage   `json:"json"`
		Body    string            `json:"body"`
	} `json:"request"`
	Expect struct {
		Status           int                 `json:"status"`
		Answer           map[string]any      `json:"answer"`
		Match            map[string]string   `json:"match"`
		Keys             map[string][]string `json:"keys"`
		Absent           []string            `json:"absent"`
		Headers          map[string]string   `json:"headers"`
		Differs          map[string]any      `json:"differs"`
		CodeUsed         *bool               `json:"code_used"`
		RefreshExpiresAt int64               `json:"refresh_expires_at"`
	} `json:"expect"`
}

func readContract(t testing.TB) contract {
	content, err := os.ReadFile("testdata/cases.json")
	require.NoError(t, err)
	var c contract
	require.NoError(t, json.Unmarshal(content, &c))
	require.Len(t, c.Cases, 51)
	return c
}

// state is the base with what differs laid over it.
func (c contract) state(t testing.TB, difference json.RawMessage) state {
	var given state
	require.NoError(t, json.Unmarshal(c.Base, &given))
	if difference != nil {
		var names map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(difference, &names))
		if names["tokens"] != nil {
			given.Tokens = nil
		}
		if names["apps"] != nil {
			given.Approvals = nil
		}
		require.NoError(t, json.Unmarshal(difference, &given))
	}
	return given
}

// Cases 1 to 26 of the contract, and those of 66 to 68.
func TestLegacyTokenEndpointAnswersEveryCaseOfTheContract(t *testing.T) {
	c := readContract(t)
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, one := range c.Cases {
			t.Run(one.Name, func(t *testing.T) {
				given := c.state(t, one.Given)
				s := newStack(t, engine, given.Now)
				s.fill(given)
				headers := one.Request.Headers
				if headers == nil {
					headers = asJSON
				}
				body := one.Request.Body
				if one.Request.JSON != nil {
					body = string(one.Request.JSON)
				}
				if one.SentBefore {
					require.Equal(t, one.Expect.Status, s.send(one.Request.Method, one.Request.Path, headers, body).status)
				}
				one.check(t, s, s.send(one.Request.Method, one.Request.Path, headers, body))
			})
		}
	})
}

func (c contractCase) check(t *testing.T, s *stack, got reply) {
	want := c.Expect
	require.Equal(t, want.Status, got.status, got.raw)
	requireSubset(t, want.Answer, got.body, "")
	for path, pattern := range want.Match {
		value, known := got.at(path)
		require.True(t, known, "%s in %s", path, got.raw)
		require.Regexp(t, pattern, value)
	}
	for path, keys := range want.Keys {
		value, _ := got.at(path)
		object, isObject := value.(map[string]any)
		require.True(t, isObject, path)
		var names []string
		for name := range object {
			names = append(names, name)
		}
		slices.Sort(names)
		require.Equal(t, keys, names, path)
	}
	for _, path := range want.Absent {
		_, known := got.at(path)
		require.False(t, known, "%s in %s", path, got.raw)
	}
	for name, value := range want.Headers {
		require.Equal(t, value, got.header.Get(name))
	}
	for path, value := range want.Differs {
		actual, _ := got.at(path)
		require.NotEqual(t, value, actual)
	}
	c.checkState(t, s, got)
}

// checkState looks at what the exchange left behind.
func (c contractCase) checkState(t *testing.T, s *stack, got reply) {
	ctx := context.Background()
	if c.Expect.CodeUsed != nil {
		var request struct {
			Token struct {
				Code string `json:"code"`
			} `json:"token"`
		}
		require.NoError(t, json.Unmarshal(c.Request.JSON, &request))
		code, err := s.store.FindCode(ctx, storage.Hash(request.Token.Code))
		require.NoError(t, err)
		require.Equal(t, *c.Expect.CodeUsed, storage.EpochSeconds(code.UsedAt) == s.now)
	}
	if c.Expect.RefreshExpiresAt > 0 {
		value, _ := got.at("data.details.refresh_token")
		grant, err := s.store.FindGrantByRefreshHash(ctx, storage.Hash(value.(string)))
		require.NoError(t, err)
		require.Equal(t, c.Expect.RefreshExpiresAt, storage.EpochSeconds(grant.RefreshExpiresAt))
		require.Zero(t, grant.RevokedAt)
	}
}

// requireSubset wants every member of want in got, as it is.
func requireSubset(t *testing.T, want, got any, path string) {
	members, isObject := want.(map[string]any)
	if !isObject {
		require.Equal(t, want, got, path)
		return
	}
	object, isObject := got.(map[string]any)
	require.True(t, isObject, "%s: %v", path, got)
	for name, value := range members {
		actual, known := object[name]
		require.True(t, known, "%s.%s", path, name)
		requireSubset(t, value, actual, path+"."+name)
	}
}
