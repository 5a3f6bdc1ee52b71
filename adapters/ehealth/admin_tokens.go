package ehealth

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	"ithildin/provider"
	"ithildin/storage"
)

// issuedTokensAPI shows and ends tokens (contract section 2.7.8).
type issuedTokensAPI struct {
	answers
	store    *storage.Store
	login    *loginAPI // whose rules hold for a token that is issued without a sign-in
	sessions *provider.SessionTokens
}

// issuedObject is a token as an administrator sees it. It has no value: only a hash of that is kept.
type issuedObject struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	UserID    *string         `json:"user_id"`
	ExpiresAt int64           `json:"expires_at"` // epoch seconds; 0 where it was revoked
	Details   verifiedDetails `json:"details"`
}

func newIssuedObject(t storage.IssuedToken) issuedObject {
	o := issuedObject{
		ID: t.ID, Name: t.Kind, UserID: orNull(t.UserID), ExpiresAt: t.ExpiresAt,
		Details: verifiedDetails{
			ClientID: t.ClientID, GrantType: t.Session.GrantType, RedirectURI: t.RedirectURI,
			ScopeRequest: t.Session.ScopeRequest,
		},
	}
	if t.Kind == storage.KindAuthorizationCode {
		o.Details.ScopeRequest, o.Details.GrantType = t.Scope, grantPassword
	} else {
		o.Details.Scope = &t.Scope
	}
	return o
}

func (a *issuedTokensAPI) list(w http.ResponseWriter, r *http.Request) error {
	f, none := newFilters(r), false
	filter := storage.IssuedFilter{
		ID: f.id("id"), Kinds: storage.KindsWith(f.text("name")), ClientID: f.id("client_id"), UserIDs: f.ids("user_ids"),
	}
	if id := f.id("user_id"); id != "" {
		filter.UserIDs, none = both(filter.UserIDs, id)
	}
	if value := f.text("value"); value != "" {
		filter.Hash = storage.Hash(value)
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	p := pageAsked(r)
	if none {
		return a.answerList(w, r, []issuedObject{}, pagingOf(p, storage.Total{}))
	}
	tokens, total, err := a.store.PageOfIssued(r.Context(), filter, p)
	if err != nil {
		return err
	}
	return a.answerList(w, r, objects(tokens, newIssuedObject), pagingOf(p, total))
}

func (a *issuedTokensAPI) show(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	found, _, err := a.store.PageOfIssued(r.Context(), storage.IssuedFilter{ID: id}, storage.Page{Size: 1})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return failureNotFound
	}
	return a.respond(w, r, http.StatusOK, newIssuedObject(found[0]))
}

func (a *issuedTokensAPI) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := a.store.DeleteIssued(r.Context(), id); err != nil {
		return err
	}
	return answerNothing(w)
}

func (a *issuedTokensAPI) deleteOfUser(w http.ResponseWriter, r *http.Request) error {
	userID, err := pathID(r, "user_id")
	if err != nil {
		return err
	}
	f := newFilters(r)
	clientID := f.id("client_id")
	if failed := f.failed(); failed != nil {
		return failed
	}
	if err := a.store.DeleteIssuedOf(r.Context(), userID, clientID); err != nil {
		return err
	}
	return answerNothing(w)
}

// deleteOfUsers needs to be told whose: nobody means to delete everybody's.
func (a *issuedTokensAPI) deleteOfUsers(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	userIDs := f.ids("user_ids")
	if len(userIDs) == 0 && len(f.broken) == 0 {
		f.broke("user_ids")
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	store := a.store
	err := store.Together(r.Context(), func(ctx context.Context) error {
		for _, id := range userIDs {
			if err := store.DeleteIssuedOf(ctx, id, ""); err != nil {
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

// issue makes a session token for a user whom the caller vouches for, of a client that people may sign in to.
func (a *issuedTokensAPI) issue(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "token", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	clientID, scope := c.uuid("client_id"), c.text("scope")
	if failed := c.failed(); failed != nil {
		return failed
	}
	client, err := a.login.loginClient(r, clientID, grantPassword)
	switch {
	case err != nil:
		return err
	case user.IsBlocked:
		return failureUserBlocked
	case !scopeOfType(client, scope):
		return failureScopeOutsideType
	}
	issued, err := a.sessions.Issue(r.Context(), provider.SessionToken{
		Kind: storage.KindAccessToken, Client: client, UserID: user.ID, Scope: scope, GrantType: grantPassword,
		ByAdministrator: true,
	})
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusCreated, newSessionToken(issued))
}
