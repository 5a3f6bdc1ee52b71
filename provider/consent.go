package provider

import (
	"bytes"
	"errors"
	"net/http"
	"slices"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// consentPage shows what the client asks for. Everything is examined again: the page may be opened again at any time.
func (e *authorizeEndpoint) consentPage(w http.ResponseWriter, r *http.Request) error {
	pending, a, next, err := e.reexamine(w, r)
	if a == nil || err != nil {
		return err
	}
	if next != needConsent {
		return e.proceed(w, r, pending)
	}
	sealed := a.pending()
	sealed.UserID, sealed.Scope, sealed.Claims = a.login.User.ID, a.scope, a.singleClaims
	sealed.Details, sealed.RedirectURI, sealed.Document = a.detailsDigest(), a.client.RedirectURI, a.documentHash()
	request, err := e.login.Seal(w, r, sealed)
	if err != nil {
		return err
	}
	e.login.Consent(w, r, login.ConsentPage{
		Client: login.PresentationOf(a.client), UserName: a.login.User.Email, Request: request,
		Scopes: a.scopes.entries(
			a.unapproved(a.scope, a.login.ApprovedScope),
		), Claims: a.unapproved(a.singleClaims, a.login.ApprovedClaims),
		Resources: a.issuance.target.shown(), Details: a.shownDetails(),
		UILocales: a.form.Get("ui_locales"), ReturnsTo: a.client.RedirectURI,
	})
	return nil
}

// consent takes the user's decision. It counts only for the user whom the page was made for, and for what it showed.
func (e *authorizeEndpoint) consent(w http.ResponseWriter, r *http.Request) error {
	pending, a, next, err := e.reexamine(w, r)
	if a == nil || err != nil {
		return err
	}
	if next == needSignIn || a.login.User.ID != pending.UserID || !a.isAsShown(pending) {
		return e.proceed(w, r, a.pending())
	}
	switch r.PostFormValue("decision") {
	case login.DecisionAccept:
		return e.issueAndRespond(w, r, a)
	case login.DecisionDeny:
		return e.fail(w, r, a, e.deny(r, a))
	case login.DecisionSwitch:
		if _, err := e.login.EndSession(w, r); err != nil {
			return err
		}
		return e.login.RedirectToPage(w, r, login.PathSignIn, a.pending())
	}
	return oauth.InvalidRequest("The decision must be accept, deny or switch.")
}

// isAsShown says whether a request is what its consent page showed. A document may change meanwhile, and with it the
// name of its client, and the address of a request that names none.
func (a *authorization) isAsShown(shown login.Interaction) bool {
	return slices.Equal(a.scope, shown.Scope) && slices.Equal(a.singleClaims, shown.Claims) &&
		a.detailsDigest() == shown.Details && a.client.RedirectURI == shown.RedirectURI &&
		bytes.Equal(a.documentHash(), shown.Document)
}

// documentHash is that of the document which describes the client; nil: none does.
func (a *authorization) documentHash() []byte {
	if a.client.Document == nil {
		return nil
	}
	return a.client.Document.Hash
}

// deny answers a request with the user's refusal, and returns the error that tells the client.
func (e *authorizeEndpoint) deny(r *http.Request, a *authorization) error {
	a.usePushedRequest()
	switch err := a.issuance.batch.Flush(r.Context()); {
	case errors.Is(err, storage.ErrUsed):
		return a.pushedRequestUsed()
	case err != nil:
		return err
	}
	return oauth.NewError(http.StatusForbidden, oauth.CodeAccessDenied, "The user refused.").Because(ErrRefused)
}

// reexamine walks through the steps of the request that a page carries. Without an authorization it has been answered.
func (e *authorizeEndpoint) reexamine(
	w http.ResponseWriter,
	r *http.Request,
) (login.Interaction, *authorization, step, error) {
	pending, err := e.login.OpenInteraction(r)
	if err == nil && (pending.Page != "" || pending.Device != nil) {
		err = login.ErrPendingForeign // it is no authorization request
	}
	if err != nil {
		return pending, nil, 0, err
	}
	a, next, err := e.examine(r, pending)
	if err != nil {
		return pending, nil, 0, e.fail(w, r, a, err)
	}
	return pending, a, next, nil
}
