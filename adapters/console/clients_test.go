package console_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/console"
	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAnOperatorChangesAClientWithoutAnOutage(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		client := storagetest.Client(t, s.store, storage.PresetStandard, storagetest.Opaque,
			func(c *storage.Client) { c.Name = "Лікарня № 7" })
		connection := client.Connections[0]
		storagetest.Grant(t, s.store, client, s.person("doctor@example.com", true))
		b := s.browser()
		home := b.signIn(admin.Email)
		for _, wanted := range []string{"лікарня", client.ID, connection.ID} {
			p := b.post(s.admin+"/console/search", url.Values{"token": {home.hidden(t, "token")}, "q": {wanted}})
			require.Equal(t, "/console/clients/"+client.ID, p.url.Path, wanted)
		}
		require.Contains(t, b.console("clients?name="+url.QueryEscape("ЛІКАРНЯ")).body, client.ID)
		require.Contains(t, b.console("clients?state=blocked").body, "Nothing was found")

		path := "clients/" + client.ID + "/"
		p := b.act(path+"connections/"+connection.ID+"/new-secret", url.Values{"overlap": {"72"}})
		require.Contains(t, p.body, "will not be shown again")
		shown := regexp.MustCompile(`id="secret">([^<]+)<`).FindStringSubmatch(p.body)
		require.NotNil(t, shown, p.body)
		stored, err := s.store.FindConnection(t.Context(), connection.ID)
		require.NoError(t, err)
		require.Len(t, stored.Secrets, 2)
		hashes := [][]byte{stored.Secrets[0].Hash, stored.Secrets[1].Hash}
		require.Contains(t, hashes, storage.Hash(shown[1]))
		require.Contains(t, hashes, storage.Hash(storagetest.SecretOf(connection.ID)))
		for _, secret := range stored.Secrets {
			if string(secret.Hash) != string(storage.Hash(shown[1])) {
				require.Equal(t, s.clock.Now().Add(72*time.Hour), secret.ExpiresAt, "the old one is alive")
			}
		}
		require.NotContains(t, b.console("clients/"+client.ID).body, shown[1], "it is shown once")
		require.NotContains(t, b.console("audit").body, shown[1])

		const moved = "https://new.example/callback"
		for _, wrong := range []string{
			" ", "http://new.example/", "https://new.example/#x", "javascript:alert(1)", "https://*.example/",
		} {
			p = b.act(path+"connections/"+connection.ID+"/redirect-uris", url.Values{"redirect_uris": {wrong}})
			require.Equal(t, http.StatusUnprocessableEntity, p.status, wrong)
		}
		p = b.act(path+"connections/"+connection.ID+"/redirect-uris", url.Values{
			"redirect_uris": {storagetest.RedirectURI + "\r\n" + moved},
		})
		require.Contains(t, p.body, "The redirect URIs were changed.")
		stored, err = s.store.FindConnection(t.Context(), connection.ID)
		require.NoError(t, err)
		require.Equal(t, []string{storagetest.RedirectURI, moved}, stored.RedirectURIs)
		require.Equal(t, "ticket 4711", s.lastEvent(storage.EventConnectionUpdated).Details["reason"])

		require.Contains(t, b.act(path+"block-client", nil).body, "Reason: ticket 4711")
		require.Contains(t, b.act(path+"unblock-client", nil).body, "The client is unblocked.")
		require.Contains(t, b.act(path+"end-client-tokens", nil).body, "The tokens of the client have ended.")
		count, err := s.store.CountLiveOfClient(t.Context(), client.ID)
		require.NoError(t, err)
		require.Zero(t, count.Grants)
	})
}

// Whoever could send the codes of the console, or of a client with rights, elsewhere would sign in as another operator.
func TestAttackOperatorTakesOverAClientWithMoreRights(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	desk, _ := s.operator("desk@example.com", operator.Read, operator.Clients)
	strong := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
		c.Scope = append(c.Scope, string(operator.Users))
	})
	own, err := s.store.LoadClient(t.Context(), console.ClientID)
	require.NoError(t, err)
	b := s.browser()
	b.signIn(desk.Email)
	token := b.console("").hidden(t, "token")
	for _, client := range []*storage.Client{strong, own} {
		before := client.Connections[0]
		for _, action := range []string{
			"/block-client", "/end-client-tokens", "/connections/" + before.ID + "/redirect-uris",
			"/connections/" + before.ID + "/new-secret",
		} {
			p := b.post(s.admin+"/console/clients/"+client.ID+action, url.Values{
				"token": {token}, "reason": {"let me in"}, "redirect_uris": {"https://evil.example/"},
			})
			require.Equal(t, http.StatusConflict, p.status, action)
			require.NotContains(t, p.body, `id="secret"`)
		}
		after, err := s.store.LoadClient(t.Context(), client.ID)
		require.NoError(t, err)
		require.Equal(t, before, after.Connections[0])
		require.False(t, after.IsBlocked)
	}
}

func TestTheAuditIsFilteredAndExported(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Read, operator.Audit)
		const formula = `=HYPERLINK("https://evil.example")`
		var events []storage.Event
		for n := range 120 {
			e := storage.Event{
				Kind: storage.EventSignInFailed, UserID: admin.ID, Address: "192.0.2.7", RequestID: "request-of-many",
				CreatedAt: s.clock.Now().Add(-time.Duration(n) * time.Hour),
			}
			if n == 3 {
				e.RequestID, e.Address, e.Details = "request-4711", formula, map[string]string{"reason": "wrong_password"}
			}
			events = append(events, e)
		}
		require.NoError(t, s.store.RecordEvents(t.Context(), events))
		b := s.browser()
		home := b.signIn(admin.Email)
		p := b.console("audit?kind=sign_in_failed")
		require.Equal(t, 45, strings.Count(p.body, "<tr role=\"row\">")-1)
		seen := 45
		for strings.Contains(p.body, `id="next"`) {
			next := regexp.MustCompile(`href="([^"]+)" id="next"`).FindStringSubmatch(p.body)
			p = b.get(s.admin + strings.ReplaceAll(next[1], "&amp;", "&"))
			seen += strings.Count(p.body, "<tr role=\"row\">") - 1
		}
		require.Equal(t, 120, seen)
		p = b.post(s.admin+"/console/search", url.Values{"token": {home.hidden(t, "token")}, "q": {"request-4711"}})
		require.Equal(t, "request_id=request-4711", p.url.RawQuery)
		require.Contains(t, p.body, "wrong password")
		require.Equal(t, 1, strings.Count(p.body, "<tr role=\"row\">")-1)
		require.Contains(t, b.console("audit?since=2026-03-02").body, "There are no events.")

		p = b.console("audit.ndjson?kind=sign_in_failed")
		require.Equal(t, "application/x-ndjson", p.header.Get("Content-Type"))
		lines := strings.Split(strings.TrimSpace(p.body), "\n")
		require.Len(t, lines, 120)
		var first struct{ Kind, Address string }
		require.NoError(t, json.Unmarshal([]byte(lines[3]), &first))
		require.Equal(t, formula, first.Address)
		exported := s.lastEvent(storage.EventAuditExported)
		require.Equal(t, "admin@example.com", exported.Details["operator"])
		require.Equal(t, "kind=sign_in_failed", exported.Details["filter"])

		p = b.console("audit.csv?request_id=request-4711")
		require.Equal(t, `attachment; filename="audit.csv"`, p.header.Get("Content-Disposition"))
		rows, err := csv.NewReader(strings.NewReader(p.body)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.Equal(t, "'"+formula, rows[1][5], "no spreadsheet takes it for a formula")
	})
}
