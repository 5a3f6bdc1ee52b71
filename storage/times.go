package storage

import "time"

// A column holds a time as a whole number since the beginning of 1970 in UTC, 0 for never. The column auth_time counts
// microseconds, every other one seconds. A row has its times as time.Time in UTC, and never is its zero value.
//
// Rows of users, clients, connections, sessions, codes, grants, access tokens and mails still have them as the columns
// do, and a Policy has its lifetimes in seconds.
type (
	seconds      int64
	microseconds int64
)

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
