package storage_test

import (
	"testing"

	"ithildin/storage/storagetest"
)

func TestEveryEngineKeepsTheContract(t *testing.T) {
	storagetest.Each(t, storagetest.Run)
}

func TestTheContractHoldsBehindATransactionPooler(t *testing.T) {
	storagetest.Run(t, storagetest.Pooled())
}

// A replicated cluster answers with SQLSTATE 40001 where one server would let a statement wait.
func TestRacesEndTheSameWhereStatementsMustBeRunAgain(t *testing.T) {
	storagetest.RunRaces(t, storagetest.Serializable())
}
