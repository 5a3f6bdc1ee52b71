// Package details reads authorization details (RFC 9396): what a client asks for beside scopes, as objects whose types
// are data of the operator (storage.DetailType).
//
//  1. Read reads the parameter authorization_details within bounds, and refuses what two readers could take
//     differently.
//  2. Check holds each object to its type, field by field: what the type does not know is refused.
//  3. Within says whether what a token request names is within what was granted, by the rule of
//     docs/authorization-details.md.
//  4. ForResources leaves out what is not for the resources of a token.
//
// ValidateType says what is wrong with a type.
package details
