package admin_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestRolesAndClientTypesAreManaged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		for _, path := range []string{"/roles", "/client-types"} {
			body := map[string]any{"name": "DOCTOR", "scope": []string{"patients:view"}}
			made := s.do(http.StatusCreated, http.MethodPost, path, body, "Idempotency-Key", path)
			again := s.do(http.StatusCreated, http.MethodPost, path, body, "Idempotency-Key", path)
			require.Equal(t, made.text("id"), again.text("id"))
			s.ask(staticToken, http.MethodPost, path, body).isProblem(http.StatusConflict, "name")
			s.ask(staticToken, http.MethodPost, path, map[string]any{"name": "x", "scope": []string{"two words"}}).
				isProblem(http.StatusUnprocessableEntity, "body.scope[0]")
			one := path + "/" + made.text("id")
			require.Equal(t, "/api/v1"+one, made.header.Get("Location"))
			s.ask(staticToken, http.MethodPatch, one, body).isProblem(http.StatusPreconditionRequired)
			changed := s.do(http.StatusOK, http.MethodPatch, one, map[string]any{"scope": []string{"a", "b"}},
				"If-Match", made.header.Get("ETag"))
			require.Equal(t, "DOCTOR", changed.text("name"))
			require.Equal(t, []any{"a", "b"}, changed.body["scope"])
			require.Len(t, s.do(http.StatusOK, http.MethodGet, path, nil).items(), 1)
			s.do(http.StatusNoContent, http.MethodDelete, one, nil, "If-Match", changed.header.Get("ETag"))
			s.ask(staticToken, http.MethodGet, one, nil).isProblem(http.StatusNotFound)
		}
		kind := storage.ClientType{ID: s.store.NewID(), Name: "MIS"}
		require.NoError(t, s.store.CreateClientType(t.Context(), kind))
		storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) { c.TypeID = kind.ID })
		s.ask(staticToken, http.MethodDelete, "/client-types/"+kind.ID, nil, "If-Match", "*").
			isProblem(http.StatusConflict, "in use")
	})
}

func TestAttackOperatorChangesNoRoleBeyondTheirRights(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		helpDesk, own := s.userToken(storagetest.User(t, s.store), "admin:read", "admin:users")
		s.ask(helpDesk, http.MethodPost, "/roles", map[string]any{"name": "x", "scope": []string{"admin:audit"}}).
			isProblem(http.StatusForbidden, "admin:audit")
		s.ask(helpDesk, http.MethodPatch, "/roles/"+own.ID, map[string]any{"scope": []string{"admin:users", "admin:keys"}},
			"If-Match", "*").isProblem(http.StatusForbidden, "admin:keys")
		powerful := storagetest.Role(t, s.store, "admin:keys")
		s.ask(helpDesk, http.MethodPatch, "/roles/"+powerful.ID, map[string]any{"scope": []string{}}, "If-Match", "*").
			isProblem(http.StatusForbidden, "admin:keys")
		s.ask(helpDesk, http.MethodDelete, "/roles/"+powerful.ID, nil, "If-Match", "*").
			isProblem(http.StatusForbidden, "admin:keys")
	})
}

func TestCatalogueOfScopesIsManaged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		body := map[string]any{"title_uk": "Бачити пацієнтів", "title_en": "See patients", "governed_by": "role"}
		put := s.do(http.StatusOK, http.MethodPut, "/scopes/patients:view", body)
		require.Equal(t, "password", put.text("assurance"))
		listed := s.do(http.StatusOK, http.MethodGet, "/scopes", nil)
		require.Contains(t, listed.raw, "See patients")
		require.Contains(t, listed.raw, "admin:read")
		s.ask(staticToken, http.MethodPut, "/scopes/a%22b", body).isProblem(http.StatusUnprocessableEntity, "path.scope")
		s.do(http.StatusNoContent, http.MethodDelete, "/scopes/patients:view", nil)
		s.ask(staticToken, http.MethodDelete, "/scopes/patients:view", nil).isProblem(http.StatusNotFound)
		require.Len(t, s.events(storage.EventScopePut), 1)
		require.Len(t, s.events(storage.EventScopeDeleted), 1)
	})
}

func TestResourcesAreManaged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		const path, api = "/resources", "https://api.example.org/v1"
		body := map[string]any{"identifier": api, "title_uk": "Записи", "title_en": "Records", "scope": []string{"a:b"}}
		put := s.do(http.StatusOK, http.MethodPut, path, body)
		require.Equal(t, api, put.text("identifier"))
		listed := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.Len(t, listed.items(), 1)
		require.Equal(t, []any{"a:b"}, listed.items()[0]["scope"])
		for member, wrong := range map[string]any{
			"identifier": "x", "title_uk": "\u202e", "client_id": "nobody", "access_token_format": "x", "access_lifetime": -1,
			"color": "red", "scope": []string{"two words"},
		} {
			changed := map[string]any{"identifier": api, "title_uk": "Записи", "title_en": "Records", member: wrong}
			s.ask(staticToken, http.MethodPut, path, changed).isProblem(http.StatusUnprocessableEntity)
		}
		reader, _ := s.userToken(storagetest.User(t, s.store), "admin:read")
		s.ask(reader, http.MethodPut, path, body).isProblem(http.StatusForbidden)
		s.ask(reader, http.MethodDelete, path+"?identifier="+api, nil).isProblem(http.StatusForbidden)
		s.do(http.StatusNoContent, http.MethodDelete, path+"?identifier="+api, nil)
		s.ask(staticToken, http.MethodDelete, path+"?identifier="+api, nil).isProblem(http.StatusNotFound)
		require.Len(t, s.events(storage.EventResourcePut), 1)
		require.Len(t, s.events(storage.EventResourceDeleted), 1)
	})
}

func TestTypesOfAuthorizationDetailsAreManaged(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		const path = "/authorization-details-types"
		field := map[string]any{"name": "amount", "title_uk": "Сума", "title_en": "Amount", "kind": "number"}
		body := map[string]any{"type": "payment", "title_uk": "Платіж", "title_en": "Payment", "fields": []any{field}}
		require.Equal(t, "payment", s.do(http.StatusOK, http.MethodPut, path, body).text("type"))
		listed := s.do(http.StatusOK, http.MethodGet, path, nil)
		require.Len(t, listed.items(), 1)
		require.Equal(t, []any{field}, listed.items()[0]["fields"])
		for member, wrong := range map[string]any{
			"type": "two words", "title_uk": "", "color": "red",
			"fields": []any{map[string]any{"name": "amount", "title_uk": "С", "title_en": "A", "kind": "money"}},
		} {
			changed := map[string]any{"type": "payment", "title_uk": "Платіж", "title_en": "Payment"}
			changed[member] = wrong
			s.ask(staticToken, http.MethodPut, path, changed).isProblem(http.StatusUnprocessableEntity)
		}
		s.do(http.StatusNoContent, http.MethodDelete, path+"?type=payment", nil)
		s.ask(staticToken, http.MethodDelete, path+"?type=payment", nil).isProblem(http.StatusNotFound)
		require.Len(t, s.events(storage.EventDetailTypePut), 1)
		require.Len(t, s.events(storage.EventDetailTypeDeleted), 1)
	})
}

func TestTokensAreListedWithoutValuesAndEnded(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		token, _ := s.userToken(user, "admin:read")
		s.userToken(storagetest.User(t, s.store), "admin:read")
		listed := s.do(http.StatusOK, http.MethodGet, "/tokens?kind=access_token&user_id="+user.ID, nil)
		require.Len(t, listed.items(), 1)
		require.Equal(t, "live", listed.items()[0]["state"])
		require.NotContains(t, listed.raw, token)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, "/tokens?kind=refresh_token", nil).items())
		id := listed.items()[0]["id"].(string)
		s.do(http.StatusNoContent, http.MethodDelete, "/tokens/"+id, nil)
		s.ask(staticToken, http.MethodDelete, "/tokens/"+id, nil).isProblem(http.StatusNotFound)
		s.ask(token, http.MethodGet, "/users", nil).isProblem(http.StatusUnauthorized)
	})
}

func TestOwnerOfATokenIsFoundByItsValue(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		opaque, _ := s.userToken(user, "admin:read")
		found := s.do(http.StatusOK, http.MethodPost, "/token-lookups", map[string]any{"token": opaque})
		require.Equal(t, user.ID, found.text("user_id"))
		require.Equal(t, "live", found.text("state"))
		require.NotContains(t, found.raw, opaque)
		s.do(http.StatusNoContent, http.MethodDelete, "/tokens/"+found.text("id"), nil)

		jwt, client := s.clientToken("admin:read")
		found = s.do(http.StatusOK, http.MethodPost, "/token-lookups", map[string]any{"token": jwt})
		require.Equal(t, client.ID, found.text("client_id"))
		require.Equal(t, "access_token", found.text("kind"))
		require.NotContains(t, found.body, "user_id")

		for _, unknown := range []string{opaque, "nothing", jwt + "x"} {
			reply := s.ask(staticToken, http.MethodPost, "/token-lookups", map[string]any{"token": unknown})
			reply.isProblem(http.StatusNotFound)
			require.NotContains(t, reply.raw, unknown)
		}
		long := strings.Repeat("x", 20_000)
		tooLong := s.ask(staticToken, http.MethodPost, "/token-lookups", map[string]any{"token": long})
		tooLong.isProblem(http.StatusUnprocessableEntity, "body.token")
		require.NotContains(t, tooLong.raw, "xxx", "no answer repeats what may be a token")
	})
}

func TestApprovalsAreListedAndWithdrawn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user, client := storagetest.User(t, s.store), storagetest.Client(t, s.store, storage.PresetStandard)
		require.NoError(t, s.store.Approve(t.Context(), storage.Approval{
			ID: s.store.NewID(), UserID: user.ID, ClientID: client.ID, Scope: []string{"openid"},
			CreatedAt: s.store.Now(), UpdatedAt: s.store.Now(),
		}))
		for _, query := range []string{"", "?user_id=" + user.ID, "?client_id=" + client.ID} {
			items := s.do(http.StatusOK, http.MethodGet, "/approvals"+query, nil).items()
			require.Len(t, items, 1)
			require.Equal(t, []any{"openid"}, items[0]["scope"])
		}
		id := s.do(http.StatusOK, http.MethodGet, "/approvals", nil).items()[0]["id"].(string)
		s.do(http.StatusNoContent, http.MethodDelete, "/approvals/"+id, nil)
		s.ask(staticToken, http.MethodDelete, "/approvals/"+id, nil).isProblem(http.StatusNotFound)
		require.Equal(t, staticName, s.events(storage.EventApprovalDeleted)[0].Details["operator"])
	})
}

func TestAuditIsListedFilteredAndExported(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		var last string
		for i := range 5 {
			s.later.Store(int64(i))
			last = s.do(http.StatusCreated, http.MethodPost, "/users",
				map[string]any{"email": fmt.Sprintf("u%d@example.com", i)}).text("id")
		}
		newest := s.do(http.StatusOK, http.MethodGet, "/audit?limit=2", nil)
		require.Len(t, newest.items(), 2)
		require.Equal(t, last, newest.items()[0]["user_id"])
		require.Equal(t, staticName, newest.items()[0]["operator"])
		require.Contains(t, newest.items()[0]["after"], "email")
		rest := s.do(http.StatusOK, http.MethodGet, "/audit?limit=9&cursor="+newest.text("next_cursor"), nil)
		require.Len(t, rest.items(), 3)
		require.NotContains(t, rest.body, "next_cursor")
		require.Equal(t, last, s.do(http.StatusOK, http.MethodGet, "/audit?order=oldest_first", nil).items()[4]["user_id"])
		require.Len(t, s.do(http.StatusOK, http.MethodGet, "/audit?user_id="+last, nil).items(), 1)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, "/audit?kind=user_deleted", nil).items())
		request := newest.items()[0]["request_id"].(string)
		require.Len(t, s.do(http.StatusOK, http.MethodGet, "/audit?request_id="+request, nil).items(), 1)
		require.Len(t, s.do(http.StatusOK, http.MethodGet, "/audit?address=127.0.0.1", nil).items(), 5)
		require.Empty(t, s.do(http.StatusOK, http.MethodGet, "/audit?address=192.0.2.1", nil).items())
		s.ask(staticToken, http.MethodGet, "/audit?cursor=x", nil).isProblem(http.StatusUnprocessableEntity, "cursor")
		s.ask(staticToken, http.MethodGet, "/audit?since=yesterday", nil).isProblem(http.StatusUnprocessableEntity, "since")

		export := s.do(http.StatusOK, http.MethodGet, "/audit/export", nil)
		require.Equal(t, "application/x-ndjson", export.header.Get("Content-Type"))
		var lines []map[string]any
		for scanner := bufio.NewScanner(strings.NewReader(export.raw)); scanner.Scan(); {
			var line map[string]any
			require.NoError(t, json.Unmarshal(scanner.Bytes(), &line))
			lines = append(lines, line)
		}
		require.Len(t, lines, 5)
		require.Equal(t, last, lines[4]["user_id"])
		after := s.do(http.StatusOK, http.MethodGet, "/audit/export?after="+lines[2]["cursor"].(string), nil)
		require.Equal(t, 2, strings.Count(after.raw, "\n"))
		s.ask(staticToken, http.MethodGet, "/audit/export?after=x", nil).isProblem(http.StatusUnprocessableEntity)
	})
}

func TestKeysAreListedAndRotated(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		listed := s.do(http.StatusOK, http.MethodGet, "/keys", nil)
		require.Len(t, listed.items(), 2)
		require.NotContains(t, listed.raw, "PRIVATE")
		rotated := s.do(http.StatusOK, http.MethodPost, "/keys/rotate", map[string]any{"algorithm": "ES256"})
		require.Len(t, rotated.items(), 3)
		require.Contains(t, rotated.raw, "pending")
		s.ask(staticToken, http.MethodPost, "/keys/rotate", map[string]any{"algorithm": "ES256"}).
			isProblem(http.StatusConflict, "takes over by itself")
		s.ask(staticToken, http.MethodPost, "/keys/rotate", map[string]any{"algorithm": "none"}).
			isProblem(http.StatusUnprocessableEntity, "algorithm")
		s.ask(staticToken, http.MethodPost, "/keys/rotate", map[string]any{"algorithm": "EdDSA"}).
			isProblem(http.StatusUnprocessableEntity, "does not sign with it")
		require.Equal(t, staticName, s.events(storage.EventSigningKeyReplaced)[0].Details["operator"])
	})
}
