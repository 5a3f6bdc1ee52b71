package storage

import (
	"context"
	"fmt"
)

// sealedColumn is a table that has sealed texts: its key, and a key that comes before every other.
type sealedColumn struct{ table, key, before string }

const beforeEveryUUID = "00000000-0000-0000-0000-000000000000"

var sealedColumns = []sealedColumn{
	{"secrets", "name", ""},
	{"signing_keys", "id", ""},
	{"authentication_factors", "id", beforeEveryUUID},
	{"authenticators", "id", beforeEveryUUID},
	{"connection_secrets", "id", beforeEveryUUID},
	{"mails", "id", beforeEveryUUID},
	{"password_resets", "id", beforeEveryUUID},
}

type sealedRow struct {
	Key    string `db:"key"`
	Sealed string `db:"sealed"`
}

// Reseal brings every sealed text under the newest master secret and says how many it changed; after that the older
// ones may go. A text that no configured master secret opens ends it with seal.ErrSealed. It may run while others work,
// and again.
func (s *keyStore) Reseal(ctx context.Context) (int64, error) {
	var changed int64
	for _, column := range sealedColumns {
		n, err := s.resealTable(ctx, column)
		changed += n
		if err != nil {
			return changed, fmt.Errorf("storage: reseal %s: %w", column.table, err)
		}
	}
	return changed, nil
}

func (s *keyStore) resealTable(ctx context.Context, of sealedColumn) (changed int64, err error) {
	page := fmt.Sprintf(`SELECT %[2]s AS key, sealed FROM %[1]s WHERE %[2]s > $1 AND sealed <> '' ORDER BY %[2]s LIMIT $2`,
		of.table, of.key)
	for after := of.before; ; {
		var rows []sealedRow
		if err := s.selectAll(ctx, &rows, page, after, largestPage); err != nil {
			return changed, err
		}
		for _, row := range rows {
			n, err := s.resealRow(ctx, of, row)
			changed += n
			if err != nil {
				return changed, err
			}
			after = row.Key
		}
		if len(rows) < largestPage {
			return changed, nil
		}
	}
}

// resealRow leaves a row that was changed meanwhile: whoever changed it has sealed it anew.
func (s *keyStore) resealRow(ctx context.Context, of sealedColumn, row sealedRow) (int64, error) {
	sealed, changed, err := s.sealer.Reseal(row.Sealed, of.table+":"+row.Key)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", row.Key, err)
	}
	if !changed {
		return 0, nil
	}
	return s.exec(ctx, fmt.Sprintf(`UPDATE %s SET sealed = $3 WHERE %s = $1 AND sealed = $2`, of.table, of.key),
		row.Key, row.Sealed, sealed)
}
