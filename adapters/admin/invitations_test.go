package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestInvitationIsMadeWithItsMailListedAndRevoked(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		role, client := storagetest.Role(t, s.store, "patients:view"), storagetest.Client(t, s.store, storage.PresetStandard)
		body := map[string]any{"email": "Nurse@example.com", "role_ids": []string{role.ID}, "client_id": client.ID}
		made := s.do(http.StatusCreated, http.MethodPost, "/invitations", body, "Idempotency-Key", "k")
		require.Equal(t, "open", made.text("state"))
		require.Equal(t, []any{role.ID}, made.body["role_ids"])
		again := s.do(http.StatusCreated, http.MethodPost, "/invitations", body, "Idempotency-Key", "k")
		require.Equal(t, made.text("id"), again.text("id"))
		require.Len(t, s.do(http.StatusOK, http.MethodGet, "/mails", nil).items(), 1)
		for _, query := range []string{"", "?state=open", "?email=nurse@EXAMPLE.com"} {
			require.Len(t, s.do(http.StatusOK, http.MethodGet, "/invitations"+query, nil).items(), 1, query)
		}
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, "/invitations?state=revoked", nil).items())

		path := "/invitations/" + made.text("id")
		s.do(http.StatusNoContent, http.MethodDelete, path, nil)
		s.ask(staticToken, http.MethodDelete, path, nil).isProblem(http.StatusNotFound)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, "/mails", nil).items(), "its mail is not sent any more")
		require.Equal(t, staticName, s.events(storage.EventInvitationCreated)[0].Details["operator"])
	})
}

func TestInvitationThatCannotBeIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		storagetest.User(t, s.store, func(u *storage.User) { u.TaxID = "3087512347" })
		role, powerful := storagetest.Role(t, s.store, "a:b"), storagetest.Role(t, s.store, "admin:keys")
		invite := func(name string, value any) map[string]any {
			return with(map[string]any{"email": "a@example.com", "role_ids": []string{role.ID}}, name, value)
		}
		for name, row := range map[string]struct {
			body   map[string]any
			status int
			words  string
		}{
			"no address":        {invite("email", "nobody"), http.StatusUnprocessableEntity, "body.email"},
			"no role":           {invite("role_ids", []string{}), http.StatusUnprocessableEntity, "body.role_ids"},
			"an unknown role":   {invite("role_ids", []string{s.store.NewID()}), http.StatusUnprocessableEntity, "role_ids[0]"},
			"an unknown client": {invite("client_id", "nobody"), http.StatusUnprocessableEntity, "body.client_id"},
			"a tax id in use":   {invite("tax_id", "3087512347"), http.StatusConflict, "tax id"},
			"too many days":     {invite("days", 91), http.StatusUnprocessableEntity, "body.days"},
		} {
			t.Run(name, func(t *testing.T) {
				s.ask(staticToken, http.MethodPost, "/invitations", row.body).isProblem(row.status, row.words)
			})
		}
		helpDesk, _ := s.userToken(storagetest.User(t, s.store), "admin:users")
		s.ask(helpDesk, http.MethodPost, "/invitations", invite("role_ids", []string{powerful.ID})).
			isProblem(http.StatusForbidden, "admin:keys")
		require.Empty(t, s.events(storage.EventInvitationCreated))
	})
}
