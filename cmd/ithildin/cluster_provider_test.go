package main_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// clusterProvider is a provider with a cluster of its own.
type clusterProvider struct {
	*cluster
	t      *testing.T
	server *process
}

func (r *clusterProvider) environment() []string {
	return []string{"ITHILDIN_DATABASE_URL=" + r.url, "ITHILDIN_SECRET=" + string(storagetest.Secret())}
}

func (r *clusterProvider) verb(arguments ...string) string {
	path, err := binary()
	require.NoError(r.t, err)
	command := exec.Command(path, arguments...)
	command.Env = append(os.Environ(), r.environment()...)
	output, err := command.CombinedOutput()
	require.NoError(r.t, err, string(output))
	return string(output)
}

func (r *clusterProvider) serve() {
	r.server = start(r.t, r.t.TempDir(), append(r.environment(), "ITHILDIN_ISSUER=http://restored.example"), "serve")
}

func (r *clusterProvider) open() *storage.Store {
	return storagetest.Open(r.t, r.url, func(o *storage.Options) { o.Now = time.Now })
}

func (r *clusterProvider) exchange(code string) (int, map[string]any) {
	return r.server.token(storage.PresetStandard, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect},
	})
}

func (r *clusterProvider) refresh(token any) (int, map[string]any) {
	return r.server.token(storage.PresetStandard,
		url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}})
}

func (r *clusterProvider) isActive(token any) bool {
	status, answer := r.server.post(oauth.PathIntrospect, storage.PresetStandard, url.Values{"token": {token.(string)}})
	require.Equal(r.t, http.StatusOK, status)
	return answer["active"].(bool)
}

// signIn exchanges a new code.
func (r *clusterProvider) signIn(store *storage.Store) map[string]any {
	status, tokens := r.exchange(newCode(r.t, store, storage.PresetStandard))
	require.Equal(r.t, http.StatusOK, status, tokens)
	return tokens
}
