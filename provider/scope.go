package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// What keeps a scope from being granted.
const (
	ScopeOutsideClient = "client" // neither the client's own list nor its type's has it
	ScopeOutsideRoles  = "roles"  // the catalogue gives it to roles, and the user has none with it
	ScopeEmpty         = "empty"  // nothing was asked for, and the user has no roles to ask by
)

// ScopeError names the first scope that may not be granted, and why.
type ScopeError struct {
	Scope  string
	Reason string
}

func (e *ScopeError) Error() string {
	return fmt.Sprintf("scope %q is outside the %s", e.Scope, e.Reason)
}

// scopes is the one scope policy, for both interfaces: what a client may ask for (its own list within its client
// type's), and of that, what the user may grant (the scopes of the user's roles, where the catalogue says that roles
// govern).
type scopes struct {
	client    *storage.Client
	catalogue []storage.Scope
	granted   []string // by the user's roles
}

func findScopes(ctx context.Context, store *storage.Store, client *storage.Client, roleIDs []string) (*scopes, error) {
	catalogue, err := store.Scopes(ctx)
	if err != nil {
		return nil, err
	}
	roles, err := store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	s := &scopes{client: client, catalogue: catalogue}
	for _, id := range roleIDs {
		s.granted = append(s.granted, roles[id].Scope...)
	}
	return s, nil
}

// check goes through every scope for the client first, and then for the roles, which is the legacy order (contract
// 2.2).
func (s *scopes) check(requested []string) error {
	if err := s.checkClient(requested); err != nil {
		return err
	}
	for _, name := range requested {
		if !s.byRole(name) {
			return &ScopeError{Scope: name, Reason: ScopeOutsideRoles}
		}
	}
	return nil
}

// checkClient is the part of check that is known before the user is.
func (s *scopes) checkClient(requested []string) error {
	allowed := s.client.AllowedScope()
	for _, name := range requested {
		if !slices.Contains(allowed, name) {
			return &ScopeError{Scope: name, Reason: ScopeOutsideClient}
		}
	}
	return nil
}

// narrow keeps what check would let pass.
func (s *scopes) narrow(requested []string) []string {
	allowed := s.client.AllowedScope()
	var kept []string
	for _, name := range requested {
		if slices.Contains(allowed, name) && s.byRole(name) {
			kept = append(kept, name)
		}
	}
	return kept
}

func (s *scopes) byRole(name string) bool {
	return s.entry(name).GovernedBy == storage.GovernedByConsent || slices.Contains(s.granted, name)
}

// entry is the catalogue's; a name that it lacks is governed by roles.
func (s *scopes) entry(name string) storage.Scope {
	for _, e := range s.catalogue {
		if e.Name == name {
			return e
		}
	}
	return storage.Scope{Name: name, GovernedBy: storage.GovernedByRole}
}

// ofRoles is what the user's roles give, for a request that names no scope (contract 7.1).
func (s *scopes) ofRoles() []string {
	all := oauth.Union(nil, s.granted)
	slices.Sort(all) // roles are read in no order, and a consent page is asked twice
	return all
}

// entries are what the consent page shows.
func (s *scopes) entries(names []string) []storage.Scope {
	list := make([]storage.Scope, len(names))
	for i, name := range names {
		list[i] = s.entry(name)
	}
	return list
}

// asScopeError words a ScopeError for the standard interface.
func asScopeError(err error) *oauth.Error {
	return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidScope, describeScope(err)).Because(err)
}

func describeScope(err error) string {
	var rejected *ScopeError
	if !errors.As(err, &rejected) {
		return "The requested scope is invalid."
	}
	if rejected.Reason == ScopeOutsideClient {
		return fmt.Sprintf("The client may not ask for the scope %.100q.", rejected.Scope)
	}
	return fmt.Sprintf("The roles of the user do not include the scope %.100q.", rejected.Scope)
}
