package provider

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"ithildin/storage"
)

// answer issues the code and takes the browser back to the client. Code, approval and what else the request has to write
// are one statement.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, a *authorization) error {
	code, err := p.issueCode(r, a)
	if err != nil {
		return p.fail(w, r, a, err)
	}
	seeOther(w, a.face.Success(a.client.RedirectURI, code, a.form.Get("state")))
	return nil
}

func (p *Provider) issueCode(r *http.Request, a *authorization) (string, error) {
	ctx := a.work.Context(r.Context())
	for _, name := range a.scope {
		a.request.GrantScope(name)
	}
	for _, name := range a.request.GetRequestedAudience() {
		a.request.GrantAudience(name)
	}
	l := a.login
	session := &storage.Session{
		UserID: l.User.ID, Subject: p.subject(a.client, l.User.ID), RedirectURI: a.client.RedirectURI,
		SessionID: l.Session.SessionID, AuthTime: l.Session.AuthTime, AMR: l.Session.AMR, ACR: l.Session.ACR,
		Nonce: a.form.Get("nonce"), Audience: a.request.GetGrantedAudience(),
		CodeChallenge: a.form.Get("code_challenge"), RedirectURIGiven: a.given,
	}
	if a.consentNeeded() {
		p.approve(ctx, a)
	}
	if l.Session.ID != nil {
		p.login.QueueSessionUse(a.work, l)
	}
	response, err := p.oauth2.NewAuthorizeResponse(ctx, a.request, session)
	if err != nil {
		return "", err
	}
	if err := a.work.Flush(ctx); err != nil {
		return "", err
	}
	return response.GetParameters().Get("code"), nil
}

// approve remembers what the user consented to.
func (p *Provider) approve(ctx context.Context, a *authorization) {
	now := p.store.Now()
	if a.approvalID == "" {
		a.approvalID = p.store.NewID()
	}
	a.work.QueueApproval(storage.Approval{
		ID: a.approvalID, UserID: a.login.User.ID, ClientID: a.client.ID, Scope: a.scope, CreatedAt: now, UpdatedAt: now,
	}, a.login.ApprovalScope)
	p.queueEvent(ctx, a.work, storage.Event{
		Kind: "consented", ClientID: a.client.ID, UserID: a.login.User.ID,
		Details: map[string]string{"scope": strings.Join(a.scope, " ")},
	})
}

// redirectable marks an authorization whose redirect URI is settled, before fosite has made its request.
func redirectable(a *authorization) fosite.AuthorizeRequester {
	request := fosite.NewAuthorizeRequest()
	request.Client = a.client
	return request
}

// fail answers an error: to the client where its redirect URI is settled and its face redirects errors, else on a page.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, a *authorization, cause error) error {
	e := AsError(cause)
	if a.request == nil || a.face.LocalErrors || e.Status == http.StatusServiceUnavailable {
		return &pageError{cause: e, uiLocales: a.form.Get("ui_locales")}
	}
	p.logError(r, e)
	answer := url.Values{"error": {e.Code}, "error_description": {
		describe(e.Description + " Request id: " + RequestID(r) + "."),
	}}
	seeOther(w, withParameters(a.client.RedirectURI, p.answerParameters(answer, a.form.Get("state"))))
	return nil
}

// seeOther is a 303, so that no browser sends a form on to the client (RFC 9700 2.6), written as it is: net/http would
// rewrite the path of the client's URI.
func seeOther(w http.ResponseWriter, location string) {
	header := w.Header()
	header.Set("Location", location)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// pageError is an error for a person: it can't, or must not, go to the client.
type pageError struct {
	cause     *Error
	uiLocales string
}

// Error is for the log.
func (e *pageError) Error() string { return e.cause.Error() }

// Unwrap lets AsError find the cause.
func (e *pageError) Unwrap() error { return e.cause }

// writePage shows an error to a person.
func (p *Provider) writePage(w http.ResponseWriter, r *http.Request, e *pageError) {
	p.logError(r, e.cause)
	page := words(e.cause)
	page.UILocales = e.uiLocales
	status := e.cause.Status
	if status == http.StatusUnauthorized {
		status = http.StatusBadRequest // a browser would ask for a password of its own
	}
	p.login.Error(w, r, status, page)
}
