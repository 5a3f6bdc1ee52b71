package login

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func TestSigningOutAsksFirstAndEndsTheSession(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	cookie := b.cookie(sessionCookie).Value

	asked := b.get(PathSignOut)
	require.Equal(t, []string{`<button type="submit" id="logout-confirm">`}, anyButton.FindAllString(asked.body, -1))
	require.Equal(t, []string{`<form method="post" action="/login/sign-out">`}, anyForm.FindAllString(asked.body, -1))
	require.Contains(t, asked.body, testEmail)
	require.NotNil(t, b.login(), "looking at the page ends nothing")

	done := b.post(PathSignOut, nil)
	require.Equal(t, http.StatusOK, done.StatusCode)
	require.Contains(t, done.body, "Ви вийшли")
	require.Nil(t, b.cookie(sessionCookie))
	_, err := f.store.FindLogin(t.Context(), storage.Hash(cookie), testClient)
	require.ErrorIs(t, err, storage.ErrNotFound)
	events := f.events(storage.EventSignOut)
	require.Len(t, events, 1)
	require.Equal(t, f.userID, events[0].UserID)
}

func TestSigningOutWithoutASessionIsNoError(t *testing.T) {
	b := newFixture(t).browser()
	page := b.get(PathSignOut).body
	require.Contains(t, page, "ніхто не ввійшов")
	require.Contains(t, page, `id="logout-confirm">Продовжити<`)
	require.NotContains(t, page, ">Вийти<")
	require.Contains(t, b.post(PathSignOut, nil).body, "Ви вийшли")
}

func TestSignOutContinuesThePendingRequest(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	asked := b.get("/authorize?page=" + url.QueryEscape(PathSignOut))
	p := b.post(PathSignOut, url.Values{"request": {asked.request(t)}})
	require.Equal(t, PathContinue, p.Request.URL.Path)
	require.Empty(t, p.body, "nobody is signed in there")
}

func TestSignOutWorksWithADamagedPendingRequest(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	require.Contains(t, b.post(PathSignOut, url.Values{"request": {"damaged"}}).body, "Ви вийшли")
	require.Nil(t, b.cookie(sessionCookie))
}

func TestSignOutFormRefusesOtherSites(t *testing.T) {
	f := newFixture(t)
	b := f.signedIn()
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Origin", "https://elsewhere.example")
	require.Equal(t, http.StatusForbidden, b.post(PathSignOut, nil).StatusCode)
	require.NotNil(t, b.login())
}
