package main_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// newStandby makes a hot standby of a cluster that streams from it.
func newStandby(primary *cluster) *cluster {
	c := newClusterFolder(primary.t)
	c.data = filepath.Join(c.directory, "data")
	c.run("pg_basebackup", "--write-recovery-conf", "--checkpoint=fast", "--no-sync", "-D", c.data,
		"--dbname="+primary.url)
	c.start()
	return c
}

// applyAfter lets the standby apply a commit so much later than it was made.
func (c *cluster) applyAfter(delay time.Duration) {
	c.settings("postgresql.auto.conf", "recovery_min_apply_delay = "+strconv.FormatInt(delay.Milliseconds(), 10))
	c.run("pg_ctl", "-D", c.data, "-s", "reload")
}

var replicaReads = regexp.MustCompile(`(?m)^ithildin_replica_reads_total\{source="replica"\} (\d+)$`)

// readsOfReplica is how many tokens the server has looked up at its replica.
func (p *process) readsOfReplica(t *testing.T) int {
	_, metrics, _ := readAll(t, http.DefaultClient, p.admin+"/metrics")
	found := replicaReads.FindStringSubmatch(metrics)
	require.NotNil(t, found, metrics)
	reads, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return reads
}

func TestAStandbyThatFallsBehindIsNotAskedUntilItHasCaughtUp(t *testing.T) {
	r := &clusterProvider{cluster: newCluster(t), t: t}
	r.start()
	r.verb("migrate", "up")
	store := r.open()
	fillForCrash(t, store)
	standby := newStandby(r.cluster)
	r.server = start(t, t.TempDir(), append(r.environment(), "ITHILDIN_ISSUER=http://replicated.example",
		"ITHILDIN_REPLICA_URL="+standby.url, "ITHILDIN_REPLICA_STALENESS=1s"), "serve")
	tokens, others := r.signIn(store), r.signIn(store)
	asksStandby := func() bool {
		before := r.server.readsOfReplica(t)
		isActive := r.isActive(others["access_token"])
		return isActive && r.server.readsOfReplica(t) > before
	}
	require.Eventually(t, asksStandby, patience, 50*time.Millisecond)

	standby.applyAfter(time.Hour)
	standby.await(`SELECT (clock_timestamp() - pg_last_xact_replay_timestamp() > interval '1 second')::text`)
	require.Eventually(t, func() bool { return !asksStandby() }, patience, 50*time.Millisecond)
	require.True(t, r.isActive(others["access_token"]), "the primary answers in its place")
	r.server.post(oauth.PathRevoke, storage.PresetStandard, url.Values{"token": {tokens["refresh_token"].(string)}})
	require.False(t, r.isActive(tokens["access_token"]))
	live := `SELECT count(*)::text FROM grants WHERE revoked_at = 0`
	require.Equal(t, "1", r.ask(live))
	require.Equal(t, "2", standby.ask(live), "the standby has not heard of the revocation")

	standby.applyAfter(0)
	require.Eventually(t, asksStandby, patience, 50*time.Millisecond)
	require.False(t, r.isActive(tokens["access_token"]))
}
