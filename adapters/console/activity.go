package console

import (
	"context"
	"sync"
	"time"

	"ithildin/storage"
)

// activity has the numbers of the charts on the first page. It keeps them for a minute, so that operators who keep the
// page open do not count the same events again and again.
type activity struct {
	store *storage.Store

	mutex  sync.Mutex
	readAt time.Time
	since  time.Time // the first hour that every count has whole
	counts map[string][]storage.EventCount
}

const (
	activityAge   = time.Minute
	activityHours = 24
)

// activityCharts are the charts, by their texts, and the kinds of events that each tone counts.
var activityCharts = []struct {
	name  string
	tones []toneOfEvents
}{
	{"sign_ins", []toneOfEvents{
		{"good", []string{storage.EventSignIn}}, {"bad", []string{storage.EventSignInFailed}},
	}},
	{"grants", []toneOfEvents{{"", []string{storage.EventCodeExchanged}}}},
	{"refusals", []toneOfEvents{{"bad", []string{
		storage.EventClientAuthenticationFailed, storage.EventRefreshTokenReused, storage.EventPasswordResetRefused,
		storage.EventConsoleRefused, storage.EventAdminTokenFailed,
	}}}},
}

// toneOfEvents are the kinds of events that the bars of a tone count.
type toneOfEvents struct {
	tone  string
	kinds []string
}

// read counts the events of the last hours, unless it has done so within the last minute.
func (a *activity) read(ctx context.Context) (map[string][]storage.EventCount, time.Time, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	now := a.store.Now()
	if a.counts != nil && now.Sub(a.readAt) < activityAge && !now.Before(a.readAt) {
		return a.counts, a.since, nil
	}
	since := now.Truncate(time.Hour).Add(-(activityHours - 1) * time.Hour)
	counts := map[string][]storage.EventCount{}
	for _, c := range activityCharts {
		for _, t := range c.tones {
			for _, kind := range t.kinds {
				counted, complete, err := a.store.CountEvents(ctx, kind, since)
				if err != nil {
					return nil, time.Time{}, err
				}
				counts[kind] = counted
				if complete.After(since) {
					since = complete
				}
			}
		}
	}
	a.readAt, a.since, a.counts = now, since, counts
	return counts, since, nil
}

// chartsOfActivity draws what happened in the last day, hour by hour.
func chartsOfActivity(v *visit) ([]chart, error) {
	counts, since, err := v.activity.read(v.r.Context())
	if err != nil {
		return nil, err
	}
	slots := max(1, int(v.store.Now().Sub(since)/time.Hour)+1)
	var charts []chart
	for _, wanted := range activityCharts {
		c := chart{
			Title: v.T("chart." + wanted.name), Width: slots * slotWidth, Height: columnHeight,
			First: since.In(kyiv).Format("15:04"), Last: v.T("chart.now"),
		}
		var series []seriesOfChart
		for _, tone := range wanted.tones {
			s := seriesOfChart{tone: tone.tone, values: make([]int64, slots)}
			for _, kind := range tone.kinds {
				for _, count := range counts[kind] {
					if slot := int(count.Hour.Sub(since) / time.Hour); slot >= 0 && slot < slots {
						s.values[slot] += count.Events
					}
				}
			}
			series = append(series, s)
			c.Keys = append(c.Keys, chartKey{
				v.T("chart."+wanted.name+"."+tone.kinds[0], "n", number(s.total())), tone.tone,
			})
		}
		var most int64
		c.Bars, most = columns(slots, series)
		c.Description = v.T("chart.described", "title", c.Title, "hours", number(int64(slots)), "most", number(most))
		charts = append(charts, c)
	}
	return charts, nil
}
