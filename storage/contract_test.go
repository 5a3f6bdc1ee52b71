package storage_test

import (
	"testing"

	"ithildin/storage/storagetest"
)

func TestEveryEnginePassesTheStorageSuite(t *testing.T) {
	storagetest.Each(t, storagetest.Run)
}

func TestStorageSuitePassesBehindATransactionPooler(t *testing.T) {
	storagetest.Run(t, storagetest.Pooled())
}

// A replicated cluster answers with SQLSTATE 40001 where one server would let a statement wait.
func TestRacesHaveOneWinnerUnderSerializableIsolation(t *testing.T) {
	storagetest.RunRaces(t, storagetest.Serializable())
}

func TestRacesHaveOneWinnerWhereTransactionsAreRefused(t *testing.T) {
	storagetest.RunRaces(t, storagetest.Refusing())
}
