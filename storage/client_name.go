package storage

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// apostrophes are the characters that people write for the Ukrainian apostrophe.
var apostrophes = strings.NewReplacer("’", "'", "ʼ", "'", "`", "'", "‘", "'", "′", "'")

// foldName is the form in which searches compare names: without case, in one normal form, with one apostrophe. What a
// database knows of case depends on its engine and locale; this does not.
func foldName(name string) string {
	return apostrophes.Replace(norm.NFC.String(cases.Fold().String(norm.NFC.String(name))))
}

// How many names one search folds at most, in how large batches.
const (
	foldedAtOnce  = 500
	foldedBatches = 20
)

// foldNames fills name_folded where a release without the column has written the row.
func (s *clientStore) foldNames(ctx context.Context) error {
	for range foldedBatches {
		var rows []struct {
			ID   string `db:"id"`
			Name string `db:"name"`
		}
		err := s.selectAll(ctx, &rows, `SELECT id, name FROM clients WHERE name_folded IS NULL ORDER BY id LIMIT $1`,
			foldedAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		err = s.transaction(ctx, func(tx *sqlx.Tx) error {
			for _, r := range rows {
				err := write(ctx, tx, `UPDATE clients SET name_folded = $2 WHERE id = $1 AND name = $3`, r.ID, foldName(r.Name),
					r.Name)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
