package admin_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/admin"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// examples is the first block of commands of the manual.
var examples = regexp.MustCompile("(?s)```sh\n(.*?)```")

func TestExamplesOfTheManualWork(t *testing.T) {
	requirement.Program(t, "curl")
	bash := requirement.Program(t, "bash")
	manual, err := os.ReadFile("../../docs/admin-api.md")
	require.NoError(t, err)
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user := storagetest.User(t, s.store)
		script := strings.Replace(string(examples.FindSubmatch(manual)[1]), "https://admin.id.example",
			strings.TrimSuffix(s.admin.URL, "/"), 1)
		require.Contains(t, script, s.admin.URL+admin.Prefix)
		run := exec.CommandContext(t.Context(), bash, "-euo", "pipefail", "-c", script)
		run.Dir = t.TempDir()
		run.Env = []string{"PATH=" + os.Getenv("PATH"), "TOKEN=" + staticToken, "USER_ID=" + user.ID}
		out, err := run.CombinedOutput()
		require.NoError(t, err, "%s", out)
		read := s.do(http.StatusOK, http.MethodGet, "/users/"+user.ID, nil)
		require.Equal(t, "1234567890", read.text("tax_id"))
		require.Equal(t, "left the clinic", read.text("block_reason"))
		require.Len(t, s.events(storage.EventUserCreated), 1)
		exported, err := os.ReadFile(filepath.Join(run.Dir, "audit.ndjson"))
		require.NoError(t, err)
		require.Contains(t, string(exported), storage.EventUserBlocked)
	})
}
