package ehealth

import "time"

// naiveTime writes epoch seconds as the old system showed times: ISO 8601 in UTC, without a zone.
func naiveTime(epoch int64) string {
	return time.Unix(epoch, 0).UTC().Format("2006-01-02T15:04:05.000000")
}
