package storage

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors that callers tell apart with errors.Is. Anything else is a fault of this program.
var (
	// ErrNotFound says that no such row exists.
	ErrNotFound = errors.New("storage: not found")
	// ErrConflict says that a row with this unique value exists already.
	ErrConflict = errors.New("storage: already exists")
	// ErrUnavailable says that the database can't answer now; the same request may succeed later.
	ErrUnavailable = errors.New("storage: database unavailable")
	// ErrUsed says that a conditional write lost: another attempt has used the code or the jti, or a one-time code is
	// spent.
	ErrUsed = errors.New("storage: already used")
	// ErrReplayed says that the token id of a batch was used before, so that nothing was written.
	ErrReplayed = errors.New("storage: token id replayed")
	// ErrReuse says that a refresh token was presented that nobody should have any more; its family is revoked by now.
	ErrReuse = errors.New("storage: refresh token reuse")
	// ErrQuota says that there are as many registered clients as there may be.
	ErrQuota = errors.New("storage: quota reached")
)

// classify turns a driver's error into one of the errors above, keeping the cause for the log.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict), errors.Is(err, ErrUnavailable), errors.Is(err, ErrUsed),
		errors.Is(err, ErrQuota), errors.Is(err, ErrCursor):
		return err
	case isUnique(err):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case isUnavailable(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	default:
		return fmt.Errorf("storage: %w", err)
	}
}

// IsMisconfigured says that a database answered and refused the connection in a way that waiting does not mend: a wrong
// password or user, no such database, or a server without the TLS that the URL asks for, or with a certificate that is
// not trusted.
func IsMisconfigured(err error) bool {
	var postgres *pq.Error
	if errors.As(err, &postgres) {
		return postgres.Code.Class() == "28" || postgres.Code == "3D000"
	}
	var certificate *tls.CertificateVerificationError
	return errors.Is(err, pq.ErrSSLNotSupported) || errors.As(err, &certificate)
}

// IsTimeout says that the database answers, but ended a statement that took too long or waited too long for a lock.
func IsTimeout(err error) bool {
	var postgres *pq.Error
	return errors.As(err, &postgres) && (postgres.Code == "57014" || postgres.Code == "55P03")
}

func isUnique(err error) bool {
	var postgres *pq.Error
	if errors.As(err, &postgres) {
		return postgres.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) &&
		(lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// cannotWrite recognises a database that takes no writes: read_only_sql_transaction, disk_full, io_error.
func cannotWrite(err error) bool {
	if err == nil { // of nearly every statement; errors.As would allocate its targets
		return false
	}
	var postgres *pq.Error
	if errors.As(err, &postgres) {
		return postgres.Code == "25006" || postgres.Code == "53100" || postgres.Code == "58030"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) &&
		(lite.Code()&0xff == sqlite3.SQLITE_FULL || lite.Code()&0xff == sqlite3.SQLITE_READONLY)
}

// isUnavailable recognises a database that is away, starting, stopping, full or too slow.
func isUnavailable(err error) bool {
	var postgres *pq.Error
	if errors.As(err, &postgres) {
		switch postgres.Code.Class() {
		case "08", "53", "57", "58", "40": // connection, resources, operator intervention, system; 40 after every retry
			return true
		}
		return postgres.Code == "55P03" || postgres.Code == "25006" // lock timeout; read-only while a replica is promoted
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
			sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
			return true
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, pq.ErrSSLNotSupported)
}
