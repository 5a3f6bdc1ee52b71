package storage

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// flush makes the writes and says how many of the preconditions were met, one after the other.
func (b *Batch) flush(ctx context.Context, preconditions []statement) (met int, err error) {
	if b.store.engine == sqliteEngine {
		return b.flushTransaction(ctx, preconditions)
	}
	name, args := b.merged(preconditions)
	query, ok := b.store.cache.merged.Load(name)
	if !ok {
		query, _ = b.store.cache.merged.LoadOrStore(name, b.mergedSQL(preconditions))
	}
	err = b.store.execIdempotent(ctx, func(ctx context.Context) error {
		return b.store.writer.get(ctx, &met, query.(string), args...)
	})
	return met, err
}

// merged is the name of the one statement and its arguments.
func (b *Batch) merged(preconditions []statement) (string, []any) {
	const mark = "precondition:"
	names, arguments := 0, 0
	for _, s := range preconditions {
		names, arguments = names+len(mark)+len(s.name), arguments+len(s.args)
	}
	for _, s := range b.statements {
		names, arguments = names+len("|")+len(s.name), arguments+len(s.args)
	}
	var name strings.Builder
	name.Grow(names)
	args := make([]any, 0, arguments)
	for _, s := range preconditions {
		name.WriteString(mark)
		name.WriteString(s.name)
		args = append(args, s.args...)
	}
	for _, s := range b.statements {
		name.WriteByte('|')
		name.WriteString(s.name)
		args = append(args, s.args...)
	}
	return name.String(), args
}

// mergedSQL joins the writes to one statement of PostgreSQL: data-modifying common table expressions share a snapshot
// and commit together, in one round trip. It answers how many preconditions were met; each but the first has the one
// before for a condition.
func (b *Batch) mergedSQL(preconditions []statement) string {
	var parts, met []string
	offset := 0
	condition := ""
	for i, s := range preconditions {
		sql := strings.ReplaceAll(s.sql, "{{single use}}", strings.Replace(condition, "WHERE", "AND", 1))
		parts = append(parts, fmt.Sprintf("p%d AS (%s)", i, shift(sql, offset)))
		met = append(met, fmt.Sprintf("(SELECT count(*) FROM p%d)", i))
		condition = fmt.Sprintf("WHERE EXISTS (SELECT 1 FROM p%d)", i)
		offset += len(s.args)
	}
	for i, s := range b.statements {
		sql := shift(strings.Replace(s.sql, "{{precondition}}", condition, 1), offset)
		parts = append(parts, fmt.Sprintf("s%d AS (%s RETURNING 1)", i, sql))
		offset += len(s.args)
	}
	if met == nil {
		met = []string{"0"}
	}
	return "WITH " + strings.Join(parts, ", ") + " SELECT " + strings.Join(met, " + ")
}

// shift adds offset to the number of every placeholder.
func shift(sql string, offset int) string {
	if offset == 0 {
		return sql
	}
	var out strings.Builder
	for i := 0; i < len(sql); {
		if sql[i] != '$' {
			out.WriteByte(sql[i])
			i++
			continue
		}
		end := i + 1
		for end < len(sql) && sql[end] >= '0' && sql[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(sql[i+1 : end])
		if err != nil {
			panic("storage: a lone $ in a statement")
		}
		fmt.Fprintf(&out, "$%d", n+offset)
		i = end
	}
	return out.String()
}

// flushTransaction is the same on SQLite, whose common table expressions only read.
func (b *Batch) flushTransaction(ctx context.Context, preconditions []statement) (met int, err error) {
	required, err := b.prepare(ctx, preconditions)
	if err != nil {
		return 0, classify(err)
	}
	writes, err := b.prepare(ctx, b.statements)
	if err != nil {
		return 0, classify(err)
	}
	err = b.store.groupedTransaction(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		met = 0
		for i, s := range preconditions {
			var rows []int64
			err := tx.StmtxContext(ctx, required[i]).SelectContext(ctx, &rows, s.args...)
			if err != nil || len(rows) == 0 {
				return err
			}
			met++
		}
		for i, s := range b.statements {
			if _, err := tx.StmtxContext(ctx, writes[i]).ExecContext(ctx, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
	return met, err
}

// withoutConditions leaves out what only PostgreSQL is told. SQLite wants a WHERE between SELECT and ON CONFLICT, or it
// reads ON as a join's.
var withoutConditions = strings.NewReplacer("{{precondition}}", "WHERE TRUE", "{{single use}}", "")

// prepare happens before the transaction, which then holds the one writing connection.
func (b *Batch) prepare(ctx context.Context, statements []statement) ([]*sqlx.Stmt, error) {
	prepared := make([]*sqlx.Stmt, len(statements))
	for i, s := range statements {
		text, ok := b.store.cache.unconditional.Load(s.sql)
		if !ok {
			text, _ = b.store.cache.unconditional.LoadOrStore(s.sql, withoutConditions.Replace(s.sql))
		}
		var err error
		if prepared[i], err = b.store.writer.statement(ctx, text.(string)); err != nil {
			return nil, err
		}
	}
	return prepared, nil
}
