package main_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

// TestNoClientNoticesTheRotationOfSecrets replaces, as the guide says, whatever opens something: the signing keys, the
// client's secret, the admin tokens, the password of the database and the master secret.
func TestNoClientNoticesTheRotationOfSecrets(t *testing.T) {
	rotateSecrets(t, 1)
}

func rotateSecrets(t *testing.T, rounds int) {
	current, err := binary()
	require.NoError(t, err)
	f := newFleet(t, current)
	role := f.loginRole("password-0")
	f.add()
	f.add()
	f.work()
	for round := range rounds {
		f.rotateSigningKeys()
		f.rotateClientSecret()
		f.rotateAdminToken(round)
		f.rotateDatabasePassword(role, round)
		f.rotateMasterSecret()
	}
	f.stop()
}

// loginRole makes a role of the database whose password the servers have in a file.
func (f *fleet) loginRole(password string) string {
	role := "ithildin_fleet_" + strings.ToLower(rand.Text())
	f.exec(`CREATE ROLE ` + role + ` SUPERUSER LOGIN PASSWORD '` + password + `'`)
	f.t.Cleanup(func() { f.exec(`DROP ROLE ` + role) })
	f.writeDatabaseURL(role, password)
	return role
}

func (f *fleet) writeDatabaseURL(role, password string) {
	u, err := url.Parse(f.databaseURL)
	require.NoError(f.t, err)
	u.User = url.UserPassword(role, password)
	f.write("database", u.String())
}

// rotateSigningKeys lets the successors sign when every server publishes them, in place of ten minutes later: the
// clients here do not keep a key set that lacks the key of a token.
func (f *fleet) rotateSigningKeys() {
	signers, published := f.signers(), f.published(f.servers[0])
	f.verb("key", "rotate")
	for _, s := range f.servers {
		require.Eventually(f.t, func() bool { return f.published(s) > published }, patience, 100*time.Millisecond)
	}
	// The one activated last signs: a key may have been made in the second of its successor.
	f.exec(`UPDATE signing_keys SET activates_at = CASE WHEN retires_at > 0 THEN created_at - 1 ELSE created_at END`)
	f.exec(`UPDATE signing_keys SET retires_at = created_at WHERE retires_at > 0`)
	f.replace() // a server keeps the times of the keys that it has read
	require.Eventually(f.t, func() bool { return f.signers() > signers }, patience, 20*time.Millisecond)
	f.awaitFlows(5 * fleetWorkers)
}

// published is how many keys a server publishes.
func (f *fleet) published(s *serving) int {
	response, err := http.Get(s.issuer + oauth.PathJWKS)
	require.NoError(f.t, err)
	defer response.Body.Close()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	require.NoError(f.t, json.NewDecoder(response.Body).Decode(&set))
	return len(set.Keys)
}

// rotateClientSecret lets half of the clients go on with the secret before.
func (f *fleet) rotateClientSecret() {
	secret := f.clientSecret("client", "rotate-secret", fleetClient, "--overlap", "1h")
	// Each learns of it within a second, before it is given to the client. Asking less often than that keeps a server on
	// a busy machine from taking the questions for guesses.
	for _, s := range f.servers {
		require.Eventually(f.t, func() bool {
			status, _ := s.postAs(oauth.PathIntrospect, fleetClient, secret, url.Values{"token": {"a"}})
			return status == http.StatusOK
		}, patience, 3*time.Second)
	}
	f.mu.Lock()
	f.secrets = []string{f.secrets[0], secret}
	f.mu.Unlock()
	f.awaitFlows(5 * fleetWorkers)
	f.mu.Lock()
	f.secrets = []string{secret}
	f.mu.Unlock()
	f.awaitFlows(fleetWorkers)
}

// rotateAdminToken accepts both tokens for a while.
func (f *fleet) rotateAdminToken(round int) {
	const before = "first:the-first-token-of-all"
	next := "next:another-token-by-now" + strings.Repeat("!", round)
	f.requireAdmin(before, http.StatusOK)
	f.write("tokens", before+"\n"+next)
	f.reload()
	f.requireAdmin(before, http.StatusOK)
	f.requireAdmin(next, http.StatusOK)
	f.write("tokens", next)
	f.reload()
	f.requireAdmin(before, http.StatusUnauthorized)
	f.requireAdmin(next, http.StatusOK)
	f.write("tokens", before)
	f.reload()
}

func (f *fleet) requireAdmin(token string, status int) {
	f.t.Helper()
	_, value, _ := strings.Cut(token, ":")
	for _, s := range f.servers {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.admin+"/admin/roles", nil)
		require.NoError(f.t, err)
		request.Header.Set("Authorization", "Bearer "+value)
		response, err := http.DefaultClient.Do(request)
		require.NoError(f.t, err)
		response.Body.Close()
		require.Equal(f.t, status, response.StatusCode, token)
	}
}

// rotateDatabasePassword changes the password and ends the connections that were made by the one before, between two
// statements.
func (f *fleet) rotateDatabasePassword(role string, round int) {
	password := "password-" + strings.Repeat("1", round+1)
	f.exec(`ALTER ROLE ` + role + ` PASSWORD '` + password + `'`)
	f.writeDatabaseURL(role, password)
	f.reload()
	f.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + role + `' AND state = 'idle'`)
	f.awaitFlows(5 * fleetWorkers)
}

// rotateMasterSecret goes the four steps of the guide.
func (f *fleet) rotateMasterSecret() {
	before := string(storagetest.Secret())
	if f.master != "" {
		before = f.master
	}
	f.master = "the master secret after that: " + rand.Text()
	f.write("secret", before+"\n"+f.master)
	f.replace()
	f.write("secret", f.master+"\n"+before)
	f.replace()
	f.verb("key", "reseal")
	f.write("secret", f.master)
	f.replace()
}
