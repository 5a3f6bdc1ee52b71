package ehealth

import (
	"net/http"
	"strconv"
	"strings"

	"ithildin/storage"
)

// cursorParameter asks for what comes after a page in place of a page number. The contract does not know it: a Link
// header with rel="next" (RFC 8288) hands it out.
const cursorParameter = "after"

// ruleCursor is a cursor that no list has handed out.
var ruleCursor = rule{Rule: "invalid", Description: "is not a cursor of this list", Params: []string{}}

// largestPage is the default number of entries of a page, and the most (contract section 3).
const largestPage = 50

// paging says which part of a list this is (contract section 3).
type paging struct {
	PageNumber   int   `json:"page_number"`
	PageSize     int   `json:"page_size"`
	TotalPages   int64 `json:"total_pages"`
	TotalEntries int64 `json:"total_entries"`

	next string // the cursor of the next page; empty on the last one
}

// newPaging counts the pages; an empty list has one.
func newPaging(number, size int, entries int64) paging {
	pages := max(1, (entries+int64(size)-1)/int64(size))
	return paging{PageNumber: number, PageSize: size, TotalPages: pages, TotalEntries: entries}
}

// link sets the header by which a caller reads on. The filters stay, the page number goes.
func (p paging) link(header http.Header, r *http.Request, list string) {
	if p.next == "" {
		return
	}
	query := r.URL.Query()
	query.Del("page")
	query.Set(cursorParameter, p.next)
	header.Set("Link", "<"+list+"?"+query.Encode()+`>; rel="next"`)
}

// page reads which page of a list is asked for, and how large. What does not begin with a number above zero counts as
// not sent, and more than the most as the most: so did the old system.
func page(r *http.Request) (number, size int) {
	query := r.URL.Query()
	number = leadingNumber(query.Get("page"))
	if number < 1 || number > 1<<30 {
		number = 1
	}
	size = leadingNumber(query.Get("page_size"))
	if size < 1 || size > largestPage {
		size = largestPage
	}
	return number, size
}

// leadingNumber is the number that a text begins with, 0 where it begins with none.
func leadingNumber(value string) int {
	digits := value[:len(value)-len(strings.TrimLeft(value, "0123456789"))]
	number, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return number
}

// pageAsked is the page of a list that the database cuts.
func pageAsked(r *http.Request) storage.Page {
	number, size := page(r)
	return storage.Page{Number: number, Size: size, After: r.URL.Query().Get(cursorParameter)}
}

func pagingOf(p storage.Page, total storage.Total) paging {
	pages := newPaging(p.Number, p.Size, total.Entries)
	pages.next = total.Next
	return pages
}

// pageOf cuts a page out of a list that is in memory.
func pageOf[T any](r *http.Request, all []T) ([]T, paging) {
	number, size := page(r)
	start := min((number-1)*size, len(all))
	return all[start:min(start+size, len(all))], newPaging(number, size, int64(len(all)))
}
