package admin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/admin"
	"ithildin/provider/identity"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// A client that a generator made of the description alone, as a partner would have it, does what operators do most.
func TestGeneratedClientDoesTheTenCommonestActionsOfTheConsole(t *testing.T) {
	generator := requirement.Generator.Get(t)
	program := generatedClient(t, generator)
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		user, role := storagetest.User(t, s.store), storagetest.Role(t, s.store, "patients:view")
		s.session(user)
		now := s.store.Now()
		require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), storage.AuthenticationFactor{
			ID: s.store.NewID(), UserID: user.ID, Type: identity.FactorSMS, Factor: "+380881234567", IsActive: true,
			CreatedAt: now, UpdatedAt: now,
		}))
		run := exec.CommandContext(t.Context(), program)
		run.Env = []string{
			"SERVER=" + s.admin.URL + admin.Prefix, "TOKEN=" + staticToken, "EMAIL=" + user.Email, "ROLE=" + role.ID,
		}
		out, err := run.CombinedOutput()
		require.NoError(t, err, "%s", out)
		for _, kind := range []string{
			storage.EventFactorDeleted, storage.EventUserSignedOut, storage.EventUserBlocked, storage.EventUserUnblocked,
			storage.EventPasswordSet, storage.EventRoleGranted, storage.EventClientCreated,
			storage.EventConnectionUpdated, storage.EventConnectionSecretReplaced,
		} {
			require.Len(t, s.events(kind), 1, "%s\n%s", kind, out)
			require.Equal(t, staticName, s.events(kind)[0].Details["operator"])
		}
	})
}

// generatedClient generates the client and builds the program that uses it, in a module of its own.
func generatedClient(t *testing.T, generator string) (program string) {
	t.Helper()
	module := t.TempDir()
	require.NoError(t, os.CopyFS(module, os.DirFS("testdata/generated-client")))
	description, err := filepath.Abs(copyPath)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(module, "api"), 0o700))
	// Its name keeps the program out of what is built and checked here.
	require.NoError(t, os.Rename(filepath.Join(module, "main.go.txt"), filepath.Join(module, "main.go")))
	for _, command := range [][]string{
		{generator, "-config", "oapi-codegen.yaml", description},
		{requirement.Program(t, "go"), "build", "-o", "program", "."},
	} {
		run := exec.CommandContext(t.Context(), command[0], command[1:]...)
		run.Dir = module
		out, err := run.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return filepath.Join(module, "program")
}
