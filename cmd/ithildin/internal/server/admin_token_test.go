package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/storage"
)

func TestNameOfAnAdminTokenIsTheOperatorInTheAudit(t *testing.T) {
	guard := newAdminGuard(&config.Settings{AdminTokens: []string{"olena:token-of-olena-1234", "a-token-without-a-name",
		"short:of-before"}})
	for authorization, want := range map[string]struct {
		status   int
		operator string
	}{
		"Bearer token-of-olena-1234":       {http.StatusOK, "olena"},
		"Bearer olena:token-of-olena-1234": {http.StatusOK, "olena"}, // a token from before there were names
		"Bearer a-token-without-a-name":    {http.StatusOK, "admin token " + hashBeginning("a-token-without-a-name")},
		"Bearer short:of-before":           {http.StatusOK, "admin token " + hashBeginning("short:of-before")},
		"Bearer of-before":                 {http.StatusUnauthorized, ""}, // too short to be a token
		"Bearer olena":                     {http.StatusUnauthorized, ""},
		"Bearer ":                          {http.StatusUnauthorized, ""},
		"Basic token-of-olena-1234":        {http.StatusUnauthorized, ""},
	} {
		var operator string
		handler := guard.protect(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			actor, _ := storage.ActorOf(r.Context())
			operator = actor.Operator
		}))
		request := httptest.NewRequest(http.MethodGet, "/admin/users", nil)
		request.Header.Set("Authorization", authorization)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		require.Equal(t, want.status, response.Code, authorization)
		require.Equal(t, want.operator, operator, authorization)
	}
}

func hashBeginning(token string) string {
	const hex = "0123456789abcdef"
	value := ""
	for _, b := range storage.Hash(token)[:4] {
		value += string(hex[b>>4]) + string(hex[b&15])
	}
	return value
}
