package ehealth

import (
	"context"
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// scopeReadUser lets a client read about the user.
const scopeReadUser = "user:read"

var (
	failurePasswordTokenType = unauthorized("token_invalid_type", "Invalid token type.")
	failureInitFactorFirst   = unauthorized("access_denied", "Invalid token type. Init factor at first")

	rulePasswordLength = rule{Rule: "length", Description: "should be at least 12 character(s)",
		Params: map[string]int{"min": 12}}
	rulePasswordComplexity = rule{Rule: "format", Description: "Password does not meet complexity requirements",
		Params: []string{`~r/^(?=.*[a-zа-яёїієґ])(?=.*[A-ZА-ЯЁЇIЄҐ])(?=.*\d)/`}}
	rulePasswordUsed = rule{
		Rule: "password_used", Description: "This password has been used recently. Try another one", Params: []string{},
	}
	rulePhone = rule{Rule: "format", Description: "invalid phone", Params: []string{}}
)

// user is GET /oauth/user.
func (a *Adapter) user(w http.ResponseWriter, r *http.Request) error {
	v, err := a.bearer(r, scopeReadUser)
	if err != nil {
		return err
	}
	user, err := a.provider.Store().FindUser(r.Context(), v.UserID)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newUserObject(user))
}

// ownUser is GET /oauth/users/{id}, by which the page after a sign-in shows who has signed in. A token of the sign-in
// will do; it shows nobody but its own user.
func (a *Adapter) ownUser(w http.ResponseWriter, r *http.Request) error {
	v, err := a.bearer(r, scopeAuthorize)
	var known contractError
	if errors.As(err, &known) && known.status == http.StatusForbidden {
		v, err = a.bearer(r, scopeReadUser)
	}
	if err != nil {
		return err
	}
	if id, _ := parseUUID(mux.Vars(r)["id"]); id != v.UserID {
		return failureNotFound
	}
	user, err := a.provider.Store().FindUser(r.Context(), v.UserID)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newUserObject(user))
}

// updatePassword is the second half of a change of password. It uses up the token.
func (a *loginAPI) updatePassword(w http.ResponseWriter, r *http.Request) error {
	t, err := a.sessionTokenOf(r, failurePasswordTokenType, storage.KindChangePasswordToken)
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "user", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	password := c.stringOf("password")
	if failed := c.failed(); failed != nil {
		return failed
	}
	if _, err := a.clientOf(r, t); err != nil {
		return err
	}
	err = a.identity.ChangePasswordByToken(a.byUser(r, t.ClientID, t.UserID), t, password, identity.CheckLegacyPassword)
	if err != nil {
		return passwordFailure(err)
	}
	user, err := a.provider.Store().FindUser(r.Context(), t.UserID)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newUserObject(user))
}

// byUser says that a user changes what is theirs through a client, for the audit.
func (a *loginAPI) byUser(r *http.Request, clientID, userID string) context.Context {
	return storage.ActingAs(r.Context(), storage.Actor{
		By: storage.ByUser, ClientID: clientID, UserID: userID, RequestID: inbound.RequestID(r),
		Address: inbound.ClientAddress(r),
	})
}

// passwordFailure words why a new password is not taken, each rule that it breaks, in the order of the contract.
func passwordFailure(err error) error {
	var broken []rule
	for _, known := range []struct {
		cause error
		rule  rule
	}{
		{identity.ErrPasswordUsed, rulePasswordUsed},
		{identity.ErrPasswordComplexity, rulePasswordComplexity},
		{identity.ErrPasswordShort, rulePasswordLength},
	} {
		if errors.Is(err, known.cause) {
			broken = append(broken, known.rule)
		}
	}
	if len(broken) > 0 {
		return failureInvalid([]invalid{{Entry: "$.password", EntryType: "json_data_property", Rules: broken}})
	}
	if errors.Is(err, storage.ErrUsed) {
		return failureTokenExpired.because(err)
	}
	return err
}

// initFactor begins to set the phone of a user's factor: with a session token where there is one already, with a 2fa
// token where there is none yet. The code goes to the new phone.
func (a *loginAPI) initFactor(w http.ResponseWriter, r *http.Request) error {
	t, err := a.sessionTokenOf(r, failureTokenInvalid, storage.KindAccessToken, storage.KindTwoFactor)
	if err != nil {
		return err
	}
	if !ofSignIn(t) {
		return failureTokenInvalid
	}
	fields, failed := readObject(w, r, "", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	kind, number := c.oneOf("type", identity.FactorSMS), c.stringOf("factor")
	if !identity.IsPhone(number) {
		c.broke("factor", rulePhone)
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	client, err := a.clientOf(r, t)
	if err != nil {
		return err
	}
	factor, err := a.identity.SecondFactor(r.Context(), t.UserID)
	switch {
	case err != nil:
		return err // without a factor: 404
	case t.Kind == storage.KindTwoFactor && factor.Factor != "":
		return failureTokenInvalid // whoever has passed only the password must not replace the second factor
	case !a.identity.MayReplaceFactor(factor, t.Session, client.Policy):
		return failureFactorNotRecent
	}
	next := provider.SessionToken{
		ID: a.provider.Store().NewID(), Kind: t.Kind, Client: client, UserID: t.UserID, Scope: t.Scope,
		ScopeRequest: t.Session.ScopeRequest, GrantType: t.Session.GrantType, Factor: number, FactorType: kind,
		FactorBefore: factor.Factor, AMR: t.Session.AMR, ACR: t.Session.ACR, AuthTime: t.Session.AuthTime,
		PasswordSetAt: t.Session.PasswordSetAt,
	}
	if err := a.provider.SessionTokens().Check(r.Context(), next); err != nil {
		return sessionFailure(err)
	}
	if err := a.identity.SendOneTimeCode(r.Context(), next.UserID, next.ID, number); err != nil {
		return oneTimeCodeFailure(err)
	}
	issued, err := a.provider.SessionTokens().Issue(r.Context(), next)
	if err != nil {
		return sessionFailure(err)
	}
	data := newSessionToken(issued)
	data.Details = nil
	return a.answerUrgent(w, r, http.StatusCreated, data, map[string]string{"next_step": nextApproveFactor})
}

// failureFactorNotRecent is not in the contract, by which any session may replace the factor.
var failureFactorNotRecent = forbidden("forbidden", "Sign in again to change the authentication factor.")

// approveFactor ends what initFactor began.
func (a *loginAPI) approveFactor(w http.ResponseWriter, r *http.Request) error {
	t, err := a.sessionTokenOf(r, failureInitFactorFirst, storage.KindAccessToken, storage.KindTwoFactor)
	if err != nil {
		return err
	}
	if t.Session.Factor == "" || !ofSignIn(t) {
		return failureInitFactorFirst
	}
	fields, failed := readObject(w, r, "", failureMalformed)
	if failed != nil {
		return failed
	}
	code, failed := oneTimeCode(fields)
	if failed != nil {
		return failed
	}
	client, err := a.clientOf(r, t)
	if err != nil {
		return err
	}
	if err := a.identity.VerifyOneTimeCode(r.Context(), t.UserID, t.AccessTokenID, t.Session.Factor, code); err != nil {
		return oneTimeCodeFailure(err)
	}
	factor, err := a.identity.SecondFactor(r.Context(), t.UserID)
	if err != nil {
		return err
	}
	before := "" // whoever has passed only the password may set a phone where there is none
	if t.Kind == storage.KindAccessToken {
		before = t.Session.FactorBefore
	}
	factor.Factor, factor.IsActive = t.Session.Factor, true
	err = a.identity.ReplaceFactor(a.byUser(r, client.ID, t.UserID), *factor, before)
	if errors.Is(err, storage.ErrConflict) {
		return failureTokenInvalid.because(err)
	}
	if err != nil {
		return err
	}
	complete := completed(t, client)
	if t.Kind == storage.KindAccessToken { // the sign-in was complete before
		complete.Scope, complete.ScopeRequest, complete.AuthTime = t.Scope, t.Session.ScopeRequest, t.Session.AuthTime
		complete.AMR, complete.ACR = t.Session.AMR, t.Session.ACR
	}
	issued, err := a.provider.SessionTokens().Issue(r.Context(), complete)
	if err != nil {
		return sessionFailure(err)
	}
	return a.respond(w, r, http.StatusCreated, newSessionToken(issued))
}
