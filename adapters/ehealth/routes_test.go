package ehealth_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
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
	mountAdmin := func(r chi.Router) { adapter.MountAdmin(r, r) }
	require.Equal(t, routesOf(t, mountAdmin), documentedRoutes(admin), "admin listener")
}

// routesOf are the routes that mount adds, as "METHOD /path", without those with a slash at their end and those for the
// rest.
func routesOf(t *testing.T, mount func(chi.Router)) []string {
	t.Helper()
	router := chi.NewRouter()
	mount(router)
	var routes []string
	require.NoError(t, chi.Walk(router, func(
		method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler,
	) error {
		if !strings.HasSuffix(path, "/") && !strings.HasSuffix(path, "*") {
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
