package storage

import (
	"context"
	"time"
)

// mostEventsCounted bounds what one count reads: at some thousand events an hour it is a day.
const mostEventsCounted = 100_000

// EventCount is how many events of one kind there were in an hour.
type EventCount struct {
	Hour   time.Time // its beginning
	Events int64
}

// CountEvents counts the events of a kind in each hour from the one of since on, the newest hour first. Hours without
// events are left out. It reads the 100,000 newest events at most; the hours that it then has not read whole are not
// among the counts, and all of them begin before complete.
func (s *auditStore) CountEvents(
	ctx context.Context, kind string, since time.Time,
) (counts []EventCount, complete time.Time, err error) {
	since = since.Truncate(time.Hour)
	var rows []struct {
		Hour   int64 `db:"hour"`
		Events int64 `db:"events"`
	}
	err = s.selectAll(ctx, &rows, `
SELECT created_at / 3600 AS hour, count(*) AS events FROM (
    SELECT created_at FROM audit_events WHERE kind = $1 AND created_at >= $2 ORDER BY created_at DESC LIMIT $3
) AS newest
GROUP BY created_at / 3600 ORDER BY hour DESC`, kind, toSeconds(since), mostEventsCounted)
	if err != nil {
		return nil, since, err
	}
	complete = since
	total := int64(0)
	for _, row := range rows {
		counts = append(counts, EventCount{Hour: time.Unix(row.Hour*3600, 0).UTC(), Events: row.Events})
		total += row.Events
	}
	if total == mostEventsCounted {
		last := counts[len(counts)-1]
		counts, complete = counts[:len(counts)-1], last.Hour.Add(time.Hour)
	}
	return counts, complete, nil
}
