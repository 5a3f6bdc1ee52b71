// Package outbound makes every request that this process sends to an address which somebody else chose: key sets, request
// objects, sector documents, sign-out notices. It reaches no private network unless the operator named it, follows few
// redirects, and bounds size and time. Services that the operator configured are not its business.
package outbound
