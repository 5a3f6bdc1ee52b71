//go:build chaos

package migrations_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestChaosRequestsAreServedWhileSixMillionAuditRowsAreMigrated needs some 8 GB of disk for its databases.
func TestChaosRequestsAreServedWhileSixMillionAuditRowsAreMigrated(t *testing.T) {
	template := createPostgreSQL(t)
	filled, err := sql.Open("postgres", template)
	require.NoError(t, err)
	fill(t, filled, 6_000_000)
	require.NoError(t, filled.Close())
	for round := range 10 {
		t.Run(fmt.Sprint("round ", round+1), func(t *testing.T) {
			requireService(t, asServers(t, copyPostgreSQL(t, template)), 20*time.Second, time.Second)
		})
	}
}
