package console

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"ithildin/provider/login"
	"ithildin/storage"
)

// auditAddress is the audit with one filter set.
func auditAddress(name, value string) string {
	return address("audit") + "?" + url.Values{name: {value}}.Encode()
}

// eventKinds are the kinds that the filter offers: those with a title, in the order of their titles.
func eventKinds(v *visit) []option {
	var options []option
	for key, title := range v.text {
		if kind, isEvent := strings.CutPrefix(key, "event."); isEvent {
			options = append(options, option{Value: kind, Label: title})
		}
	}
	slices.SortFunc(options, func(a, b option) int { return strings.Compare(a.Label, b.Label) })
	return options
}

// auditFilter reads the filters of the audit. The times are those of Kyiv; the last minute is included.
func auditFilter(v *visit, l *list) storage.EventFilter {
	f := storage.EventFilter{
		Kind:  l.choice("kind", "audit.what", eventKinds(v)...),
		Since: l.minute("since", "audit.since", "00:00"), Before: l.minute("until", "audit.until", "23:59"),
		UserID: l.text("user_id", "audit.user"), ClientID: l.text("client_id", "audit.client"),
		RequestID: l.text("request_id", "audit.request_id"), Address: l.text("address", "session.address"),
	}
	if !f.Before.IsZero() {
		f.Before = f.Before.Add(time.Minute)
	}
	return f
}

// idsInPlaceOfNames leads from a filter by an e-mail address or by the name of a client to the same one by the id,
// which is what the index of the audit has and what may stand in an address that is passed on. It returns the key of a
// text where there is nobody or nothing of that name, and whether it has led on.
func idsInPlaceOfNames(v *visit, l *list, f storage.EventFilter) (problem string, ledOn bool, err error) {
	if f.UserID != "" && !isUUID(f.UserID) {
		user, err := findByText(v, f.UserID)
		if errors.Is(err, storage.ErrNotFound) {
			return "try.no_person", false, nil
		}
		if err != nil {
			return "", false, err
		}
		l.query.Set("user_id", user.ID)
		ledOn = true
	}
	if f.ClientID != "" {
		client, err := findClientByText(v.r.Context(), v, f.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			return "", ledOn, nil // events outlive their client
		}
		if err != nil {
			return "", false, err
		}
		if client.ID != f.ClientID {
			l.query.Set("client_id", client.ID)
			ledOn = true
		}
	}
	if ledOn {
		goOn(v.w, v.r, v.r.URL.Path+l.without("after"))
	}
	return "", ledOn, nil
}

// nameWhoIsMeant shows the e-mail address of the person and the name of the client whose ids are filters.
func nameWhoIsMeant(v *visit, l *list, f storage.EventFilter) error {
	user, err := v.store.FindUser(v.r.Context(), f.UserID)
	if err == nil {
		l.shows("user_id", user.Email)
	} else if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	client, err := v.store.Client(v.r.Context(), f.ClientID)
	if err == nil {
		l.shows("client_id", login.ListedName(client))
	} else if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return nil
}

// auditPageSize is how many events a list shows: their rows and the names of their kinds take more bytes than those of
// other lists, and a page has 60 KB.
const auditPageSize = 45

// showAudit lists events, the newest first.
func showAudit(v *visit) error {
	l := newList(v)
	f := auditFilter(v, l)
	problem, ledOn, err := idsInPlaceOfNames(v, l, f)
	if err != nil || ledOn {
		return err
	}
	if err := nameWhoIsMeant(v, l, f); err != nil {
		return err
	}
	l.form.Views = periods(v, l)
	saved, err := findSavedViews(v, strings.TrimPrefix(l.without("after"), "?"))
	if err != nil {
		return err
	}
	s := &screen{Filter: &l.form, Saved: saved}
	if problem != "" {
		s.Alerts = []string{v.T(problem)}
		return show(v, v.T("audit.title"), s)
	}
	f.After, f.Limit = l.query.Get("after"), auditPageSize
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
	if len(events) == auditPageSize {
		l.next(t, events[len(events)-1].Cursor())
	}
	rest := l.without("after")
	s.Sections = []section{{ID: "audit", Table: t}}
	s.Actions = []link{
		{v.T("audit.csv"), address("audit.csv") + rest}, {v.T("audit.ndjson"), address("audit.ndjson") + rest},
	}
	return show(v, v.T("audit.title"), s)
}

// periods are links to the audit of today, of the last seven days and of the week before this one, with the other
// filters as they are.
func periods(v *visit, l *list) []link {
	const days = 7
	year, month, day := v.store.Now().In(kyiv).Date()
	today := time.Date(year, month, day, 0, 0, 0, 0, kyiv)
	sinceMonday := (int(today.Weekday()) + days - 1) % days
	monday := today.AddDate(0, 0, -sinceMonday)
	view := func(key string, first, last time.Time) link {
		query := url.Values{}
		for name, values := range l.query {
			query[name] = values
		}
		query.Del("after")
		query.Set("since", first.Format(minuteForm))
		query.Set("until", last.AddDate(0, 0, 1).Add(-time.Minute).Format(minuteForm))
		return link{v.T(key), v.r.URL.Path + "?" + query.Encode()}
	}
	return []link{
		view("audit.today", today, today), view("audit.seven_days", today.AddDate(0, 0, 1-days), today),
		view("audit.last_week", monday.AddDate(0, 0, -days), monday.AddDate(0, 0, -1)),
	}
}
