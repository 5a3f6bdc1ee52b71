package console_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestTheAuditIsFilteredByNamesAndMinutes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Read, operator.Audit)
		doctor := s.person("doctor@example.com", true)
		client := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) { c.Name = "Клініка № 7" })
		at := s.clock.Now().Add(-3 * time.Hour) // 11:00 in Kyiv
		for minute, reason := range []string{"wrong_password", "user_blocked", "one_time_code"} {
			require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{{
				Kind: storage.EventSignInFailed, UserID: doctor.ID, ClientID: client.ID,
				Details: map[string]string{"reason": reason}, CreatedAt: at.Add(time.Duration(minute)*time.Minute + 59*time.Second),
			}}))
		}
		b := s.browser()
		b.signIn(admin.Email)
		p := b.console("audit?" + url.Values{"user_id": {" DOCTOR@example.com"}, "client_id": {"клініка № 7"}}.Encode())
		require.Equal(t, url.Values{"user_id": {doctor.ID}, "client_id": {client.ID}}, p.url.Query())
		require.Equal(t, 3, strings.Count(p.body, `<tr role="row">`)-1)
		require.Contains(t, p.body, ">doctor@example.com<")
		require.Contains(t, p.body, "Person (e-mail or id): doctor@example.com<")
		require.Contains(t, p.body, "Client (name or id): Клініка № 7<")
		p = b.get(p.url.String() + "&since=2026-03-01T11:01&until=2026-03-01T11:01")
		require.Equal(t, 1, strings.Count(p.body, `<tr role="row">`)-1)
		require.Contains(t, p.body, "the account is blocked")
		require.Contains(t, b.console("audit?user_id=nobody@example.com").body, "There is no such person")
		require.Equal(t, http.StatusNotFound, b.console("audit.ndjson?user_id=nobody@example.com").status)
		require.Contains(t, b.console("audit?client_id="+client.ID+"&kind=no_such_kind").body, "doctor@example.com")
	})
}

func TestAnOperatorKeepsViewsOfTheAudit(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Read, operator.Audit)
		other, _ := s.operator("other@example.com", operator.Read, operator.Audit)
		b := s.browser()
		b.signIn(admin.Email)
		require.NotContains(t, b.console("audit").body, "keep-view", "there is nothing to keep")
		p := b.console("audit?kind=sign_in_failed&after=1.x")
		token := b.console("").hidden(t, "token")
		require.Equal(t, http.StatusBadRequest, p.status)
		keep := func(name, query string) page {
			return b.post(s.admin+"/console/audit/views", url.Values{"token": {token}, "name": {name}, "query": {query}})
		}
		p = keep("Failed sign-ins", "kind=sign_in_failed&after=1.x")
		require.Equal(t, "kind=sign_in_failed", p.url.RawQuery)
		require.Contains(t, p.body, `href="/console/audit?kind=sign_in_failed"><bdi>Failed sign-ins</bdi>`)
		for _, wrong := range []string{" ", strings.Repeat("я", 61), "a\u202eb"} {
			require.Equal(t, http.StatusUnprocessableEntity, keep(wrong, "kind=sign_in").status)
		}
		require.Equal(t, http.StatusUnprocessableEntity, keep("long", "kind="+strings.Repeat("a", 3000)).status)

		views, err := s.store.ListConsoleViews(t.Context(), admin.ID)
		require.NoError(t, err)
		require.Len(t, views, 1)
		stranger := s.browser()
		home := stranger.signIn(other.Email)
		require.NotContains(t, stranger.console("audit").body, "Failed sign-ins</bdi>")
		path := s.admin + "/console/audit/views/" + views[0].ID
		p = stranger.post(path, url.Values{"token": {home.hidden(t, "token")}})
		require.Equal(t, http.StatusNotFound, p.status, "of somebody else")
		p = b.post(path, url.Values{"token": {token}})
		require.Equal(t, "/console/audit", p.url.Path)
		require.NotContains(t, p.body, "Failed sign-ins</bdi>")
	})
}

// A kind without a title could not be chosen in the filter.
func TestEveryKindOfEventHasATitle(t *testing.T) {
	texts := readTexts(t, "uk")
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "storage", "event_kind.go"), nil, 0)
	require.NoError(t, err)
	kinds := 0
	ast.Inspect(file, func(n ast.Node) bool {
		literal, isLiteral := n.(*ast.BasicLit)
		if isLiteral && literal.Kind == token.STRING {
			kind, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			require.Contains(t, texts, "event."+kind)
			require.Contains(t, storage.EventKinds, kind)
			kinds++
		}
		return true
	})
	require.Len(t, storage.EventKinds, kinds)
}

func TestTheFirstPageDrawsTheLastDay(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Read)
		record := func(kind string, hours, times int) {
			for range times {
				require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{{
					Kind: kind, CreatedAt: s.clock.Now().Add(-time.Duration(hours) * time.Hour),
				}}))
			}
		}
		record(storage.EventSignIn, 2, 8)
		record(storage.EventSignIn, 30, 5)
		record(storage.EventSignInFailed, 2, 4)
		record(storage.EventCodeExchanged, 23, 7)
		record(storage.EventRefreshTokenReused, 1, 1)
		b := s.browser()
		p := b.signIn(admin.Email)
		for _, want := range []string{
			"succeeded: 9", "failed: 4", "in all: 8", "in all: 1", // this sign-in is one, and its code another
			`aria-label="Sign-ins, hour by hour for the last 24 hours. The most in an hour: 12."`,
			`<rect class="bar good" x="422" y="32" width="16" height="64"/>`,
			`<rect class="bar bad" x="422" y="0" width="16" height="32"/>`,
		} {
			require.Contains(t, p.body, want)
		}
		record(storage.EventSignInFailed, 0, 2)
		require.Contains(t, b.console("").body, "failed: 4", "kept for a minute")
		s.clock.Advance(time.Minute)
		require.Contains(t, b.console("").body, "failed: 6")
		require.Contains(t, b.console("health").body, `aria-label="Keys: `)
	})
}
