package storage

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// flush says whether the gate, if there is one, wrote its row.
func (u *UnitOfWork) flush(ctx context.Context) (bool, error) {
	if u.store.engine == sqliteEngine {
		return u.flushTransaction(ctx)
	}
	name, args := u.merged()
	query, ok := u.store.memory.merged.Load(name)
	if !ok {
		query, _ = u.store.memory.merged.LoadOrStore(name, u.mergedSQL())
	}
	var rows int64
	err := u.store.sent(ctx, func(ctx context.Context) error {
		return u.store.writer.get(ctx, &rows, query.(string), args...)
	})
	return u.gate == nil || rows > 0, err
}

// merged is the name of the one statement and its arguments.
func (u *UnitOfWork) merged() (string, []any) {
	var name strings.Builder
	var args []any
	if u.gate != nil {
		name.WriteString("gate:" + u.gate.name)
		args = append(args, u.gate.args...)
	}
	for _, s := range u.statements {
		name.WriteString("|" + s.name)
		args = append(args, s.args...)
	}
	return name.String(), args
}

// mergedSQL joins the writes to one statement of PostgreSQL: data-modifying common table expressions share a snapshot
// and commit together, in one round trip.
func (u *UnitOfWork) mergedSQL() string {
	var parts []string
	offset := 0
	answer := "SELECT 1"
	condition := ""
	if u.gate != nil {
		parts = append(parts, "gate AS ("+u.gate.sql+")")
		offset = len(u.gate.args)
		answer = "SELECT count(*) FROM gate"
		condition = "WHERE EXISTS (SELECT 1 FROM gate)"
	}
	for i, s := range u.statements {
		sql := shift(strings.Replace(s.sql, "{{gate}}", condition, 1), offset)
		parts = append(parts, fmt.Sprintf("s%d AS (%s RETURNING 1)", i, sql))
		offset += len(s.args)
	}
	return "WITH " + strings.Join(parts, ", ") + " " + answer
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
func (u *UnitOfWork) flushTransaction(ctx context.Context) (passed bool, err error) {
	// SQLite wants a WHERE between SELECT and ON CONFLICT, or it reads ON as a join's.
	for i := range u.statements {
		u.statements[i].sql = strings.Replace(u.statements[i].sql, "{{gate}}", "WHERE TRUE", 1)
	}
	prepared, err := u.prepare(ctx)
	if err != nil {
		return false, classify(err)
	}
	err = u.store.transaction(ctx, func(tx *sqlx.Tx) error {
		passed = true
		if u.gate != nil {
			var rows []int64
			err := tx.StmtxContext(ctx, prepared[u.gate.sql]).SelectContext(ctx, &rows, u.gate.args...)
			if passed = len(rows) > 0; err != nil || !passed {
				return err
			}
		}
		for _, s := range u.statements {
			if _, err := tx.StmtxContext(ctx, prepared[s.sql]).ExecContext(ctx, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
	return passed, err
}

// prepare happens before the transaction, which then holds the one writing connection.
func (u *UnitOfWork) prepare(ctx context.Context) (map[string]*sqlx.Stmt, error) {
	prepared := make(map[string]*sqlx.Stmt, len(u.statements)+1)
	texts := make([]string, 0, len(u.statements)+1)
	if u.gate != nil {
		texts = append(texts, u.gate.sql)
	}
	for _, s := range u.statements {
		texts = append(texts, s.sql)
	}
	for _, sql := range texts {
		stmt, err := u.store.writer.statement(ctx, sql)
		if err != nil {
			return nil, err
		}
		prepared[sql] = stmt
	}
	return prepared, nil
}
