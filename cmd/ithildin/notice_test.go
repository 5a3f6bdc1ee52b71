package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// awaitLetter waits until the log of a development server has one more letter than before to an address with a subject.
func (p *process) awaitLetter(to, subject string, before int) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.letters(to, subject) > before }, 15*time.Second, 50*time.Millisecond,
		"%s to %s:\n%s", subject, to, p.output)
	require.Equal(p.t, before+1, p.letters(to, subject), "one letter")
}

// letters counts those in the log.
func (p *process) letters(to, subject string) (found int) {
	for line := range strings.Lines(p.output.String()) {
		if strings.Contains(line, "a mail, which is not sent") && strings.Contains(line, to) &&
			strings.Contains(line, subject) {
			found++
		}
	}
	return found
}

// factorOf is the id of the one second factor of a user.
func factorOf(t *testing.T, p *process, user string) string {
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(p.adminAPI(t, http.MethodGet, user+"/authentication_factors", ""), &list))
	require.Len(t, list.Data, 1)
	return list.Data[0].ID
}

// TestOwnerIsToldOfEachChangeOfTheAccountByWhateverPathItIsMade changes an account by the admin API and by the
// command line; TestPersonChangesPasswordAndPhoneWithABrowser does so on the pages.
func TestOwnerIsToldOfEachChangeOfTheAccountByWhateverPathItIsMade(t *testing.T) {
	p := start(t, t.TempDir(), []string{"ITHILDIN_ONE_TIME_CODES_SENT=30"}, "serve", "--dev")
	const email, next = "doctor@example.com", "surgeon@example.com"
	user := "/admin/users/" + demoUser(t, p)
	api := func(method, path, body string) func() { return func() { p.adminAPI(t, method, user+path, body) } }
	verb := func(arguments ...string) func() {
		return func() { p.verb(append([]string{"user"}, arguments...)...) }
	}
	factors := "/authentication_factors"
	p.adminAPI(t, http.MethodPost, user+factors, `{"type":"SMS","factor":"+380501234567"}`)
	factor := factors + "/" + factorOf(t, p, user)
	for _, c := range []struct {
		path        string
		change      func()
		to, subject string
	}{
		{"admin API", api(http.MethodPatch, "", `{"user":{"email":"`+next+`"}}`), email, "Електронну адресу змінено"},
		{"command line", verb("update", next, "--email", email), next, "Електронну адресу змінено"},
		{"admin API", api(http.MethodPatch, "", `{"user":{"password":"Another-passw0rd-1"}}`), email, "Пароль змінено"},
		{"admin API", api(http.MethodPatch, "/actions/change_password",
			`{"user":{"current_password":"Another-passw0rd-1","password":"Another-passw0rd-2"}}`), email, "Пароль змінено"},
		{"command line", verb("set-password", email), email, "Пароль змінено"},
		{"admin API", api(http.MethodPatch, "", `{"user":{"2fa_enable":true,"factor":"+380671112233"}}`), email,
			"Номер телефону змінено"},
		{"admin API", api(http.MethodPatch, factor+"/actions/reset", ""), email, "Номер телефону вилучено"},
		{"admin API", api(http.MethodPatch, factor+"/actions/disable", ""), email, "Додаткове підтвердження входу вимкнено"},
		{"admin API", api(http.MethodPatch, factor+"/actions/enable", ""), "", ""},
		{"command line", verb("factor", "disable", email, "--yes"), email, "Додаткове підтвердження входу вимкнено"},
		{"command line", verb("factor", "enable", email), "", ""},
		{"admin API", api(http.MethodPatch, "", `{"user":{"2fa_enable":true,"factor":"+380501234567"}}`), "", ""},
		{"command line", verb("factor", "reset", email, "--yes"), email, "Номер телефону вилучено"},
	} {
		before := p.letters(c.to, c.subject)
		c.change()
		if c.subject != "" {
			p.awaitLetter(c.to, c.subject, before)
		}
	}
	require.Equal(t, 10, p.letters("@example.com", "«"), "what makes an account no easier to enter is no news")
	require.Contains(t, p.output.String(), "Номер телефону для входу вилучено з вашого облікового запису",
		"the phone before is told too")
}
