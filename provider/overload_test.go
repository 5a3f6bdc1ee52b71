package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

func TestRequestsBeyondTheLimitGetTheErrorFormatOfTheirEndpoint(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], func(o *provider.Options) { o.RequestsAtOnce = 1 })
	arrived, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(s.provider.Handler(func(r chi.Router) {
		r.HandleFunc("/hold", func(http.ResponseWriter, *http.Request) {
			close(arrived)
			<-release
		})
	}))
	defer server.Close()
	ask := func(method, path string) (*http.Response, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/html")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response, string(body)
	}
	held := make(chan struct{})
	go func() {
		defer close(held)
		_, _ = ask(http.MethodGet, "/hold")
	}()
	<-arrived
	for path, terms := range map[string]string{
		"POST " + oauth.PathToken:    `"error":"temporarily_unavailable"`,
		"GET " + oauth.PathUserinfo:  `"error":"temporarily_unavailable"`,
		"GET " + oauth.PathAuthorize: `<html`,
		"GET /login/account":         `<html`,
	} {
		method, address, _ := strings.Cut(path, " ")
		response, body := ask(method, address)
		require.Equal(t, http.StatusServiceUnavailable, response.StatusCode, path)
		require.NotEmpty(t, response.Header.Get("Retry-After"), path)
		require.Contains(t, body, terms, path)
	}
	response, _ := ask(http.MethodGet, oauth.PathJWKS)
	require.Equal(t, http.StatusOK, response.StatusCode, "keys are for everybody")
	close(release)
	<-held
	response, _ = ask(http.MethodPost, oauth.PathToken)
	require.Equal(t, http.StatusBadRequest, response.StatusCode, "there is room again")
}
