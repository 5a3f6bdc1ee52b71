// Package dpop verifies that the sender of a request holds a key (RFC 9449): a proof is a JWT in the header DPoP,
// signed by the key that it carries, about this one request.
//
//   - proof.go reads and checks a proof;
//   - header.go checks what its header says of the key;
//   - uri.go compares the address of the request with the one in the proof;
//   - nonce.go makes and checks the nonces that a server asks for.
//
// It keeps nothing: that a proof counts once is the caller's to see to, by Proof.ID and Proof.ExpiresAt, in the write
// of the request where it has one.
package dpop
