package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// The scopes that everybody may have who signs in through the login API: to approve a client, and to do what they like
// about their own account.
const (
	scopeAuthorizeApps = "app:authorize"
	scopeOwnAccount    = "user:"
)

// Check says whether a session token may be issued, before anything is sent to anybody. Errors: *ScopeError,
// ErrAssurance.
func (s *SessionTokens) Check(ctx context.Context, t SessionToken) error {
	_, err := s.check(ctx, t)
	return err
}

// check holds the scope of a token, or of what its sign-in will end with, against the assurance that the catalogue
// demands and against the user's roles. It returns the scopes that the roles do not give and the policy of the client
// lets pass. A token that an administrator makes is held against nothing: no sign-in stands behind it.
func (s *SessionTokens) check(ctx context.Context, t SessionToken) (beyond []string, err error) {
	if t.ByAdministrator {
		return nil, nil
	}
	scope, assurance := storage.SplitScope(t.Scope), t.ACR
	if t.Kind == storage.KindTwoFactor {
		scope = storage.SplitScope(t.ScopeRequest)
		if assurance != storage.AssuranceSignature { // a phone is changed in a session that a signature began
			assurance = storage.AssuranceOneTimeCode
		}
	}
	var roleIDs []string
	user, err := s.store.FindUserForClient(ctx, t.UserID, t.Client.ID)
	if err == nil {
		roleIDs = user.RoleIDs
	} else if !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	ceiling, err := findScopes(ctx, s.store, t.Client, roleIDs)
	if err != nil {
		return nil, err
	}
	for _, name := range scope {
		if t.Invited || name == scopeAuthorizeApps || strings.HasPrefix(name, scopeOwnAccount) || ceiling.byRole(name) {
			continue
		}
		if t.Client.Policy.LoginScope != storage.LoginScopeClientType {
			return nil, asScopeError(&ScopeError{Scope: name, Reason: ScopeOutsideRoles})
		}
		beyond = append(beyond, name)
	}
	if !identity.RequiredAuthenticationOf(ceiling.entries(scope)).SatisfiedBy(storage.LoginSession{ACR: assurance}) {
		return nil, weakSignIn()
	}
	return beyond, nil
}

func weakSignIn() error {
	return oauth.NewError(http.StatusForbidden, oauth.CodeAccessDenied,
		"The sign-in is weaker than a requested scope demands.").Because(ErrAssurance)
}

// strongEnough leaves out the scopes that demand more than the sign-in of that acr was: an operator may have raised the
// demand since.
func (s *scopes) strongEnough(scope []string, acr string) []string {
	session := storage.LoginSession{ACR: acr}
	var weak []string
	for _, entry := range s.catalogue {
		if !identity.RequiredAuthenticationOf([]storage.Scope{entry}).SatisfiedBy(session) {
			weak = append(weak, entry.Name)
		}
	}
	if len(weak) == 0 {
		return scope
	}
	return slices.DeleteFunc(slices.Clone(scope), func(name string) bool { return slices.Contains(weak, name) })
}
