package storage

// largestPage bounds what one list call reads.
const largestPage = 1000

// pageSize is how many rows a list call reads: what was asked for, or the most where that is more, or nothing.
func pageSize(limit int) int {
	if limit <= 0 {
		return largestPage
	}
	return min(limit, largestPage)
}
