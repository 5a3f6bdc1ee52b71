// Package jwks creates, rotates and publishes the provider's signing keys, signs with them and verifies what they
// signed. It serves no route: package provider serves the document that Document returns. Keys are stored by a
// [KeyStore], which encrypts them at rest.
//
// The state of a key follows from its times, which are set when the key and when its successor is created:
//
//	pending  ──ActivatesAt──>  active  ──RetiresAt──>  retired  ──ExpiresAt──>  gone
//	published                  signs                   verifies                 deleted
//
// A key is pending for longer than its document may be cached, so every verifier has it when it begins to sign, and
// retired for longer than anything that it signed is valid. Replicas that read the same rows pass from one signing key
// to the next in the same second, without communication. Of replicas that rotate at once, one creates the key
// (rotation.go).
//
//   - [New] and Load (set.go) read the keys into a snapshot (snapshot.go), which signing and verifying use without
//     locks.
//   - Maintain and Rotate (rotation.go) create the successor of a key.
//   - Sign (sign.go), Verify (verify.go) and Document (document.go) are what endpoints call.
package jwks
