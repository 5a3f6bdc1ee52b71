package ehealth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/storage"
)

// approvalsAPI manages approvals, which the old system calls apps (contract section 2.7.7).
type approvalsAPI struct {
	answers
	store *storage.Store
}

// forConsumer refuses a request without the header by which a gateway says who the user is, before anything else of the
// request is looked at.
func forConsumer(r route) route {
	e := r.endpoint
	r.endpoint = func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get("X-Consumer-Id") == "" {
			return errConsumerMissing
		}
		return e(w, r)
	}
	return r
}

// approvalObject is what the old system calls an app.
type approvalObject struct {
	ID         string `json:"id"`
	Scope      string `json:"scope"`
	UserID     string `json:"user_id"`
	ClientID   string `json:"client_id"`
	ClientName string `json:"client_name"`
	CreatedAt  string `json:"created_at"`
	UpdatedAt  string `json:"updated_at"`
}

// object shows an approval. A client that was deleted meanwhile has no name.
func (a *approvalsAPI) object(ctx context.Context, approval storage.Approval) (approvalObject, error) {
	o := approvalObject{
		ID: approval.ID, Scope: approval.ScopeText, UserID: approval.UserID, ClientID: approval.ClientID,
		CreatedAt: naiveTime(approval.CreatedAt), UpdatedAt: naiveTime(approval.UpdatedAt),
	}
	client, err := a.store.Client(ctx, approval.ClientID)
	switch {
	case err == nil:
		o.ClientName = client.Name
	case !errors.Is(err, storage.ErrNotFound):
		return approvalObject{}, err
	}
	return o, nil
}

// How the old system marked the values of the filters of the list.
const (
	clientIDMark   = "client-"
	clientNameMark = "client_name-"
)

// marked are the values of a filter that begin with the mark, without it. Others count as not sent.
func (f *filters) marked(name, mark string) (values []string) {
	for _, value := range f.list(name) {
		if value, found := strings.CutPrefix(value, mark); found && value != "" {
			values = append(values, value)
		}
	}
	if len(values) > mostFilterIDs {
		f.breaks(name, ruleString)
	}
	return values
}

// list lists the approvals of the user whom the header names, of clients with one of the ids or names.
func (a *approvalsAPI) list(w http.ResponseWriter, r *http.Request) error {
	consumer, isUUID := parseUUID(r.Header.Get("X-Consumer-Id"))
	if !isUUID {
		return errMalformed
	}
	f := newFilters(r)
	filter := storage.ApprovalFilter{UserIDs: []string{consumer}, ClientNames: f.marked("client_names", clientNameMark)}
	for _, value := range f.marked("client_ids", clientIDMark) {
		id, isUUID := parseUUID(value)
		if !isUUID {
			return errNotFound
		}
		filter.ClientIDs = append(filter.ClientIDs, id)
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	p := pageAsked(r)
	approvals, total, err := a.store.PageOfApprovals(r.Context(), filter, p)
	if err != nil {
		return err
	}
	data := make([]approvalObject, len(approvals))
	for i, approval := range approvals {
		if data[i], err = a.object(r.Context(), approval); err != nil {
			return err
		}
	}
	return a.answerList(w, r, data, pagingOf(p, total))
}

// find finds the approval that a path names.
func (a *approvalsAPI) find(r *http.Request) (storage.Approval, error) {
	found, _, err := a.store.PageOfApprovals(r.Context(), storage.ApprovalFilter{IDs: []string{chi.URLParam(r, "id")}},
		storage.Page{Size: 1})
	if err != nil {
		return storage.Approval{}, err
	}
	if len(found) == 0 {
		return storage.Approval{}, errNotFound
	}
	return found[0], nil
}

func (a *approvalsAPI) show(w http.ResponseWriter, r *http.Request) error {
	approval, err := a.find(r)
	if err != nil {
		return err
	}
	object, err := a.object(r.Context(), approval)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, object)
}

// create makes an approval in the name of a user.
func (a *approvalsAPI) create(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readObject(w, r, "app", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	now := a.store.Now()
	approval := storage.Approval{
		ID: a.store.NewID(), UserID: c.reference("user_id"), ClientID: c.reference("client_id"), CreatedAt: now,
		UpdatedAt: now,
	}
	approval.Scope, approval.ScopeText = c.scope("scope")
	if err := a.checkReferences(r.Context(), c, approval); err != nil {
		return err
	}
	err := a.store.CreateApproval(r.Context(), approval)
	if errors.Is(err, storage.ErrConflict) {
		return invalidFields(map[string]rule{"user_id": ruleTaken})
	}
	if err != nil {
		return err
	}
	object, err := a.object(r.Context(), approval)
	if err != nil {
		return err
	}
	return a.answerCreated(w, r, "/admin/apps/"+approval.ID, object)
}

// checkReferences fails with what is wrong with a body, or with the user and client that it names but that are not
// there.
func (a *approvalsAPI) checkReferences(ctx context.Context, c *check, approval storage.Approval) error {
	if failed := c.failed(); failed != nil {
		return failed
	}
	if _, err := a.store.FindUser(ctx, approval.UserID); errors.Is(err, storage.ErrNotFound) {
		c.broke("user_id", ruleMissing)
	} else if err != nil {
		return err
	}
	if _, err := a.store.Client(ctx, approval.ClientID); errors.Is(err, storage.ErrNotFound) {
		c.broke("client_id", ruleMissing)
	} else if err != nil {
		return err
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	return nil
}

// update replaces what the body has. The tokens that the approval gave stay with their user and client.
func (a *approvalsAPI) update(w http.ResponseWriter, r *http.Request) error {
	approval, err := a.find(r)
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "app", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	if c.present("user_id") {
		approval.UserID = c.reference("user_id")
	}
	if c.present("client_id") {
		approval.ClientID = c.reference("client_id")
	}
	if c.present("scope") {
		approval.Scope, approval.ScopeText = c.scope("scope")
	}
	if err := a.checkReferences(r.Context(), c, approval); err != nil {
		return err
	}
	err = a.store.UpdateApproval(r.Context(), approval)
	if errors.Is(err, storage.ErrConflict) {
		return invalidFields(map[string]rule{"user_id": ruleTaken})
	}
	if err != nil {
		return err
	}
	return a.show(w, r)
}

// delete ends all that came of the approval too.
func (a *approvalsAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := a.store.DeleteApproval(r.Context(), chi.URLParam(r, "id")); err != nil {
		return err
	}
	return answerNothing(w)
}

// deleteOfUser deletes all of a user's, or that of a client, and ends the tokens that no approval stands behind too.
func (a *approvalsAPI) deleteOfUser(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	clientID := f.id("client_id")
	if f.failed() != nil {
		return errMalformed
	}
	if err := a.store.DeleteApprovals(r.Context(), chi.URLParam(r, "user_id"), clientID); err != nil {
		return err
	}
	return answerNothing(w)
}
