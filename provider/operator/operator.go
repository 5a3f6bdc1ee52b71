package operator

import (
	"context"
	"slices"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// Right is what an operator may do. It is the name of a scope.
type Right string

// The rights. None includes another.
const (
	// Read lets an operator see everything but the audit: users, clients, roles, scopes, sessions, grants, tokens without
	// their values, keys without their private parts, queues, settings with their secrets masked, and health.
	Read Right = "admin:read"
	// Clients lets an operator create, change, block and delete clients, their connections and secrets, client types,
	// scopes, initial access tokens and registrations, and end what was issued to a client.
	Clients Right = "admin:clients"
	// Users lets an operator create, change, block and delete users, their factors and roles, change the roles
	// themselves, and end sessions, approvals and tokens of users.
	Users Right = "admin:users"
	// Keys lets an operator rotate the signing keys.
	Keys Right = "admin:keys"
	// Audit lets an operator read and export the audit.
	Audit Right = "admin:audit"
)

// Rights are all rights, in the order of their names.
func Rights() []Right { return []Right{Audit, Clients, Keys, Read, Users} }

// RightsOf are the rights that a scope has, whatever else it has.
func RightsOf(scope []string) []Right {
	return slices.DeleteFunc(Rights(), func(right Right) bool { return !slices.Contains(scope, string(right)) })
}

// Operator is who administers.
type Operator struct {
	ID       string  // the id of the user; "" for a static token, and for a client that acts for itself
	ClientID string  // the client that the operator uses; "" for a static token
	Name     string  // by which the audit calls the operator: an e-mail address, or the name of a token or a client
	Rights   []Right // what the operator may do
}

// Has returns whether the operator has a right.
func (o Operator) Has(right Right) bool { return slices.Contains(o.Rights, right) }

// Beyond are the rights in a scope that the operator does not have, and so may not give to anybody: not by a role, a
// client or a client type with that scope, and not by taking over the account of somebody who has it.
func (o Operator) Beyond(scope []string) []Right {
	return slices.DeleteFunc(RightsOf(scope), o.Has)
}

type contextKey struct{}

// With puts an operator into a context, and makes them the actor of the audit for every change under it: by is the way,
// one of the By constants of package storage. What the context knows of the request, its id and address, is kept.
func (o Operator) With(ctx context.Context, by string) context.Context {
	request := inbound.RequestFrom(ctx)
	// Not UserID and ClientID: those of an event say whom the change is about.
	return storage.ActingAs(context.WithValue(ctx, contextKey{}, o), storage.Actor{
		By: by, Operator: o.Name, OperatorID: o.ID, RequestID: request.ID, Address: request.Address(),
	})
}

// From is the operator of a context; false where there is none, who has no right.
func From(ctx context.Context) (Operator, bool) {
	o, found := ctx.Value(contextKey{}).(Operator)
	return o, found
}
