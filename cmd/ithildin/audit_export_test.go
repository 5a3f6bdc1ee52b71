package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// exported is a database that audit export reads at the time of a clock that stands still but for pauses of the export.
type exported struct {
	t     *testing.T
	url   string
	clock *storagetest.Clock
	store *storage.Store
}

func newExported(t *testing.T, engine storagetest.Engine) *exported {
	e := &exported{t: t, url: engine.Create(t), clock: storagetest.NewClock()}
	e.store = storagetest.Open(t, e.url, func(o *storage.Options) { o.Now = e.clock.Now })
	return e
}

// happened keeps an event of a time before now.
func (e *exported) happened(kind string, ago time.Duration) {
	at := e.clock.Now().Add(-ago)
	require.NoError(e.t, e.store.RecordEvents(e.t.Context(), []storage.Event{{Kind: kind, CreatedAt: at}}))
}

// queued keeps an event of a time before now by a queue, as one that the queue holds while the database is away.
func (e *exported) queued(kind string, ago time.Duration) {
	queue := e.store.NewEventQueue(slog.New(slog.DiscardHandler))
	at := e.clock.Now().Add(-ago)
	require.NoError(e.t, queue.Add(e.t.Context(), storage.Event{Kind: kind, CreatedAt: at}))
	queue.Close()
}

type exportedLine struct {
	Kind    string            `json:"kind"`
	Cursor  string            `json:"cursor"`
	Details map[string]string `json:"details"`
}

// run runs the verb; each pause that it makes does the next of the steps, and behind the last step it is ended as by
// a signal.
func (e *exported) run(arguments []string, steps ...func()) []exportedLine {
	ctx, end := context.WithCancel(e.t.Context())
	defer end()
	var out, problems bytes.Buffer
	var commandLine program
	parser, err := kong.New(&commandLine, flagEnums, config.HelpTexts(flagHelp), kong.Vars{"version": ""})
	require.NoError(e.t, err)
	_, err = parser.Parse(append([]string{"audit", "export", "--database-url", e.url}, arguments...))
	require.NoError(e.t, err)
	command := &commandLine.Audit.Export
	command.clock.now = e.clock.Now
	command.clock.pause = func(context.Context, time.Duration) {
		if len(steps) == 0 {
			end()
			return
		}
		steps[0]()
		steps = steps[1:]
	}
	require.NoError(e.t, command.Run(ctx, console.Terminal{Out: &out, Err: &problems}), problems.String())
	require.Empty(e.t, steps, "the export ended before all was done")
	var lines []exportedLine
	for item := range strings.Lines(out.String()) {
		var line exportedLine
		require.NoError(e.t, json.Unmarshal([]byte(item), &line))
		lines = append(lines, line)
	}
	return lines
}

func kindsOf(lines []exportedLine) (kinds []string) {
	for _, line := range lines {
		kinds = append(kinds, line.Kind)
	}
	return kinds
}

func TestAuditExportFollowsEventsOnceInOrderAndMissesNoLateOne(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		e := newExported(t, engine)
		e.happened("first", 20*time.Second)
		e.happened("second", 12*time.Second)
		e.happened("fourth", 5*time.Second)
		lines := e.run([]string{"--follow"},
			func() { // a transaction that began before that of the fourth and ends after it
				e.happened("third", 10*time.Second)
				e.clock.Advance(8 * time.Second)
			},
			func() { // the database was away for ten minutes: the export has passed the time of what waited
				e.queued("fifth", 10*time.Minute)
				e.happened("sixth", 0)
				e.clock.Advance(12 * time.Second)
			},
			func() { e.happened("too young", 11*time.Second) },
		)
		require.Equal(t, []string{"first", "second", "third", "fourth", "fifth", "sixth"}, sortSameSecond(lines))
		for _, line := range lines {
			if line.Kind == "fifth" {
				happened, err := time.Parse(time.RFC3339, line.Details["happened_at"])
				require.NoError(t, err)
				require.Equal(t, e.clock.Now().Add(-10*time.Minute-12*time.Second), happened.UTC())
			} else {
				require.NotContains(t, line.Details, "happened_at")
			}
		}

		e.clock.Advance(time.Second)
		again := e.run([]string{"--after", lines[len(lines)-1].Cursor}, func() { e.clock.Advance(12 * time.Second) })
		require.Equal(t, []string{"too young"}, kindsOf(again), "what the last line's cursor goes on with")
	})
}

// sortSameSecond are the kinds in the order of the lines, but for the fifth and the sixth: both have one time, and
// which is first is decided by their ids.
func sortSameSecond(lines []exportedLine) []string {
	kinds := kindsOf(lines)
	if len(kinds) == 6 && kinds[4] == "sixth" {
		kinds[4], kinds[5] = kinds[5], kinds[4]
	}
	return kinds
}

func TestAuditExportWaitsUntilEarlierEventsAreSettled(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		e := newExported(t, engine)
		e.happened("just now", 0)
		lines := e.run(nil,
			func() {
				e.happened("in flight", 3*time.Second)
				e.clock.Advance(time.Second)
				e.happened("after the beginning", 0)
			},
			func() { e.clock.Advance(12 * time.Second) },
		)
		require.Equal(t, []string{"in flight", "just now"}, kindsOf(lines))
		require.Equal(t, []string{"in flight", "just now", "after the beginning"}, kindsOf(e.run([]string{"--settle", "0s"})))
		until := e.clock.Now().Add(-12 * time.Second).UTC().Format(time.RFC3339)
		require.Equal(t, []string{"in flight", "just now"}, kindsOf(e.run([]string{"--until", until})), "nothing to wait for")
	})
}
