package ehealth_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestPackageCommentListsEveryRouteOfTheLegacyInterface(t *testing.T) {
	adapter := newStack(t, storagetest.Engines()[0], time.Now().Unix()).adapter
	comment, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	public, admin, found := strings.Cut(string(comment), "# Routes of the admin listener")
	require.True(t, found)
	require.Equal(t, routesOf(t, adapter.Mount), documentedRoutes(public), "public listener")
	mountAdmin := func(r *mux.Router) { adapter.MountAdmin(r, r) }
	require.Equal(t, routesOf(t, mountAdmin), documentedRoutes(admin), "admin listener")
}

// routesOf are the routes that mount adds, as "METHOD /path", without those with a slash at their end and those for the
// rest.
func routesOf(t *testing.T, mount func(*mux.Router)) []string {
	t.Helper()
	router := mux.NewRouter()
	mount(router)
	var routes []string
	require.NoError(t, router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		methods, _ := route.GetMethods()
		if err != nil || strings.HasSuffix(path, "/") {
			return nil //nolint:nilerr // a router without a path of its own
		}
		for _, method := range methods {
			routes = append(routes, method+" "+path)
		}
		return nil
	}))
	slices.Sort(routes)
	return routes
}

var documentedRoute = regexp.MustCompile(`(?m)^//\t([A-Z]+(?:, [A-Z]+)*) +(/\S+)`)

// documentedRoutes are the routes that the comment lists, as routesOf has them. HEAD is answered wherever GET is.
func documentedRoutes(comment string) []string {
	var routes []string
	for _, line := range documentedRoute.FindAllStringSubmatch(comment, -1) {
		for method := range strings.SplitSeq(strings.Replace(line[1], "GET", "GET, HEAD", 1), ", ") {
			if !slices.Contains(routes, method+" "+line[2]) && !strings.HasSuffix(line[2], ",") {
				routes = append(routes, method+" "+line[2])
			}
		}
	}
	slices.Sort(routes)
	return routes
}
