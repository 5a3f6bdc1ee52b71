package storage

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	// largestPage bounds what one list call reads.
	largestPage = 1000
	// exactTotal is up to how many entries a list is counted; beyond, counting would cost more than reading the page.
	exactTotal = 10_000
	// mostSorted is up to how many entries are sorted for a page, where a walk along their order might pass over all rows
	// of a table.
	mostSorted = 1_000
	// longestCursor bounds Page.After in bytes.
	longestCursor = 1024
)

// ErrCursor says that Page.After is not a cursor that the list has made.
var ErrCursor = errors.New("storage: not a cursor of this list")

// Page is which part of a list is asked for: the page of a number, which counts from 1, or what comes after a cursor. A
// cursor costs the same wherever it stands; a number costs more the higher it is.
type Page struct {
	Number, Size int
	After        string // Total.Next of the page before; empty for a page by its number
}

// Total is what a list says of itself beside its page.
type Total struct {
	// Entries is how many there are in all: counted up to 10,000, beyond it an estimate.
	Entries int64
	Next    string // the cursor of what follows the page; empty on the last one
}

// pageSize is how many rows a list call reads: what was asked for, or the most where that is more, or nothing.
func pageSize(limit int) int {
	if limit <= 0 {
		return largestPage
	}
	return min(limit, largestPage)
}

// pageKey is where a row stands in a list; Sort is empty where its id alone says so.
type pageKey struct {
	Sort string `db:"sort" json:"s,omitempty"`
	ID   string `db:"id" json:"i"`
}

func (k pageKey) cursor() string {
	encoded, err := json.Marshal(k)
	if err != nil {
		panic(fmt.Sprintf("storage: cursor: %v", err)) // texts always marshal
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// readCursor returns the values of a key of one or two columns.
func readCursor(value string, columns int) ([]any, error) {
	if len(value) > longestCursor {
		return nil, ErrCursor
	}
	content, err := base64.RawURLEncoding.DecodeString(value)
	var k pageKey
	if err != nil || json.Unmarshal(content, &k) != nil || k.ID == "" || (k.Sort == "") != (columns == 1) {
		return nil, ErrCursor
	}
	return []any{k.Sort, k.ID}[2-columns:], nil
}
