package main_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const demoClientID = "6498d88e-97fb-47e2-85a5-99e884f888aa"

// signatureService takes the file that a test uploads, which is signed by the demo user, for what it is.
func signatureService(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			Content  []byte `json:"signed_content"`
			Encoding string `json:"signed_content_encoding"`
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&message))
		assert.Equal(t, "base64", message.Encoding)
		assert.Equal(t, "Bearer token of the service", r.Header.Get("Authorization"))
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
			"content":    json.RawMessage(message.Content),
			"signatures": []any{map[string]any{"is_valid": true, "signer": map[string]string{"drfo": "3087512347"}}},
		}})
	}))
	t.Cleanup(server.Close)
	return server
}

// TestEachScopeShowsItsSignInForm goes through the three sign-ins with chromium: by a password, with a one-time code,
// and by a signature, each of which ends with a code for the application.
func TestEachScopeShowsItsSignInForm(t *testing.T) {
	service := signatureService(t)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_SIGNATURE_URL=" + service.URL, "ITHILDIN_SIGNATURE_TOKEN=token of the service",
	}, "serve", "--dev")
	p.verb("scope", "put", "patients:create", "--title-uk", "Реєструвати пацієнтів", "--title-en", "Register patients",
		"--assurance", "one_time_code")
	p.verb("scope", "put", "employee:read", "--title-uk", "Переглядати дані працівників", "--title-en", "View employees",
		"--login-form", "signature")
	// The server reads the catalogue again within a second; whoever signs in takes longer, but the first page does not.
	user := "/admin/users/" + demoUser(t, p)
	p.adminAPI(t, http.MethodPost, user+"/authentication_factors",
		`{"type":"SMS","factor":"+380501234567"}`)

	for name, size := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		t.Run(name, func(t *testing.T) {
			p.adminAPI(t, http.MethodDelete, user+"/apps", "") // so that consent is asked for again
			begin := func(scope string) string {
				return p.issuer + "/sign-in?" + url.Values{
					"client_id": {demoClientID}, "redirect_uri": {p.issuer + "/dev/callback"}, "scope": {scope},
				}.Encode()
			}
			step := func(ctx context.Context, shot string, steps ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				require.NoError(t, chromedp.Do(ctx, steps...), shot)
				require.False(t, look(t, ctx, chromedp.Evaluate[bool](sticksOut)), "nothing sticks out at the side: %s", shot)
				screenshot(t, ctx, name+"-"+shot)
			}
			ctx := newBrowser(t, size[0], size[1], "uk")
			step(ctx, "password", chromedp.Navigate(begin("patients:view")), chromedp.WaitVisible("#login-submit"))
			require.Equal(t, "Вхід", look(t, ctx, chromedp.Text("h1")))
			step(ctx, "one-time-code", chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
				chromedp.SendKeys(`[name=password]`, "demo-password-1"),
				chromedp.Click("#login-submit"), chromedp.WaitVisible("#code-submit"))
			require.Equal(t, "Код підтвердження", look(t, ctx, chromedp.Text("h1")))
			step(ctx, "one-time-code-wrong", chromedp.SendKeys(`[name=code]`, "000000"), chromedp.Click("#code-submit"),
				chromedp.WaitVisible(`[role=alert]`))
			step(ctx, "consent", chromedp.SendKeys(`[name=code]`, p.lastCode(t)), chromedp.Click("#code-submit"),
				chromedp.WaitVisible("#consent-accept"))
			require.NoError(t, chromedp.Do(ctx, chromedp.Click("#consent-accept"), chromedp.WaitVisible("#exchange-legacy")))
			require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(begin("patients:create")),
				chromedp.WaitVisible("#consent-accept")))

			step(ctx, "signature", chromedp.Navigate(begin("employee:read")), chromedp.WaitVisible("#signing-submit"),
				chromedp.Click("#signature-elsewhere"), chromedp.WaitVisible("#signature-submit"))
			require.Equal(t, "Вхід за електронним підписом", look(t, ctx, chromedp.Text("h1")))
			signed := filepath.Join(t.TempDir(), "sign-in.p7s")
			require.NoError(t, os.WriteFile(signed, []byte(look(t, ctx, chromedp.Value("#signature-content"))), 0o600))
			require.NoError(t, chromedp.Do(ctx, chromedp.SetUploadFiles("#signature", []string{signed}),
				chromedp.Click("#signature-submit"), chromedp.WaitVisible("#consent-accept"), chromedp.Click("#consent-accept"),
				chromedp.WaitVisible("#exchange-legacy")))
		})
	}
}

// demoUser is the id of the demo user.
func demoUser(t *testing.T, p *process) string {
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(p.adminAPI(t, http.MethodGet, "/admin/users?email=doctor@example.com", ""), &list))
	require.Len(t, list.Data, 1)
	return list.Data[0].ID
}

// adminAPI asks the admin API, which a development server opens to this machine.
func (p *process) adminAPI(t *testing.T, method, path, body string) []byte {
	r, err := http.NewRequestWithContext(t.Context(), method, p.admin+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, string(content))
	return content
}

var sentCode = regexp.MustCompile(`Код підтвердження: ([1-9]{6})`)

// lastCode is the last one-time code that the server wrote to its log, which it does before it answers.
func (p *process) lastCode(t *testing.T) string {
	found := sentCode.FindAllStringSubmatch(p.output.String(), -1)
	require.NotEmpty(t, found, "no code was sent")
	return found[len(found)-1][1]
}
