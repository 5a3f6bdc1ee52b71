package console

import (
	"time"

	"ithildin/jwks"
)

// chart is a picture of a few numbers, which the server draws.
type chart struct {
	Title string
	// Description says in words what the bars show, for whoever does not see them.
	Description   string
	First, Last   string // what stands below the left end and the right one
	Keys          []chartKey
	Bars          []bar
	Width, Height int
}

// chartKey says what the bars of a tone are.
type chartKey struct{ Text, Tone string }

// bar is a rectangle; its tone is "good", "bad", "plain", "now" or "".
type bar struct {
	X, Y, Width, Height int
	Tone                string
}

// The measures of charts, in the units of their pictures.
const (
	slotWidth    = 20 // of an hour
	barWidth     = 16
	columnHeight = 96
	leastHeight  = 2 // of a number that is not 0
	rowHeight    = 20
	rowGap       = 4
)

// columns draws numbers side by side; the series of each slot stand on one another.
func columns(slots int, series []seriesOfChart) (bars []bar, most int64) {
	for slot := range slots {
		total := int64(0)
		for _, s := range series {
			total += s.values[slot]
		}
		most = max(most, total)
	}
	for slot := range slots {
		below := columnHeight
		for _, s := range series {
			if s.values[slot] == 0 {
				continue
			}
			height := max(leastHeight, int(s.values[slot]*columnHeight/most))
			below -= height
			bars = append(bars, bar{
				X: slot*slotWidth + (slotWidth-barWidth)/2, Y: max(0, below), Width: barWidth, Height: height, Tone: s.tone,
			})
		}
	}
	return bars, most
}

// seriesOfChart are the numbers of one tone, a number for each slot.
type seriesOfChart struct {
	tone   string
	values []int64
}

func (s seriesOfChart) total() (sum int64) {
	for _, value := range s.values {
		sum += value
	}
	return sum
}

// keysChart draws the life of the signing keys: a row for each, in the order of their table.
func keysChart(v *visit) chart {
	const width = 480
	now := v.store.Now()
	keys := v.keys.Keys()
	first, last := now, now.Add(leastFuture)
	for _, k := range keys {
		for _, at := range []time.Time{k.CreatedAt, k.ActivatesAt, k.RetiresAt, k.ExpiresAt} {
			if at.IsZero() {
				continue
			}
			if at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
	}
	span := max(last.Sub(first), time.Hour)
	place := func(at time.Time) int {
		return int(int64(width) * int64(at.Sub(first)/time.Second) / int64(span/time.Second))
	}
	c := chart{
		Title: v.T("keys.life"), Width: width, Height: len(keys) * rowHeight,
		First: first.In(kyiv).Format(shownDay), Last: last.In(kyiv).Format(shownDay),
		Keys: []chartKey{
			{v.T("keys.state." + string(jwks.Prepublished)), "plain"}, {v.T("keys.state." + string(jwks.Active)), "good"},
			{v.T("keys.state." + string(jwks.Retired)), ""}, {v.T("chart.now"), "now"},
		},
		Description: v.T("keys.life_described", "n", number(int64(len(keys)))),
	}
	for row, k := range keys {
		from := k.CreatedAt
		for _, part := range []struct {
			until time.Time
			tone  string
		}{{k.ActivatesAt, "plain"}, {k.RetiresAt, "good"}, {k.ExpiresAt, ""}} {
			until := part.until
			if until.IsZero() {
				until = last
			}
			if until.After(from) {
				c.Bars = append(c.Bars, bar{
					X: place(from), Y: row*rowHeight + rowGap/2, Width: max(leastHeight, place(until)-place(from)),
					Height: rowHeight - rowGap, Tone: part.tone,
				})
				from = until
			}
		}
	}
	c.Bars = append(c.Bars, bar{X: place(now), Width: leastHeight, Height: c.Height, Tone: "now"})
	return c
}

// leastFuture is how far the life of a key is drawn whose end is not known.
const leastFuture = 30 * day

// shownDay is how charts write a day.
const shownDay = "02.01.2006"
