package provider

import (
	"context"
	"slices"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// ScopeDecision says whether a client would get a scope for a user, and what decides that.
type ScopeDecision struct {
	Scope string
	// Granted says that the client may ask for it and the user may grant it.
	Granted bool
	// Reason is ScopeOutsideClient or ScopeOutsideRoles where it is not granted.
	Reason string
	// Roles are the names of the user's roles that give the scope.
	Roles []string
	// Known says that the catalogue has the scope; one that it lacks is governed by roles.
	Known bool
	// GovernedBy and Assurance are those of the catalogue: who decides about the scope, and the sign-in that it needs.
	GovernedBy, Assurance string
	// Approved says that the user has approved it for the client before.
	Approved bool
}

// DecideScopes says of each scope what an authorization request of the client would be answered for the user now. It
// changes nothing. storage.ErrNotFound: no such client or user.
func (p *Provider) DecideScopes(
	ctx context.Context, clientID, userID string, requested []string,
) ([]ScopeDecision, identity.RequiredAuthentication, error) {
	client, err := p.store.Client(ctx, clientID)
	if err != nil {
		return nil, identity.RequiredAuthentication{}, err
	}
	login, err := p.store.FindUserForClient(ctx, userID, client.ID)
	if err != nil {
		return nil, identity.RequiredAuthentication{}, err
	}
	s, err := findScopes(ctx, p.store, client, login.RoleIDs)
	if err != nil {
		return nil, identity.RequiredAuthentication{}, err
	}
	roles, err := p.store.Roles(ctx)
	if err != nil {
		return nil, identity.RequiredAuthentication{}, err
	}
	allowed := client.AllowedScope()
	decisions := make([]ScopeDecision, len(requested))
	for i, name := range requested {
		entry := s.entry(name)
		d := ScopeDecision{
			Scope: name, GovernedBy: entry.GovernedBy, Assurance: entry.Assurance,
			Known:    slices.ContainsFunc(s.catalogue, func(e storage.Scope) bool { return e.Name == name }),
			Approved: slices.Contains(login.ApprovedScope, name),
		}
		for _, id := range login.RoleIDs {
			if slices.Contains(roles[id].Scope, name) {
				d.Roles = append(d.Roles, roles[id].Name)
			}
		}
		switch {
		case !slices.Contains(allowed, name):
			d.Reason = ScopeOutsideClient
		case !s.byRole(name):
			d.Reason = ScopeOutsideRoles
		default:
			d.Granted = true
		}
		decisions[i] = d
	}
	return decisions, identity.RequiredAuthenticationOf(s.entries(requested)), nil
}
