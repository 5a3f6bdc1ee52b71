// Package oauth has what every endpoint of OAuth 2.0 and OpenID Connect uses: the error with public
// words and a private cause, the form of a request, the response types and modes, and how an answer is written. It
// serves no route and decides nothing about a client or a user.
//
// An endpoint is a function that returns its error; Serve makes a handler of it, in these steps:
//
//  1. inbound.Admitted refuses a request that the listener has no room for.
//  2. The endpoint reads its parameters (ReadForm, ReadBody, BearerToken) and writes a success (WriteJSON).
//  3. AsError gives a returned error its code, status and public description; an error that it does not know is a
//     server_error.
//  4. LogError notes the private cause for the line of the request in the log.
//  5. An ErrorEncoder writes it: EncodeError (RFC 6749 5.2) or EncodeBearerError (RFC 6750 3).
//
// CORS adds, around all of them, which pages of other origins may read the answer.
package oauth
