package main_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestGatewayAcceptsTokensOfNewAndDemoClients(t *testing.T) {
	directory := t.TempDir()
	rules := filepath.Join(directory, "rules.json")
	require.NoError(t, os.WriteFile(rules, []byte(`{"rules": [{"path": "/me", "scopes": ["openid"]}]}`), 0o600))
	p := start(t, directory, []string{"ITHILDIN_GATEWAY_RULES=" + rules}, "serve", "--dev")
	secretFile := filepath.Join(directory, "secret")
	require.NoError(t, os.WriteFile(secretFile, []byte("a-secret-of-the-clinic"), 0o600))
	p.verb("client", "create", "--id", "clinic", "--name", "Clinic", "--redirect-uri", crashRedirect, "--scope", "openid",
		"--client-secret-file", secretFile)
	store := storagetest.Open(t, "sqlite:"+filepath.Join(directory, "ithildin-dev.db"),
		func(o *storage.Options) { o.Now = time.Now })
	require.NoError(t, store.CreateUser(t.Context(), storage.User{ID: crashUser, Email: "person@example.com"}))
	for client, secret := range map[string]string{
		"clinic": "a-secret-of-the-clinic", "demo": "demo-secret",
		"6498d88e-97fb-47e2-85a5-99e884f888aa": "msp-001-secret-key",
	} {
		token := p.accessTokenOf(store, client, secret)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.admin+"/gateway/authorize", nil)
		require.NoError(t, err)
		r.Header.Set("X-Original-Method", http.MethodGet)
		r.Header.Set("X-Original-URI", "/me")
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", client, response.Header.Get("X-Gateway-Error"))
	}
}

// accessTokenOf exchanges a code of crashUser for an access token of the client.
func (p *process) accessTokenOf(store *storage.Store, client, secret string) string {
	known, err := store.LoadClient(context.Background(), client)
	require.NoError(p.t, err)
	redirectURI := known.Connections[0].RedirectURIs[0]
	require.NoError(p.t, store.Approve(context.Background(), storage.Approval{
		ID: uuid.NewString(), UserID: crashUser, ClientID: client, Scope: []string{"openid"},
	}))
	code := uuid.NewString()
	require.NoError(p.t, store.CreateCode(context.Background(), storage.Code{
		ID: storage.Hash(code), CodeID: uuid.NewString(), GrantID: uuid.NewString(), ClientID: client, UserID: crashUser,
		RedirectURI: redirectURI, Scope: "openid", ExpiresAt: time.Now().Add(time.Hour),
		Session: &storage.Session{UserID: crashUser, Subject: crashUser, RedirectURI: redirectURI, RedirectURIGiven: true},
	}))
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
	status, response := p.postAs(oauth.PathToken, client, secret, form)
	require.Equal(p.t, http.StatusOK, status, response)
	return response["access_token"].(string)
}
