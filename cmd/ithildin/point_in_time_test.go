package main_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// backupGuide are the blocks of a language in the guide, with the folders and the time of a test.
func backupGuide(t *testing.T, language string, replacements ...string) (blocks []string) {
	content, err := os.ReadFile("../../docs/backup.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)```")
	for _, found := range block.FindAllStringSubmatch(string(content), -1) {
		blocks = append(blocks, strings.NewReplacer(replacements...).Replace(found[1]))
	}
	return blocks
}

// TestPostgreSQLIsRestoredToAPointInTime follows the guide with its own cluster, and holds the restored provider to
// what had been revoked, used and rotated since.
func TestPostgreSQLIsRestoredToAPointInTime(t *testing.T) {
	r := &clusterProvider{cluster: newCluster(t), t: t}
	folders := []string{"/var/backups/ithildin", r.directory}
	r.run("/bin/mkdir", "-p", filepath.Join(r.directory, "wal"))
	settings := backupGuide(t, "ini", folders...)
	require.Len(t, settings, 2)
	r.settings("postgresql.conf", settings[0])
	r.start()
	r.verb("migrate", "up")
	store := r.open()
	fillForCrash(t, store)
	base, err := url.Parse(r.url)
	require.NoError(t, err)
	backup := strings.Fields(backupGuide(t, "sh", folders...)[1])
	require.Equal(t, "pg_basebackup", backup[0])
	r.run(backup[0], append(backup[1:], "--dbname="+base.String())...)

	r.serve()
	revoked, rotated := r.signIn(store), r.signIn(store)
	unused := newCode(t, store, storage.PresetStandard)
	target := r.ask(`SELECT clock_timestamp()::text`)

	r.server.post(oauth.PathRevoke, storage.PresetStandard, url.Values{"token": {revoked["refresh_token"].(string)}})
	require.False(t, r.isActive(revoked["access_token"]))
	status, successor := r.refresh(rotated["refresh_token"])
	require.Equal(t, http.StatusOK, status, successor)
	status, used := r.exchange(unused)
	require.Equal(t, http.StatusOK, status, used)
	later := r.signIn(store)
	r.server.kill()
	require.NoError(t, store.Close())
	segment := r.ask(`SELECT pg_walfile_name(pg_switch_wal())`)
	r.await(`SELECT (coalesce(last_archived_wal, '') >= '` + segment + `')::text FROM pg_stat_archiver`)
	r.stop(r.data)

	r.data = filepath.Join(r.directory, "base")
	r.run("/usr/bin/touch", filepath.Join(r.data, "recovery.signal"))
	r.settings("postgresql.auto.conf", backupGuide(t, "ini", append(folders, "2026-11-29 12:00:00+00", target)...)[1])
	r.start()
	r.await(`SELECT (NOT pg_is_in_recovery())::text`)

	r.serve()
	require.True(t, r.isActive(revoked["access_token"]), "this is why there is after-restore")
	require.False(t, r.isActive(later["access_token"]), "nobody has heard of it")
	r.server.kill()
	require.Regexp(t, `(?m)^grants +2$`, r.verb("after-restore", "--yes"))
	r.serve()
	for name, tokens := range map[string]map[string]any{
		"revoked": revoked, "rotated": rotated, "successor": successor, "of the code": used, "later": later,
	} {
		require.False(t, r.isActive(tokens["access_token"]), name)
		status, answer := r.refresh(tokens["refresh_token"])
		require.Equal(t, http.StatusBadRequest, status, "%s: %v", name, answer)
		require.Equal(t, "invalid_grant", answer["error"], name)
	}
	status, answer := r.exchange(unused)
	require.Equal(t, http.StatusBadRequest, status, answer)
	require.Contains(t, r.verb("audit", "list", "--kind", storage.EventRolledBackEnded), storage.EventRolledBackEnded)
	require.True(t, r.isActive(r.signIn(r.open())["access_token"]), "and everybody can sign in anew")
}
