package server

import (
	"log/slog"
	"net/http"

	"ithildin/adapters/ehealth"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider"
	"ithildin/storage"
)

// mithrilOperator is who the audit says made a change that came by the listener of ITHILDIN_MITHRIL_LISTEN: it knows
// nobody's name.
const mithrilOperator = "mithril listener"

// mithrilHandler makes what answers on the listener of ITHILDIN_MITHRIL_LISTEN: every route of mithril, without
// authentication. nil: there is no such listener.
//
// A web page cannot use the admin API through the browser of a person in the private network: the request of another
// origin is refused, and so is one under a name that may have been made to resolve to this machine (DNS rebinding).
// Endpoints other than the admin API may be called from other origins, as those of the public listener may.
func mithrilHandler(s config.Mithril, p *provider.Provider, legacy *ehealth.Adapter) http.Handler {
	if s.Listen == "" {
		return nil
	}
	all := p.AdminHandler(func(admin http.Handler) http.Handler {
		return http.NewCrossOriginProtection().Handler(asOperator(mithrilOperator, admin))
	}, legacy.MountAll)
	names := adminGuard{loopback: config.IsLoopback(s.Listen), hosts: s.Hosts}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !names.isOwnHost(r.Host) {
			respond(w, http.StatusForbidden, map[string]string{
				"error": "this listener is private and has no public name: ITHILDIN_MITHRIL_HOSTS lists the names by which " +
					"it may be asked; it was asked as " + r.Host})
			return
		}
		all.ServeHTTP(w, r)
	})
}

// asOperator puts into the context of each request who makes its changes.
func asOperator(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(storage.ActingAs(r.Context(), storage.Actor{Operator: name})))
	})
}

// warnOfMithrilListener says at each start what the listener gives to whoever reaches it.
func warnOfMithrilListener(s config.Mithril, logger *slog.Logger) {
	if s.Listen != "" {
		logger.Warn("the mithril listener authenticates nobody: whoever reaches it may read and change every user, client "+
			"and role, and act as any user by the header x-consumer-id. It must be reached by the gateway and the "+
			"services of the private network alone, never by a public address", "mithril_listen", s.Listen)
	}
}
