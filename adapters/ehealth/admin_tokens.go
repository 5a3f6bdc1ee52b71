package ehealth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"ithildin/provider"
	"ithildin/storage"
)

// issuedTokensAPI manages tokens (contract section 2.7.8).
type issuedTokensAPI struct {
	answers
	store    *storage.Store
	login    *loginAPI // whose rules hold for a token that is issued without a sign-in
	sessions *provider.SessionTokens
}

// issuedObject is a token as an administrator sees it. The value is in the answer to a request that has it alone: only
// a hash is kept. Details are those that the token was written with, where an administrator wrote it.
type issuedObject struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Value     *string `json:"value"`
	UserID    *string `json:"user_id"`
	ExpiresAt int64   `json:"expires_at"` // epoch seconds; 0 where it was revoked
	Details   any     `json:"details"`
}

func newIssuedObject(t storage.IssuedToken) issuedObject {
	o := issuedObject{ID: t.ID, Name: t.Kind, UserID: orNull(t.UserID), ExpiresAt: storage.EpochSeconds(t.ExpiresAt)}
	if t.Session.Details != nil {
		o.Details = t.Session.Details
		return o
	}
	details := verifiedDetails{
		ClientID: t.ClientID, GrantType: cmp.Or(t.Session.GrantType, "authorization_code"),
		ScopeRequest: t.Session.ScopeRequest, Scope: &t.Scope,
	}
	switch {
	case t.Kind == storage.KindAuthorizationCode:
		details = verifiedDetails{
			ClientID: t.ClientID, GrantType: grantPassword, RedirectURI: t.RedirectURI, ScopeRequest: t.Scope,
		}
	case t.Kind == storage.KindRefreshToken:
		details.GrantType = "authorization_code"
	case details.GrantType != "refresh_token":
		details.RedirectURI = t.Session.RedirectURI
	}
	o.Details = details
	return o
}

func (a *issuedTokensAPI) list(w http.ResponseWriter, r *http.Request) error {
	f, none := newFilters(r), false
	kinds, err := a.store.KindsLike(r.Context(), f.stringOf("name"))
	if err != nil {
		return err
	}
	filter := storage.IssuedFilter{
		ID: f.id("id"), Kinds: kinds, ClientID: f.id("client_id"), UserIDs: f.ids("user_ids"), OldestFirst: true,
	}
	if id := f.id("user_id"); id != "" {
		filter.UserIDs, none = both(filter.UserIDs, id)
	}
	if value := f.stringOf("value"); value != "" {
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

// find finds the token with the id of the path.
func (a *issuedTokensAPI) find(r *http.Request) (storage.IssuedToken, error) {
	byID := storage.IssuedFilter{ID: chi.URLParam(r, "id")}
	found, _, err := a.store.PageOfIssued(r.Context(), byID, storage.Page{Size: 1})
	if err != nil {
		return storage.IssuedToken{}, err
	}
	if len(found) == 0 {
		return storage.IssuedToken{}, errNotFound
	}
	return found[0], nil
}

func (a *issuedTokensAPI) show(w http.ResponseWriter, r *http.Request) error {
	token, err := a.find(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newIssuedObject(token))
}

func (a *issuedTokensAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := a.store.DeleteIssued(r.Context(), chi.URLParam(r, "id")); err != nil {
		return err
	}
	return answerNothing(w)
}

// deleteOfUser deletes the tokens of a user: all, those of a client, those of a kind, or the one with a value.
func (a *issuedTokensAPI) deleteOfUser(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	userID := chi.URLParam(r, "user_id")
	kinds, err := a.store.KindsLike(r.Context(), f.stringOf("name"))
	if err != nil {
		return err
	}
	filter := storage.IssuedFilter{UserIDs: []string{userID}, ClientID: f.id("client_id"), Kinds: kinds}
	if value := f.stringOf("value"); value != "" {
		filter.Hash = storage.Hash(value)
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	if filter.Hash != nil || len(filter.Kinds) > 0 {
		err = a.deleteChosen(r.Context(), filter)
	} else {
		err = a.store.DeleteIssuedOf(r.Context(), userID, filter.ClientID)
	}
	if err != nil {
		return err
	}
	return answerNothing(w)
}

// deleteChosen deletes the tokens that a filter means, one by one.
func (a *issuedTokensAPI) deleteChosen(ctx context.Context, filter storage.IssuedFilter) error {
	for {
		found, _, err := a.store.PageOfIssued(ctx, filter, storage.Page{Size: largestPage})
		if err != nil || len(found) == 0 {
			return err
		}
		err = a.store.Together(ctx, func(ctx context.Context) error {
			for _, token := range found {
				err := a.store.DeleteIssued(ctx, token.ID)
				if err != nil && !errors.Is(err, storage.ErrNotFound) { // somebody else was faster
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// deleteOfUsers needs to be told whose: nobody means to delete everybody's.
func (a *issuedTokensAPI) deleteOfUsers(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	userIDs := f.ids("user_ids")
	if len(userIDs) == 0 || f.failed() != nil {
		return errMalformed
	}
	err := a.store.Together(r.Context(), func(ctx context.Context) error {
		for _, id := range userIDs {
			if err := a.store.DeleteIssuedOf(ctx, id, ""); err != nil {
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

// errIssueParameters is about a body without client_id or scope.
var errIssueParameters = unprocessable("invalid params")

// issue makes a session token for a user whom the caller vouches for, of a client that people may sign in to.
func (a *issuedTokensAPI) issue(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), chi.URLParam(r, "user_id"))
	if err != nil {
		return err
	}
	clientID, scope, err := issueParameters(w, r)
	if err != nil {
		return err
	}
	client, err := a.login.loginClient(r, clientID, grantPassword)
	switch {
	case err != nil:
		return err
	case !scopeOfType(client, scope):
		return errScopeOutsideType
	}
	issued, err := a.sessions.Issue(r.Context(), provider.SessionToken{
		Kind: storage.KindAccessToken, Client: client, UserID: user.ID, Scope: scope, GrantType: grantPassword,
		ByAdministrator: true,
	})
	if err != nil {
		return err
	}
	return a.answerCreated(w, r, "/admin/tokens/"+issued.ID, issuedObject{
		ID: issued.ID, Name: issued.Kind, Value: &issued.Value, UserID: &issued.UserID,
		ExpiresAt: storage.EpochSeconds(issued.ExpiresAt),
		Details: map[string]any{
			"grant_type": issued.GrantType, "client_id": issued.Client.ID, "scope": issued.Scope, "redirect_uri": nil,
		},
	})
}

// issueParameters reads the client and the scope of a token to issue. Whatever is wrong with the body is one error.
func issueParameters(w http.ResponseWriter, r *http.Request) (clientID, scope string, err error) {
	body, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return "", "", failed
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body["token"], &fields) != nil {
		return "", "", errIssueParameters
	}
	c := newCheck(fields)
	scope = c.optionalText("scope")
	if !c.present("client_id") || !c.given("scope") || len(c.broken) > 0 {
		return "", "", errIssueParameters
	}
	clientID = c.clientID()
	if len(c.broken) > 0 {
		return "", "", errMalformed
	}
	return clientID, scope, nil
}
