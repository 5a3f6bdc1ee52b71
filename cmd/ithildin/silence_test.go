package main_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// TestServerAnswersAndStopsInTimeWhenTheDatabaseStopsAnswering has connections that stay open and say nothing, as
// those to a machine without power.
func TestServerAnswersAndStopsInTimeWhenTheDatabaseStopsAnswering(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	proxy := storagetest.NewProxy(t, databaseURL)
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now })
	fillForCrash(t, store)
	code := newCode(t, store, storage.PresetStandard)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_DATABASE_URL=" + proxy.URL() + "&statement_timeout=2000&connect_timeout=1",
		"ITHILDIN_SECRET=" + string(storagetest.Secret()), "ITHILDIN_ISSUER=http://silence.example",
		"ITHILDIN_SHUTDOWN_DELAY=0s",
	}, "serve")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect}}

	proxy.GoSilent()
	began := time.Now()
	status, retryAfter := p.readiness()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NotEmpty(t, retryAfter)
	require.Less(t, time.Since(began), 2*time.Second)
	began = time.Now()
	status, reply := p.token(storage.PresetStandard, form)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "temporarily_unavailable", reply["error"])
	require.Less(t, time.Since(began), 20*time.Second)
	t.Logf("refused after %v", time.Since(began))
	legacy, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.issuer+"/oauth/tokens", strings.NewReader(
		`{"token":{"grant_type":"authorization_code","client_id":"`+uuid.NewString()+`","client_secret":"`+
			crashSecret+`","code":"a","redirect_uri":"`+crashRedirect+`"}}`))
	require.NoError(t, err)
	legacy.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(legacy)
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.NotEmpty(t, response.Header.Get("Retry-After"))

	proxy.ComeBack()
	began = time.Now()
	require.Eventually(t, func() bool { status, _ := p.readiness(); return status == http.StatusOK }, 10*time.Second,
		50*time.Millisecond)
	status, _ = p.token(storage.PresetStandard, form)
	require.Equal(t, http.StatusOK, status, "the code was not lost")
	t.Logf("served %v after the database came back", time.Since(began))

	proxy.GoSilent()
	hanging := make(chan struct{})
	go func() {
		defer close(hanging)
		p.post(oauth.PathIntrospect, storage.PresetStandard, url.Values{"token": {"a"}})
	}()
	began = time.Now()
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	ended := make(chan error, 1)
	go func() { ended <- p.command.Wait() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	select {
	case err := <-ended:
		require.NoError(t, err, p.output.String())
	case <-ctx.Done():
		require.FailNow(t, "the process outlives its 30 seconds", p.output.String())
	}
	<-hanging
	t.Logf("ended %v after SIGTERM", time.Since(began))
}
