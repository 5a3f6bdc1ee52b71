//go:build chaos

package storage_test

import (
	"testing"

	"ithildin/storage/storagetest"
)

// TestChaosListsAndTheJanitorOnTenMillionRows fills each table that a list reads with ten million rows.
func TestChaosListsAndTheJanitorOnTenMillionRows(t *testing.T) {
	storagetest.RunManyRows(t, storagetest.PostgreSQL(), 10_000_000)
}

func TestChaosListsAndTheJanitorOnAMillionRowsOfSQLite(t *testing.T) {
	storagetest.RunManyRows(t, storagetest.Engines()[0], 1_000_000)
}

func TestChaosAMonthOfTheAuditIsDroppedInPlaceOfAMillionRowsDeleted(t *testing.T) {
	storagetest.RunExpiredMonths(t, storagetest.PostgreSQL(), 1_000_000)
}
