//go:build chaos

package admin_test

import (
	"net/http"
	"net/url"
	"testing"

	"ithildin/storage/storagetest"
)

// TestChaosListsOfACountryAnswerWithinATenthOfASecond reads a page of each list by each of its filters: ones that match
// much, little, and nothing.
func TestChaosListsOfACountryAnswerWithinATenthOfASecond(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t)
	s := newStackOn(t, databaseURL)
	storagetest.Country(t, databaseURL)
	user := storagetest.UserNumber(77777)
	for _, path := range []string{
		"/users", "/users?order=email&after=olena.koval.5", "/users?email=koval.77777",
		"/users?email=%40clinic-77.example", "/users?email=olena", "/users?email=nobody-has-this", "/users?email=777",
		"/users?whole_email=olena.koval.77777%40clinic-2777.example", "/users?tax_id=3000077777", "/users?tax_id=1",
		"/users?state=blocked", "/users?state=active", "/users?state=blocked&email=koval",
		"/users?role_id=20000000-0000-4000-8000-000000000001", "/users?role_id=" + user,
		"/users/" + user, "/users/" + user + "/factors", "/users/" + user + "/roles", "/users/" + user + "/sessions",
		"/clients", "/clients?order=client_id&after=client-5", "/clients?state=blocked",
		"/clients?name=" + url.QueryEscape("КЛІНІКА № 777"), "/clients?name=" + url.QueryEscape("клініка"),
		"/clients?name=nothing", "/clients?client_type_id=10000000-0000-4000-8000-000000000002",
		"/clients?owner_id=" + storagetest.UserNumber(7), "/clients/client-777", "/clients/client-777/connections",
		"/connections/40000000-0000-4000-8000-000000000009", "/roles", "/client-types", "/scopes",
		"/sessions", "/sessions?address=192.0.2.77", "/sessions?address=nowhere", "/sessions?user_id=" + user,
		"/tokens", "/tokens?user_id=" + user, "/tokens?client_id=client-77", "/tokens?kind=refresh_token",
		"/tokens?kind=access_token&client_id=client-77", "/tokens?kind=change_password_token",
		"/tokens?kind=authorization_code",
		"/approvals", "/approvals?user_id=" + user, "/approvals?client_id=client-77", "/approvals?client_id=nobody",
		"/invitations", "/invitations?state=open", "/invitations?state=rejected",
		"/invitations?email=nurse77%40example.org",
		"/mails", "/logout-deliveries", "/initial-access-tokens", "/keys",
		"/audit", "/audit?kind=sign_in_failed", "/audit?kind=user_deleted", "/audit?user_id=" + user,
		"/audit?client_id=client-77", "/audit?request_id=request-77777", "/audit?request_id=none",
		"/audit?address=198.51.100.77", "/audit?address=nowhere", "/audit?kind=sign_in_failed&user_id=" + user,
		"/audit?kind=user_deleted&address=198.51.100.77", "/audit?order=oldest_first",
		"/audit?since=1970-01-02T00:00:00Z&before=1970-01-02T01:00:00Z",
	} {
		storagetest.Fast(t, path, func() { s.do(http.StatusOK, http.MethodGet, path, nil) })
	}
	for _, list := range []string{
		"/users", "/users?email=olena", "/clients", "/sessions", "/tokens", "/approvals", "/audit",
	} {
		cursor := s.do(http.StatusOK, http.MethodGet, list, nil).text("next_cursor")
		separator := "?"
		if list == "/users?email=olena" {
			separator = "&"
		}
		next := list + separator + "cursor=" + cursor
		storagetest.Fast(t, "the next page of "+list, func() { s.do(http.StatusOK, http.MethodGet, next, nil) })
	}
	storagetest.Fast(t, "/token-lookups", func() {
		s.ask(staticToken, http.MethodPost, "/token-lookups", map[string]any{"token": "nothing"})
	})
}
