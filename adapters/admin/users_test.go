package admin_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestUserIsCreatedReadChangedAndDeleted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		made := s.do(http.StatusCreated, http.MethodPost, "/users", map[string]any{
			"email": "Olena@example.com", "tax_id": "1234567890", "profile": map[string]any{"given_name": "Олена"},
		})
		require.NotEmpty(t, made.text("password"), "one was made")
		require.Equal(t, true, made.body["must_change_password"])
		path := "/users/" + made.text("id")
		require.Equal(t, "/api/v1"+path, made.header.Get("Location"))
		require.Equal(t, "no-store", made.header.Get("Cache-Control"))

		read := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.Equal(t, "olena@example.com", read.text("email"))
		require.Equal(t, "active", read.text("state"))
		require.NotContains(t, read.body, "password")
		require.Equal(t, made.header.Get("ETag"), read.header.Get("ETag"))

		changed := s.do(http.StatusOK, http.MethodPatch, path, map[string]any{"tax_id": "", "email": "o@example.com"},
			"If-Match", read.header.Get("ETag"))
		require.Equal(t, "o@example.com", changed.text("email"))
		require.NotContains(t, changed.body, "tax_id")
		require.Equal(t, map[string]any{"given_name": "Олена"}, changed.body["profile"], "what was left out stays")

		s.do(http.StatusNoContent, http.MethodDelete, path, nil, "If-Match", changed.header.Get("ETag"))
		s.ask(staticToken, http.MethodGet, path, nil).isProblem(http.StatusNotFound)
		for _, kind := range []string{storage.EventUserCreated, storage.EventUserUpdated, storage.EventUserDeleted} {
			events := s.events(kind)
			require.Len(t, events, 1, kind)
			require.Equal(t, staticName, events[0].Details["operator"])
		}
	})
}

func TestChangeNeedsTheETagOfTheUserAsTheyAre(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		path := "/users/" + storagetest.User(t, s.store).ID
		tag := s.do(http.StatusOK, http.MethodGet, path, nil).header.Get("ETag")
		body := map[string]any{"tax_id": "1"}
		s.ask(staticToken, http.MethodPatch, path, body).isProblem(http.StatusPreconditionRequired, "If-Match")
		s.ask(staticToken, http.MethodDelete, path, nil).isProblem(http.StatusPreconditionRequired, "If-Match")
		s.do(http.StatusOK, http.MethodPatch, path, body, "If-Match", tag)
		s.ask(staticToken, http.MethodPatch, path, map[string]any{"tax_id": "2"}, "If-Match", tag).
			isProblem(http.StatusPreconditionFailed, "changed since")
		s.ask(staticToken, http.MethodDelete, path, nil, "If-Match", `W/`+tag).isProblem(http.StatusPreconditionFailed)
		require.Equal(t, "1", s.do(http.StatusOK, http.MethodGet, path, nil).text("tax_id"))
		s.do(http.StatusOK, http.MethodPatch, path, map[string]any{"tax_id": "3"}, "If-Match", "*")
	})
}

func TestOfManyChangesWithOneETagOneIsMade(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		path := "/users/" + storagetest.User(t, s.store).ID
		tag := s.do(http.StatusOK, http.MethodGet, path, nil).header.Get("ETag")
		var statuses [8]int
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() {
				statuses[i] = s.ask(staticToken, http.MethodPatch, path, map[string]any{"tax_id": string(rune('a' + i))},
					"If-Match", tag).status
			})
		}
		all.Wait()
		counts := map[int]int{}
		for _, status := range statuses {
			counts[status]++
		}
		require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusPreconditionFailed: len(statuses) - 1}, counts)
	})
}

func TestCreationWithAnIdempotencyKeyIsMadeOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		body := map[string]any{"email": "once@example.com"}
		first := s.do(http.StatusCreated, http.MethodPost, "/users", body, "Idempotency-Key", "k")
		require.NotEmpty(t, first.text("password"))
		again := s.do(http.StatusCreated, http.MethodPost, "/users", body, "Idempotency-Key", "k")
		require.Equal(t, first.text("id"), again.text("id"))
		require.NotContains(t, again.body, "password", "a secret is shown once")
		s.ask(staticToken, http.MethodPost, "/users", map[string]any{"email": "other@example.com"},
			"Idempotency-Key", "k").isProblem(http.StatusUnprocessableEntity, "Idempotency-Key")
		s.ask(staticToken, http.MethodPost, "/users", body, "Idempotency-Key", "another").
			isProblem(http.StatusConflict, "e-mail")
		someone, _ := s.clientToken("admin:users")
		s.ask(someone, http.MethodPost, "/users", body, "Idempotency-Key", "k").isProblem(http.StatusConflict)
		require.Len(t, s.events(storage.EventUserCreated), 1)

		s.do(http.StatusNoContent, http.MethodDelete, "/users/"+first.text("id"), nil, "If-Match", "*")
		s.ask(staticToken, http.MethodPost, "/users", body, "Idempotency-Key", "k").isProblem(http.StatusGone)
		s.later.Store(24*3600 + 1)
		later := s.do(http.StatusCreated, http.MethodPost, "/users", body, "Idempotency-Key", "k")
		require.NotEqual(t, first.text("id"), later.text("id"), "a key is known for a day")
	})
}

func TestOfManyCreationsWithOneIdempotencyKeyOneIsMade(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		var replies [8]reply
		var all sync.WaitGroup
		for i := range replies {
			all.Go(func() {
				replies[i] = s.ask(staticToken, http.MethodPost, "/users", map[string]any{"email": "race@example.com"},
					"Idempotency-Key", "race")
			})
		}
		all.Wait()
		secrets := 0
		for _, reply := range replies {
			require.Equal(t, http.StatusCreated, reply.status, reply.raw)
			require.Equal(t, replies[0].text("id"), reply.text("id"))
			if _, shown := reply.body["password"]; shown {
				secrets++
			}
		}
		require.Equal(t, 1, secrets)
	})
}

func TestWhatIsWrongWithARequestIsNamed(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		const invalid = http.StatusUnprocessableEntity
		storagetest.User(t, s.store)
		post := func(body any) reply { return s.ask(staticToken, http.MethodPost, "/users", body) }
		s.ask(staticToken, http.MethodGet, "/users?mail=x", nil).
			isProblem(invalid, "query.mail",
				"unknown parameter; known: after, cursor, email, limit, order, role_id, state, tax_id, whole_email")
		s.ask(staticToken, http.MethodGet, "/users?limit=1&limit=2", nil).isProblem(invalid, "more than one value")
		s.ask(staticToken, http.MethodGet, "/users?limit=0", nil).isProblem(invalid, "query.limit")
		s.ask(staticToken, http.MethodGet, "/users?state=asleep", nil).isProblem(invalid, "query.state")
		s.ask(staticToken, http.MethodGet, "/users?cursor=x", nil).isProblem(invalid, "query.cursor")
		s.ask(staticToken, http.MethodGet, "/users/1", nil).isProblem(invalid, "path.user_id")
		post(map[string]any{"email": "a@example.com", "admin": true}).
			isProblem(invalid, "body.admin",
				"unknown member; known: email, id, must_change_password, password, person_id, profile, tax_id")
		post(map[string]any{}).isProblem(invalid, "email")
		post(map[string]any{"email": "nobody"}).isProblem(invalid, "body.email", "not an e-mail address")
		post(map[string]any{"email": "a@example.com", "profile": map[string]any{"sub": "x"}}).
			isProblem(invalid, "body.profile")
		post(`{"email":`).isProblem(http.StatusBadRequest)
		short := post(map[string]any{"email": "a@example.com", "password": "too short"})
		short.isProblem(invalid, "body.password")
		require.NotContains(t, short.raw, "too short\"", "a password is not repeated")
		wrongKind := post(map[string]any{"email": "a@example.com", "password": []string{"a secret text"}})
		wrongKind.isProblem(invalid)
		require.NotContains(t, wrongKind.raw, "a secret text")
	})
}

func TestUsersAreFoundAndPagedByACursor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		for _, email := range []string{"anna@clinic.example", "bohdan@clinic.example", "ann%a@other.example"} {
			storagetest.User(t, s.store, func(u *storage.User) { u.Email, u.TaxID = email, "tax of "+email })
		}
		blocked := storagetest.User(t, s.store)
		require.NoError(t, s.store.BlockUser(t.Context(), blocked.ID, "left"))
		emails := func(path string) (found []string) {
			for _, item := range s.do(http.StatusOK, http.MethodGet, path, nil).items() {
				found = append(found, item["email"].(string))
			}
			return found
		}
		require.ElementsMatch(t, []string{"anna@clinic.example", "bohdan@clinic.example"}, emails("/users?email=CLINIC"))
		require.Equal(t, []string{"ann%a@other.example"}, emails("/users?email=n%25a"))
		require.Equal(t, []string{"bohdan@clinic.example"}, emails("/users?tax_id=tax+of+bohdan@clinic.example"))
		require.Equal(t, []string{blocked.Email}, emails("/users?state=blocked"))
		require.Empty(t, emails("/users?email=nobody"))

		var paged []string
		cursor, pages := "", 0
		for {
			page := s.do(http.StatusOK, http.MethodGet, "/users?limit=3&cursor="+cursor, nil)
			require.InDelta(t, 4, page.body["total"], 0)
			for _, item := range page.items() {
				paged = append(paged, item["email"].(string))
			}
			pages++
			next, more := page.body["next_cursor"].(string)
			if !more {
				break
			}
			cursor = next
		}
		require.Equal(t, 2, pages)
		require.Equal(t, emails("/users"), paged)
	})
}
