package admin_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/admin"
	"ithildin/provider/operator"
	"ithildin/storage/storagetest"
)

// operation is one of the description.
type operation struct {
	method, path string
	id           string
	right        operator.Right
}

// operations are those that the served description has.
func (s *stack) operations() (found []operation) {
	s.t.Helper()
	var description struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(s.ask("", http.MethodGet, "/openapi.json", nil).raw), &description))
	for path, methods := range description.Paths {
		for method, o := range methods {
			row := operation{method: strings.ToUpper(method), path: path, id: o.OperationID}
			if len(o.Security) == 1 && len(o.Security[0]["bearer"]) == 1 {
				row.right = operator.Right(o.Security[0]["bearer"][0])
			}
			found = append(found, row)
		}
	}
	require.NotEmpty(s.t, found)
	return found
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// examplePath is a path that the operation takes.
func (o operation) examplePath() string {
	return placeholder.ReplaceAllString(o.path, uuid.NewString())
}

func TestDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	described := map[string]bool{"GET /openapi.json": true}
	for _, o := range s.operations() {
		described[o.method+" "+o.path] = true
	}
	served := map[string]bool{}
	require.NoError(t, chi.Walk(s.router, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler,
	) error {
		if path := strings.TrimPrefix(route, admin.Prefix); path != "/*" {
			served[method+" "+path] = true
		}
		return nil
	}))
	require.Equal(t, served, described)
}

// copyPath is the copy of the description that is checked in.
const copyPath = "../../docs/openapi.json"

func TestCheckedInDescriptionIsTheServedOne(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	served := s.ask("", http.MethodGet, "/openapi.json", nil).raw
	kept, err := os.ReadFile(copyPath)
	require.NoError(t, err)
	require.Equal(t, string(kept), served, "write what the server says to docs/openapi.json")
}

func TestUnknownAddressAndMethodAreProblems(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.ask("", http.MethodGet, "/nothing", nil).isProblem(http.StatusUnauthorized)
	s.ask(staticToken, http.MethodGet, "/nothing", nil).isProblem(http.StatusNotFound, "/api/v1/openapi.json")
	wrong := s.ask(staticToken, http.MethodPut, "/users", nil)
	wrong.isProblem(http.StatusMethodNotAllowed, "GET, POST")
	require.Equal(t, "GET, POST", wrong.header.Get("Allow"))
}
