package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDevelopmentSecretIsCreatedOnceWithOwnerOnlyMode(t *testing.T) {
	directory := t.TempDir()
	s := &Settings{Database: Database{URL: "sqlite:" + filepath.Join(directory, "dev.db")}}
	require.NoError(t, s.KeepDevelopmentSecret())
	information, err := os.Stat(filepath.Join(directory, DevelopmentSecretFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), information.Mode().Perm())
	again := &Settings{Database: Database{URL: s.Database.URL}}
	require.NoError(t, again.KeepDevelopmentSecret())
	require.Equal(t, s.Database.Secrets, again.Database.Secrets)
	configured := &Settings{Database: Database{URL: s.Database.URL, Secrets: [][]byte{[]byte("configured")}}}
	require.NoError(t, configured.KeepDevelopmentSecret())
	require.Equal(t, "configured", string(configured.Database.Secrets[0]))
	require.NoError(t, os.WriteFile(filepath.Join(directory, DevelopmentSecretFile), []byte("short"), 0o600))
	require.ErrorContains(t, (&Settings{Database: Database{URL: s.Database.URL}}).KeepDevelopmentSecret(),
		"holds less than 32 bytes")
}
