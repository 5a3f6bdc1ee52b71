// Package inbound determines what every endpoint needs to know of a request before it reads its parameters: the request
// id, the client's address and origin, the form, the record for the log, and whether there is room for it. It serves no
// route.
//
// The middleware of both listeners uses it in this order:
//
//  1. The request gets its id and its Record, to which endpoints add client, user and error for the line of the log.
//  2. Requests bounds how many requests are processed at once. A request beyond the bound is not admitted.
//  3. Bodies bounds the size of a body and the memory of all bodies that are read at once.
//  4. The endpoint asks Admitted, so that it answers a request without room in its own error format.
package inbound
