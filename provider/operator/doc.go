// Package operator says who administers the provider: a person or a program with rights. The admin API and the console
// both find out who asks, put that Operator into the context of the request, and ask it for the right that an operation
// needs.
//
// Rights are scopes. A token has those that it was issued with, as far as the roles of its user still include them, so
// that an operator who loses a role loses the right at once. A static token of the admin listener has every right.
package operator
