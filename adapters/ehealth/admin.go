package ehealth

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// longestScope bounds a scope string, in bytes, as the old system's columns did.
const longestScope = 2048

// mostFilterIDs bounds a filter that lists ids.
const mostFilterIDs = 100

// acting says who makes the changes of a request of the admin API, so that each is kept in the audit. The admin
// listener has put the operator into the context.
func (a *Adapter) acting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, _ := storage.ActorOf(r.Context())
		actor.By, actor.RequestID, actor.Address = storage.ByLegacyAPI, inbound.RequestID(r), inbound.ClientAddress(r)
		next.ServeHTTP(w, r.WithContext(storage.ActingAs(r.Context(), actor)))
	})
}

// readPathIDs puts the ids of a path in lower case, and returns the names of those that are no UUIDs.
func readPathIDs(r *http.Request) (broken []string) {
	vars := mux.Vars(r)
	for _, name := range []string{"id", "user_id", "client_id"} {
		value, given := vars[name]
		if !given {
			continue
		}
		id, isUUID := parseUUID(value)
		if !isUUID {
			broken = append(broken, name)
			continue
		}
		vars[name] = id
	}
	return broken
}

// pathID is an id of a path, which is a UUID, or names nothing.
func pathID(r *http.Request, name string) (string, error) {
	id, isUUID := parseUUID(mux.Vars(r)[name])
	if !isUUID {
		return "", failureNotFound
	}
	return id, nil
}

// objects are what an answer shows of rows.
func objects[R, O any](rows []R, object func(R) O) []O {
	list := make([]O, len(rows))
	for i, row := range rows {
		list[i] = object(row)
	}
	return list
}

// scope is a scope string that must be there.
func (c *check) scope(name string) []string {
	value := c.text(name)
	if strings.ContainsRune(value, 0) {
		c.broke(name, ruleString)
	}
	if len(value) > longestScope {
		c.broke(name, rule{
			Rule: "length", Description: "should be at most 2048 character(s)", Params: map[string]int{"max": longestScope},
		})
	}
	return storage.SplitScope(value)
}
