// Package administration is what the verbs of the command line change: the rows of a database (Local), or a running
// server through its admin API (Remote). A verb calls the one interface and does not know which it has.
//
// The methods have the names and the errors of those of storage.Store, which Local consists of. Where a password or a
// secret is made, they are methods of their own: Remote leaves the hashing to the server.
package administration
