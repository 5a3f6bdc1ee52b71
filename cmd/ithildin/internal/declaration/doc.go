// Package declaration compares a file that says which scopes, client types, roles, clients and resources there are to
// be with those that there are, and makes the difference: ithildin apply, ithildin export, and
// ITHILDIN_DECLARATION_FILE of the server.
//
//  1. Read reads the file (YAML or JSON).
//  2. Compare makes a Plan: what is to be created, changed and, if asked for, deleted.
//  3. Plan.Write shows it, Plan.Apply makes it so.
//
// What the file leaves out of an entry stays as it is, so that a file may name only what matters. Export writes
// everything but secrets.
package declaration
