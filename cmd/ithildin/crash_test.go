package main_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	crashUser     = "3ff33ced-69dc-415a-b231-c6446898335a"
	crashSecret   = "a-secret-of-more-than-128-random-bits-"
	crashRedirect = "https://client.example/callback"
	crashWorkers  = 8
	crashAnswers  = 400 // so many answers are received before the power goes
)

// received is what a worker was answered, in the order in which it came.
type received struct {
	client  string
	codes   []string // exchanged
	unsure  []string // sent, and never answered
	access  []string
	refresh []string // a rotating chain, the newest last; or the one token of the family
}

// TestPowerCutLosesNothingThatWasAnswered kills the server with SIGKILL in the middle of exchanges and refreshes,
// starts it again on the same database, and holds it to every answer that a client had received.
func TestPowerCutLosesNothingThatWasAnswered(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		databaseURL := engine.Create(t)
		store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now })
		fillForCrash(t, store)
		environment := []string{"ITHILDIN_DATABASE_URL=" + databaseURL, "ITHILDIN_SECRET=" + string(storagetest.Secret())}
		directory := t.TempDir()
		serve := func() *process {
			return start(t, directory, append(environment, "ITHILDIN_ISSUER=http://crash.example"), "serve")
		}
		p := serve()
		all := load(t, store, p)
		p = serve()
		for _, r := range all {
			r.check(t, p)
		}
		_, err := store.SQL().ExecContext(context.Background(),
			`UPDATE grants SET rotated_at = rotated_at - $1 WHERE rotated_at > 0`,
			int64(storage.DefaultRefreshRetry/time.Second)+1)
		require.NoError(t, err)
		for _, r := range all {
			r.checkAfterGrace(t, p)
		}
	})
}

// fillForCrash makes a user, and a client whose refresh tokens rotate and one whose stay.
func fillForCrash(t *testing.T, store *storage.Store) {
	ctx := context.Background()
	require.NoError(t, store.CreateUser(ctx, storage.User{ID: crashUser, Email: "doctor@example.com"}))
	for _, preset := range []string{storage.PresetStandard, storage.PresetEHealth} {
		policy, err := storage.NewPolicy(preset)
		require.NoError(t, err)
		connection := &storage.Connection{
			ID: uuid.NewString(), ClientID: preset, RedirectURIs: []string{crashRedirect},
			Secrets: []storage.ConnectionSecret{{ID: uuid.NewString(), Hash: storage.Hash(crashSecret + preset)}},
		}
		connection.ApplyPreset(preset)
		require.NoError(t, store.CreateClient(ctx, storage.Client{
			ID: preset, Name: preset, Policy: policy, Scope: []string{"openid", "offline_access"},
			Connections: []*storage.Connection{connection},
			Metadata: storage.Metadata{
				GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
				TokenEndpointAuthMethod: storage.AuthMethodBasic,
			},
		}))
		require.NoError(t, store.Approve(ctx, storage.Approval{
			ID: uuid.NewString(), UserID: crashUser, ClientID: preset, Scope: []string{"openid", "offline_access"},
		}))
	}
}

// newCode puts a code into the database, as an authorization does.
func newCode(t *testing.T, store *storage.Store, client string) string {
	value := uuid.NewString() + uuid.NewString()
	require.NoError(t, store.CreateCode(context.Background(), storage.Code{
		ID: storage.Hash(value), CodeID: uuid.NewString(), GrantID: uuid.NewString(), ClientID: client, UserID: crashUser,
		RedirectURI: crashRedirect, Scope: "openid offline_access", ExpiresAt: time.Now().Add(time.Hour),
		Session: &storage.Session{UserID: crashUser, Subject: crashUser, RedirectURI: crashRedirect, RedirectURIGiven: true},
	}))
	return value
}

// load exchanges and refreshes in parallel and kills the server in the middle of it.
func load(t *testing.T, store *storage.Store, p *process) []*received {
	answers := make(chan struct{}, 1)
	var workers sync.WaitGroup
	all := make([]*received, crashWorkers)
	for i := range all {
		r := &received{client: []string{storage.PresetStandard, storage.PresetEHealth}[i%2]}
		all[i] = r
		workers.Go(func() {
			for r.step(t, store, p) {
				answers <- struct{}{}
			}
		})
	}
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	for range crashAnswers {
		select {
		case <-answers:
		case <-done:
			require.FailNow(t, "the workers ended by themselves", p.output.String())
		}
	}
	p.kill()
	for {
		select {
		case <-answers:
		case <-done:
			return all
		}
	}
}

// step begins a family with a code, or goes on with the newest one; false when the server is gone.
func (r *received) step(t *testing.T, store *storage.Store, p *process) bool {
	form := url.Values{"grant_type": {"refresh_token"}}
	fresh := len(r.refresh)%4 == 0
	var code string
	if fresh {
		code = newCode(t, store, r.client)
		form = url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect}}
	} else {
		form.Set("refresh_token", r.refresh[len(r.refresh)-1])
	}
	status, response := p.token(r.client, form)
	if status != http.StatusOK {
		if fresh {
			r.unsure = append(r.unsure, code)
		}
		return false
	}
	if fresh {
		r.codes, r.refresh = append(r.codes, code), nil
	}
	r.access = append(r.access, response["access_token"].(string))
	r.refresh = append(r.refresh, response["refresh_token"].(string))
	return true
}

// token posts to the token endpoint; status 0 is a server that is gone.
func (p *process) token(client string, form url.Values) (int, map[string]any) {
	return p.post(oauth.PathToken, client, form)
}

func (p *process) post(path, client string, form url.Values) (int, map[string]any) {
	return p.postAs(path, client, crashSecret+client, form)
}

func (p *process) postAs(path, client, secret string, form url.Values) (int, map[string]any) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.issuer+path,
		strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(client, secret)
	response, err := (&http.Client{Timeout: p.timeout}).Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	var reply map[string]any
	if err != nil || json.Unmarshal(raw, &reply) != nil {
		return 0, nil
	}
	return response.StatusCode, reply
}

func (r *received) check(t *testing.T, p *process) {
	for _, token := range r.access {
		status, response := p.post(oauth.PathIntrospect, r.client, url.Values{"token": {token}})
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, true, response["active"], "an access token that was answered works")
	}
	r.checkRefresh(t, p)
	for _, code := range r.unsure { // the answer was lost: the code was redeemed, or it was not, but never twice
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect}}
		p.token(r.client, form)
		status, _ := p.token(r.client, form)
		require.Equal(t, http.StatusBadRequest, status)
	}
	for _, code := range r.codes {
		status, response := p.token(r.client, url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {crashRedirect},
		})
		require.Equal(t, http.StatusBadRequest, status, "no code is redeemed twice")
		require.Equal(t, "invalid_grant", response["error"])
	}
}

func (r *received) checkRefresh(t *testing.T, p *process) {
	if len(r.refresh) == 0 {
		return
	}
	status, first := r.again(p)
	require.Equal(t, http.StatusOK, status, "the newest refresh token works, even if a refresh of it was never answered")
	status, second := r.again(p)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, first, second, "within the grace it gives the same successor again")
	if r.client == storage.PresetEHealth {
		require.Equal(t, r.refresh[len(r.refresh)-1], first, "and a token that does not rotate is its own successor")
	}
}

func (r *received) checkAfterGrace(t *testing.T, p *process) {
	if len(r.refresh) == 0 {
		return
	}
	want := http.StatusBadRequest
	if r.client == storage.PresetEHealth {
		want = http.StatusOK
	}
	status, _ := r.again(p)
	require.Equal(t, want, status, "after the grace a token that was rotated away gives none, and the others are kept")
}

// again refreshes by the newest token that was answered.
func (r *received) again(p *process) (int, any) {
	status, response := p.token(r.client, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {r.refresh[len(r.refresh)-1]},
	})
	return status, response["refresh_token"]
}
