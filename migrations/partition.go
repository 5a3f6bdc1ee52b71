package migrations

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// monthsInUse is how many months from the current one on the rows that are there share one partition with what is
// written meanwhile: the months after them have partitions of their own, which the program makes ahead.
const monthsInUse = 2

// partitioning is how a plain table of PostgreSQL becomes one with partitions by a column of epoch seconds, without a
// copy of its rows: it becomes the first partition of a new table of its name, whose constraint was validated before.
type partitioning struct {
	table, column string
}

// first is the partition that the table becomes. It holds what was there, and what is written before a time.
func (p partitioning) first() string { return p.table + "_before" }

// other is the partition of the rows for which there is no partition.
func (p partitioning) other() string { return p.table + "_other" }

// key is the primary key of the first partition. Unique indexes of a table with partitions name the column, too.
func (p partitioning) key() statement {
	return statement{kind: createIndex, table: p.table, index: p.first() + "_pkey",
		content: fmt.Sprintf("CREATE UNIQUE INDEX %s_pkey ON %s (id, %s)", p.first(), p.table, p.column)}
}

// constrain is the text that says that every row is from before a time, of which no row is looked at yet.
func (p partitioning) constrain(end int64) string {
	return fmt.Sprintf("%s, ADD CONSTRAINT %s_end CHECK (%s < %d) NOT VALID", p.unconstrain(), p.first(), p.column, end)
}

func (p partitioning) unconstrain() string {
	return fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s_end", p.table, p.first())
}

// partitionOnline makes partitions of a table while it is read and written. What takes time, the index and the look at
// each row, lets requests pass; the rest is a change of the catalog.
func (r *run) partitionOnline(ctx context.Context, s statement) (err error) {
	p := partitioning{s.table, s.column}
	if done, err := r.isPartitioned(ctx, p.table); err != nil || done {
		return err
	}
	if err := r.buildIndex(ctx, p.key()); err != nil {
		return err
	}
	end, err := r.firstEnd(ctx, p)
	if err != nil {
		return err
	}
	// A run that was interrupted may have left the constraint of an earlier time, by which rows would be refused one day.
	err = r.retry(ctx, p.table, lockTimeout, func() error { return r.exec(ctx, p.constrain(end)) })
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.exec(context.WithoutCancel(ctx), p.unconstrain()))
		}
	}()
	validate := fmt.Sprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s_end", p.table, p.first())
	if err := r.retry(ctx, p.table, r.lockWait, func() error { return r.exec(ctx, validate) }); err != nil {
		return err
	}
	return r.retry(ctx, p.table, lockTimeout, func() error {
		return r.transaction(ctx, func() error { return r.becomeFirst(ctx, p, end) })
	})
}

// partitionAtOnce does the same in a transaction, for a database that nobody uses.
func (r *run) partitionAtOnce(ctx context.Context, s statement) error {
	if r.engine == SQLite {
		return nil
	}
	p := partitioning{s.table, s.column}
	end, err := r.firstEnd(ctx, p)
	if err != nil {
		return err
	}
	for _, query := range []string{p.key().content, p.constrain(end)} {
		if err := r.exec(ctx, query); err != nil {
			return err
		}
	}
	return r.becomeFirst(ctx, p, end)
}

// firstEnd is where the first partition ends: the beginning of a month that is after every row and leaves the program
// four weeks or more to make partitions ahead, by the clock of the database.
func (r *run) firstEnd(ctx context.Context, p partitioning) (int64, error) {
	var latest int64
	err := r.conn.QueryRowContext(ctx, fmt.Sprintf(
		`SELECT greatest(max(%s), CAST(extract(epoch FROM clock_timestamp()) AS bigint)) FROM %s`, p.column, p.table),
	).Scan(&latest)
	at := time.Unix(latest, 0).UTC()
	return time.Date(at.Year(), at.Month()+monthsInUse, 1, 0, 0, 0, 0, time.UTC).Unix(), err
}

// becomeFirst puts a table with partitions in the place of a table, which becomes the first of them. It holds the only
// lock that requests wait for, and looks at no row.
func (r *run) becomeFirst(ctx context.Context, p partitioning, end int64) error {
	if err := r.exec(ctx, fmt.Sprintf("LOCK TABLE %s IN ACCESS EXCLUSIVE MODE", p.table)); err != nil {
		return err
	}
	rename, create, err := r.indexesOf(ctx, p)
	if err != nil {
		return err
	}
	rights, err := r.texts(ctx, rightsQuery, p.table)
	if err != nil {
		return err
	}
	statements := []string{
		fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %[1]s_pkey", p.table),
		fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s_pkey PRIMARY KEY USING INDEX %[2]s_pkey", p.table, p.first()),
	}
	statements = append(statements, rename...)
	statements = append(statements,
		fmt.Sprintf("ALTER TABLE %s RENAME TO %s", p.table, p.first()),
		fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS, PRIMARY KEY (id, %s)) PARTITION BY RANGE (%[3]s)",
			p.table, p.first(), p.column))
	statements = append(statements, create...)
	statements = append(statements,
		fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (MINVALUE) TO (%d)", p.table, p.first(), end),
		fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %[1]s_end", p.first()),
		fmt.Sprintf("CREATE TABLE %s PARTITION OF %s DEFAULT", p.other(), p.table))
	for _, query := range append(statements, rights...) {
		if err := r.exec(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// rightsQuery makes the statements that give a new table of the name the owner and the rights of the one before.
const rightsQuery = `
SELECT format('ALTER TABLE %s OWNER TO %I', $1::text, pg_get_userbyid(relowner)) FROM pg_class
WHERE oid = $1::text::regclass
UNION ALL
SELECT format('ALTER TABLE %s OWNER TO %I', $1::text || '_other', pg_get_userbyid(relowner)) FROM pg_class
WHERE oid = $1::text::regclass
UNION ALL
SELECT format('GRANT %s ON %s TO %s%s', a.privilege_type, $1::text,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_class, aclexplode(relacl) AS a WHERE oid = $1::text::regclass`

// indexesOf returns the statements that give the indexes of a table the names of its first partition, and those that
// make the same indexes on the table with partitions.
func (r *run) indexesOf(ctx context.Context, p partitioning) (rename, create []string, err error) {
	rename, err = r.texts(ctx, `
SELECT format('ALTER INDEX %s RENAME TO %I', indexrelid::regclass, $1::text || '_before' ||
    substr(relname, length($1::text) + 1))
FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE indrelid = $1::text::regclass AND NOT indisprimary AND relname <> $1::text || '_before_pkey'`, p.table)
	if err != nil {
		return nil, nil, err
	}
	create, err = r.texts(ctx, `
SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE indrelid = $1::text::regclass AND NOT indisprimary AND relname <> $1::text || '_before_pkey'`, p.table)
	return rename, create, err
}

// buildIndexOfPartitions builds an index of a table with partitions, which cannot be built concurrently as a whole:
// partition by partition, and it is valid with the last of them.
func (r *run) buildIndexOfPartitions(ctx context.Context, s statement) error {
	onParent := strings.Replace(s.repeatable(), " ON ", " ON ONLY ", 1)
	if err := r.retry(ctx, s.table, lockTimeout, func() error { return r.exec(ctx, onParent) }); err != nil {
		return err
	}
	partitions, err := r.texts(ctx, `
SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass`, s.table)
	if err != nil {
		return err
	}
	for _, partition := range partitions {
		part := statement{kind: createIndex, table: partition,
			index: partition + strings.TrimPrefix(s.index, s.table)}
		part.content = strings.Replace(s.content, s.index+" ON "+s.table, part.index+" ON "+partition, 1)
		if err := r.buildIndex(ctx, part); err != nil {
			return err
		}
		attach := fmt.Sprintf("ALTER INDEX %s ATTACH PARTITION %s", s.index, part.index)
		if err := r.retry(ctx, s.table, lockTimeout, func() error { return r.exec(ctx, attach) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) isPartitioned(ctx context.Context, table string) (bool, error) {
	return r.hasRelationKind(ctx, table, "p")
}

// hasRelationKind says whether a table or index is there and of a kind of PostgreSQL's catalog: p is a table with
// partitions, I an index of one.
func (r *run) hasRelationKind(ctx context.Context, relation, kind string) (is bool, err error) {
	err = r.conn.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM pg_class WHERE oid = to_regclass($1) AND relkind = $2)`, relation, kind).Scan(&is)
	return is, err
}

// texts reads a column.
func (r *run) texts(ctx context.Context, query, argument string) (values []string, err error) {
	rows, err := r.conn.QueryContext(ctx, query, argument)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}
