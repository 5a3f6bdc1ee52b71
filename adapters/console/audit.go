package console

import (
	"net/url"
	"slices"
	"time"

	"ithildin/storage"
)

// auditAddress is the audit with one filter set.
func auditAddress(name, value string) string {
	return address("audit") + "?" + url.Values{name: {value}}.Encode()
}

// eventKinds are the kinds that the filter offers: those with a title, in the order of their titles.
func eventKinds(v *visit) []option {
	const prefix = "event."
	var options []option
	for key, title := range v.text {
		if len(key) > len(prefix) && key[:len(prefix)] == prefix {
			options = append(options, option{Value: key[len(prefix):], Label: title})
		}
	}
	slices.SortFunc(options, func(a, b option) int {
		if a.Label < b.Label {
			return -1
		}
		return 1
	})
	return options
}

// auditFilter reads the filters of the audit. The days are those of Kyiv; the last one is included.
func auditFilter(v *visit, l *list) storage.EventFilter {
	f := storage.EventFilter{
		Kind:   l.choice("kind", "audit.what", eventKinds(v)...),
		UserID: l.text("user_id", "audit.user_id"), ClientID: l.text("client_id", "audit.client_id"),
		RequestID: l.text("request_id", "audit.request_id"), Address: l.text("address", "session.address"),
	}
	if day, err := time.ParseInLocation(time.DateOnly, l.date("since", "audit.since"), kyiv); err == nil {
		f.Since = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, l.date("until", "audit.until"), kyiv); err == nil {
		f.Before = day.AddDate(0, 0, 1)
	}
	return f
}

// showAudit lists events, the newest first.
func showAudit(v *visit) error {
	l := newList(v)
	f := auditFilter(v, l)
	f.After, f.Limit = l.query.Get("after"), pageSize
	events, err := v.store.ListEvents(v.r.Context(), f)
	if err != nil {
		return err
	}
	t, err := eventTable(v, events, true)
	if err != nil {
		return err
	}
	if f.After != "" {
		t.First = v.r.URL.Path + l.without("after")
	}
	if len(events) == pageSize {
		l.next(t, events[len(events)-1].Cursor())
	}
	rest := l.without("after")
	return show(v, v.T("audit.title"), &screen{
		Filter: &l.form, Sections: []section{{ID: "audit", Table: t}},
		Actions: []link{
			{v.T("audit.csv"), address("audit.csv") + rest}, {v.T("audit.ndjson"), address("audit.ndjson") + rest},
		},
	})
}
