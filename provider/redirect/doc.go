// Package redirect matches and validates the URIs that a browser is sent back to. It serves no route.
//
//   - Resolve finds the redirect URI of an authorization request among those of a client (RFC 6749 3.1.2.3).
//   - MatchesCode and MatchesConnection compare it once more when the code is exchanged.
//   - Validate and ValidateReturnURI say what keeps a URI from being registered.
//   - Mismatch says how a URI that is not registered differs from the nearest that is, and repeats nothing of that.
package redirect
