package main_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// TestNoClientNoticesAnUpgradeFromTheReleaseBefore migrates the database of servers of the release before while they
// serve, replaces them one by one, and goes back to one of them at the end.
func TestNoClientNoticesAnUpgradeFromTheReleaseBefore(t *testing.T) {
	upgrade(t, 1)
}

// upgrade goes to the new release and back so many times.
func upgrade(t *testing.T, rounds int) {
	previous := requirement.Previous.Get(t)
	current, err := binary()
	require.NoError(t, err)
	f := newFleet(t, previous)
	f.add()
	f.add()
	f.work()

	f.program = current
	require.Regexp(t, `(?m) no$`, f.verb("migrate", "status"), "else this release has the schema of the one before")
	f.verb("migrate", "up")
	f.awaitFlows(5 * fleetWorkers) // of the release before, on the new schema
	for range rounds {
		f.program = current
		f.add()
		f.remove()
		f.awaitFlows(5 * fleetWorkers) // of both, side by side
		f.verb("janitor")              // makes the partitions of the audit
		f.add()
		f.remove()
		f.awaitFlows(5 * fleetWorkers)
		f.program = previous
		f.replace()
	}
	f.stop()
}
