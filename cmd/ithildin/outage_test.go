package main_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// TestServerContinuesAfterItsDatabaseRestarts takes the database away from a server and gives it back.
func TestServerContinuesAfterItsDatabaseRestarts(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	proxy := storagetest.NewProxy(t, databaseURL)
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now })
	fillForCrash(t, store)
	code := newCode(t, store, storage.PresetStandard)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_DATABASE_URL=" + proxy.URL(), "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=http://outage.example",
	}, "serve")
	exchange := func() (int, map[string]any) {
		return p.token(storage.PresetStandard, url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect},
		})
	}

	proxy.GoAway()
	status, retryAfter := p.readiness()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NotEmpty(t, retryAfter)
	status, response := exchange()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "temporarily_unavailable", response["error"])

	proxy.ComeBack()
	status, _ = p.readiness()
	require.Equal(t, http.StatusOK, status)
	status, _ = exchange()
	require.Equal(t, http.StatusOK, status, "the code was not lost, and nobody restarted anything")
}

// readiness asks the admin listener.
func (p *process) readiness() (status int, retryAfter string) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, p.admin+"/readyz", nil)
	require.NoError(p.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	return response.StatusCode, response.Header.Get("Retry-After")
}
