package provider_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackageCommentListsOnlyRoutesThatAreServed(t *testing.T) {
	s := registering(t, nil)
	comment, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	documented := regexp.MustCompile(`(?m)^//\t([A-Z]+(?:, [A-Z]+)*) +(/\S+)`).FindAllStringSubmatch(string(comment), -1)
	require.Greater(t, len(documented), 12)
	for _, line := range documented {
		for method := range strings.SplitSeq(line[1], ", ") {
			r, err := http.NewRequestWithContext(t.Context(), method,
				s.server.URL+strings.ReplaceAll(line[2], "{client_id}", "1"), nil)
			require.NoError(t, err)
			response, err := http.DefaultTransport.RoundTrip(r)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.NotContains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, response.StatusCode, "%s %s", method,
				line[2])
		}
	}
}
