package main

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/console"
)

// lockedBuffer may be written by a server while a test reads it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// startDevelopmentServer runs serve --dev in this process until the test ends, and returns its issuer.
func startDevelopmentServer(t *testing.T) string {
	public, admin, err := freeAddresses()
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	t.Setenv("ITHILDIN_LISTEN", public)
	t.Setenv("ITHILDIN_ADMIN_LISTEN", admin)
	ctx, cancel := context.WithCancel(context.Background())
	output := &lockedBuffer{}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--dev"}, console.Terminal{Out: output, Err: output}) }()
	t.Cleanup(func() {
		cancel()
		require.Equal(t, console.ExitOK, <-ended, output.String())
	})
	code := run(ctx, []string{"healthcheck", "--wait", "20s"}, console.Terminal{Out: output, Err: output})
	require.Equal(t, console.ExitOK, code, output.String())
	return "http://" + public
}

var (
	hiddenRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)
	deviceCode    = regexp.MustCompile(`name="user_code" value="([^"]+)"`)
)

// browse begins an authorization, or the answer to a device, answers every page as the demo user who allows everything,
// and returns the page at the end with its address.
func browse(t *testing.T, begin string) (landed *url.URL, body string) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	read := func(response *http.Response, err error) (*url.URL, string) {
		require.NoError(t, err)
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode, string(content))
		return response.Request.URL, string(content)
	}
	landed, body = read(browser.Get(begin))
	if code := deviceCode.FindStringSubmatch(body); code != nil {
		landed, body = read(browser.PostForm(landed.Scheme+"://"+landed.Host+landed.Path,
			url.Values{"user_code": {code[1]}}))
	}
	for strings.HasPrefix(landed.Path, "/login/") || strings.Contains(body, `id="device-accept"`) {
		request := hiddenRequest.FindStringSubmatch(body)
		require.NotNil(t, request, body)
		landed, body = read(browser.PostForm(landed.Scheme+"://"+landed.Host+landed.Path, url.Values{
			"request": {request[1]}, "username": {"doctor@example.com"}, "password": {"demo-password-1"}, "decision": {"accept"},
			"matches": {"yes"},
		}))
	}
	return landed, body
}

// waysIn are the links of the start page: the standard client, the eHealth client, and the latter through /sign-in.
var waysIn = regexp.MustCompile(`<li><a href="([^"]+)">`)

func TestEachButtonOfTheCallbackPageExchangesTheCode(t *testing.T) {
	issuer := startDevelopmentServer(t)
	_, start := browse(t, issuer+"/dev/")
	ways := waysIn.FindAllStringSubmatch(start, -1)
	require.Len(t, ways, 3)
	standard, eHealth, signIn := ways[0][1], ways[1][1], ways[2][1]
	for name, c := range map[string]struct{ begin, frontend, want string }{
		"the printed URL":                             {standard, "standard", `"id_token":`},
		"the eHealth client by the book, standard":    {eHealth, "standard", `"refresh_token":`},
		"the eHealth client by the book, legacy face": {eHealth, "legacy", `"grant_type": "authorization_code"`},
		"the eHealth client's sign-in, standard face": {signIn, "standard", `"refresh_token":`},
		"the eHealth client's sign-in, legacy face":   {signIn, "legacy", `"grant_type": "authorization_code"`},
	} {
		t.Run(name, func(t *testing.T) {
			landed, page := browse(t, html.UnescapeString(c.begin))
			require.Equal(t, "/dev/callback", landed.Path)
			require.Contains(t, page, `id="exchange-`+c.frontend+`"`)
			require.Contains(t, page, `<pre id="curl-`+c.frontend+`">curl `)
			response, err := http.PostForm(issuer+"/dev/exchange",
				url.Values{"code": {landed.Query().Get("code")}, "face": {c.frontend}})
			require.NoError(t, err)
			defer response.Body.Close()
			reply, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.Contains(t, strings.ReplaceAll(string(reply), "&#34;", `"`), c.want)
		})
	}
}

func TestTheCallbackPageEscapesWhatItShows(t *testing.T) {
	issuer := startDevelopmentServer(t)
	for name, query := range map[string]string{
		"an error":         "error=access_denied&error_description=<script>&state=<script>",
		"an unknown code":  "code=<script>&state=<script>",
		"nothing whatever": "state=<script>",
	} {
		t.Run(name, func(t *testing.T) {
			response, err := http.Get(issuer + "/dev/callback?" + strings.ReplaceAll(query, "<script>", "%3Cscript%3E"))
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NotContains(t, string(body), "<script>")
			require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'")
		})
	}
}

func TestAPersonGetsTokensAtATerminal(t *testing.T) {
	issuer := startDevelopmentServer(t)
	t.Setenv("ITHILDIN_ISSUER", issuer)
	require.NoError(t, os.WriteFile("secret", []byte("demo-secret\n"), 0o600))
	asked, ask := io.Pipe()
	var out, ignored bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(context.Background(), []string{
			"token", "authorization-code", "--client-id", "demo", "--client-secret-file", "secret",
			"--redirect-uri", "http://127.0.0.1/dev/callback", "--scope", "openid offline_access",
		}, console.Terminal{Out: &out, Err: ask})
	}()
	content := make([]byte, 4096)
	n, err := asked.Read(content)
	require.NoError(t, err)
	go io.Copy(io.Discard, asked)
	begin := regexp.MustCompile(`http://\S+`).FindString(string(content[:n]))

	_, page := browse(t, begin)
	require.Contains(t, page, "You can close this page")
	require.Equal(t, console.ExitOK, <-ended)
	var response map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &response))
	require.NotEmpty(t, response["id_token"])

	refreshToken, _ := response["refresh_token"].(string)
	out.Reset()
	code := run(context.Background(), []string{
		"token", "refresh", "--client-id", "demo", "--client-secret-file", "secret", "--token-file", "-",
	}, console.Terminal{In: strings.NewReader(refreshToken), Out: &out, Err: &ignored})
	require.Equal(t, console.ExitOK, code, ignored.String())
	require.Contains(t, out.String(), `"access_token"`)
}
