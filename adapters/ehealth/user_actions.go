package ehealth

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// scopeReadUser lets a client read about the user.
const scopeReadUser = "user:read"

var (
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
	if id, _ := parseUUID(chi.URLParam(r, "id")); id != v.UserID {
		return errNotFound
	}
	user, err := a.provider.Store().FindUser(r.Context(), v.UserID)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newUserObject(user))
}

// updatePassword is the second half of a change of password. It uses up the token.
func (a *loginAPI) updatePassword(w http.ResponseWriter, r *http.Request) error {
	t, err := a.sessionTokenOf(r, errTokenType, storage.KindChangePasswordToken)
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "user", errMalformed)
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
	switch c.broke("password", passwordRules(err)...); {
	case c.failed() != nil:
		return c.failed()
	case errors.Is(err, storage.ErrUsed):
		return errTokenExpired.because(err)
	case err != nil:
		return err
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

// passwordRules are the rules that a new password breaks which is not taken, in the order of the contract.
func passwordRules(err error) (broken []rule) {
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
	return broken
}
