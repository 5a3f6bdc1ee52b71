package login

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

var (
	anEnd        = regexp.MustCompile(`name="end_session" value="([^"]+)"`)
	aLabel       = regexp.MustCompile(`<button[^>]* aria-label="([^"]+)"`)
	aWithdrawal  = regexp.MustCompile(`name="withdraw_approval" value="([^"]+)"`)
	accountOwner = regexp.MustCompile(`name="user" value="([^"]+)"`)
)

// press sends the account form of a page with one of its buttons.
func (b *browser) press(p page, button, value string) page {
	owner := accountOwner.FindStringSubmatch(p.body)
	require.NotNil(b.f.t, owner, p.body)
	return b.post(PathAccount, url.Values{"user": {owner[1]}, button: {value}})
}

// approve lets the test's client have scopes of the user.
func (f *fixture) approve(userID string, scope ...string) storage.Approval {
	a := storage.Approval{
		ID: f.store.NewID(), UserID: userID, ClientID: testClient, Scope: scope, CreatedAt: f.clock.Now(),
	}
	require.NoError(f.t, f.store.Approve(f.t.Context(), a))
	return a
}

func TestThePersonSeesTheirSessionsAndApprovals(t *testing.T) {
	f := newFixture(t)
	b, elsewhere := f.signedIn(), f.browser()
	elsewhere.header.Set("User-Agent",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0")
	elsewhere.signIn(elsewhere.begin(""), testEmail, testPassword)
	f.approve(f.userID, "patients:view")
	require.NoError(t, f.store.PutScope(t.Context(), storage.Scope{
		Name: "patients:view", TitleUkrainian: "Перегляд пацієнтів", TitleEnglish: "See patients",
		GovernedBy: storage.GovernedByRole,
	}))

	p := b.get(PathAccount)
	require.Equal(t, http.StatusOK, p.StatusCode)
	require.Len(t, anyForm.FindAllString(p.body, -1), 1)
	require.Len(t, anEnd.FindAllString(p.body, -1), 2)
	require.Equal(t, b.login().Session.SessionID, anEnd.FindStringSubmatch(p.body)[1], "this browser is first")
	for _, want := range []string{testEmail, "Edge · Windows", "Цей браузер", "Перегляд пацієнтів", "24.11.2026, 11:00",
		"Час указано київський", `datetime="2026-11-24T11:00:00+02:00"`, "IP-адреса <bdi>127.0.0.1</bdi>"} {
		require.Contains(t, p.body, want)
	}
	require.Contains(t, html.UnescapeString(p.body), "Клініка <Здоров'я>")
	labels := aLabel.FindAllStringSubmatch(p.body, -1)
	require.Len(t, labels, 3)
	require.Contains(t, labels[1][1], "Edge · Windows, 127.0.0.1, 24.11.2026, 11:00",
		"what a screen reader tells the buttons by")
	require.NotEqual(t, labels[0][1], labels[1][1])
	require.Contains(t, b.get(PathAccount+"?lang=en").body, "See patients")
}

func TestASessionElsewhereAndThisOneEndByTheirButtons(t *testing.T) {
	f := newFixture(t)
	b, elsewhere := f.signedIn(), f.signedIn()
	p := b.get(PathAccount)

	after := b.press(p, "end_session", elsewhere.login().Session.SessionID)
	require.Equal(t, PathAccount, after.Request.URL.Path)
	require.Len(t, anEnd.FindAllString(after.body, -1), 1)
	require.Nil(t, elsewhere.login())

	require.Contains(t, b.press(after, "end_session", b.login().Session.SessionID).body, "Ви вийшли")
	require.Nil(t, b.login())
	require.Len(t, f.events(storage.EventSignOut), 2)
}

func TestAccountPageRefusesSessionsAndApprovalsOfOthers(t *testing.T) {
	f := newFixture(t)
	b, other := f.signedIn(), f.browser()
	otherID := f.createUser("nurse@example.com", testPassword)
	other.signIn(other.begin(""), "nurse@example.com", testPassword)
	approval := f.approve(otherID, "openid")
	p := b.get(PathAccount)

	require.Equal(t, http.StatusNotFound, b.press(p, "end_session", other.login().Session.SessionID).StatusCode)
	require.Equal(t, http.StatusNotFound, b.press(p, "withdraw_approval", approval.ID).StatusCode)
	require.NotNil(t, other.login())
	_, err := f.store.FindApproval(t.Context(), otherID, testClient)
	require.NoError(t, err)
}

func TestAccountFormOfAnotherUserIsRefused(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	p := b.get(PathAccount)
	f.createUser("nurse@example.com", testPassword)
	b.signIn(b.begin(""), "nurse@example.com", testPassword)

	require.Contains(t, b.press(p, "sign_out_everywhere", "yes").body, "nurse@example.com")
	require.NotNil(t, b.login())
}

func TestWithdrawingAnApprovalEndsItsTokens(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	approval := f.approve(f.userID, "openid")
	grant := storage.Grant{
		ID: f.store.NewID(), ClientID: testClient, UserID: f.userID, Session: &storage.Session{},
		ExpiresAt: f.clock.Now().Add(time.Minute),
	}
	require.NoError(t, f.store.CreateGrant(t.Context(), grant))
	p := b.get(PathAccount)
	require.Equal(t, approval.ID, aWithdrawal.FindStringSubmatch(p.body)[1])

	require.Contains(t, b.press(p, "withdraw_approval", approval.ID).body, "ще не надали доступу")
	found, err := f.store.FindGrant(t.Context(), grant.ID)
	require.NoError(t, err)
	require.NotZero(t, found.RevokedAt)
	require.Len(t, f.events(storage.EventApprovalDeleted), 1)
}

func TestSigningOutEverywhereEndsEverySession(t *testing.T) {
	f := newFixture(t)
	b, elsewhere := f.signedIn(), f.signedIn()
	require.Contains(t, b.press(b.get(PathAccount), "sign_out_everywhere", "yes").body, "Ви вийшли")
	require.Nil(t, b.cookie(sessionCookie))
	require.Nil(t, elsewhere.login())
}

func TestAccountFormsRefuseOtherSites(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	p := b.get(PathAccount)
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Origin", "https://elsewhere.example")
	require.Equal(t, http.StatusForbidden, b.press(p, "sign_out_everywhere", "yes").StatusCode)
	require.NotNil(t, b.login())
}

func TestAccountPageRequiresASignIn(t *testing.T) {
	f := newFixture(t)
	p := f.browser().get(PathAccount)
	require.Equal(t, PathSignIn, p.Request.URL.Path)
	require.Contains(t, p.body, f.host, "one signs in to the service itself")
}

func TestAccountPageLinksToTheInitiateLoginURIOfAClient(t *testing.T) {
	f := newFixture(t)
	require.Equal(t, "https://client.example/login?a=b&iss="+url.QueryEscape(f.server.URL),
		loginInitiation("https://"+f.host, "https://client.example/login?a=b"))
	for _, rejected := range []string{"", "http://client.example/", "javascript:alert(1)", "https:///x"} {
		require.Empty(t, loginInitiation("https://"+f.host, rejected), rejected)
	}
}

func TestADeviceIsNamedByBrowserAndSystem(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Firefox/133.0":                          "Firefox · Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1": "Safari · iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36":         "Chrome · Android",
		"curl/8.5.0": "",
		"":           "",
	} {
		require.Equal(t, want, deviceName(userAgent), userAgent)
	}
}
