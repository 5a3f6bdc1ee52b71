package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const composeFile = "../../deploy/compose/compose.yaml"

// deployedSettings are the lines of a file of settings, with files of a test in the place of the secrets.
func deployedSettings(t *testing.T, file, secrets string) []string {
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	directory := t.TempDir()
	for name, value := range map[string]string{
		"database-url": "postgres://ithildin@postgres/ithildin", "secret": strings.Repeat("s", 48),
		"admin-tokens": "operator:" + strings.Repeat("t", 32),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte(value), 0o600))
	}
	var settings []string
	for line := range strings.Lines(strings.ReplaceAll(string(content), secrets, directory)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			settings = append(settings, line)
		}
	}
	require.Greater(t, len(settings), 5)
	return settings
}

func TestSettingsOfTheDeploymentsAreAccepted(t *testing.T) {
	path, err := binary()
	require.NoError(t, err)
	for file, secrets := range map[string]string{
		"../../deploy/compose/ithildin.env": "/run/secrets", "../../deploy/kubernetes/settings.env": "/secrets",
	} {
		command := exec.Command(path, "config", "check")
		command.Dir = t.TempDir()
		command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, deployedSettings(t, file, secrets)...)
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s: %s", file, output)
		require.NotContains(t, string(output), "no setting", file)
	}
}

// composed is what the rules below look at in a file of Compose.
type composed struct {
	Services map[string]struct {
		Image, User string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		CapAdd      []string `yaml:"cap_add"`
		SecurityOpt []string `yaml:"security_opt"`
		PIDsLimit   int      `yaml:"pids_limit"`
		Privileged  bool
		Ports       []string
		Secrets     []string
		Networks    []string
		Environment map[string]string
		Deploy      struct {
			Resources struct{ Limits struct{ CPUs, Memory string } }
		}
	}
	Networks map[string]struct{ Internal bool }
	Secrets  map[string]struct{ File string }
}

func TestEveryServiceOfComposeIsConfined(t *testing.T) {
	content, err := os.ReadFile(composeFile)
	require.NoError(t, err)
	var file composed
	require.NoError(t, yaml.Unmarshal(content, &file))
	require.Len(t, file.Services, 3)
	for name, service := range file.Services {
		require.True(t, service.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, service.CapDrop, name)
		require.Empty(t, service.CapAdd, name)
		require.False(t, service.Privileged, name)
		require.Contains(t, service.SecurityOpt, "no-new-privileges:true", name)
		require.NotContains(t, []string{"", "root", "0", "0:0"}, service.User, name)
		require.Positive(t, service.PIDsLimit, name)
		require.NotEmpty(t, service.Deploy.Resources.Limits.CPUs, name)
		require.NotEmpty(t, service.Deploy.Resources.Limits.Memory, name)
		for _, secret := range service.Secrets {
			require.NotEmpty(t, file.Secrets[secret].File, "%s of %s", secret, name)
		}
		for variable := range service.Environment {
			require.False(t, strings.HasSuffix(variable, "PASSWORD"), "%s of %s is not in a file", variable, name)
		}
		if name != "ithildin" {
			require.Empty(t, service.Ports, name)
			require.Equal(t, []string{"database"}, service.Networks, name)
		}
	}
	require.True(t, file.Networks["database"].Internal)
	require.Equal(t, []string{"127.0.0.1:8080:8080"}, file.Services["ithildin"].Ports)
}

func TestSecretsOfComposeAreMadeOnceAndAreReadByNobodyElse(t *testing.T) {
	script, err := os.ReadFile("../../deploy/compose/make-secrets")
	require.NoError(t, err)
	directory := t.TempDir()
	path := filepath.Join(directory, "make-secrets")
	require.NoError(t, os.WriteFile(path, script, 0o700))
	read := func() map[string]string {
		output, err := exec.Command(path).CombinedOutput()
		require.NoError(t, err, string(output))
		made := map[string]string{}
		for _, name := range []string{"database-password", "database-url", "secret", "admin-tokens"} {
			content, err := os.ReadFile(filepath.Join(directory, "secrets", name))
			require.NoError(t, err)
			made[name] = string(content)
		}
		return made
	}
	made := read()
	require.Equal(t, made, read())
	require.Contains(t, made["database-url"], ":"+made["database-password"]+"@postgres/")
	require.Greater(t, len(made["secret"]), 60)
	info, err := os.Stat(filepath.Join(directory, "secrets"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

// `docker compose up` alone ends the old server before it migrates.
func TestGuideToComposeMigratesBeforeTheServerIsReplaced(t *testing.T) {
	page, err := os.ReadFile("../../docs/compose.md")
	require.NoError(t, err)
	_, upgrade, found := strings.Cut(string(page), "\n## Upgrade\n")
	require.True(t, found)
	upgrade, _, _ = strings.Cut(upgrade, "\n## ")
	require.Contains(t, upgrade, "\ndocker compose run --rm --no-deps migrate && docker compose up --detach --wait\n")
}

// An image of a release whose packages, checks or notes failed would be there without its release.
func TestReleasePublishesItsImageAfterItsPackages(t *testing.T) {
	content, err := os.ReadFile("../../.github/workflows/release.yml")
	require.NoError(t, err)
	var workflow struct {
		Jobs map[string]struct{ Needs string }
	}
	require.NoError(t, yaml.Unmarshal(content, &workflow))
	require.Equal(t, "packages", workflow.Jobs["image"].Needs)
}
