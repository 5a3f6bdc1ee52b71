package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func TestSplitScopeCutsAtWhiteSpaceAndDropsRepetitions(t *testing.T) {
	for item, scopes := range map[string][]string{
		"":                         {},
		" \t\n":                    {},
		"openid":                   {"openid"},
		"a b":                      {"a", "b"},
		"  b   a\tb \n c a ":       {"b", "a", "c"},
		"person:read Person:read":  {"person:read", "Person:read"},
		"person:read, person:read": {"person:read,", "person:read"},
	} {
		require.Equal(t, scopes, storage.SplitScope(item), "%q", item)
	}
}

func TestScopesOfAClientAreLimitedToItsType(t *testing.T) {
	const ofSomeType = "5f0c6a3c-58c3-4d5c-9a5e-0f4e1f1d8d0a"
	for name, c := range map[string]struct {
		client  storage.Client
		allowed []string
	}{
		"its own where it has no type":    {storage.Client{Scope: []string{"a", "b"}}, []string{"a", "b"}},
		"none without a list and a type":  {storage.Client{}, nil},
		"its type's where it has no list": {storage.Client{TypeID: ofSomeType, TypeScope: []string{"a"}}, []string{"a"}},
		"what both have, in its own order": {storage.Client{TypeID: ofSomeType, Scope: []string{"c", "a", "b"},
			TypeScope: []string{"a", "b", "c"}}, []string{"c", "a", "b"}},
		"nothing that its type lacks": {storage.Client{TypeID: ofSomeType, Scope: []string{"a", "x"},
			TypeScope: []string{"a"}}, []string{"a"}},
		"nothing of a type without scopes":  {storage.Client{TypeID: ofSomeType, Scope: []string{"a"}}, nil},
		"no type's scopes unless of a type": {storage.Client{TypeScope: []string{"a"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.allowed, c.client.AllowedScope())
		})
	}
}

func TestRequestCopyOfAClientDoesNotChangeTheCachedOne(t *testing.T) {
	connection := &storage.Connection{ID: "one", RedirectURIs: []string{"https://one/", "https://one/two"}}
	shared := &storage.Client{
		ID:          "demo",
		Connections: []*storage.Connection{connection, {ID: "two", RedirectURIs: []string{"https://two/"}}},
	}

	request := shared.WithConnection(connection).WithRedirectURI("https://one/two")
	require.Equal(t, connection, request.Connection)
	require.Equal(t, "https://one/two", request.RedirectURI)

	require.Nil(t, shared.Connection)
	require.Equal(t, []string{"https://one/", "https://one/two", "https://two/"}, shared.RegisteredRedirectURIs())
	require.Equal(t, "two", shared.ConnectionByID("two").ID)
	require.Nil(t, shared.ConnectionByID("three"))
}
