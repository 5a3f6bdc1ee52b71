//go:build chaos

package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// TestChaosPagesOfACountryAnswerWithinATenthOfASecond opens each list by each of its filters, pages of one person and
// one client, and the search.
func TestChaosPagesOfACountryAnswerWithinATenthOfASecond(t *testing.T) {
	s := newStack(t, storagetest.PostgreSQL())
	at, err := url.Parse(requirement.PostgreSQL.Get(t))
	require.NoError(t, err)
	require.NoError(t, s.store.SQL().QueryRowContext(t.Context(), `SELECT '/' || current_database()`).Scan(&at.Path))
	storagetest.Country(t, at.String())
	admin, _ := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	b.signIn(admin.Email)
	user := storagetest.UserNumber(77777)
	for _, path := range []string{
		"", "people", "people?email=koval.77777", "people?email=olena", "people?email=nobody-has-this",
		"people?tax_id=3000077777", "people?state=blocked", "people?factor=yes", "people?factor=no",
		"people?role=20000000-0000-4000-8000-000000000001", "people/" + user,
		"clients", "clients?name=" + url.QueryEscape("Клініка № 777"), "clients?name=nothing", "clients?state=blocked",
		"clients?type=10000000-0000-4000-8000-000000000002", "clients/client-77", "roles", "client-types", "scopes",
		"roles/20000000-0000-4000-8000-000000000001", "client-types/10000000-0000-4000-8000-000000000002",
		"audit", "audit?kind=sign_in_failed", "audit?user_id=" + user, "audit?client_id=client-77",
		"audit?request_id=request-77777", "audit?address=198.51.100.77", "audit?address=nowhere", "health",
	} {
		storagetest.Fast(t, "/console/"+path, func() { require.Equal(t, http.StatusOK, b.console(path).status, path) })
	}
	token := b.console("people").hidden(t, "token")
	for _, wanted := range []string{
		"koval.77777", "olena", "3000077777", user, "Клініка № 777", "client-77", "request-77777", "nothing-has-this",
	} {
		storagetest.Fast(t, "search for "+wanted, func() {
			found := b.post(s.admin+"/console/search", url.Values{"token": {token}, "q": {wanted}})
			require.Equal(t, http.StatusOK, found.status, found.body)
		})
	}
}
