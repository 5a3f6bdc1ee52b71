package console

import (
	"cmp"
	"maps"
	"slices"

	"ithildin/storage"
)

// eventTitle is what an event of a kind is called.
func (v *visit) eventTitle(kind string) string { return v.text.or("event."+kind, kind) }

// ownDetails are the details of an event that have a column of their own.
var ownDetails = []string{"operator", "by", "operator_id"}

// eventTable lists events: when, what, who did it, from where. With subjects it says about whom.
func eventTable(v *visit, events []storage.Event, subjects bool) (*table, error) {
	t := &table{Label: v.T("audit.title"), Empty: v.T("audit.empty"), Columns: []string{
		v.T("audit.time"), v.T("audit.what"), v.T("audit.actor"), v.T("audit.from"),
	}}
	var names map[string]string
	if subjects {
		t.Columns = append(t.Columns, v.T("audit.about"))
		var err error
		if names, err = namesOfPeople(v, events); err != nil {
			return nil, err
		}
	}
	for _, e := range events {
		row := []cell{
			moment(e.CreatedAt), text(v.eventTitle(e.Kind)).with(detailsOf(v, e)), text(actorOf(v, e)),
			text(e.Address).with(e.RequestID),
		}
		if subjects {
			about, err := subjectOf(v, e, names)
			if err != nil {
				return nil, err
			}
			row = append(row, about)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// namesOfPeople are the e-mail addresses of those whom events are about, by their ids.
func namesOfPeople(v *visit, events []storage.Event) (map[string]string, error) {
	names := map[string]string{}
	for _, e := range events {
		if isUUID(e.UserID) {
			names[e.UserID] = ""
		}
	}
	if len(names) == 0 {
		return names, nil
	}
	users, _, err := v.store.PageOfUsers(v.r.Context(), storage.UserFilter{IDs: slices.Collect(maps.Keys(names))},
		storage.Page{Size: len(names)})
	for _, user := range users {
		names[user.ID] = user.Email
	}
	return names, err
}

// actorOf is who caused an event.
func actorOf(v *visit, e storage.Event) string {
	if name := e.Details["operator"]; name != "" {
		return name
	}
	if by := e.Details["by"]; by != "" {
		return v.text.or("by."+by, by)
	}
	return ""
}

// detailsOf are the other details of an event in the order of their names.
func detailsOf(v *visit, e storage.Event) string {
	shown := ""
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		if slices.Contains(ownDetails, name) {
			continue
		}
		if shown != "" {
			shown += " · "
		}
		shown += v.text.or("detail."+name, name) + ": " + v.text.or("reason."+e.Details[name], e.Details[name])
	}
	return shown
}

// subjectOf is the person that an event is about, with the client below, or the client alone.
func subjectOf(v *visit, e storage.Event, names map[string]string) (cell, error) {
	client := cell{}
	if e.ClientID != "" {
		var err error
		if client, err = namedClient(v, e.ClientID); err != nil {
			return cell{}, err
		}
	}
	if e.UserID == "" {
		return client, nil
	}
	return to(cmp.Or(names[e.UserID], e.UserID), address("people", e.UserID)).with(client.Text), nil
}
