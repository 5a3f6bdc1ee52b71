package ehealth

import (
	"net/http"
	"strconv"
)

// largestPage is the default number of entries of a page, and the most (contract section 3).
const largestPage = 50

// paging says which part of a list this is (contract section 3).
type paging struct {
	PageNumber   int   `json:"page_number"`
	PageSize     int   `json:"page_size"`
	TotalPages   int64 `json:"total_pages"`
	TotalEntries int64 `json:"total_entries"`
}

// newPaging counts the pages; an empty list has one.
func newPaging(number, size int, entries int64) paging {
	pages := max(1, (entries+int64(size)-1)/int64(size))
	return paging{PageNumber: number, PageSize: size, TotalPages: pages, TotalEntries: entries}
}

// page reads which page of a list is asked for, and how large. What is no number above zero counts as not sent, and more
// than the most as the most: so did the old system.
func page(r *http.Request) (number, size int) {
	query := r.URL.Query()
	number, err := strconv.Atoi(query.Get("page"))
	if err != nil || number < 1 || number > 1<<30 {
		number = 1
	}
	size, err = strconv.Atoi(query.Get("page_size"))
	if err != nil || size < 1 || size > largestPage {
		size = largestPage
	}
	return number, size
}
