package storage

import (
	"fmt"
	"time"
)

// A column holds a time as a whole number since the beginning of 1970 in UTC, 0 or NULL for never. The columns
// auth_time and position count microseconds, every other one seconds. A row has its times as time.Time in UTC, and
// never is its zero value.
type (
	seconds      int64
	microseconds int64
)

// Scan implements sql.Scanner. database/sql would make a copy of each number to convert it.
func (s *seconds) Scan(column any) error { return scanWhole((*int64)(s), column) }

// Scan implements sql.Scanner.
func (m *microseconds) Scan(column any) error { return scanWhole((*int64)(m), column) }

func scanWhole(number *int64, column any) error {
	switch value := column.(type) {
	case nil:
		*number = 0
	case int64:
		*number = value
	default:
		return fmt.Errorf("storage: a time is a %T: want a whole number", column)
	}
	return nil
}

func (s seconds) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

func (m microseconds) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(m)).UTC()
}

// toSeconds returns what a column of seconds holds for a time; a fraction of a second is cut off.
func toSeconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// EpochSeconds returns a time as tokens and answers have it: whole seconds since the beginning of 1970 in UTC, 0 for
// the zero time.
func EpochSeconds(t time.Time) int64 { return toSeconds(t) }

// FromEpochSeconds returns the time of so many seconds since the beginning of 1970, in UTC, and the zero time for 0.
func FromEpochSeconds(number int64) time.Time { return seconds(number).time() }

// toMicroseconds returns what a column of microseconds holds for a time.
func toMicroseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Now is the Store's clock: whole seconds, as the columns hold them, in UTC.
func (d *database) Now() time.Time { return seconds(d.nowSeconds()).time() }

// nowSeconds is Now as a column holds it.
func (d *database) nowSeconds() int64 { return d.now().Unix() }

// newPosition is where a row that is made now stands in lists, which go by the order of making.
func (d *database) newPosition() int64 { return toMicroseconds(d.now()) }
