package storage

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// keptByRollback are the tables whose rows expire and let nobody in, or stay for another reason: secrets of clients are
// the configuration that was restored.
var keptByRollback = []string{
	"account_notices", "audit_events", "connection_secrets", "idempotency_keys", "logout_deliveries", "mails",
	"rate_counts", "revoked_jti", "sign_in_failures", "used_jti",
}

func TestEveryTableWhoseRowsExpireIsEndedAfterARestoreOrKeptForAReason(t *testing.T) {
	tables := keptByRollback
	for _, rows := range allRolledBackRows {
		tables = append(tables, rows.table)
	}
	require.ElementsMatch(t, SweptTables(), tables)
}
