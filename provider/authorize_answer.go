package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"ithildin/provider/details"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// issueAndRespond issues what was asked for and takes the browser back to the client. Code, approval, grant and what
// else the request has to write are one statement.
func (e *authorizeEndpoint) issueAndRespond(w http.ResponseWriter, r *http.Request, a *authorization) error {
	idToken, err := e.issue(r, a)
	if err != nil {
		return e.fail(w, r, a, err)
	}
	if a.frontend.Success != nil {
		oauth.SeeOther(w, a.frontend.Success(a.client.RedirectURI, a.issuance.issued.code, a.form.Get("state")))
		return nil
	}
	parameters := url.Values{}
	if oauth.HasResponse(a.responseType, "code") {
		parameters.Set("code", a.issuance.issued.code)
	}
	if oauth.HasResponse(a.responseType, "token") {
		parameters.Set("access_token", a.issuance.issued.accessToken)
		parameters.Set("token_type", "Bearer")
		lifetime := a.issuance.target.lifetime(a.client.Policy)
		parameters.Set("expires_in", strconv.FormatInt(int64(lifetime/time.Second), 10))
		// What differs from the request is said (RFC 6749 4.2.2), and what the token allows in detail (RFC 9396 7).
		if scope := strings.Join(a.issuance.target.scope(a.scope), " "); scope != a.form.Get("scope") {
			parameters.Set("scope", scope)
		}
		if list := a.issuance.details; len(list) > 0 {
			parameters.Set(parameterDetails, string(details.Encode(list)))
		}
	}
	if oauth.HasResponse(a.responseType, "id_token") {
		parameters.Set("id_token", idToken)
	}
	if slices.Contains(a.scope, "openid") {
		if state := e.sessionIframe.state(a.client, a.client.RedirectURI, a.login.Session); state != "" {
			parameters.Set("session_state", state)
		}
	}
	return e.respond(w, r, a, parameters)
}

// issue makes what the response type asks for; codes and access tokens are in the issuance, an ID token is answered.
func (e *authorizeEndpoint) issue(r *http.Request, a *authorization) (idToken string, err error) {
	ctx := a.issuance.context(r.Context())
	if a.client.Document != nil {
		acting := storage.ActingAs(ctx, storage.Actor{
			By: storage.ByUser, UserID: a.login.User.ID, ClientID: a.client.ID, RequestID: inbound.RequestID(r),
			Address: inbound.RequestFrom(ctx).Address(),
		})
		if err := e.documented.Keep(acting, a.client); err != nil {
			return "", err
		}
	}
	for _, name := range a.scope {
		a.request.GrantScope(name)
	}
	session := e.sessionOf(a)
	a.issuance.user = holderOf(a.login.User)
	if oauth.UsesFrontChannel(a.responseType) {
		a.issuance.queueFrontChannelGrant(e.store.Now(), a.request.GetID(), a.scope, session)
	}
	if a.consentNeeded() {
		e.approve(ctx, a)
	}
	if a.login.Session.ID != nil {
		e.login.QueueSessionUse(a.issuance.batch, a.login)
	}
	response, err := e.oauth2.NewAuthorizeResponse(ctx, a.request, &fositeSession{Session: session})
	if err != nil {
		return "", fromFosite(err)
	}
	a.usePushedRequest()
	if err := a.issuance.batch.Flush(ctx); errors.Is(err, storage.ErrUsed) {
		return "", a.pushedRequestUsed()
	} else if errors.Is(err, storage.ErrNotFound) {
		return "", oauth.NewError(http.StatusBadRequest, oauth.CodeLoginRequired,
			"The user signed out meanwhile.").Because(err)
	} else if err != nil {
		return "", err
	}
	return response.GetParameters().Get("id_token"), nil
}

// sessionOf is what the code, the grant and the tokens remember.
func (e *authorizeEndpoint) sessionOf(a *authorization) *storage.Session {
	l := a.login
	session := &storage.Session{
		UserID: l.User.ID, Subject: e.identifiers.subject(a.client, l.User.ID), RedirectURI: a.client.RedirectURI,
		SessionID: l.Session.SessionID, AuthTime: l.Session.AuthTime, AMR: l.Session.AMR,
		ACR:   a.context.acrToReport(l.Session),
		Nonce: a.form.Get("nonce"), Audience: a.issuance.target.audience,
		CodeChallenge: a.form.Get("code_challenge"), DPoPKey: a.form.Get(parameterDPoPKey), RedirectURIGiven: a.given,
		AuthorizationDetails: details.Encode(a.details),
		ClaimsInUserinfo:     a.userinfoClaims, ClaimsInIDToken: a.idTokenClaims,
	}
	if a.responseType == "id_token" { // there will be no access token to ask userinfo with (OIDC Core 5.4)
		session.ClaimsInIDToken = slices.Concat(claimsOf(a.scope), a.userinfoClaims, a.idTokenClaims)
	}
	return session
}

// approve remembers what the user consented to.
func (e *authorizeEndpoint) approve(ctx context.Context, a *authorization) {
	now := e.store.Now()
	if a.approvalID == "" {
		a.approvalID = e.store.NewID()
	}
	a.issuance.batch.QueueApproval(storage.Approval{
		ID: a.approvalID, UserID: a.login.User.ID, ClientID: a.client.ID, Scope: a.scope, Claims: a.singleClaims,
		CreatedAt: now, UpdatedAt: now,
	}, a.login.ApprovalScope, a.login.ApprovalClaims)
	consented := map[string]string{"scope": strings.Join(a.scope, " ")}
	if len(a.singleClaims) > 0 {
		consented["claims"] = strings.Join(a.singleClaims, " ")
	}
	if len(a.details) > 0 {
		consented["authorization_details"] = typesOf(a.details)
	}
	queueEvent(ctx, a.issuance.batch, storage.Event{
		Kind: storage.EventConsented, ClientID: a.client.ID, UserID: a.login.User.ID, Details: consented,
	})
}

// fail answers an error: to the client where its redirect URI is known to be its own and its frontend redirects errors,
// else on a page.
func (e *authorizeEndpoint) fail(w http.ResponseWriter, r *http.Request, a *authorization, cause error) error {
	known := oauth.AsError(cause)
	if !a.redirectResolved || a.frontend.LocalErrors || known.Status == http.StatusServiceUnavailable {
		return &pageError{cause: known, uiLocales: a.form.Get("ui_locales")}
	}
	oauth.LogError(r, known)
	return e.respond(w, r, a, url.Values{"error": {known.Code}, "error_description": {
		oauth.ErrorDescription(known.Description + " Request id: " + inbound.RequestID(r) + "."),
	}})
}

// respond takes parameters to the client in the mode of the request, with what every answer has: state where it was
// sent (RFC 6749 4.1.2), and iss (RFC 9207).
func (e *authorizeEndpoint) respond(
	w http.ResponseWriter,
	r *http.Request,
	a *authorization,
	parameters url.Values,
) error {
	if state := a.form.Get("state"); state != "" {
		parameters.Set("state", state)
	}
	parameters.Set("iss", e.issuer)
	uri := a.client.RedirectURI
	mode, signed, _ := oauth.ResponseMode(a.form)
	if signed {
		response, err := e.signResponse(a.client, parameters)
		if err != nil {
			return err
		}
		parameters = url.Values{"response": {response}}
	}
	switch mode {
	case oauth.ResponseModeFormPost:
		return e.login.FormPost(w, r, uri, parameters)
	case oauth.ResponseModeFragment:
		oauth.SeeOther(w, uri+"#"+parameters.Encode())
	default:
		oauth.SeeOther(w, oauth.WithParameters(uri, parameters))
	}
	return nil
}
