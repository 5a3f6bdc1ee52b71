package admin

import (
	"time"

	"ithildin/storage"
)

// Paging is which part of a list is asked for.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"1024" doc:"next_cursor of the page before; left out for the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many items a page has at most."`
}

func (p Paging) page() storage.Page { return storage.Page{After: p.Cursor, Size: p.Limit} }

// ordered refuses a start of a list that is not sorted by what it names.
func ordered(isSorted bool, by, after string) (bool, error) {
	if after != "" && !isSorted {
		return false, invalid("query.after", "is for order="+by+" alone", after)
	}
	return isSorted, nil
}

// List is a page of a list.
type List[T any] struct {
	Items      []T    `json:"items" nullable:"false" doc:"The items, in an order that does not change."`
	Total      int64  `json:"total" doc:"How many items there are in all: counted up to 10,000, beyond it an estimate."`
	NextCursor string `json:"next_cursor,omitempty" doc:"The cursor of the next page; absent on the last one."`
}

type listOutput[T any] struct{ Body List[T] }

// listOf makes a page of rows.
func listOf[R, T any](rows []R, total storage.Total, item func(R) T) *listOutput[T] {
	list := List[T]{Items: make([]T, len(rows)), Total: total.Entries, NextCursor: total.Next}
	for i, row := range rows {
		list.Items[i] = item(row)
	}
	return &listOutput[T]{Body: list}
}

// whole is a list that has one page.
func whole[R, T any](rows []R, item func(R) T) *listOutput[T] {
	return listOf(rows, storage.Total{Entries: int64(len(rows))}, item)
}

// moment is a time as JSON shows it, nil where there is none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
