package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	memoryAtOnce   = 200
	memoryPassword = "a long enough password"
	loginClientID  = "30074b6e-fbab-4dc1-9d37-88c21dab1847"
)

// newMemoryWorld starts a server to which 200 people can sign in, each from an address of their own.
func newMemoryWorld(t *testing.T, engine storagetest.Engine) *process {
	databaseURL := engine.Create(t)
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.Now = time.Now })
	fillForCrash(t, store)
	hash, err := identity.NewPasswords(identity.PasswordOptions{}).Hash(t.Context(), memoryPassword)
	require.NoError(t, err)
	for n := range memoryAtOnce {
		require.NoError(t, store.CreateUser(t.Context(), storage.User{
			ID: store.NewID(), Email: fmt.Sprintf("person-%d@example.com", n), Password: hash,
		}))
	}
	policy, err := storage.NewPolicy(storage.PresetEHealth)
	require.NoError(t, err)
	require.NoError(t, store.CreateClient(t.Context(), storage.Client{
		ID: loginClientID, Name: "login API", Policy: policy, Scope: []string{"app:authorize"},
		Settings: json.RawMessage(`{"allowed_grant_types":["password"]}`),
	}))
	return start(t, t.TempDir(), []string{
		"ITHILDIN_DATABASE_URL=" + databaseURL, "ITHILDIN_SECRET=" + string(storagetest.Secret()),
		"ITHILDIN_ISSUER=http://127.0.0.1", "ITHILDIN_TRUSTED_PROXIES=127.0.0.1/32",
	}, "serve")
}

var peakResident = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that the process had resident so far, in bytes.
func (p *process) peak() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	require.NoError(p.t, err)
	found := peakResident.FindSubmatch(status)
	require.NotNil(p.t, found, string(status))
	kilobytes, err := strconv.Atoi(string(found[1]))
	require.NoError(p.t, err)
	return kilobytes << 10
}

// resetPeak begins the peak anew at what is resident now (proc(5), clear_refs).
func (p *process) resetPeak() {
	require.NoError(p.t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.command.Process.Pid), []byte("5"), 0))
}

// atOnce sends 200 requests at the same time and counts the answers by status.
func atOnce(send func(n int) int) map[int]int {
	var mu sync.Mutex
	var group sync.WaitGroup
	counts := map[int]int{}
	for n := range memoryAtOnce {
		group.Go(func() {
			status := send(n)
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	group.Wait()
	return counts
}

func (p *process) sendAs(client *http.Client, n int, path, kind, body string) int {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.issuer+path, strings.NewReader(body))
	if err != nil {
		return -1
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", n+1))
	response, err := client.Do(r)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// signInPage is a browser that has the sign-in page open, and the request that the page carries.
func (p *process) signInPage() (*http.Client, string) {
	jar, err := cookiejar.New(nil)
	require.NoError(p.t, err)
	browser := &http.Client{Jar: jar}
	response, err := browser.Get(p.issuer + oauth.PathAuthorize + "?" + url.Values{
		"client_id": {storage.PresetStandard}, "response_type": {"code"}, "redirect_uri": {crashRedirect},
		"scope": {"openid"},
		"state": {"a-state-of-enough-bits"},
	}.Encode())
	require.NoError(p.t, err)
	defer response.Body.Close()
	var page bytes.Buffer
	_, err = page.ReadFrom(response.Body)
	require.NoError(p.t, err)
	request := regexp.MustCompile(`name="request" value="([^"]+)"`).FindStringSubmatch(page.String())
	require.NotNil(p.t, request, page.String())
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return browser, request[1]
}

// The guide for operators names these bounds.
func TestMemoryOfManyRequestsStaysWithinGuide(t *testing.T) {
	p := newMemoryWorld(t, storagetest.PostgreSQL())
	forSignIns := 120<<20 + runtime.NumCPU()*40<<20
	browsers, requests := make([]*http.Client, memoryAtOnce), make([]string, memoryAtOnce)
	for n := range memoryAtOnce {
		browsers[n], requests[n] = p.signInPage()
	}
	measure := func(name string, bound int, send func(n int) int) map[int]int {
		p.resetPeak()
		counts := atOnce(send)
		t.Logf("%s: %v, %d MB", name, counts, p.peak()>>20)
		require.Less(t, p.peak(), bound, name)
		return counts
	}
	counts := measure("sign-ins", forSignIns, func(n int) int {
		return p.sendAs(browsers[n], n, login.PathSignIn, "application/x-www-form-urlencoded", url.Values{
			"request": {requests[n]}, "username": {fmt.Sprintf("person-%d@example.com", n)}, "password": {memoryPassword},
		}.Encode())
	})
	require.Positive(t, counts[http.StatusSeeOther], counts)
	require.Equal(t, memoryAtOnce, counts[http.StatusSeeOther]+counts[http.StatusServiceUnavailable], counts)
	counts = measure("wrong passwords", forSignIns, func(n int) int {
		return p.sendAs(http.DefaultClient, n, "/auth/login", "application/json",
			fmt.Sprintf(`{"token":{"grant_type":"password","client_id":%q,"email":"person-%d@example.com",`+
				`"password":"wrong","scope":"app:authorize"}}`, loginClientID, n))
	})
	require.Equal(t, memoryAtOnce, counts[http.StatusUnauthorized]+counts[http.StatusServiceUnavailable], counts)
	require.Positive(t, counts[http.StatusServiceUnavailable], "so they were hashed: %v", counts)

	members := strings.Repeat(`"a":0,`, 1_000_000) + `"b":0}}`
	measure("bodies at /oauth/tokens", forSignIns, func(n int) int {
		return p.sendAs(http.DefaultClient, n, "/oauth/tokens", "application/json", `{"token":{`+members)
	})
	atAdmin := *p
	atAdmin.issuer = p.admin
	measure("bodies at the admin API", forSignIns, func(n int) int {
		return atAdmin.sendAs(http.DefaultClient, n, "/admin/users", "application/json", `{"user":{`+members)
	})
	for name, body := range map[string]string{
		"members": members, "a document": `"signed_content":"` + strings.Repeat("a", 7_000_000) + `"}}`,
	} {
		measure("signatures, "+name, forSignIns+150<<20, func(n int) int {
			return p.sendAs(http.DefaultClient, n, "/auth/login", "application/json",
				`{"token":{"grant_type":"digital_signature",`+body)
		})
	}
}
