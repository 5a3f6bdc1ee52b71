package admin_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/admin"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// Schemathesis makes requests of the description, right ones and wrong ones, and compares the answers with it.
func TestSchemathesisFindsNoServerErrorAndNoAnswerThatIsNotDescribed(t *testing.T) {
	program := requirement.Schemathesis.Get(t)
	s := newStack(t, storagetest.Engines()[0])
	user := storagetest.User(t, s.store)
	s.session(user)
	run := exec.CommandContext(t.Context(), program, "run", s.admin.URL+admin.Prefix+"/openapi.json",
		"--url", s.admin.URL+admin.Prefix, "--header", "Authorization: Bearer "+staticToken,
		"--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1", "--no-color", "--checks",
		"not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"+
			"response_headers_conformance,unsupported_method,ignored_auth")
	run.Dir = t.TempDir()
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}
