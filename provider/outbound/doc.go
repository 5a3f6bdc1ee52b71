// Package outbound makes the requests to addresses that clients registered: key sets, request objects, sector
// identifier documents, and back-channel logout tokens; and those that the signature page asks of authorities. A
// Service is one that the operator configured, whose address is trusted. It serves no route.
//
// A Client takes these steps for each request:
//
//  1. The address must be https with a host, without user information, and not too long. For services of authorities,
//     whose answers are signed, http will do.
//  2. The host is resolved, and the address that is about to be connected to is checked: private and otherwise reserved
//     networks are refused, unless the operator named them.
//  3. Time and size are bounded. Get and PostForm follow no redirect. A Cache follows a few, each checked in the same
//     way.
//
// A Cache keeps fetched documents for as long as their Cache-Control says, within bounds, and failures for some
// seconds. Callers at the same time share one request, and the last valid copy is used for an hour while the address
// does not answer.
package outbound
