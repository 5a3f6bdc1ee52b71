package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/XSAM/otelsql"
	"github.com/lib/pq"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"modernc.org/sqlite"
)

// openConnector opens a pool of connections to PostgreSQL, whose statements are spans where the caller traces.
func (o Options) openConnector(c driver.Connector) *sql.DB {
	if o.Tracing == nil {
		return sql.OpenDB(c)
	}
	return otelsql.OpenDB(c, o.spans(semconv.DBSystemNamePostgreSQL)...)
}

// openFile opens a pool of connections to SQLite likewise.
func (o Options) openFile(dsn string) (*sql.DB, error) {
	if o.Tracing == nil {
		return sql.Open("sqlite", dsn)
	}
	return otelsql.Open("sqlite", dsn, o.spans(semconv.DBSystemNameSQLite)...)
}

// spans are the options by which a statement of a request that is recorded is a span with the text of the statement.
// Values are arguments and never in the text; the texts of errors, which may repeat values, are left out. Statements
// that belong to no request, such as those of background jobs, are no spans.
func (o Options) spans(system attribute.KeyValue) []otelsql.Option {
	return []otelsql.Option{
		otelsql.WithTracerProvider(o.Tracing), otelsql.WithMeterProvider(noop.NewMeterProvider()),
		otelsql.WithAttributes(system), otelsql.WithSpanNameFormatter(spanName),
		otelsql.WithSpanErrorAttributesGetter(errorAttributes),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			RecordError: func(error) bool { return false },
			OmitRows:    true, OmitConnResetSession: true,
			SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
				return trace.SpanFromContext(ctx).IsRecording()
			},
		}),
	}
}

func spanName(_ context.Context, method otelsql.Method, query string) string {
	switch method {
	case otelsql.MethodConnectorConnect:
		return "CONNECT"
	case otelsql.MethodConnBeginTx:
		return "BEGIN"
	case otelsql.MethodTxCommit:
		return "COMMIT"
	case otelsql.MethodTxRollback:
		return "ROLLBACK"
	case otelsql.MethodConnPrepare:
		return "PREPARE " + statementName(query)
	}
	return statementName(query)
}

var (
	operation = regexp.MustCompile(`^\s*(\w+)`)
	table     = regexp.MustCompile(`(?i)\b(?:from|into|update|table)\s+([a-z_]+)`)
)

// statementName is what a statement does and the table that it names first, such as "SELECT grants".
func statementName(query string) string {
	name := "SQL"
	if found := operation.FindStringSubmatch(query); found != nil {
		name = strings.ToUpper(found[1])
	}
	if found := table.FindStringSubmatch(query); found != nil {
		name += " " + found[1]
	}
	return name
}

// errorAttributes name an error by its code.
func errorAttributes(err error) []attribute.KeyValue {
	var postgres *pq.Error
	var lite *sqlite.Error
	kind := "_OTHER"
	switch {
	case errors.Is(err, driver.ErrSkip):
		return nil
	case errors.As(err, &postgres):
		kind = string(postgres.Code)
	case errors.As(err, &lite):
		kind = strconv.Itoa(lite.Code())
	case errors.Is(err, context.Canceled):
		kind = "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errSilent):
		kind = "timeout"
	case isBroken(err):
		kind = "connection_broken"
	}
	return []attribute.KeyValue{semconv.ErrorTypeKey.String(kind)}
}
