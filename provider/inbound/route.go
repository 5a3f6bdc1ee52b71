package inbound

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// NewRouter makes a router that matches decoded paths as they are, without cleaning: tokens, and paths about which a
// gateway asks, stay whole.
func NewRouter(middlewares ...func(http.Handler) http.Handler) *chi.Mux {
	router := chi.NewRouter()
	router.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			chi.RouteContext(r.Context()).RoutePath = r.URL.Path // chi would match the encoded one
			next.ServeHTTP(w, r)
		})
	})
	router.Use(middlewares...)
	return router
}

// Route adds an endpoint to a router at a pattern of paths, for some methods, or for all where none is named. HEAD is a
// method of its own.
func Route(router chi.Router, pattern string, endpoint http.Handler, methods ...string) {
	if len(methods) == 0 {
		router.Handle(pattern, endpoint)
	}
	for _, method := range methods {
		router.Method(method, pattern, endpoint)
	}
}

// Takes says whether a router has a route for a request. A parameter of a path is never empty.
func Takes(router chi.Routes, r *http.Request) bool {
	found := chi.NewRouteContext()
	if !router.Match(found, r.Method, r.URL.Path) {
		return false
	}
	for i, name := range found.URLParams.Keys {
		if name != "*" && found.URLParams.Values[i] == "" {
			return false
		}
	}
	return true
}

// RouteOf is the pattern of the route that took a request, which holds no value of its path; "none" where none did.
func RouteOf(r *http.Request) string {
	if taken := chi.RouteContext(r.Context()); taken != nil && taken.RoutePattern() != "" {
		return taken.RoutePattern()
	}
	return "none"
}
