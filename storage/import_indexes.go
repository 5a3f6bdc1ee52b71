package storage

import (
	"context"
	"errors"
	"fmt"
)

// WithoutTokenIndexes does work while the tables of tokens have no index but those that keep values unique, and makes
// the others again, whatever comes of the work. In the order in which tokens are imported each of them is written all
// over, and an index that is made of what is there already costs a small part of that. It is for SQLite, and for a file
// that nobody else has open: a process that ends in between leaves it without the indexes.
func (s *importer) WithoutTokenIndexes(ctx context.Context, work func() error) (err error) {
	var indexes []struct {
		Name string `db:"name"`
		SQL  string `db:"sql"`
	}
	if err := s.selectAll(ctx, &indexes, `SELECT name, sql FROM sqlite_master WHERE type = 'index'
       AND tbl_name IN ('codes', 'grants', 'access_tokens') AND sql LIKE 'CREATE INDEX %'`); err != nil {
		return fmt.Errorf("storage: indexes of tokens: %w", err)
	}
	for _, index := range indexes {
		if _, err := s.exec(ctx, `DROP INDEX `+index.Name); err != nil {
			return fmt.Errorf("storage: indexes of tokens: %w", err)
		}
	}
	defer func() {
		for _, index := range indexes {
			_, failed := s.exec(context.WithoutCancel(ctx), index.SQL)
			err = errors.Join(err, failed)
		}
	}()
	return work()
}
