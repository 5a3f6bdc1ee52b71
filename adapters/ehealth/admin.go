package ehealth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// longestScope bounds a scope string, in bytes, as the old system's columns did.
const longestScope = 2048

// mostFilterIDs bounds a filter that lists ids: as many as the body of a request can hold.
const mostFilterIDs = 2000

// clientRoutes are those of clients, their connections and types.
func (a *Adapter) clientRoutes() []route {
	store := a.provider.Store()
	clients := &clientsAPI{a.answers, store, a.provider}
	connections := &connectionsAPI{a.answers, store, a.provider.Clients(), a.options.SecretsHashed}
	types := &clientTypesAPI{a.answers, store}
	return []route{
		filtered("GET", "/admin/clients", clients.list, "id", "ids", "name", "user_id", "client_type_id", "is_blocked"),
		byID("POST", "/admin/clients", clients.create),
		byID("GET", "/admin/clients/{id}", clients.show),
		byID("PUT, PATCH", "/admin/clients/{id}", clients.put),
		byID("DELETE", "/admin/clients/{id}", clients.delete),
		byID("GET", "/admin/clients/{id}/details", clients.showDetails),
		byID("PATCH", "/admin/clients/{id}/actions/deactivate_tokens", clients.deactivateTokens),
		byID("PATCH", "/admin/clients/{id}/actions/block", clients.block),
		byID("PATCH", "/admin/clients/{id}/actions/unblock", clients.unblock),

		filtered("GET", "/admin/clients/{client_id}/connections", connections.list, "id", "consumer_id", "redirect_uri"),
		{"PUT", "/admin/clients/{client_id}/connections", connections.put},
		byID("GET", "/admin/clients/{client_id}/connections/{id}", connections.show),
		byID("PATCH", "/admin/clients/{client_id}/connections/{id}", connections.update),
		byID("DELETE", "/admin/clients/{client_id}/connections/{id}", connections.delete),
		byID("PATCH", "/admin/clients/{client_id}/connections/{id}/actions/refresh_secret", connections.refreshSecret),

		filtered("GET", "/admin/client_types", types.list, "name", "scope"),
		byID("POST", "/admin/client_types", types.create),
		byID("GET", "/admin/client_types/{id}", types.show),
		byID("PUT, PATCH", "/admin/client_types/{id}", types.update),
		byID("DELETE", "/admin/client_types/{id}", types.delete),
	}
}

// userRoutes are those of users, their roles, factors, approvals and tokens.
func (a *Adapter) userRoutes() []route {
	store := a.provider.Store()
	users := &usersAPI{a.answers, store, a.provider, a.provider.Identity(), a.options.TwoFactorOff}
	roles := &rolesAPI{a.answers, store}
	held := &heldRolesAPI{a.answers, store}
	factors := &factorsAPI{a.answers, store}
	approvals := &approvalsAPI{a.answers, store}
	tokens := &issuedTokensAPI{a.answers, store, a.loginAPI(), a.provider.SessionTokens()}
	codes := &oneTimeCodesAPI{a.answers, store, a.provider.Identity()}
	return []route{
		filtered("GET", "/admin/users", users.list, "id", "ids", "email", "tax_id", "is_blocked"),
		byID("POST", "/admin/users", users.create),
		byID("GET", "/admin/users/{user_id}", users.show),
		byID("PUT, PATCH", "/admin/users/{user_id}", users.update),
		byID("DELETE", "/admin/users/{user_id}", users.delete),
		byID("PATCH", "/admin/users/{user_id}/actions/change_password", users.changePassword),
		byID("PATCH", "/admin/users/{user_id}/actions/block", users.block),
		byID("PATCH", "/admin/users/{user_id}/actions/unblock", users.unblock),

		filtered("GET", "/admin/roles", roles.list, "name", "scope"),
		byID("POST", "/admin/roles", roles.create),
		byID("GET", "/admin/roles/{id}", roles.show),
		byID("PUT, PATCH", "/admin/roles/{id}", roles.update),
		byID("DELETE", "/admin/roles/{id}", roles.delete),

		filtered("GET", "/admin/user_roles", held.list, "user_id", "user_ids", "role_id", "client_id"),
		filtered("GET", "/admin/users/{user_id}/roles", held.list, "user_id", "user_ids", "role_id", "client_id"),
		byID("POST", "/admin/users/{user_id}/roles", held.create),
		malformedWith("role_name",
			filtered("DELETE", "/admin/users/{user_id}/roles", held.deleteOfUser, "role_id", "client_id", "role_name")),
		byID("GET", "/admin/users/{user_id}/roles/{id}", held.show),
		byID("DELETE", "/admin/users/{user_id}/roles/{id}", held.delete),
		byID("DELETE", "/admin/users/roles/{id}", held.delete),
		filtered("GET", "/admin/users/{user_id}/global_roles", held.listGlobal, "role_id"),
		byID("POST", "/admin/users/{user_id}/global_roles", held.createGlobal),
		byID("GET", "/admin/users/{user_id}/global_roles/{id}", held.showGlobal),
		byID("DELETE", "/admin/users/{user_id}/global_roles/{id}", held.deleteGlobal),

		filtered("GET", "/admin/users/{user_id}/authentication_factors", factors.list, "type", "is_active"),
		byID("POST", "/admin/users/{user_id}/authentication_factors", factors.create),
		byID("GET", "/admin/users/{user_id}/authentication_factors/{id}", factors.show),
		byID("PATCH", "/admin/users/{user_id}/authentication_factors/{id}/actions/enable", factors.enable),
		byID("PATCH", "/admin/users/{user_id}/authentication_factors/{id}/actions/disable", factors.disable),
		byID("PATCH", "/admin/users/{user_id}/authentication_factors/{id}/actions/reset", factors.reset),

		forConsumer(filtered("GET", "/admin/apps", approvals.list, "user_ids", "client_ids", "client_names")),
		forConsumer(byID("POST", "/admin/apps", approvals.create)),
		forConsumer(byID("GET", "/admin/apps/{id}", approvals.show)),
		forConsumer(byID("PUT, PATCH", "/admin/apps/{id}", approvals.update)),
		forConsumer(byID("DELETE", "/admin/apps/{id}", approvals.delete)),
		byID("DELETE", "/admin/users/{user_id}/apps", onlyFilters(approvals.deleteOfUser, "client_id")),

		filtered("GET", "/admin/otps", codes.list, "key", "status", "active"),

		filtered("GET", "/admin/tokens", tokens.list, "id", "name", "value", "user_id", "user_ids", "client_id"),
		byID("POST", "/admin/tokens", tokens.create),
		filtered("DELETE", "/admin/tokens", tokens.deleteOfUsers, "user_ids"),
		byID("GET", "/admin/tokens/{id}", tokens.show),
		byID("PUT, PATCH", "/admin/tokens/{id}", tokens.update),
		byID("DELETE", "/admin/tokens/{id}", tokens.delete),
		filtered("DELETE", "/admin/users/{user_id}/tokens", tokens.deleteOfUser, "client_id", "name", "value"),
		byID("POST", "/admin/users/{user_id}/tokens/access", tokens.issue),
	}
}

// byID is a route whose path may have ids: one that is no UUID is a malformed request.
func byID(methods, path string, e endpoint) route {
	return route{methods, path, func(w http.ResponseWriter, r *http.Request) error {
		if len(readPathIDs(r)) > 0 {
			return errMalformed
		}
		return e(w, r)
	}}
}

// filtered is a route of a list, or of a deletion of those rows that its filters name. An id of its path that is no
// UUID is a wrong filter.
func filtered(methods, path string, e endpoint, filters ...string) route {
	if methods == http.MethodGet {
		filters = slices.Concat(filters, pagingNames)
	}
	return route{methods, path, onlyFilters(e, filters...)}
}

// malformedWith is a route of filtered, but that an id of its path that is no UUID is a malformed request where one of
// the filters is there: the old system looked the row up by that id then.
func malformedWith(filter string, r route) route {
	e := r.endpoint
	r.endpoint = func(w http.ResponseWriter, r *http.Request) error {
		err := e(w, r)
		if newFilters(r).query(filter) != "" && len(readPathIDs(r)) > 0 {
			return errMalformed
		}
		return err
	}
	return r
}

// acting says who makes the changes of a request of the admin API, so that each is kept in the audit. The admin
// listener has put the operator into the context.
func acting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, _ := storage.ActorOf(r.Context())
		actor.By, actor.RequestID, actor.Address = storage.ByLegacyAPI, inbound.RequestID(r), inbound.ClientAddress(r)
		next.ServeHTTP(w, r.WithContext(storage.ActingAs(r.Context(), actor)))
	})
}

// readPathIDs puts the ids of a path in lower case, and returns the names of those that are no UUIDs.
func readPathIDs(r *http.Request) (broken []string) {
	parameters := chi.RouteContext(r.Context()).URLParams
	for i, name := range parameters.Keys {
		if name != "id" && name != "user_id" && name != "client_id" {
			continue
		}
		id, isUUID := parseUUID(parameters.Values[i])
		if !isUUID {
			broken = append(broken, name)
			continue
		}
		parameters.Values[i] = id
	}
	return broken
}

// pathID is an id of a path, which is a UUID, or names nothing.
func pathID(r *http.Request, name string) (string, error) {
	id, isUUID := parseUUID(chi.URLParam(r, name))
	if !isUUID {
		return "", errNotFound
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

// scope is a scope string that must be there, in its parts and as it was written.
func (c *check) scope(name string) (scope []string, text string) {
	value := c.stringOf(name)
	if strings.ContainsRune(value, 0) {
		c.broke(name, ruleString)
	}
	if len(value) > longestScope {
		c.broke(name, rule{
			Rule: "length", Description: "should be at most 2048 character(s)", Params: map[string]int{"max": longestScope},
		})
	}
	return storage.SplitScope(value), value
}
