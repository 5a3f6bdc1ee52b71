package main_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// docs/for-developers.md tells clients to repeat a request whose answer they lack once, and to begin a new sign-in
// where that is refused; the tokens of the lost answer are then revoked.
func TestCodeOfALostAnswerWasUsedAndItsTokensEndWhenItIsRepeated(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	proxy := storagetest.NewProxy(t, databaseURL)
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now })
	fillForCrash(t, store)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_DATABASE_URL=" + proxy.URL(), "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=http://outage.example",
	}, "serve")
	exchange := func(code string) (int, map[string]any) {
		return p.token(storage.PresetStandard, url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect},
		})
	}
	grants := func(condition string) (n int) {
		require.NoError(t, store.SQL().QueryRowContext(t.Context(),
			`SELECT count(*) FROM grants WHERE `+condition).Scan(&n))
		return n
	}
	code := newCode(t, store, storage.PresetStandard)
	proxy.LoseAnswers("UPDATE codes SET used_at") // it is done, and nobody hears of it
	p.timeout = 2 * time.Second
	status, _ := exchange(code)
	require.Contains(t, []int{0, http.StatusServiceUnavailable}, status)
	require.Eventually(t, func() bool { return grants("revoked_at = 0") == 1 }, patience, 20*time.Millisecond,
		"the code was used")
	proxy.GoAway()
	proxy.ComeBack()
	p.timeout = patience

	var refused map[string]any
	require.Eventually(t, func() bool {
		status, refused = exchange(code)
		return status != 0 && status != http.StatusServiceUnavailable
	}, patience, 50*time.Millisecond)
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "invalid_grant", refused["error"])
	require.Equal(t, 1, grants("revoked_at > 0"), "the tokens of the lost answer are revoked")
	require.Zero(t, grants("revoked_at = 0"))

	status, granted := exchange(newCode(t, store, storage.PresetStandard))
	require.Equal(t, http.StatusOK, status)
	require.NotEmpty(t, granted["refresh_token"])
}

func TestRefusedRequestDoesNotUseTheCodeUp(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		databaseURL := engine.Create(t)
		store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now })
		fillForCrash(t, store)
		p := start(t, t.TempDir(), []string{
			"ITHILDIN_DATABASE_URL=" + databaseURL, "ITHILDIN_SECRET=" + string(storagetest.Secret()),
			"ITHILDIN_ISSUER=http://outage.example",
		}, "serve")
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {newCode(t, store, storage.PresetStandard)},
			"redirect_uri": {crashRedirect},
		}
		wrong := url.Values{}
		for name, value := range form {
			wrong[name] = value
		}
		wrong.Set("redirect_uri", crashRedirect+"/other")
		status, _ := p.token(storage.PresetStandard, wrong)
		require.Equal(t, http.StatusBadRequest, status)
		status, _ = p.postAs("/oauth2/token", storage.PresetStandard, "another secret", form)
		require.Equal(t, http.StatusUnauthorized, status)
		status, _ = p.token(storage.PresetStandard, form)
		require.Equal(t, http.StatusOK, status)
	})
}
