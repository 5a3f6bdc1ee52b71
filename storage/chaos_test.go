package storage_test

import (
	"os"
	"testing"

	"ithildin/storage/storagetest"
)

// TestChaosListsAndTheJanitorOnTenMillionRows fills each table that a list reads with ten million rows.
func TestChaosListsAndTheJanitorOnTenMillionRows(t *testing.T) {
	if os.Getenv("ITHILDIN_TEST_CHAOS") != "1" {
		t.Skip("takes an hour and 40 GB of disk: run `make chaos`")
	}
	storagetest.RunManyRows(t, storagetest.PostgreSQL(), 10_000_000)
}
