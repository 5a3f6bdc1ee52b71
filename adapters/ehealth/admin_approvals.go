package ehealth

import (
	"context"
	"net/http"
	"strings"

	"ithildin/storage"
)

// approvalsAPI shows and deletes approvals (contract section 2.7.7).
type approvalsAPI struct {
	answers
	store *storage.Store
}

// approvalObject is what the old system calls an app.
type approvalObject struct {
	ID         string `json:"id"`
	UserID     string `json:"user_id"`
	ClientID   string `json:"client_id"`
	Scope      string `json:"scope"`
	InsertedAt string `json:"inserted_at"`
	UpdatedAt  string `json:"updated_at"`
}

func newApprovalObject(a storage.Approval) approvalObject {
	return approvalObject{
		ID: a.ID, UserID: a.UserID, ClientID: a.ClientID, Scope: strings.Join(a.Scope, " "),
		InsertedAt: naiveTime(a.CreatedAt),
		UpdatedAt:  naiveTime(a.UpdatedAt),
	}
}

// list lists those of the user that a gateway names, or of the users and clients that the query names.
func (a *approvalsAPI) list(w http.ResponseWriter, r *http.Request) error {
	f, none := newFilters(r), false
	filter := storage.ApprovalFilter{UserIDs: f.ids("user_ids"), ClientIDs: f.ids("client_ids")}
	if failed := f.failed(); failed != nil {
		return failed
	}
	if consumer := r.Header.Get("X-Consumer-Id"); consumer != "" {
		id, isUUID := parseUUID(consumer)
		if !isUUID {
			return failureNotFound
		}
		if filter.UserIDs, none = both(filter.UserIDs, id); none {
			return a.answerList(w, r, []approvalObject{}, pagingOf(pageAsked(r), storage.Total{}))
		}
	}
	p := pageAsked(r)
	approvals, total, err := a.store.PageOfApprovals(r.Context(), filter, p)
	if err != nil {
		return err
	}
	return a.answerList(w, r, objects(approvals, newApprovalObject), pagingOf(p, total))
}

// find finds the approval that a path names; behind a gateway, only one of the user's own.
func (a *approvalsAPI) find(r *http.Request) (storage.Approval, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return storage.Approval{}, err
	}
	found, _, err := a.store.PageOfApprovals(r.Context(), storage.ApprovalFilter{IDs: []string{id}},
		storage.Page{Size: 1})
	if err != nil {
		return storage.Approval{}, err
	}
	consumer := strings.ToLower(r.Header.Get("X-Consumer-Id"))
	if len(found) == 0 || consumer != "" && consumer != found[0].UserID {
		return storage.Approval{}, failureNotFound
	}
	return found[0], nil
}

func (a *approvalsAPI) show(w http.ResponseWriter, r *http.Request) error {
	approval, err := a.find(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newApprovalObject(approval))
}

// delete ends all that came of the approval too.
func (a *approvalsAPI) delete(w http.ResponseWriter, r *http.Request) error {
	approval, err := a.find(r)
	if err != nil {
		return err
	}
	if err := a.store.DeleteApproval(r.Context(), approval.ID); err != nil {
		return err
	}
	return answerNothing(w)
}

// deleteOfUser does the same for all of a user's, or for the one of a client.
func (a *approvalsAPI) deleteOfUser(w http.ResponseWriter, r *http.Request) error {
	userID, err := pathID(r, "user_id")
	if err != nil {
		return err
	}
	f := newFilters(r)
	clientID := f.id("client_id")
	if failed := f.failed(); failed != nil {
		return failed
	}
	store := a.store
	err = store.Together(r.Context(), func(ctx context.Context) error {
		approvals, err := store.ListApprovals(ctx, userID)
		if err != nil {
			return err
		}
		for _, approval := range approvals {
			if clientID != "" && approval.ClientID != clientID {
				continue
			}
			if err := store.DeleteApproval(ctx, approval.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return answerNothing(w)
}
