package console

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"ithildin/provider/operator"
	"ithildin/storage"
)

const (
	pathSearch = Root + "search"
	// longestSearch bounds what is searched for, in bytes: a pasted token is the longest.
	longestSearch = 4096
	// mostFound bounds what is shown of each kind.
	mostFound = 10
)

func number(n int64) string { return strconv.FormatInt(n, 10) }

// showFound searches for one text in everything that an operator may be told. It is a POST, so that neither an e-mail
// address nor a pasted token is in the address of a page, and it is not recorded.
func showFound(v *visit) error {
	wanted := strings.TrimSpace(v.r.PostForm.Get("q"))
	s := &screen{}
	if wanted == "" || len(wanted) > longestSearch || strings.ContainsRune(wanted, 0) {
		s.Lead = v.T("search.empty")
		return show(v, v.T("search.title"), s)
	}
	for _, find := range []func(*visit, string) ([][]cell, error){
		findPeople, findClients, findIssued, findRequest,
	} {
		rows, err := find(v, wanted)
		if err != nil {
			return err
		}
		if len(s.Sections) == 0 {
			s.Sections = []section{{ID: "found", Table: &table{
				Label: v.T("search.title"), Columns: []string{v.T("search.kind"), v.T("search.what"), v.T("search.more")},
				Empty: v.T("search.nothing"),
			}}}
		}
		s.Sections[0].Table.Rows = append(s.Sections[0].Table.Rows, rows...)
	}
	if found := s.Sections[0].Table.Rows; len(found) == 1 && found[0][1].Href != "" {
		goOn(v.w, v.r, found[0][1].Href)
		return nil
	}
	return show(v, v.T("search.title"), s)
}

func isUUID(value string) bool {
	_, err := uuid.Parse(value)
	return err == nil && len(value) == len(uuid.Nil.String())
}

// findPeople searches by id, tax id and a part of the e-mail address.
func findPeople(v *visit, wanted string) ([][]cell, error) {
	filters := []storage.UserFilter{{TaxID: wanted}}
	switch {
	case isUUID(wanted):
		filters = []storage.UserFilter{{IDs: []string{strings.ToLower(wanted)}}}
	case len(wanted) > longestFilter:
		return nil, nil
	case len(wanted) >= leastOfEmail:
		filters = append(filters, storage.UserFilter{EmailPart: wanted})
	}
	var rows [][]cell
	for _, f := range filters {
		users, _, err := v.store.PageOfUsers(v.r.Context(), f, storage.Page{Size: mostFound})
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			rows = append(rows, []cell{
				text(v.T("search.person")), to(u.Email, address("people", u.ID)), stateOf(v, u.IsBlocked),
			})
		}
	}
	return rows, nil
}

// leastOfEmail is the shortest part of an e-mail address that is searched for, in bytes.
const leastOfEmail = 3

// findClients searches by id, the id of a connection, and a part of the name.
func findClients(v *visit, wanted string) ([][]cell, error) {
	if len(wanted) > longestFilter {
		return nil, nil
	}
	clients, _, err := v.store.PageOfClients(v.r.Context(), storage.ClientFilter{Name: wanted},
		storage.Page{Size: mostFound})
	if err != nil {
		return nil, err
	}
	ids := []string{wanted}
	if isUUID(wanted) {
		connection, err := v.store.FindConnection(v.r.Context(), wanted)
		if err == nil {
			ids = append(ids, connection.ClientID)
		} else if !errors.Is(err, storage.ErrNotFound) {
			return nil, err
		}
	}
	byID, _, err := v.store.PageOfClients(v.r.Context(), storage.ClientFilter{IDs: ids}, storage.Page{Size: mostFound})
	if err != nil {
		return nil, err
	}
	var rows [][]cell
	seen := map[string]bool{}
	for _, c := range append(byID, clients...) {
		if !seen[c.ID] {
			seen[c.ID] = true
			rows = append(rows, []cell{
				text(v.T("search.client")), to(c.Name, clientAddress(c.ID)).with(c.ID), stateOf(v, c.IsBlocked),
			})
		}
	}
	return rows, nil
}

// findIssued searches for a token or a code by its id or its value, of which only the hash goes to the database.
func findIssued(v *visit, wanted string) ([][]cell, error) {
	f := storage.IssuedFilter{Hash: storage.Hash(wanted)}
	if isUUID(wanted) {
		f = storage.IssuedFilter{ID: strings.ToLower(wanted)}
	}
	tokens, _, err := v.store.PageOfIssued(v.r.Context(), f, storage.Page{Size: mostFound})
	if err != nil {
		return nil, err
	}
	var rows [][]cell
	for _, t := range tokens {
		c := to(v.kind(t.Kind), clientAddress(t.ClientID))
		if t.UserID != "" {
			c.Href = address("people", t.UserID)
		}
		rows = append(rows, []cell{text(v.T("search.token")), c, moment(t.ExpiresAt)})
	}
	return rows, nil
}

// findRequest searches for the events of a request by its number, for those who may read the audit.
func findRequest(v *visit, wanted string) ([][]cell, error) {
	if !v.operator.Has(operator.Audit) || len(wanted) > longestFilter {
		return nil, nil
	}
	events, err := v.store.ListEvents(v.r.Context(), storage.EventFilter{RequestID: wanted, Limit: mostFound})
	if err != nil {
		return nil, err
	}
	var rows [][]cell
	for _, e := range events {
		rows = append(rows, []cell{
			text(v.T("search.request")), to(v.eventTitle(e.Kind), auditAddress("request_id", e.RequestID)),
			moment(e.CreatedAt),
		})
	}
	return rows, nil
}

// findByText finds a person by id or e-mail address.
func findByText(v *visit, wanted string) (*storage.User, error) {
	if isUUID(wanted) {
		return v.store.FindUser(v.r.Context(), wanted)
	}
	return v.store.FindUserByEmail(v.r.Context(), wanted)
}

// findClientByText finds a client by its id, or by its name or a part of it that no other has. storage.ErrNotFound:
// none or several.
func findClientByText(ctx context.Context, v *visit, wanted string) (*storage.Client, error) {
	client, err := v.store.Client(ctx, wanted)
	if !errors.Is(err, storage.ErrNotFound) {
		return client, err
	}
	named, total, err := v.store.PageOfClients(ctx, storage.ClientFilter{Name: wanted},
		storage.Page{Size: mostFound})
	if err != nil {
		return nil, err
	}
	if total.Entries > 1 { // among those that have it as a part, the whole name counts
		named = slices.DeleteFunc(named, func(c storage.Client) bool { return !strings.EqualFold(c.Name, wanted) })
	}
	if len(named) != 1 || total.Entries > mostFound {
		return nil, storage.ErrNotFound
	}
	return &named[0], nil
}
