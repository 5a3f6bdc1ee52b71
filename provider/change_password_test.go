package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
	"ithildin/storage/storagetest"
)

// https://www.w3.org/TR/change-password-url/
func TestProgramsThatManagePasswordsFindThePageThatChangesThem(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	ask := func(method, path string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+path, nil)
		require.NoError(t, err)
		response, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		response := ask(method, "/.well-known/change-password?ignored=1")
		require.Equal(t, http.StatusSeeOther, response.StatusCode)
		location, err := url.Parse(response.Header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, login.PathPassword, location.Path)
		require.Empty(t, location.RawQuery)
	}
	require.Equal(t, http.StatusNotFound,
		ask(http.MethodGet, "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").StatusCode,
		"by this a program sees that the answer means something")
	require.Equal(t, login.PathSignIn, s.browser().get(s.server.URL+"/.well-known/change-password").url.Path,
		"whoever is not signed in signs in first")
}
