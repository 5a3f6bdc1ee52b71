package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

// Front ends and scripts take the last of a list for what they made last.
func TestListsAreInTheOrderOfMaking(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		types := w.ids(w.admin(http.MethodGet, "client_types?name=MSP", ""))
		var users, clients, approvals []string
		for range 6 {
			w.later.Add(1)
			user := w.admin(http.MethodPost, "users", body("user", map[string]any{
				"email": uuid.NewString() + "@example.com", "password": "Somepassword1", "tax_id": "order",
			})).member("data.id")
			client := w.admin(http.MethodPost, "clients", body("client", map[string]any{
				"name": "Clinic of the order", "user_id": user, "client_type_id": types[0],
			})).member("data.id")
			approval := w.ask(http.MethodPost, "/admin/apps", headers("x-consumer-id", doctorID), body("app",
				map[string]any{"user_id": doctorID, "client_id": client, "scope": "legal_entity:read"})).member("data.id")
			users, clients, approvals = append(users, user), append(clients, client), append(approvals, approval)
		}
		require.Equal(t, users, w.ids(w.admin(http.MethodGet, "users?tax_id=order", "")))
		require.Equal(t, clients, w.ids(w.admin(http.MethodGet, "clients?name=order", "")))
		require.Equal(t, approvals, w.ids(w.ask(http.MethodGet, "/admin/apps", headers("x-consumer-id", doctorID), "")))
		require.Equal(t, clients[2:4], w.ids(w.admin(http.MethodGet, "clients?name=order&page_size=2&page=2", "")))
		require.Equal(t, http.StatusOK, w.admin(http.MethodPut, "users/"+users[0], `{"user":{"person_id":"x"}}`).status)
		require.Equal(t, users, w.ids(w.admin(http.MethodGet, "users?tax_id=order", "")), "a change moves nothing")
	})
}
