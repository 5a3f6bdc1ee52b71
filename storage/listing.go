package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// listing is a list of the rows of one table, or of several, in one order. The keys of a page are read before its rows,
// so that what a page number skips is narrow.
type listing struct {
	parts      []part
	args       []any
	descending bool
	// indexed says that every condition which may match many rows begins an index of each part, as part describes it.
	indexed bool
}

// part is one table of a listing with its conditions. An index begins with the columns of each condition that matches
// many rows and goes on with the key: then a page is read in its order, whatever the size of the table.
type part struct {
	query      string   // a SELECT without WHERE of the columns of a row; the same columns in every part
	table      string   // the table, with its alias in query
	key        []string // one or two columns; the last is the id
	order      []string // what query calls the columns of the key
	conditions []string
}

// argument adds an argument and returns its placeholder.
func (l *listing) argument(value any) string {
	l.args = append(l.args, value)
	return fmt.Sprintf("$%d", len(l.args))
}

func (l *listing) arguments(values []string) string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = l.argument(value)
	}
	return strings.Join(list, ", ")
}

// condition adds a condition to every part.
func (l *listing) condition(condition string) {
	for i := range l.parts {
		l.parts[i].conditions = append(l.parts[i].conditions, condition)
	}
}

// where adds a condition with one %s for its argument.
func (l *listing) where(condition string, value any) {
	l.condition(fmt.Sprintf(condition, l.argument(value)))
}

// equal adds a condition where the value is not empty.
func (l *listing) equal(column, value string) {
	if value != "" {
		l.where(column+" = %s", value)
	}
}

// behindValue adds a condition where the value is not empty.
func (l *listing) behindValue(column, value string) {
	if value != "" {
		l.where(column+" > %s", value)
	}
}

// boolean adds a condition where the value is not nil. It has no argument, so that a partial index is seen to fit.
func (l *listing) boolean(column string, value *bool) {
	switch {
	case value == nil:
	case *value:
		l.condition(column)
	default:
		l.condition("NOT " + column)
	}
}

// among adds a condition where there are values; they are bounded by the caller.
func (l *listing) among(column string, values []string) {
	if len(values) > 0 {
		l.condition(column + " IN (" + l.arguments(values) + ")")
	}
}

// split does what among does, for values that each match many rows: every value becomes a part, which an index that
// begins with the column has in order.
func (l *listing) split(column string, values []string) {
	if len(values) == 0 {
		return
	}
	var parts []part
	slices.Sort(values)
	for _, value := range slices.Compact(values) {
		condition := column + " = " + l.argument(value)
		for _, p := range l.parts {
			p.conditions = append(slices.Clone(p.conditions), condition)
			parts = append(parts, p)
		}
	}
	l.parts = parts
}

// read reads a page of rows into to, and what the list says of itself. Not prepared: the texts differ with the
// conditions, and an administrator asks seldom.
func (l listing) read(ctx context.Context, d *database, to any, p Page) (total Total, err error) {
	size := pageSize(p.Size)
	skipped := int64(0)
	if p.After == "" {
		skipped = int64(max(p.Number, 1)-1) * int64(size)
	}
	err = d.execIdempotent(ctx, func(ctx context.Context) error {
		entries, keys, err := l.counted(ctx, d, p.After, skipped, size+1)
		if err == nil && entries > exactTotal {
			if entries, err = l.estimate(ctx, d); err == nil {
				keys, err = l.keys(ctx, d, p.After, skipped, size+1)
			}
			// An estimate may be below what has been seen.
			entries = max(entries, exactTotal+1, skipped+int64(len(keys)))
		}
		total = Total{Entries: entries}
		if err != nil || len(keys) == 0 {
			return err
		}
		if len(keys) > size {
			keys = keys[:size]
			total.Next = keys[size-1].cursor()
		}
		return l.rows(ctx, d, to, keys)
	})
	return total, err
}

// counted counts a list up to one more than exactTotal. If it has no more than that, it reads the keys of a page too.
func (l listing) counted(
	ctx context.Context, d *database, after string, skipped int64, size int,
) (entries int64, keys []pageKey, err error) {
	if !l.indexed {
		return l.few(ctx, d, after, skipped, size)
	}
	// SQLite reads nothing but indexes for it: a fifth of the time that few takes for so many rows.
	err = d.reader.GetContext(ctx, &entries, fmt.Sprintf(
		"SELECT count(*) FROM (SELECT 1 FROM (%s) AS parts LIMIT %d) AS counted", l.matched(), exactTotal+1), l.args...)
	switch {
	case err != nil || entries > exactTotal || skipped >= entries && after == "":
		return entries, nil, err
	case entries <= mostSorted:
		return l.few(ctx, d, after, skipped, size)
	}
	keys, err = l.keys(ctx, d, after, skipped, size)
	return entries, keys, err
}

// few counts a list up to one more than exactTotal and reads the keys of a page, which are right if it has no more than
// that. It is one pass over what the conditions match: where they match little of a large table, as a part of a text
// does, a walk along the order of the list would visit the whole table for a page.
func (l listing) few(
	ctx context.Context, d *database, after string, skipped int64, size int,
) (entries int64, keys []pageKey, err error) {
	names, args, placeholders, err := l.cursor(after)
	if err != nil {
		return 0, nil, err
	}
	queries := make([]string, len(l.parts))
	for i, p := range l.parts {
		behind := "TRUE"
		if after != "" {
			behind = l.behind(p, placeholders)
		}
		queries[i] = fmt.Sprintf("SELECT %s, %s AS behind FROM %s%s", columnsOf(p, names), behind, p.table, p.where())
	}
	query := fmt.Sprintf(`WITH matched AS MATERIALIZED (SELECT * FROM (%s) AS parts LIMIT %d)
SELECT counted.entries, page.* FROM (SELECT count(*) AS entries FROM matched) AS counted
LEFT JOIN (SELECT %s FROM matched WHERE behind%s LIMIT %d OFFSET %d) AS page ON TRUE%s`,
		strings.Join(queries, " UNION ALL "), exactTotal+1, strings.Join(names, ", "), l.orderBy(names), size, skipped,
		l.orderBy(names))
	var rows []struct {
		Entries int64          `db:"entries"`
		Sort    sql.NullString `db:"sort"`
		ID      sql.NullString `db:"id"`
	}
	if err := d.reader.SelectContext(ctx, &rows, query, args...); err != nil {
		return 0, nil, cursorError(after, err)
	}
	for _, row := range rows {
		entries = row.Entries
		if row.ID.Valid {
			keys = append(keys, pageKey{row.Sort.String, row.ID.String})
		}
	}
	return entries, keys, nil
}

// cursor reads the cursor that a page begins behind, if there is one: what the columns of its key are called, and the
// arguments of a query, with the placeholders of those of the key.
func (l listing) cursor(after string) (names []string, args []any, placeholders []string, err error) {
	names, args = []string{"sort", "id"}[2-len(l.parts[0].key):], slices.Clone(l.args)
	if after == "" {
		return names, args, nil, nil
	}
	values, err := readCursor(after, len(names))
	for _, value := range values {
		args = append(args, value)
		placeholders = append(placeholders, fmt.Sprintf("$%d", len(args)))
	}
	return names, args, placeholders, err
}

// columnsOf are the columns of the key of a part under the names of those of every part.
func columnsOf(p part, names []string) string {
	columns := make([]string, len(names))
	for i, name := range names {
		columns[i] = p.key[i] + " AS " + name
	}
	return strings.Join(columns, ", ")
}

// cursorError is ErrCursor for a cursor with a text where the key has a number or a UUID.
func cursorError(after string, err error) error {
	if after != "" && isDataException(err) {
		return ErrCursor
	}
	return err
}

// keys reads the keys of a page along the order of the list.
func (l listing) keys(
	ctx context.Context, d *database, after string, skipped int64, size int,
) ([]pageKey, error) {
	names, args, placeholders, err := l.cursor(after)
	if err != nil {
		return nil, err
	}
	queries := make([]string, len(l.parts))
	for i, p := range l.parts {
		if after != "" {
			p.conditions = append(slices.Clone(p.conditions), l.behind(p, placeholders))
		}
		queries[i] = fmt.Sprintf("SELECT * FROM (SELECT %s FROM %s%s%s LIMIT %d) AS part%d",
			columnsOf(p, names), p.table, p.where(), l.orderBy(p.key), skipped+int64(size), i)
	}
	query := fmt.Sprintf("%s%s LIMIT %d OFFSET %d", strings.Join(queries, " UNION ALL "), l.orderBy(names), size, skipped)
	var keys []pageKey
	err = d.reader.SelectContext(ctx, &keys, query, args...)
	return keys, cursorError(after, err)
}

// isDataException recognises SQLSTATE class 22, an argument of another type than its column.
func isDataException(err error) bool {
	var postgres *pq.Error
	return errors.As(err, &postgres) && postgres.Code.Class() == "22"
}

// rows reads the rows of keys. A row that was deleted meanwhile is left out.
func (l listing) rows(ctx context.Context, d *database, to any, keys []pageKey) error {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.ID
	}
	var byID listing
	placeholders := byID.arguments(ids)
	var queries []string
	for _, p := range l.parts {
		query := fmt.Sprintf("%s WHERE %s IN (%s)", p.query, p.key[len(p.key)-1], placeholders)
		if !slices.Contains(queries, query) { // parts of one table
			queries = append(queries, query)
		}
	}
	return d.reader.SelectContext(ctx, to, strings.Join(queries, " UNION ALL ")+l.orderBy(l.parts[0].order), byID.args...)
}

// estimate asks PostgreSQL's planner. SQLite has no statistics: there it is how many rows the tables can have at
// the most.
func (l listing) estimate(ctx context.Context, d *database) (int64, error) {
	if d.IsPostgreSQL() {
		return d.plannedRows(ctx, l.matched(), l.args)
	}
	var estimate int64
	for _, p := range l.parts {
		table, _, _ := strings.Cut(p.table, " ")
		var n int64
		err := d.reader.GetContext(ctx, &n, fmt.Sprintf(
			`SELECT coalesce((SELECT max(rowid) FROM %[1]s) - (SELECT min(rowid) FROM %[1]s) + 1, 0)`, table))
		if err != nil {
			return 0, err
		}
		estimate += n
	}
	return estimate, nil
}

// matched is a query with one row, of no content, for each entry of the list.
func (l listing) matched() string {
	queries := make([]string, len(l.parts))
	for i, p := range l.parts {
		queries[i] = "SELECT 1 FROM " + p.table + p.where()
	}
	return strings.Join(queries, " UNION ALL ")
}

// plannedRows is how many rows PostgreSQL expects of a query.
func (d *database) plannedRows(ctx context.Context, query string, args []any) (int64, error) {
	var content string
	if err := d.reader.GetContext(ctx, &content, "EXPLAIN (FORMAT JSON) "+query, args...); err != nil {
		return 0, err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal([]byte(content), &plans); err != nil {
		return 0, fmt.Errorf("storage: the plan of a list: %w", err)
	}
	if len(plans) == 0 {
		return 0, nil
	}
	return int64(plans[0].Plan.Rows), nil
}

func (p part) where() string {
	if len(p.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(p.conditions, " AND ")
}

func (l listing) orderBy(columns []string) string {
	if !l.descending {
		return " ORDER BY " + strings.Join(columns, ", ")
	}
	return " ORDER BY " + strings.Join(columns, " DESC, ") + " DESC"
}

// behind is the condition of what follows a key. The first column is named by itself too, for the index that ends with
// it.
func (l listing) behind(p part, key []string) string {
	comparison := ">"
	if l.descending {
		comparison = "<"
	}
	if len(key) == 1 {
		return p.key[0] + " " + comparison + " " + key[0]
	}
	return fmt.Sprintf("%s %s= %s AND (%s) %s (%s)",
		p.key[0], comparison, key[0], strings.Join(p.key, ", "), comparison, strings.Join(key, ", "))
}
