package identity

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/outbound"
)

func TestCaptchaOfAFormIsOfThatFormAndOfAPerson(t *testing.T) {
	var reply string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("secret") != "of the site" || r.PostFormValue("remoteip") != "192.0.2.1" {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, reply)
	}))
	defer server.Close()
	verifier := ReCAPTCHA{Service: outbound.Service{URL: server.URL, Token: "of the site"}}
	for _, c := range []struct{ reply, action, want string }{
		{`{"success":true,"action":"forgot_password","score":0.9}`, "forgot_password", ""},
		{`{"success":true}`, "forgot_password", ""},
		{`{"success":true,"action":"invitation","score":0.9}`, "forgot_password", "another-action"},
		{`{"success":true,"action":"forgot_password","score":0.4}`, "forgot_password", "low-score"},
		{`{"success":true,"action":"login","score":0.1}`, "", ""},
		{`{"success":false,"error-codes":["timeout-or-duplicate"]}`, "forgot_password", "timeout-or-duplicate"},
	} {
		reply = c.reply
		err := verifier.Verify(t.Context(), CaptchaAnswer{Response: "r", Address: "192.0.2.1", Action: c.action})
		if c.want == "" {
			require.NoError(t, err, c.reply)
			continue
		}
		var refused *CaptchaError
		require.ErrorAs(t, err, &refused, c.reply)
		require.Equal(t, []string{c.want}, refused.Codes)
	}
}
