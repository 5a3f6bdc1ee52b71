package storage

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// walk is a way along the rows of a table in the order of a column of times, as an index has them: from slice to slice
// of so many rows, or more where several have one second. So a statement reads little, whatever is looked for, and
// however much of the table was done before.
type walk struct {
	table, column string
	// where names what the index has before the column, with the arguments $1 to $n; "" where it begins with the column.
	where string
	args  []any
	// from and end are the times of the first rows and of the first that no longer matter, in seconds; the largest end is
	// the end of the table.
	from, end int64
}

// alongExpiry walks along all rows of a table whose times lie behind one.
func alongExpiry(table string, after int64) walk {
	return walk{table: table, column: "expires_at", from: after + 1, end: math.MaxInt64}
}

// slice is the condition on the rows of one slice and its arguments.
func (w walk) slice(from, until int64) (condition string, args []any) {
	n := len(w.args)
	before := "<"
	if until == math.MaxInt64 {
		before = "<="
	}
	condition = fmt.Sprintf("%[1]s >= $%[2]d AND %[1]s %[4]s $%[3]d", w.column, n+1, n+2, before)
	if w.where != "" {
		condition = w.where + " AND " + condition
	}
	return condition, append(slices.Clone(w.args), from, until)
}

// sliceEnd is the time before which so many rows lie, counted from a time; more where several have one second.
func (d *database) sliceEnd(ctx context.Context, w walk, from int64, rows int) (int64, error) {
	condition, args := w.slice(from, w.end)
	var last []int64
	err := d.selectAll(ctx, &last, fmt.Sprintf(`SELECT %[2]s FROM %[1]s WHERE %[3]s ORDER BY %[2]s LIMIT 1 OFFSET $%[4]d`,
		w.table, w.column, condition, len(args)+1), append(args, rows-1)...)
	if err != nil || len(last) == 0 || last[0] >= w.end-1 { // no second comes behind the largest
		return w.end, err
	}
	return last[0] + 1, nil
}

const (
	// idsAtOnce is how many rows a slice has, but for those of its last second, and how many ids one statement lists.
	idsAtOnce = 10_000
	// batchOfIDs is how many rows one statement ends or deletes by their ids.
	batchOfIDs = 500
)

// inBatches runs a write for the rows of a walk of which a condition is true, or for all where it is "". It returns how
// many rows it wrote. The write ends with IN; the ids come behind its own arguments, and rows that it has written no
// longer fulfil the condition, or have left the walk. Each batch is kept by itself, so that what was cut short is gone
// on with where it is begun again.
func inBatches[ID string | []byte](
	ctx context.Context, d *database, w walk, condition, write string, written ...any,
) (total int64, err error) {
	for from := w.from; from < w.end; {
		until, err := d.sliceEnd(ctx, w, from, idsAtOnce)
		if err != nil {
			return total, err
		}
		slice, args := w.slice(from, until)
		if condition != "" {
			slice += " AND " + condition
		}
		list := fmt.Sprintf(`SELECT id FROM %s WHERE %s ORDER BY %s LIMIT %d`, w.table, slice, w.column, idsAtOnce)
		for listed := idsAtOnce; listed == idsAtOnce; { // several lists where very many rows have one second
			var ids []ID
			if err := d.selectAll(ctx, &ids, list, args...); err != nil {
				return total, err
			}
			n, err := writeBatches(ctx, d, ids, write, written)
			total += n
			if err != nil {
				return total, err
			}
			listed = len(ids)
		}
		from = until
	}
	return total, nil
}

func writeBatches[ID string | []byte](
	ctx context.Context, d *database, ids []ID, write string, written []any,
) (total int64, err error) {
	query := write + `(` + placeholders(len(written)+1, batchOfIDs) + `)`
	for batch := range slices.Chunk(ids, batchOfIDs) {
		args := slices.Clone(written)
		for n := range batchOfIDs { // the last batch is filled up with its last id: one text is prepared once
			args = append(args, batch[min(n, len(batch)-1)])
		}
		n, err := d.exec(ctx, query, args...)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

// theClient is the condition on what was issued to a client ($1). PostgreSQL plans it for a client of the average size:
// for one that has most of a table it would read the whole table, also where next to nothing is left to be found.
const theClient = `client_id = (SELECT CAST($1 AS text))`

// issuedToClient walks along the rows of a table that were issued to a client, from a time on. The index of grants has
// those with a refresh token apart: they are a second walk, for a grant may get one meanwhile.
func issuedToClient(table, clientID string, from int64) []walk {
	w := walk{
		table: table, column: "expires_at", where: theClient, args: []any{clientID}, from: from, end: math.MaxInt64,
	}
	if table != "grants" {
		return []walk{w}
	}
	without, with := w, w
	without.where += " AND " + grantHasNoRefreshToken
	with.where += " AND " + grantHasRefreshToken
	return []walk{without, with}
}

// newestGrantsOfClient are the newest grants of a client ($1), at most so many of those with a refresh token and as
// many of the others, whether they live or have ended.
func newestGrantsOfClient(most int) string {
	var newest []string
	for _, kind := range []string{grantHasNoRefreshToken, grantHasRefreshToken} {
		newest = append(newest, fmt.Sprintf(`SELECT * FROM (
    SELECT id, expires_at, revoked_at FROM grants WHERE %s AND %s ORDER BY expires_at DESC LIMIT %d
) AS kind%d`, theClient, kind, most, len(newest)))
	}
	return `(` + strings.Join(newest, " UNION ALL ") + `) AS newest`
}

// liveGrantsOfClient are those of the newest grants of a client that live.
var liveGrantsOfClient = newestGrantsOfClient(issuedAtOnce) + ` WHERE revoked_at = 0`
