package login

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"ithildin/storage"
)

// PathAccess shows a signed-in person who had access to their data.
const PathAccess = "/login/account/access"

// The events that are looked through for a person: pages of so many, and so many pages at most.
const (
	eventPage  = 500
	eventPages = 10
	// mostAccesses bounds what is shown of administrators, the latest.
	mostAccesses = 200
)

type accessPage struct {
	Text           *dataText
	Clients        []accessingClient
	Administrators []administratorAccess
}

// accessingClient is a client that got access in the name of a person.
type accessingClient struct {
	Name        string
	Since, Last time.Time // of the approval, and of the latest tokens; zero where there is none
}

// administratorAccess is what an administrator did with the account of a person.
type administratorAccess struct {
	What, Who string
	At        time.Time
}

// byAdministrators are the ways by which administrators reach an account, as events name them.
var byAdministrators = []string{
	storage.ByCommandLine, storage.ByLegacyAPI, storage.ByAdminAPI, storage.ByConsole,
}

// eventsOf reads the events about a person, the latest first, as far as they are looked through.
func (a *accountPages) eventsOf(ctx context.Context, userID string) (events []storage.Event, err error) {
	filter := storage.EventFilter{UserID: userID, Limit: eventPage}
	for range eventPages {
		page, err := a.store.ListEvents(ctx, filter)
		if err != nil {
			return nil, err
		}
		events = append(events, page...)
		if len(page) < eventPage {
			break
		}
		filter.After = page[len(page)-1].Cursor()
	}
	return events, nil
}

func (a *accountPages) showAccess(w http.ResponseWriter, r *http.Request) error {
	current, err := a.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if current == nil {
		return a.RedirectToPage(w, r, PathSignIn, Interaction{Page: PathAccess})
	}
	events, err := a.eventsOf(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	v := a.newView(w, r, "").ofPerson(&current.User)
	page := accessPage{Text: v.Messages.Data, Administrators: administratorsIn(events, v.Messages.Data)}
	if page.Clients, err = a.clientsOf(r.Context(), current.User.ID, events); err != nil {
		return err
	}
	v.Title, v.Page, v.Links = page.Text.AccessTitle, page, v.accountLink()
	return v.write(w, http.StatusOK, "access.html")
}

// administratorsIn are the events that administrators caused.
func administratorsIn(events []storage.Event, t *dataText) (list []administratorAccess) {
	for _, e := range events {
		if !slices.Contains(byAdministrators, e.Details["by"]) || len(list) == mostAccesses {
			continue
		}
		list = append(list, administratorAccess{
			What: cmp.Or(t.Events[e.Kind], t.Other), Who: cmp.Or(e.Details["operator"], t.Administrator), At: e.CreatedAt,
		})
	}
	return list
}

// clientsOf are the clients that a person approved, and those that got tokens by a sign-in.
func (a *accountPages) clientsOf(
	ctx context.Context, userID string, events []storage.Event,
) (list []accessingClient, err error) {
	approvals, err := a.store.ListApprovals(ctx, userID)
	if err != nil {
		return nil, err
	}
	var ids []string
	since, last := map[string]time.Time{}, map[string]time.Time{}
	note := func(id string, times map[string]time.Time, at time.Time) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if times[id].IsZero() {
			times[id] = at
		}
	}
	for _, approval := range approvals {
		note(approval.ClientID, since, approval.CreatedAt)
	}
	for _, e := range events {
		if e.ClientID != "" && (e.Kind == storage.EventCodeExchanged || e.Kind == storage.EventSessionTokenIssued) {
			note(e.ClientID, last, e.CreatedAt)
		}
	}
	for _, id := range ids {
		client, err := a.store.Client(ctx, id)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			client = &storage.Client{Name: id} // it was deleted since
		case err != nil:
			return nil, err
		}
		list = append(list, accessingClient{Name: ListedName(client), Since: since[id], Last: last[id]})
	}
	return list, nil
}
