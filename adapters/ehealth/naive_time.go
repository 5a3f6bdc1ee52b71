package ehealth

import "time"

// naiveTime writes a time as the old system showed it: ISO 8601 in UTC, without a zone. One that is not known is the
// beginning of 1970.
func naiveTime(at time.Time) string {
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000")
}
