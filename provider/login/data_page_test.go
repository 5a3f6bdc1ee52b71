package login

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// asOperator records events about the fixture's user as an operator of the console causes them.
func (f *fixture) asOperator(kinds ...string) {
	f.t.Helper()
	ctx := storage.ActingAs(f.t.Context(), storage.Actor{By: storage.ByConsole, Operator: "olena@example.com"})
	for _, kind := range kinds {
		f.clock.advance(time.Second)
		require.NoError(f.t, f.store.RecordEvents(ctx, []storage.Event{storage.ByActor(ctx, storage.Event{
			Kind: kind, UserID: f.userID,
		})}))
	}
}

func TestPersonSeesWhoHadAccessToTheirData(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		b := f.signedIn()
		p := b.get(PathAccess)
		require.Contains(t, p.body, "Жоден застосунок доступу не отримував")
		require.Contains(t, p.body, "Адміністратори вашого облікового запису не переглядали", "they did it themselves")

		f.approve(f.userID, "openid")
		f.asOperator(storage.EventUserViewed, storage.EventRoleGranted, "something_new")
		require.NoError(t, f.store.RecordEvents(t.Context(), []storage.Event{
			{Kind: storage.EventCodeExchanged, UserID: f.userID, ClientID: testClient},
			{Kind: storage.EventCodeExchanged, UserID: f.userID, ClientID: "deleted <client>"},
		}))
		f.userID = f.createUser("nurse@example.com", testPassword)
		f.asOperator(storage.EventUserBlocked)
		p = b.get(PathAccess + "?lang=en")
		for _, want := range []string{
			"Клініка &lt;Здоров&#39;я&gt;", "last got access", "allowed", "deleted &lt;client&gt;", "Looked at your data",
			"Gave a role", "Did something else with the account", "<bdi>olena@example.com</bdi>",
		} {
			require.Contains(t, p.body, want)
		}
		require.NotContains(t, p.body, "Blocked the account", "that was somebody else")
		require.Equal(t, PathSignIn, f.browser().get(PathAccess).Request.URL.Path)
	})
}

// export presses the button of the page.
func (b *browser) export(p page) page {
	return b.post(PathExport, url.Values{"request": {p.request(b.f.t)}})
}

func TestPersonDownloadsACopyOfTheirData(t *testing.T) {
	onEachEngine(t, func(t *testing.T, f *fixture) {
		f.phone(testPhone)
		b := f.browser()
		code := b.signIn(b.begin(""), testEmail, testPassword)
		b.typeCode(code, PathCode, f.sms.code(t, testPhone))
		f.approve(f.userID, "openid")
		f.asOperator(storage.EventUserViewed)
		other := f.createUser("nurse@example.com", testPassword)
		require.NoError(t, f.store.RecordEvents(t.Context(), []storage.Event{{Kind: "of somebody else", UserID: other}}))

		copied := b.export(b.get(PathExport))
		require.Equal(t, http.StatusOK, copied.StatusCode, copied.body)
		require.Equal(t, "application/json", copied.Header.Get("Content-Type"))
		require.Equal(t, `attachment; filename="account-data.json"`, copied.Header.Get("Content-Disposition"))
		require.Equal(t, "no-store", copied.Header.Get("Cache-Control"))
		var data personalData
		require.NoError(t, json.Unmarshal([]byte(copied.body), &data))
		require.Equal(t, testEmail, data.Account.Email)
		require.Equal(t, testPhone, data.Factors[0].Name)
		require.Len(t, data.Sessions, 1)
		require.Equal(t, []string{"openid"}, data.Approvals[0].Scope)
		kinds := map[string]string{}
		for _, e := range data.Events {
			kinds[e.Kind] = e.Operator
		}
		require.Equal(t, "olena@example.com", kinds[storage.EventUserViewed])
		require.Contains(t, kinds, storage.EventSignIn)
		require.NotContains(t, kinds, "of somebody else")
		user, err := f.store.FindUser(t.Context(), f.userID)
		require.NoError(t, err)
		require.NotContains(t, copied.body, user.Password)
		require.NotContains(t, copied.body, "$argon2")
		require.Len(t, f.events(storage.EventDataExported), 1)
	})
}

func TestAttackAStolenSessionTakesACopyOfTheData(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	form := b.get(PathExport)
	f.clock.advance(6 * time.Minute)
	require.Equal(t, PathSignIn, b.get(PathExport).Request.URL.Path, "the sign-in is too old")
	require.Equal(t, PathSignIn, b.export(form).Request.URL.Path)
	b = f.signedIn()
	form = b.get(PathExport)
	f.phone(testPhone)
	require.Equal(t, PathSignIn, b.export(form).Request.URL.Path, "it began without the second factor that is there now")
	other := f.signedInAs(t, "nurse@example.com")
	require.Equal(t, http.StatusBadRequest, other.export(form).StatusCode, "a form of another browser")
	require.Empty(t, f.events(storage.EventDataExported))
}

// signedInAs makes a user and signs them in.
func (f *fixture) signedInAs(t *testing.T, email string) *browser {
	f.createUser(email, testPassword)
	b := f.browser()
	require.Equal(t, "signed in as "+email, b.signIn(b.begin(""), email, testPassword).body)
	return b
}
