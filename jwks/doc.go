// Package jwks owns the provider's signing keys: their life cycle (pending, active, retired, gone), signing, verification
// and the published JSON Web Key Set (RFC 7517). It does not keep them: a [KeyStore] does, and encrypts them at rest.
//
// The state of a key is a function of time, fixed when the key is made. So replicas that read the same rows pass from
// one signing key to the next in the same second, without a word to each other.
package jwks
