package storage

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// flush says whether the precondition, if there is one, wrote its row.
func (b *Batch) flush(ctx context.Context) (bool, error) {
	if b.store.engine == sqliteEngine {
		return b.flushTransaction(ctx)
	}
	name, args := b.merged()
	query, ok := b.store.cache.merged.Load(name)
	if !ok {
		query, _ = b.store.cache.merged.LoadOrStore(name, b.mergedSQL())
	}
	var rows int64
	err := b.store.execIdempotent(ctx, func(ctx context.Context) error {
		return b.store.writer.get(ctx, &rows, query.(string), args...)
	})
	return b.precondition == nil || rows > 0, err
}

// merged is the name of the one statement and its arguments.
func (b *Batch) merged() (string, []any) {
	names, arguments := len("precondition:"), 0
	if b.precondition != nil {
		names, arguments = names+len(b.precondition.name), len(b.precondition.args)
	}
	for _, s := range b.statements {
		names, arguments = names+len("|")+len(s.name), arguments+len(s.args)
	}
	var name strings.Builder
	name.Grow(names)
	args := make([]any, 0, arguments)
	if b.precondition != nil {
		name.WriteString("precondition:")
		name.WriteString(b.precondition.name)
		args = append(args, b.precondition.args...)
	}
	for _, s := range b.statements {
		name.WriteByte('|')
		name.WriteString(s.name)
		args = append(args, s.args...)
	}
	return name.String(), args
}

// mergedSQL joins the writes to one statement of PostgreSQL: data-modifying common table expressions share a snapshot
// and commit together, in one round trip.
func (b *Batch) mergedSQL() string {
	var parts []string
	offset := 0
	response := "SELECT 1"
	condition := ""
	if b.precondition != nil {
		parts = append(parts, "precondition AS ("+b.precondition.sql+")")
		offset = len(b.precondition.args)
		response = "SELECT count(*) FROM precondition"
		condition = "WHERE EXISTS (SELECT 1 FROM precondition)"
	}
	for i, s := range b.statements {
		sql := shift(strings.Replace(s.sql, "{{precondition}}", condition, 1), offset)
		parts = append(parts, fmt.Sprintf("s%d AS (%s RETURNING 1)", i, sql))
		offset += len(s.args)
	}
	return "WITH " + strings.Join(parts, ", ") + " " + response
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
func (b *Batch) flushTransaction(ctx context.Context) (passed bool, err error) {
	// SQLite wants a WHERE between SELECT and ON CONFLICT, or it reads ON as a join's.
	for i := range b.statements {
		sql := b.statements[i].sql
		text, ok := b.store.cache.unconditional.Load(sql)
		if !ok {
			text, _ = b.store.cache.unconditional.LoadOrStore(sql, strings.Replace(sql, "{{precondition}}", "WHERE TRUE", 1))
		}
		b.statements[i].sql = text.(string)
	}
	prepared, err := b.prepare(ctx)
	if err != nil {
		return false, classify(err)
	}
	err = b.store.transaction(ctx, func(tx *sqlx.Tx) error {
		passed = true
		if b.precondition != nil {
			var rows []int64
			err := tx.StmtxContext(ctx, prepared[b.precondition.sql]).SelectContext(ctx, &rows, b.precondition.args...)
			if passed = len(rows) > 0; err != nil || !passed {
				return err
			}
		}
		for _, s := range b.statements {
			if _, err := tx.StmtxContext(ctx, prepared[s.sql]).ExecContext(ctx, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
	return passed, err
}

// prepare happens before the transaction, which then holds the one writing connection.
func (b *Batch) prepare(ctx context.Context) (map[string]*sqlx.Stmt, error) {
	prepared := make(map[string]*sqlx.Stmt, len(b.statements)+1)
	add := func(sql string) (err error) {
		prepared[sql], err = b.store.writer.statement(ctx, sql)
		return err
	}
	if b.precondition != nil {
		if err := add(b.precondition.sql); err != nil {
			return nil, err
		}
	}
	for _, s := range b.statements {
		if err := add(s.sql); err != nil {
			return nil, err
		}
	}
	return prepared, nil
}
