package storage

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// uuidKey is the canonical form of an id that a row may be looked up by. What is no UUID names no row: ErrNotFound,
// before PostgreSQL calls it a fault of the statement.
func uuidKey(id string) (string, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", ErrNotFound
	}
	return parsed.String(), nil
}

// uuidOrNull is the same for a reference that may be absent.
func uuidOrNull(id string) (any, error) {
	if id == "" {
		return nil, nil
	}
	return uuidKey(id)
}

// textKey refuses what PostgreSQL can't hold in a text, and so can't be looked up by, with ErrNotFound.
func textKey(value string) (string, error) {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "", ErrNotFound
	}
	return value, nil
}

// clientKey is textKey for the id of a client, which is any text: one that is a UUID has the form of a UUID, so that it
// names its client in letters of either case.
func clientKey(id string) (string, error) {
	if len(id) == len(uuid.Nil.String()) {
		if parsed, err := uuid.Parse(id); err == nil {
			return parsed.String(), nil
		}
	}
	return textKey(id)
}

// unknownReference turns the breach of a foreign key on a write into ErrNotFound: the row that it names is not there.
func unknownReference(err error) error {
	if isForeignKey(err) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// stillReferenced turns the breach of a foreign key on a deletion into ErrConflict: another row needs this one.
func stillReferenced(err error) error {
	if isForeignKey(err) {
		return fmt.Errorf("%w: in use: %w", ErrConflict, err)
	}
	return err
}

func isForeignKey(err error) bool {
	var postgres *pq.Error
	if errors.As(err, &postgres) {
		return postgres.Code == "23503"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}
