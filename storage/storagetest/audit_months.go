package storagetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

const (
	partitionBefore = "audit_events_before"
	partitionOther  = "audit_events_other"
)

// months is a database whose audit has partitions.
type months struct{ *suite }

// auditMonths are the cases of the partitions that audit_events has on PostgreSQL.
func auditMonths(t *testing.T, engine Engine) {
	for name, c := range map[string]func(t *testing.T, s *months){
		"The janitor makes a partition for each month ahead":           monthsAreMade,
		"Events without a partition are kept and listed in order":      monthsAreMissing,
		"A month is dropped when its last event is past its time":      monthIsDropped,
		"Short retention is kept in a month with long retention":       monthOfTwoRetentions,
		"A month with an event that is still kept is not dropped":      monthIsKept,
		"Lists, cursors and counts go across months":                   listsAcrossMonths,
		"Pruning goes across months":                                   pruningAcrossMonths,
		"Janitors at once lose no event and make each partition once":  raceOfJanitors,
		"A table that is locked for long leaves partitions for later":  monthsWait,
		"Where the table belongs to others rows are deleted as before": monthsOfOthers,
	} {
		t.Run(name, func(t *testing.T) {
			s := &months{newSuite(t, engine)}
			s.passTheFirstPartition(t)
			c(t, s)
		})
	}
}

// passTheFirstPartition moves the clock to the middle of the first month that has no partition. When that is depends on
// the day of the migration.
func (s *months) passTheFirstPartition(t *testing.T) {
	var end int64
	require.NoError(t, s.store.SQL().QueryRowContext(t.Context(), `
SELECT substring(pg_get_expr(relpartbound, oid) FROM 'TO \(''?(\d+)')::bigint FROM pg_class
WHERE oid = '`+partitionBefore+`'::regclass`).Scan(&end))
	s.clock.Advance(time.Unix(end, 0).Sub(s.clock.Now()) + 10*24*time.Hour)
}

// month is the name of the partition of the month that is so many months from now.
func (s *months) month(from int) string {
	now := s.clock.Now().UTC()
	return time.Date(now.Year(), now.Month()+time.Month(from), 1, 0, 0, 0, 0, time.UTC).Format("audit_events_2006_01")
}

// partitions lists those of audit_events.
func (s *months) partitions(t *testing.T) (names []string) {
	t.Helper()
	rows, err := s.store.SQL().QueryContext(t.Context(), `
SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_events'::regclass ORDER BY 1`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}

func (s *months) sweep(t *testing.T) map[string]int64 {
	t.Helper()
	deleted, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
	require.NoError(t, err)
	return deleted
}

// event stores an event of now and says in which partition it is.
func (s *months) event(t *testing.T, kind string, kept time.Duration) (partition string) {
	t.Helper()
	id := s.store.NewID()
	require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{
		{ID: id, Kind: kind, ExpiresAt: s.clock.Now().Add(kept)},
	}))
	require.NoError(t, s.store.SQL().QueryRowContext(t.Context(),
		`SELECT tableoid::regclass::text FROM audit_events WHERE id = $1`, id).Scan(&partition))
	return partition
}

func monthsAreMade(t *testing.T, s *months) {
	require.Equal(t, []string{partitionBefore, partitionOther}, s.partitions(t))
	for range 2 {
		s.sweep(t)
		require.Equal(t, []string{
			s.month(0), s.month(1), s.month(2), s.month(3), partitionOther,
		}, s.partitions(t), "the first one was empty, and its time is over")
	}
	require.Equal(t, s.month(0), s.event(t, "now", time.Hour))
	s.clock.Advance(3 * 30 * 24 * time.Hour)
	require.Equal(t, s.month(0), s.event(t, "three months later", time.Hour), "also where no janitor came")
	s.sweep(t)
	require.Contains(t, s.partitions(t), s.month(3))
	for _, column := range []string{"created_at", "expires_at", "kind", "request_id", "address", "user_id", "client_id"} {
		require.NotZero(t, s.count(t, "pg_indexes", "tablename = '"+s.month(3)+"' AND indexdef LIKE $1", "%("+column+"%"),
			column)
	}
}

func monthsAreMissing(t *testing.T, s *months) {
	require.Equal(t, partitionOther, s.event(t, "nobody made a partition", 365*24*time.Hour))
	s.sweep(t)
	require.NotContains(t, s.partitions(t), s.month(0), "a month goes without one where it has events")
	require.Contains(t, s.partitions(t), s.month(1))
	require.Equal(t, partitionOther, s.event(t, "still", time.Hour))
	s.clock.Advance(30 * 24 * time.Hour)
	s.sweep(t)
	require.Equal(t, s.month(0), s.event(t, "the next month", time.Hour))
	events, err := s.store.ListEvents(t.Context(), storage.EventFilter{OldestFirst: true})
	require.NoError(t, err)
	require.Equal(t, []string{"nobody made a partition", "the next month"}, kinds(events), "one has expired")
}

func kinds(events []storage.Event) (kinds []string) {
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func monthIsDropped(t *testing.T, s *months) {
	s.sweep(t)
	const kept = 365 * 24 * time.Hour
	dropped := s.month(0)
	end := s.clock.Now().Add(kept) // of the events of the tenth
	for range 3 {
		require.Equal(t, dropped, s.event(t, "a", kept))
	}
	s.clock.Advance(10 * 24 * time.Hour)
	require.Equal(t, dropped, s.event(t, "a later one", kept))
	s.clock.Advance(end.Sub(s.clock.Now()) + time.Hour)
	require.Zero(t, s.sweep(t)["audit_events"], "the month goes as a whole within a tenth of the retention")
	require.Equal(t, 4, s.count(t, dropped, "kind <> $1", ""))
	s.clock.Advance(10 * 24 * time.Hour)
	require.EqualValues(t, 4, s.sweep(t)["audit_events"])
	require.NotContains(t, s.partitions(t), dropped)
	require.Equal(t, partitionOther, s.eventAt(t, end.Add(-kept)), "an event of a month that is gone is stored")
}

// eventAt stores an event of an earlier time.
func (s *months) eventAt(t *testing.T, at time.Time) (partition string) {
	t.Helper()
	id := s.store.NewID()
	require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{
		{ID: id, Kind: "late", CreatedAt: at, ExpiresAt: s.clock.Now().Add(time.Hour)},
	}))
	require.NoError(t, s.store.SQL().QueryRowContext(t.Context(),
		`SELECT tableoid::regclass::text FROM audit_events WHERE id = $1`, id).Scan(&partition))
	return partition
}

func monthOfTwoRetentions(t *testing.T, s *months) {
	s.sweep(t)
	partition := s.month(0)
	require.Equal(t, partition, s.event(t, "short", 7*24*time.Hour))
	require.Equal(t, partition, s.event(t, "long", 365*24*time.Hour))
	s.clock.Advance(8 * 24 * time.Hour)
	require.EqualValues(t, 1, s.sweep(t)["audit_events"], "in the month that is written")
	require.Equal(t, partition, s.event(t, "short", 30*24*time.Hour))
	s.clock.Advance(31 * 24 * time.Hour)
	require.EqualValues(t, 1, s.sweep(t)["audit_events"], "in a month that is over")
	events, err := s.store.ListEvents(t.Context(), storage.EventFilter{})
	require.NoError(t, err)
	require.Equal(t, []string{"long"}, kinds(events))
}

func monthIsKept(t *testing.T, s *months) {
	s.sweep(t)
	partition := s.month(0)
	s.event(t, "short", time.Hour)
	s.event(t, "long", 100*24*time.Hour)
	s.clock.Advance(99 * 24 * time.Hour)
	s.sweep(t)
	require.Contains(t, s.partitions(t), partition)
	require.Equal(t, 1, s.count(t, "audit_events", "kind = $1", "long"))
}

// fillMonths stores an event of each second day of half a year in the partitions of its time, with and without one.
func (s *months) fillMonths(t *testing.T) (ids []string) {
	t.Helper()
	for day := range 90 {
		if day < 30 || day > 60 {
			s.sweep(t)
		}
		id := s.store.NewID()
		require.NoError(t, s.store.RecordEvents(t.Context(), []storage.Event{{ID: id, Kind: fmt.Sprint("kind ", day%3)}}))
		ids = append(ids, id)
		s.clock.Advance(2 * 24 * time.Hour)
	}
	return ids
}

func listsAcrossMonths(t *testing.T, s *months) {
	want := s.fillMonths(t)
	for _, oldestFirst := range []bool{true, false} {
		var got []string
		filter := storage.EventFilter{OldestFirst: oldestFirst, Limit: 7}
		for {
			events, err := s.store.ListEvents(t.Context(), filter)
			require.NoError(t, err)
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				got = append(got, e.ID)
			}
			filter.After = events[len(events)-1].Cursor()
		}
		if !oldestFirst {
			slices.Reverse(got)
		}
		require.Equal(t, want, got)
	}
	counts, _, err := s.store.CountEvents(t.Context(), "kind 1", s.clock.Now().Add(-365*24*time.Hour))
	require.NoError(t, err)
	require.Len(t, counts, len(want)/3)
}

func pruningAcrossMonths(t *testing.T, s *months) {
	ids := s.fillMonths(t)
	gone, err := s.store.PruneEvents(t.Context(), "kind 2", s.clock.Now().Add(-24*time.Hour), 4)
	require.NoError(t, err)
	require.EqualValues(t, len(ids)/3, gone)
	require.Equal(t, len(ids)-len(ids)/3, s.count(t, "audit_events", "kind <> $1", ""))
}

// raceOfJanitors lets janitors of many processes work while events are stored, over months that begin and end.
func raceOfJanitors(t *testing.T, s *months) {
	janitors := make([]*storage.Store, 4)
	for i := range janitors {
		janitors[i] = s.open(t)
	}
	for month := range 6 {
		var working sync.WaitGroup
		errs := make([]error, len(janitors)+2)
		start := make(chan struct{})
		for i, janitor := range janitors {
			working.Go(func() {
				<-start
				_, errs[i] = janitor.Sweep(t.Context(), storage.Sweep{Batch: 10, TokenRetention: storage.TokenRetention})
			})
		}
		for writer := range 2 {
			working.Go(func() {
				<-start
				for n := range 20 {
					kept := time.Duration(1+n%2*60) * 24 * time.Hour
					err := s.store.RecordEvents(t.Context(), []storage.Event{
						{Kind: fmt.Sprint("month ", month), ExpiresAt: s.clock.Now().Add(kept)},
					})
					if err != nil {
						errs[len(janitors)+writer] = err
					}
				}
			})
		}
		close(start)
		working.Wait()
		requireAllWin(t, errs)
		require.Equal(t, 40, s.count(t, "audit_events", "kind = $1", fmt.Sprint("month ", month)))
		s.clock.Advance(31 * 24 * time.Hour)
	}
	s.sweep(t)
	require.Equal(t, 20, s.count(t, "audit_events", "kind <> $1", ""), "of the last month those that are kept for two")
	require.NotContains(t, s.partitions(t), s.month(-4))
	require.Contains(t, s.partitions(t), s.month(3))
}

// monthsWait holds the lock of a long reader, such as a backup, while the janitor works.
func monthsWait(t *testing.T, s *months) {
	s.event(t, "expired", time.Hour)
	s.clock.Advance(2 * time.Hour)
	reader, err := s.store.SQL().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer reader.Rollback()
	_, err = reader.ExecContext(t.Context(), `LOCK TABLE audit_events, `+partitionBefore+`, `+partitionOther+
		` IN ACCESS SHARE MODE`)
	require.NoError(t, err)
	require.EqualValues(t, 1, s.sweep(t)["audit_events"], "rows are deleted all the same")
	require.Equal(t, []string{partitionBefore, partitionOther}, s.partitions(t))
	require.NoError(t, reader.Rollback())
	s.sweep(t)
	require.Contains(t, s.partitions(t), s.month(0))
}

// monthsOfOthers opens a database as a role that may read and write, and owns nothing. A pooler would forget the role.
func monthsOfOthers(t *testing.T, _ *months) {
	s := &months{newSuite(t, PostgreSQL())}
	s.passTheFirstPartition(t)
	role := newName()
	s.execute(t, `CREATE ROLE `+role)
	t.Cleanup(func() {
		_, err := s.store.SQL().ExecContext(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role)
		require.NoError(t, err)
	})
	s.execute(t, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+role)
	s.event(t, "expired", time.Hour)
	s.event(t, "kept", 100*time.Hour)
	s.clock.Advance(2 * time.Hour)
	other := Open(t, withParameter(t, s.databaseURL, "options", "-c role="+role), At(s.clock))
	deleted, err := other.Sweep(t.Context(), storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
	require.NoError(t, err)
	require.EqualValues(t, 1, deleted["audit_events"])
	require.Equal(t, []string{partitionBefore, partitionOther}, s.partitions(t))
}

// RunExpiredMonths measures what it takes to delete n events one by one, and to drop a month that has as many.
func RunExpiredMonths(t *testing.T, engine Engine, n int) {
	s := &months{newSuite(t, engine)}
	s.passTheFirstPartition(t)
	s.sweep(t)
	filler := s.open(t, func(o *storage.Options) { o.StatementTimeout = storage.NoStatementTimeout })
	took := map[bool]time.Duration{}
	for _, dropped := range []bool{false, true} {
		month := s.month(0)
		now := s.clock.Now()
		_, err := filler.SQL().ExecContext(t.Context(), `
INSERT INTO audit_events (id, kind, client_id, user_id, request_id, address, details, created_at,
expires_at) SELECT gen_random_uuid(), 'gateway_decision', 'client-' || i % 1000, gen_random_uuid(), 'r' || i,
'192.0.2.1', '{"method":"GET","path":"/api/patients"}', $1::bigint, $1::bigint + 60 FROM generate_series(1, $2::int) i`,
			now.Unix(), n)
		require.NoError(t, err)
		_, err = filler.SQL().ExecContext(t.Context(), `VACUUM ANALYZE `+month)
		require.NoError(t, err)
		if !dropped { // one that is kept keeps the month
			s.event(t, "kept", 300*24*time.Hour)
		}
		s.clock.Advance(31 * 24 * time.Hour)
		began := time.Now()
		deleted, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 500, TokenRetention: storage.TokenRetention})
		took[dropped] = time.Since(began)
		require.NoError(t, err)
		require.InEpsilon(t, n, deleted["audit_events"], 0.1)
		require.NotEqual(t, dropped, slices.Contains(s.partitions(t), month))
	}
	t.Logf("%d events: deleted in %v, dropped in %v", n, took[false], took[true])
	require.Less(t, took[true]*10, took[false])
}
