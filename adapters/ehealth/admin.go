package ehealth

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"ithildin/provider"
	"ithildin/storage"
)

// longestScope bounds a scope string, in bytes, as the old system's columns did.
const longestScope = 2048

// mostFilterIDs bounds a filter that lists ids.
const mostFilterIDs = 100

// acting says who makes the changes of a request of the admin API, so that each is kept in the audit. The admin listener has
// put the operator into the context.
func (a *Adapter) acting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, _ := storage.ActorOf(r.Context())
		actor.By, actor.RequestID, actor.Address = storage.ByLegacyAPI, provider.RequestID(r), a.provider.ClientAddress(r)
		next.ServeHTTP(w, r.WithContext(storage.ActingAs(r.Context(), actor)))
	})
}

// pathID is an id of a path, which is a UUID, or names nothing.
func pathID(r *http.Request, name string) (string, error) {
	id, isUUID := parseUUID(mux.Vars(r)[name])
	if !isUUID {
		return "", failureNotFound
	}
	return id, nil
}

// filters read the query of a list, and collect what is wrong with it.
type filters struct {
	query  func(string) string
	broken []invalid
}

func newFilters(r *http.Request) *filters { return &filters{query: r.URL.Query().Get} }

// text is a value of the query; "" where there is none.
func (f *filters) text(name string) string {
	value := strings.TrimSpace(f.query(name))
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) || len(value) > longestScope {
		f.broke(name)
		return ""
	}
	return value
}

// id is a UUID of the query, "" where there is none.
func (f *filters) id(name string) string {
	if f.text(name) == "" {
		return ""
	}
	id, isUUID := parseUUID(f.text(name))
	if !isUUID {
		f.broke(name)
	}
	return id
}

// ids are UUIDs of the query, separated by commas; nil where there are none.
func (f *filters) ids(name string) []string {
	if f.text(name) == "" {
		return nil
	}
	list := strings.Split(f.text(name), ",")
	ids := make([]string, 0, len(list))
	for _, value := range list {
		id, isUUID := parseUUID(strings.TrimSpace(value))
		if !isUUID || len(list) > mostFilterIDs {
			f.broke(name)
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func (f *filters) broke(name string) {
	f.broken = append(f.broken, invalid{Entry: name, EntryType: "query_parameter", Rules: []rule{ruleUUID}})
}

// failed is the answer that lists what is wrong, nil where nothing is.
func (f *filters) failed() *failure {
	if len(f.broken) == 0 {
		return nil
	}
	slices.SortFunc(f.broken, func(a, b invalid) int { return strings.Compare(a.Entry, b.Entry) })
	failed := failureValidation(nil)
	body := failed.body.(errorObject)
	body.Invalid = f.broken
	failed.body = body
	return &failed
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
